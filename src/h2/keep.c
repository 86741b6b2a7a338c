/* Where a request's fields are kept. HPACK makes a few bytes on the wire into any
 * number of references to one string: those share it with the decoder's table, so
 * that a reference costs what is said of it here and not what it stands for. A cookie
 * that came in crumbs is one string (RFC 9113 §8.2.3), which requests that
 * say the same share, too. What is copied all the same is counted. */
#include <string.h>

#include "base/mem.h"
#include "h2/session_priv.h"

/* Shorter strings are copied: that costs no more than a reference. */
#define SHARED_BYTES 32u
/* A field is in as many lists: the request's, as the origin gets it, and both again while
 * the response may be stored. */
#define LISTS 4u

struct fr_h2_cookie {
	struct fr_pool *pool; /* borrowed */
	size_t refs;          /* of requests, and of the session while it is the last one */
	size_t len;
	char text[];
};

static void count_held(struct fr_h2_stream *st, size_t bytes)
{
	st->held_bytes += bytes;
	st->session->held_bytes += bytes;
}

bool fr_h2_may_hold(const struct fr_h2_session *s)
{
	return s->held_bytes <=
	       s->limits.fields_connection_bytes + FR_H2_HELD_FACTOR * s->wire_bytes;
}

static void drop_buffer(void *buffer)
{
	nghttp2_rcbuf_decref(buffer);
}

bool fr_h2_keep(struct fr_h2_stream *st, nghttp2_rcbuf *from, struct fr_str *out)
{
	nghttp2_vec v = nghttp2_rcbuf_get_buf(from);
	struct fr_str text = fr_str_make((const char *)v.base, v.len);

	if (v.len < SHARED_BYTES) {
		count_held(st, v.len + 1);
		return fr_arena_copy(st->arena, text, out) == 0;
	}
	count_held(st, FR_ARENA_HOLD_BYTES);
	if (fr_arena_hold(st->arena, drop_buffer, from) < 0)
		return false;
	nghttp2_rcbuf_incref(from);
	*out = text;
	return true;
}

bool fr_h2_keep_field(struct fr_h2_stream *st, struct fr_fields *f, nghttp2_rcbuf *name,
                      nghttp2_rcbuf *value)
{
	nghttp2_vec v = nghttp2_rcbuf_get_buf(name);
	struct fr_str n = fr_str_make((const char *)v.base, v.len), kept;
	enum fr_field_id id = fr_field_lookup(n);

	count_held(st, LISTS * sizeof(struct fr_field));
	if (!fr_h2_keep(st, value, &kept))
		return false;
	if (id != FR_FIELD_OTHER)
		return fr_fields_add_id(f, id, kept) == 0;
	return fr_h2_keep(st, name, &n) && fr_fields_add(f, n, kept) == 0;
}

/* --- cookies --- */

static bool add_crumb(struct fr_buf *b, struct fr_str crumb)
{
	if (fr_buf_len(b) && fr_buf_append(b, "; ", 2) < 0)
		return false;
	return fr_buf_append(b, crumb.p, crumb.len) == 0;
}

bool fr_h2_keep_crumb(struct fr_h2_stream *st, nghttp2_rcbuf *name, nghttp2_rcbuf *value)
{
	struct fr_fields *f = &st->req->fields;
	struct fr_buf *b = &st->session->crumbs;
	nghttp2_vec v = nghttp2_rcbuf_get_buf(value);

	if (st->cookies++ == 0) {
		st->cookie_at = f->n;
		return fr_h2_keep_field(st, f, name, value);
	}
	if (st->cookies == 2) {
		fr_buf_clear(b);
		if (!add_crumb(b, f->v[st->cookie_at].value))
			return false;
	}
	return add_crumb(b, fr_str_make((const char *)v.base, v.len));
}

static void drop_cookie(void *cookie)
{
	struct fr_h2_cookie *c = cookie;

	if (--c->refs == 0)
		fr_pool_free(c->pool, c);
}

void fr_h2_forget_cookie(struct fr_h2_session *s)
{
	if (s->cookie)
		drop_cookie(s->cookie);
	s->cookie = NULL;
}

static bool same_as_last(const struct fr_h2_session *s)
{
	const struct fr_buf *b = &s->crumbs;

	return s->cookie && s->cookie->len == fr_buf_len(b) &&
	       memcmp(s->cookie->text, fr_buf_data(b), fr_buf_len(b)) == 0;
}

/* What the crumbs make becomes the last cookie. False without memory. */
static bool make_cookie(struct fr_h2_stream *st)
{
	struct fr_h2_session *s = st->session;
	size_t len = fr_buf_len(&s->crumbs);
	struct fr_h2_cookie *c = fr_pool_alloc(s->pool, sizeof *c + len + 1);

	if (!c)
		return false;
	count_held(st, len + sizeof *c);
	*c = (struct fr_h2_cookie){.pool = s->pool, .refs = 1, .len = len};
	memcpy(c->text, fr_buf_data(&s->crumbs), len);
	c->text[len] = '\0';
	fr_h2_forget_cookie(s);
	s->cookie = c;
	return true;
}

bool fr_h2_join_crumbs(struct fr_h2_stream *st)
{
	struct fr_h2_session *s = st->session;
	bool ok = true;

	if (st->cookies < 2)
		return true;
	if (!same_as_last(s))
		ok = make_cookie(st);
	if (!ok || fr_arena_hold(st->arena, drop_cookie, s->cookie) < 0)
		return false;
	s->cookie->refs++;
	st->req->fields.v[st->cookie_at].value = fr_str_make(s->cookie->text, s->cookie->len);
	return true;
}
