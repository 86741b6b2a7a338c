/* The hint memory: finding, installing and evicting pages, under a lock per shard. */
#include "hints/memory_priv.h"

#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "base/siphash.h"

/* --- snapshots --- */

void fr_remembered_page_unref(struct fr_remembered_page **pp)
{
	struct fr_remembered_page *p = *pp;

	*pp = NULL;
	if (p && atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) == 1)
		free(p);
}

static struct fr_remembered_page *page_ref(struct fr_remembered_page *p)
{
	atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
	return p;
}

size_t fr_memory_hint_bytes(const struct fr_remembered *r)
{
	return sizeof *r + sizeof(uint64_t) + r->link.len;
}

/* One piece: | page | v[n] | ids[n] | text of the links | */
struct fr_remembered_page *fr_memory_page_new(const struct fr_memory_draft *d)
{
	struct fr_remembered_page *p = fr_try_malloc(d->bytes);
	struct fr_remembered *v;
	uint64_t *ids;
	char *text;

	if (!p)
		return NULL;
	v = (struct fr_remembered *)(void *)(p + 1);
	ids = (uint64_t *)(void *)(v + d->n);
	text = (char *)(ids + d->n);
	for (size_t i = 0; i < d->n; i++) {
		v[i] = d->v[i];
		v[i].link.p = memcpy(text, d->v[i].link.p, d->v[i].link.len);
		text += d->v[i].link.len;
		ids[i] = d->ids[i];
	}
	p->n = d->n;
	p->v = v;
	p->ids = ids;
	p->bytes = d->bytes;
	atomic_init(&p->think_ms, 0);
	atomic_init(&p->body_bytes, 0);
	atomic_init(&p->refs, 1);
	return p;
}

bool fr_memory_draft_add(const struct fr_hint_memory *m, struct fr_memory_draft *d,
                         const struct fr_remembered *r, uint64_t id)
{
	size_t bytes =
		(d->n ? d->bytes : sizeof(struct fr_remembered_page)) + fr_memory_hint_bytes(r);

	if (d->n == FR_MEMORY_MAX_HINTS || bytes > fr_memory_page_max(m))
		return false;
	d->v[d->n] = *r;
	d->ids[d->n++] = id;
	d->bytes = bytes;
	return true;
}

void fr_memory_keep_bytes(struct fr_remembered_page *page, struct fr_remembered_page *before)
{
	if (before)
		atomic_store_explicit(
			&page->body_bytes,
			atomic_load_explicit(&before->body_bytes, memory_order_relaxed),
			memory_order_relaxed);
}

bool fr_memory_install(struct fr_memory_entry *e, const struct fr_memory_draft *d)
{
	struct fr_remembered_page *page = NULL;

	if (d->n) {
		page = fr_memory_page_new(d);
		if (!page)
			return false;
		atomic_store(&page->think_ms, e->think_ms);
		fr_memory_keep_bytes(page, e->page);
	}
	fr_remembered_page_unref(&e->page);
	e->page = page;
	memset(e->same, 0, sizeof e->same);
	return true;
}

/* --- limits --- */

static size_t shard_bytes(const struct fr_hint_memory *m)
{
	return atomic_load_explicit(&m->bytes, memory_order_relaxed) / FR_MEMORY_SHARDS;
}

static size_t candidates_max(const struct fr_hint_memory *m)
{
	return shard_bytes(m) / 4;
}

size_t fr_memory_pages_max(const struct fr_hint_memory *m)
{
	return shard_bytes(m) - candidates_max(m);
}

size_t fr_memory_page_max(const struct fr_hint_memory *m)
{
	size_t part = fr_memory_pages_max(m) / 4;

	return part < FR_MEMORY_PAGE_MAX_BYTES ? part : FR_MEMORY_PAGE_MAX_BYTES;
}

bool fr_memory_is_expired(const struct fr_hint_memory *m, int64_t seen_s, int64_t now_s)
{
	/* a clock that went back expires nothing */
	return now_s > seen_s && (uint64_t)now_s - (uint64_t)seen_s >=
	                                 atomic_load_explicit(&m->ttl_s, memory_order_relaxed);
}

/* --- the table --- */

struct fr_str fr_memory_asset(struct fr_str link)
{
	size_t end = fr_str_find(link, '>');

	if (link.len > FR_MEMORY_LINK_MAX_BYTES || end == link.len || link.p[0] != '<' ||
	    !fr_str_all(link, FR_CH_FIELD))
		return (struct fr_str){0};
	return fr_str_sub(link, 1, end);
}

/* A parameter that is part of the identity? In the order in which fr_link_write has them. */
static bool tells_request(struct fr_str parameter)
{
	struct fr_str name = fr_str_sub(parameter, 0, fr_str_find(parameter, '='));

	return fr_str_is(name, "rel") || fr_str_is(name, "as") || fr_str_is(name, "crossorigin");
}

struct fr_str fr_memory_identity(struct fr_str link)
{
	size_t end = fr_str_find(link, '>') + 1;

	while (fr_str_starts(fr_str_sub(link, end, link.len), FR_STR("; "))) {
		struct fr_str rest = fr_str_sub(link, end + 2, link.len);
		size_t len = fr_str_find(rest, ';');

		if (!tells_request(fr_str_sub(rest, 0, len)))
			break;
		end += 2 + len;
	}
	return fr_str_sub(link, 0, end);
}

uint64_t fr_memory_id(const struct fr_hint_memory *m, enum fr_hint_source source,
                      struct fr_str identity)
{
	return fr_siphash(m->seed + 1 + (uint64_t)source, identity.p, identity.len);
}

void fr_memory_remove_candidate(struct fr_memory_shard *sh, struct fr_memory_entry *e, size_t i)
{
	e->text_bytes -= e->candidates[i].link_len;
	free(e->candidates[i].link);
	e->candidates[i] = e->candidates[--e->n_candidates];
	sh->n_candidates--;
}

/* Out of the table, the lists and the counts; freed at the end of the turn. */
static void bury(struct fr_memory_turn *t, struct fr_memory_entry *e)
{
	struct fr_memory_shard *sh = t->shard;

	if (sh->hand == e)
		sh->hand = e->next;
	if (e->in_pages) {
		DL_DELETE(sh->pages, e);
		sh->n_pages--;
	}
	if (e->in_hopefuls)
		DL_DELETE2(sh->hopefuls, e, cprev, cnext);
	sh->n_candidates -= e->n_candidates;
	sh->page_bytes -= e->page_bytes;
	sh->candidate_bytes -= e->candidate_bytes;
	HASH_DEL(sh->table, e);
	if (t->entry == e)
		t->entry = NULL;
	e->next = t->graves;
	t->graves = e;
}

static void drop_candidates(struct fr_memory_shard *sh, struct fr_memory_entry *e)
{
	while (e->n_candidates)
		fr_memory_remove_candidate(sh, e, e->n_candidates - 1);
	free(e->candidates);
	e->candidates = NULL;
	e->cap_candidates = 0;
}

static void drop_forms(struct fr_memory_entry *e)
{
	if (e->forms)
		free(e->forms->v);
	free(e->forms);
	e->forms = NULL;
}

static size_t forms_bytes(const struct fr_memory_entry *e)
{
	return e->forms ? sizeof *e->forms + e->forms->cap * sizeof *e->forms->v : 0;
}

/* Files and counts an entry as it is now; one that holds nothing is buried. */
static void file(struct fr_memory_turn *t, struct fr_memory_entry *e)
{
	struct fr_memory_shard *sh = t->shard;
	size_t base = sizeof *e + e->key_len + FR_MEMORY_OVERHEAD_BYTES;
	size_t pages = e->page ? base + e->page->bytes : 0;
	bool is_hopeful = e->n_candidates || e->forms;
	size_t candidates;

	if (!e->n_candidates)
		drop_candidates(sh, e);
	candidates = e->cap_candidates * sizeof *e->candidates + e->text_bytes + forms_bytes(e) +
	             (e->page ? 0 : base);
	sh->page_bytes += pages - e->page_bytes;
	e->page_bytes = pages;
	sh->candidate_bytes += candidates - e->candidate_bytes;
	e->candidate_bytes = candidates;
	if (e->page && !e->in_pages) {
		if (t->is_oldest)
			DL_PREPEND(sh->pages, e);
		else
			DL_APPEND(sh->pages, e);
		sh->n_pages++;
	} else if (!e->page && e->in_pages) {
		if (sh->hand == e)
			sh->hand = e->next;
		DL_DELETE(sh->pages, e);
		sh->n_pages--;
	}
	e->in_pages = e->page != NULL;
	if (is_hopeful && !e->in_hopefuls)
		DL_APPEND2(sh->hopefuls, e, cprev, cnext);
	else if (!is_hopeful && e->in_hopefuls)
		DL_DELETE2(sh->hopefuls, e, cprev, cnext);
	e->in_hopefuls = is_hopeful;
	if (!e->page && !is_hopeful)
		bury(t, e);
}

/* SIEVE: the hand goes from old to new; who was found since it came by last
 * stays, once. */
static struct fr_memory_entry *victim(struct fr_memory_shard *sh)
{
	struct fr_memory_entry *e = sh->hand ? sh->hand : sh->pages;

	while (e->is_visited) {
		e->is_visited = false;
		e = e->next ? e->next : sh->pages;
	}
	sh->hand = e;
	return e;
}

static void trim(struct fr_memory_turn *t)
{
	struct fr_memory_shard *sh = t->shard;

	while (sh->pages && sh->page_bytes > fr_memory_pages_max(t->m)) {
		bury(t, victim(sh));
		sh->evicted++;
	}
	while (sh->hopefuls && sh->candidate_bytes > candidates_max(t->m)) {
		struct fr_memory_entry *e = sh->hopefuls;

		sh->displaced += e->n_candidates;
		drop_candidates(sh, e);
		drop_forms(e);
		file(t, e);
	}
}

/* --- turns --- */

static void turn_lock(struct fr_memory_turn *t, struct fr_hint_memory *m, unsigned shard)
{
	*t = (struct fr_memory_turn){.m = m, .shard = &m->shards[shard]};
	(void)pthread_mutex_lock(&t->shard->lock);
}

void fr_memory_turn_begin(struct fr_memory_turn *t, struct fr_hint_memory *m, struct fr_str key,
                          int64_t now_s)
{
	unsigned hash = (unsigned)fr_siphash(m->seed, key.p, key.len);
	struct fr_memory_entry *e;

	turn_lock(t, m, hash / (UINT32_MAX / FR_MEMORY_SHARDS + 1));
	t->key = key;
	t->hash = hash;
	if (now_s > t->shard->now_s)
		t->shard->now_s = now_s;
	HASH_FIND_BYHASHVALUE(hh, t->shard->table, key.p, key.len, hash, e);
	t->entry = e;
	if (e && fr_memory_is_expired(m, e->seen_s, now_s)) {
		t->shard->expired += e->page != NULL;
		bury(t, e);
	}
}

struct fr_memory_entry *fr_memory_turn_entry(struct fr_memory_turn *t)
{
	struct fr_memory_entry *e = t->entry;

	if (e)
		return e;
	e = fr_try_malloc(sizeof *e + t->key.len);
	if (!e)
		return NULL;
	memset(e, 0, sizeof *e);
	e->key_len = t->key.len;
	memcpy(e->key, t->key.p, t->key.len);
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, t->shard->table, e->key, e->key_len, t->hash, e);
	t->entry = e;
	return e;
}

void fr_memory_turn_settle(struct fr_memory_turn *t)
{
	if (t->entry)
		file(t, t->entry);
	trim(t);
}

static void entry_free(struct fr_memory_entry *e)
{
	fr_remembered_page_unref(&e->page);
	for (uint32_t i = 0; i < e->n_candidates; i++)
		free(e->candidates[i].link);
	free(e->candidates);
	drop_forms(e);
	free(e);
}

void fr_memory_turn_end(struct fr_memory_turn *t)
{
	const struct fr_hint_journal *j = &t->m->journal;
	struct fr_memory_entry *e;

	(void)pthread_mutex_unlock(&t->shard->lock);
	while ((e = t->graves)) {
		struct fr_str key = fr_str_make(e->key, e->key_len);

		t->graves = e->next;
		/* who holds only candidates was never told of, or told when it lost the rest */
		if (j->changed && e->page && !(t->tell && fr_str_eq(key, t->key)))
			j->changed(j->user, key);
		entry_free(e);
	}
	if (j->changed && t->tell)
		j->changed(j->user, t->key);
}

/* --- life --- */

struct fr_hint_memory *fr_hint_memory_new(const struct fr_hint_memory_limits *l, uint64_t seed)
{
	struct fr_hint_memory *m = fr_calloc(1, sizeof *m);

	m->seed = seed;
	for (unsigned i = 0; i < FR_MEMORY_SHARDS; i++)
		(void)pthread_mutex_init(&m->shards[i].lock, NULL);
	fr_hint_memory_resize(m, l);
	return m;
}

void fr_hint_memory_free(struct fr_hint_memory **mp)
{
	struct fr_hint_memory *m = *mp;

	if (!m)
		return;
	m->journal = (struct fr_hint_journal){0};
	(void)fr_hint_memory_purge(m, FR_STR(""));
	for (unsigned i = 0; i < FR_MEMORY_SHARDS; i++) {
		struct fr_memory_shard *sh = &m->shards[i];

		FR_ASSERT(!sh->table && !sh->pages && !sh->hopefuls);
		FR_ASSERT(!sh->page_bytes && !sh->candidate_bytes && !sh->n_pages &&
		          !sh->n_candidates);
		(void)pthread_mutex_destroy(&sh->lock);
	}
	free(m);
	*mp = NULL;
}

void fr_hint_memory_set_journal(struct fr_hint_memory *m, const struct fr_hint_journal *j)
{
	m->journal = j ? *j : (struct fr_hint_journal){0};
}

void fr_hint_memory_resize(struct fr_hint_memory *m, const struct fr_hint_memory_limits *l)
{
	struct fr_memory_turn t;

	atomic_store(&m->bytes, l->bytes);
	atomic_store(&m->ttl_s, l->ttl_s);
	atomic_store(&m->gone_s, l->gone_s);
	for (unsigned i = 0; i < FR_MEMORY_SHARDS; i++) {
		turn_lock(&t, m, i);
		trim(&t);
		fr_memory_turn_end(&t);
	}
}

/* --- use --- */

struct fr_remembered_page *fr_hint_memory_find(struct fr_hint_memory *m, struct fr_str key,
                                               const struct fr_hint_asker *who, int64_t now_s,
                                               struct fr_hint_found *found)
{
	struct fr_remembered_page *page = NULL;
	struct fr_memory_turn t;

	if (found)
		*found = (struct fr_hint_found){0};
	fr_memory_turn_begin(&t, m, key, now_s);
	if (t.entry) {
		t.entry->is_visited = true;
		if (who)
			page = fr_memory_view(m, t.entry, who);
		else if (t.entry->page)
			page = page_ref(t.entry->page);
		if (found)
			fr_memory_waiting(t.entry, found);
	}
	fr_memory_turn_end(&t);
	return page;
}

/* is_page: of the key itself, and what follows it after a line feed. */
static bool is_meant(struct fr_str key, struct fr_str prefix, bool is_page)
{
	return fr_str_starts(key, prefix) &&
	       (!is_page || key.len == prefix.len || key.p[prefix.len] == '\n');
}

static size_t purge(struct fr_hint_memory *m, struct fr_str prefix, bool is_page)
{
	struct fr_memory_entry *e, *next;
	struct fr_memory_turn t;
	size_t n = 0;

	for (unsigned i = 0; i < FR_MEMORY_SHARDS; i++) {
		turn_lock(&t, m, i);
		for (e = t.shard->table; e; e = next) {
			next = e->hh.next;
			if (!is_meant(fr_str_make(e->key, e->key_len), prefix, is_page))
				continue;
			n += e->page != NULL;
			bury(&t, e);
		}
		fr_memory_turn_end(&t);
	}
	return n;
}

size_t fr_hint_memory_purge(struct fr_hint_memory *m, struct fr_str key_prefix)
{
	return purge(m, key_prefix, false);
}

size_t fr_hint_memory_purge_page(struct fr_hint_memory *m, struct fr_str key)
{
	return purge(m, key, true);
}

/* The keys of a shard's pages one after another, each with its length before
 * it; NULL without memory. Free with free(). */
static char *copy_keys(struct fr_memory_shard *sh, size_t *len)
{
	struct fr_memory_entry *e;
	size_t at = 0, n = 0;
	char *keys;

	DL_FOREACH(sh->pages, e)
	n += sizeof e->key_len + e->key_len;
	keys = fr_try_malloc(n);
	if (!keys)
		return NULL;
	DL_FOREACH(sh->pages, e)
	{
		memcpy(keys + at, &e->key_len, sizeof e->key_len);
		memcpy(keys + at + sizeof e->key_len, e->key, e->key_len);
		at += sizeof e->key_len + e->key_len;
	}
	*len = n;
	return keys;
}

void fr_hint_memory_walk(struct fr_hint_memory *m, void (*visit)(void *user, struct fr_str key),
                         void *user)
{
	for (unsigned i = 0; i < FR_MEMORY_SHARDS; i++) {
		struct fr_memory_shard *sh = &m->shards[i];
		size_t len = 0, n;
		char *keys;

		(void)pthread_mutex_lock(&sh->lock);
		keys = copy_keys(sh, &len);
		(void)pthread_mutex_unlock(&sh->lock);
		for (size_t at = 0; at < len; at += n) {
			memcpy(&n, keys + at, sizeof n);
			at += sizeof n;
			visit(user, fr_str_make(keys + at, n));
		}
		free(keys);
	}
}

void fr_hint_memory_stats(struct fr_hint_memory *m, struct fr_hint_memory_stats *out)
{
	struct fr_hint_memory_stats s = {0};

	for (unsigned i = 0; i < FR_MEMORY_SHARDS; i++) {
		struct fr_memory_shard *sh = &m->shards[i];

		(void)pthread_mutex_lock(&sh->lock);
		s.pages += sh->n_pages;
		s.bytes += sh->page_bytes + sh->candidate_bytes;
		s.candidates += sh->n_candidates;
		s.evicted += sh->evicted;
		s.expired += sh->expired;
		s.confirmed += sh->confirmed;
		s.displaced += sh->displaced;
		s.links_dropped += sh->links_dropped;
		(void)pthread_mutex_unlock(&sh->lock);
	}
	*out = s;
}
