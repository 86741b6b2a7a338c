/* Pages of the hint memory as blobs; the layout is in memory.h. */
#include <string.h>

#include "base/octets.h"
#include "base/siphash.h"
#include "hints/memory_priv.h"
#include "hints/teach.h"

#define VERSION 2u
#define HEAD_BYTES 20u
#define HINT_BYTES 12u /* of a hint, before its link */
#define CHECK_BYTES 8u

/* --- saving --- */

static void write_blob(const struct fr_remembered_page *page, int64_t seen_s, uint32_t vary,
                       uint8_t *out, size_t len)
{
	uint8_t *p = out + HEAD_BYTES;

	out[0] = VERSION;
	out[1] = 0;
	fr_octets_put(out + 2, page->n, 2);
	fr_octets_put(out + 4, atomic_load_explicit(&page->think_ms, memory_order_relaxed), 4);
	fr_octets_put(out + 8, (uint64_t)seen_s, 8);
	fr_octets_put(out + 16, vary, 4);
	for (size_t i = 0; i < page->n; i++) {
		const struct fr_remembered *r = &page->v[i];

		p[0] = (uint8_t)r->source;
		p[1] = (uint8_t)r->flags;
		fr_octets_put(p + 2, r->link.len, 2);
		fr_octets_put(p + 4, r->needs, 8);
		memcpy(p + HINT_BYTES, r->link.p, r->link.len);
		p += HINT_BYTES + r->link.len;
	}
	fr_octets_put(p, fr_siphash(FR_MEMORY_BLOB_CHECK, out, len - CHECK_BYTES), CHECK_BYTES);
}

static int append_blob(const struct fr_remembered_page *page, int64_t seen_s, uint32_t vary,
                       struct fr_buf *out)
{
	size_t len = HEAD_BYTES + page->n * HINT_BYTES + CHECK_BYTES;
	uint8_t *p;

	for (size_t i = 0; i < page->n; i++)
		len += page->v[i].link.len;
	if (len > fr_buf_room(out))
		return FR_ERR_LIMIT;
	p = fr_buf_reserve(out, len);
	if (!p)
		return FR_ERR_NOMEM;
	write_blob(page, seen_s, vary, p, len);
	fr_buf_commit(out, len);
	return 0;
}

int fr_hint_memory_save(struct fr_hint_memory *m, struct fr_str key, struct fr_buf *out,
                        int64_t *expires_s)
{
	uint64_t ttl_s = atomic_load_explicit(&m->ttl_s, memory_order_relaxed);
	struct fr_remembered_page *page = NULL;
	struct fr_memory_turn t;
	int64_t seen_s = 0;
	uint32_t vary = 0;
	int r;

	fr_memory_turn_begin(&t, m, key, INT64_MIN);
	if (t.entry && t.entry->page) {
		page = t.entry->page;
		atomic_fetch_add_explicit(&page->refs, 1, memory_order_relaxed);
		seen_s = t.entry->seen_s;
		vary = t.entry->vary;
	}
	fr_memory_turn_end(&t);
	if (!page)
		return FR_ERR_NOTFOUND;
	r = append_blob(page, seen_s, vary, out);
	fr_remembered_page_unref(&page);
	if (r == 0)
		*expires_s = ttl_s < (uint64_t)(INT64_MAX - seen_s) ? seen_s + (int64_t)ttl_s
		                                                    : INT64_MAX;
	return r;
}

/* --- loading --- */

struct blob {
	struct fr_memory_draft draft; /* links borrowed from the bytes */
	uint32_t think_ms, vary;
	int64_t seen_s;
};

static bool draft_has(const struct fr_memory_draft *d, uint64_t id)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->ids[i] == id)
			return true;
	return false;
}

/* Takes one hint off the bytes between *p and end. */
static int read_hint(const struct fr_hint_memory *m, const uint8_t **p, const uint8_t *end,
                     struct fr_memory_draft *d)
{
	struct fr_remembered r = {0};
	uint64_t id;
	size_t len;

	if ((size_t)(end - *p) < HINT_BYTES)
		return FR_ERR_SYNTAX;
	r.source = (enum fr_hint_source)(*p)[0];
	r.flags = (*p)[1];
	len = (size_t)fr_octets_get(*p + 2, 2);
	r.needs = fr_octets_get(*p + 4, 8);
	*p += HINT_BYTES;
	if ((unsigned)r.source >= FR_MEMORY_SOURCES || (r.flags & ~(unsigned)FR_REMEMBERED_FLAGS) ||
	    (size_t)(end - *p) < len)
		return FR_ERR_SYNTAX;
	r.link = fr_str_make((const char *)*p, len);
	*p += len;
	/* what is restricted is so for any credential at least */
	if (!fr_memory_asset(r.link).p || (r.needs && !(r.needs & FR_TEACH_ANY_CREDENTIAL)))
		return FR_ERR_SYNTAX;
	id = fr_memory_id(m, r.source, fr_memory_identity(r.link));
	if (draft_has(d, id))
		return FR_ERR_SYNTAX;
	return fr_memory_draft_add(m, d, &r, id) ? 0 : FR_ERR_LIMIT;
}

static int read_blob(const struct fr_hint_memory *m, const uint8_t *p, size_t len, struct blob *b)
{
	const uint8_t *end;
	size_t n;

	if (len < 1 || len > FR_MEMORY_BLOB_MAX_BYTES)
		return FR_ERR_SYNTAX;
	if (p[0] != VERSION)
		return FR_ERR_UNSUPPORTED;
	if (len < HEAD_BYTES + CHECK_BYTES || p[1] != 0)
		return FR_ERR_SYNTAX;
	end = p + len - CHECK_BYTES;
	if (fr_octets_get(end, CHECK_BYTES) !=
	    fr_siphash(FR_MEMORY_BLOB_CHECK, p, len - CHECK_BYTES))
		return FR_ERR_SYNTAX;
	n = (size_t)fr_octets_get(p + 2, 2);
	b->think_ms = (uint32_t)fr_octets_get(p + 4, 4);
	b->seen_s = (int64_t)fr_octets_get(p + 8, 8);
	b->vary = (uint32_t)fr_octets_get(p + 16, 4);
	if (n < 1 || n > FR_MEMORY_MAX_HINTS || b->seen_s < 0)
		return FR_ERR_SYNTAX;
	p += HEAD_BYTES;
	for (size_t i = 0; i < n; i++) {
		int r = read_hint(m, &p, end, &b->draft);

		if (r < 0)
			return r;
	}
	return p == end ? 0 : FR_ERR_SYNTAX;
}

static int take(struct fr_memory_turn *t, const struct blob *b)
{
	struct fr_memory_entry *e = t->entry;

	if (e && e->page && e->seen_s >= b->seen_s)
		return 0;
	/* an upper bound of what it adds */
	if (t->shard->page_bytes + sizeof *e + FR_MEMORY_OVERHEAD_BYTES + t->key.len +
	            b->draft.bytes >
	    fr_memory_pages_max(t->m))
		return FR_ERR_LIMIT;
	e = fr_memory_turn_entry(t);
	if (!e)
		return FR_ERR_NOMEM;
	e->think_ms = b->think_ms;
	if (!fr_memory_install(e, &b->draft)) {
		fr_memory_turn_settle(t);
		return FR_ERR_NOMEM;
	}
	e->vary |= b->vary;
	e->seen_s = e->told_s = b->seen_s;
	t->is_oldest = true;
	fr_memory_turn_settle(t);
	return 0;
}

int fr_hint_memory_load(struct fr_hint_memory *m, struct fr_str key, const void *blob, size_t len,
                        int64_t now_s)
{
	struct fr_memory_turn t;
	struct blob b = {0};
	int r;

	if (key.len > FR_MEMORY_KEY_MAX_BYTES)
		return FR_ERR_LIMIT;
	r = read_blob(m, blob, len, &b);
	if (r < 0)
		return r;
	if (b.seen_s > now_s)
		b.seen_s = now_s; /* a clock that was wrong must not keep it for ever */
	if (fr_memory_is_expired(m, b.seen_s, now_s))
		return FR_ERR_TIMEOUT;
	fr_memory_turn_begin(&t, m, key, now_s);
	r = take(&t, &b);
	fr_memory_turn_end(&t);
	return r;
}
