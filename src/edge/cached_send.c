/* From a stored object to what is sent: 304, 416, ranges, Age, Cache-Status. */
#include <stdio.h>
#include <time.h>

#include "edge/cached_priv.h"
#include "edge/client.h"
#include "edge/note.h"

#define BOUNDARY_BYTES 24u

int64_t fr_cached_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME_COARSE, &t);
	return t.tv_sec;
}

/* --- what is sent --- */

static int status_line(struct fr_exchange *ex, struct fr_cached *c, int64_t now)
{
	struct fr_str parts[2] = {FR_STR(FR_CACHE_NAME "; hit; ttl=")}, text;
	char digits[FR_I64_DIGITS];
	int rc;

	if (!c->fwd) {
		parts[1] = fr_str_make(digits,
		                       fr_i64_format(digits, fr_cache_ttl(&c->object->fresh, now)));
		rc = fr_arena_concat(&ex->arena, parts, 2, &text);
	} else if (c->is_joined) {
		rc = fr_arena_printf(&ex->arena, &text, FR_CACHE_NAME "; fwd=%s; collapsed",
		                     c->fwd);
	} else {
		rc = fr_arena_printf(&ex->arena, &text, FR_CACHE_NAME "; fwd=%s; fwd-status=%d%s",
		                     c->fwd, c->fwd_status, c->is_stored ? "; stored" : "");
	}
	return rc < 0 ? rc : fr_fields_add_id(&ex->resp.fields, FR_FIELD_CACHE_STATUS, text);
}

static int add_age(struct fr_exchange *ex, const struct fr_cached *c, int64_t now)
{
	int64_t age = fr_cache_age(&c->object->fresh, now);
	struct fr_str text;

	if (c->fwd && age == 0)
		return 0;
	if (fr_arena_number(&ex->arena, age, &text) < 0)
		return FR_ERR_NOMEM;
	return fr_fields_add_id(&ex->resp.fields, FR_FIELD_AGE, text);
}

/* A 304 leaves these out (RFC 9110 §15.4.5). */
static bool describes_content(uint16_t id)
{
	return id == FR_FIELD_CONTENT_TYPE || id == FR_FIELD_CONTENT_ENCODING ||
	       id == FR_FIELD_CONTENT_RANGE || id == FR_FIELD_ACCEPT_RANGES;
}

static void make_not_modified(struct fr_exchange *ex)
{
	struct fr_fields *f = &ex->resp.fields;
	size_t kept = 0;

	for (size_t i = 0; i < f->n; i++)
		if (!describes_content(f->v[i].id))
			f->v[kept++] = f->v[i];
	f->n = kept;
	ex->resp.status = 304;
	ex->resp.content_length = -1;
}

static int make_unsatisfiable(struct fr_exchange *ex, uint64_t length)
{
	struct fr_str text;
	int rc = fr_arena_printf(&ex->arena, &text, "bytes */%llu", (unsigned long long)length);

	make_not_modified(ex);
	ex->resp.status = 416;
	ex->resp.content_length = 0;
	return rc < 0 ? rc : fr_fields_add_id(&ex->resp.fields, FR_FIELD_CONTENT_RANGE, text);
}

static int make_one_range(struct fr_exchange *ex, struct fr_cached *c, const struct fr_range *r,
                          uint64_t length)
{
	struct fr_str text;
	int rc = fr_arena_printf(&ex->arena, &text, "bytes %llu-%llu/%llu",
	                         (unsigned long long)r->from, (unsigned long long)r->to,
	                         (unsigned long long)length);

	c->segments[0] = (struct fr_segment){.from = r->from, .len = r->to - r->from + 1};
	c->n = 1;
	ex->resp.status = 206;
	return rc < 0 ? rc : fr_fields_add_id(&ex->resp.fields, FR_FIELD_CONTENT_RANGE, text);
}

/* multipart/byteranges (RFC 9110 §14.6): a head before each range, an end. */
static int make_ranges(struct fr_exchange *ex, struct fr_cached *c, const struct fr_range *r,
                       size_t n, uint64_t length)
{
	struct fr_str type = fr_fields_value(&ex->resp.fields, FR_FIELD_CONTENT_TYPE), text;
	char boundary[BOUNDARY_BYTES];
	uint64_t random;
	int rc = 0;

	fr_random_bytes(&random, sizeof random);
	(void)snprintf(boundary, sizeof boundary, "fr%016llx", (unsigned long long)random);
	c->n = 0;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		rc = fr_arena_printf(
			&ex->arena, &text,
			"\r\n--%s\r\n%s%.*s%sContent-Range: bytes %llu-%llu/%llu\r\n\r\n", boundary,
			type.p ? "Content-Type: " : "", FR_STR_ARG(type), type.p ? "\r\n" : "",
			(unsigned long long)r[i].from, (unsigned long long)r[i].to,
			(unsigned long long)length);
		c->segments[c->n++] =
			(struct fr_segment){.is_text = true, .text = text, .len = text.len};
		c->segments[c->n++] =
			(struct fr_segment){.from = r[i].from, .len = r[i].to - r[i].from + 1};
	}
	if (rc == 0)
		rc = fr_arena_printf(&ex->arena, &text, "\r\n--%s--\r\n", boundary);
	c->segments[c->n++] = (struct fr_segment){.is_text = true, .text = text, .len = text.len};
	(void)fr_fields_remove(&ex->resp.fields, FR_FIELD_CONTENT_TYPE);
	if (rc == 0)
		rc = fr_arena_printf(&ex->arena, &text, "multipart/byteranges; boundary=%s",
		                     boundary);
	ex->resp.status = 206;
	return rc < 0 ? rc : fr_fields_add_id(&ex->resp.fields, FR_FIELD_CONTENT_TYPE, text);
}

/* Which part of a complete body is sent. */
static int choose_segments(struct fr_exchange *ex, struct fr_cached *c,
                           const struct fr_validators *v)
{
	uint64_t length = fr_body_len(c->object->body);
	struct fr_range ranges[FR_MAX_RANGES];
	enum fr_range_result result = FR_RANGE_NONE;
	size_t n = 0;
	int rc = 0;

	if (ex->req.method == FR_METHOD_GET && c->object->status == 200)
		result = fr_ranges(&ex->req.fields, v, length, ranges, &n);
	c->segments = fr_arena_alloc(&ex->arena, (2 * n + 2) * sizeof *c->segments);
	if (!c->segments)
		return FR_ERR_NOMEM;
	if (result == FR_RANGE_UNSATISFIABLE)
		return make_unsatisfiable(ex, length);
	if (n == 1)
		rc = make_one_range(ex, c, &ranges[0], length);
	else if (n > 1)
		rc = make_ranges(ex, c, ranges, n, length);
	else {
		c->segments[0] = (struct fr_segment){.len = length};
		c->n = 1;
	}
	for (size_t i = 0; i < c->n; i++)
		c->left += c->segments[i].len;
	ex->resp.content_length = (int64_t)c->left;
	return rc;
}

/* --- reading --- */

static int enter_segment(struct fr_cached *c)
{
	const struct fr_segment *s = c->at < c->n ? &c->segments[c->at] : NULL;

	c->done = 0;
	if (!s || s->is_text)
		return 0;
	if (c->cursor.body && c->cursor.pos == s->from)
		return 0;
	if (c->cursor.body)
		fr_cursor_fini(&c->cursor);
	return fr_cursor_init(&c->cursor, c->object->body, s->from);
}

size_t fr_cached_len(const struct fr_cached *c)
{
	if (c->state != FR_CACHED_READING)
		return 0;
	return (size_t)(c->is_filling ? fr_body_len(c->object->body) - c->cursor.pos : c->left);
}

size_t fr_cached_peek(struct fr_cached *c, const uint8_t **data)
{
	const struct fr_segment *s;
	size_t n;

	if (c->is_filling)
		return fr_cursor_peek(&c->cursor, data);
	if (c->left == 0)
		return 0;
	s = &c->segments[c->at];
	if (s->is_text) {
		*data = (const uint8_t *)s->text.p + c->done;
		return s->text.len - (size_t)c->done;
	}
	n = fr_cursor_peek(&c->cursor, data);
	return s->len - c->done < n ? (size_t)(s->len - c->done) : n;
}

void fr_cached_take(struct fr_cached *c, size_t len)
{
	if (c->is_filling) {
		fr_cursor_skip(&c->cursor, len);
		if (c->watches_body)
			fr_body_moved(c->object->body, &c->note->watcher, c->cursor.pos);
		return;
	}
	if (!c->segments[c->at].is_text)
		fr_cursor_skip(&c->cursor, len);
	c->done += len;
	c->left -= len;
	while (c->at < c->n && c->done == c->segments[c->at].len) {
		c->at++;
		/* the object is complete: entering cannot be refused */
		FR_ASSERT(enter_segment(c) == 0);
	}
}

/* How far the body is; tells the client side. */
void fr_cached_poll(struct fr_exchange *ex)
{
	struct fr_cached *c = ex->cached;
	enum fr_body_state state =
		c->is_filling ? fr_body_state(c->object->body) : FR_BODY_COMPLETE;

	if (ex->resp_ended || ex->resp_failed)
		return;
	fr_exchange_stored_body(ex, state == FR_BODY_COMPLETE, state == FR_BODY_FAILED);
}

/* Begins to read: from here on this exchange is among the body's readers. */
static int begin_reading(struct fr_exchange *ex, struct fr_cached *c, const struct fr_validators *v)
{
	struct fr_body *body = c->object->body;

	ex->resp.content_length = fr_object_length(c->object);
	if (fr_body_state(body) == FR_BODY_COMPLETE) {
		int rc = choose_segments(ex, c, v);

		return rc < 0 ? rc : enter_segment(c);
	}
	if (fr_cursor_init(&c->cursor, body, 0) < 0)
		return FR_ERR_REFUSED;
	c->is_filling = true;
	if (!c->note)
		c->note = fr_note_new(ex->worker, fr_cached_changed, ex);
	atomic_store(&c->note->watcher.pos, 0);
	c->watches_body = true;
	fr_body_watch(body, &c->note->watcher);
	return 0;
}

/* Everything of the response but its delivery; FR_ERR_REFUSED: the object takes
 * no more readers. */
static int make_response(struct fr_exchange *ex, struct fr_cached *c, int64_t now)
{
	struct fr_object *o = c->object;
	struct fr_validators v;
	int rc;

	fr_response_init(&ex->resp, &ex->arena, o->status);
	ex->resp.version = FR_HTTP_1_1;
	rc = fr_object_fields(o, &ex->arena, &ex->resp.fields);
	if (rc < 0)
		return rc;
	fr_validators_of(&ex->resp.fields, &v);
	if (o->status == 200 && fr_is_not_modified(&ex->req.fields, &v, now))
		make_not_modified(ex);
	else if (ex->req.method == FR_METHOD_HEAD)
		ex->resp.content_length = fr_object_length(o);
	else
		rc = begin_reading(ex, c, &v);
	if (rc == 0)
		rc = add_age(ex, c, now);
	return rc < 0 ? rc : status_line(ex, c, now);
}

/* False: it cannot be served (any more). */
bool fr_cached_serve(struct fr_exchange *ex, struct fr_object *o)
{
	struct fr_cached *c = ex->cached;
	int rc;

	c->object = fr_object_ref(o);
	c->state = FR_CACHED_READING;
	rc = make_response(ex, c, fr_cached_now());
	if (rc == FR_ERR_REFUSED) {
		fr_object_unref(&c->object);
		c->state = FR_CACHED_IDLE;
		return false;
	}
	if (rc < 0) {
		fr_exchange_refuse(ex, 503, "");
		return true;
	}
	fr_exchange_deliver(ex);
	if (ex->cached == c && ex->head_sent)
		fr_cached_poll(ex);
	return true;
}
