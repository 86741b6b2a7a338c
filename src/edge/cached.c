#include "edge/cached.h"

#include <stdio.h>
#include <time.h>

#include "base/log.h"
#include "cache/conditional.h"
#include "cache/key.h"
#include "edge/client.h"
#include "edge/fill.h"
#include "edge/note.h"
#include "http/url.h"

#define CACHE_NAME "forerun"
#define BOUNDARY_BYTES 24u

enum state { IDLE, WAITING, LEADING, READING };

struct segment { /* a piece of what is sent: text of ours, or of the body */
	struct fr_str text;
	uint64_t from, len;
	bool is_text;
};

struct fr_cached {
	enum state state;
	struct fr_str key;
	struct fr_flight *flight; /* reference; WAITING */
	struct fr_fill *fill;     /* borrowed; LEADING */
	struct fr_object *object; /* reference; READING */
	struct fr_note *note;     /* owned */
	bool watches_body;
	bool is_filling; /* the whole of a body that still grows */
	struct fr_cursor cursor;
	struct segment *segments; /* in the arena */
	size_t n, at;
	uint64_t done;   /* of the current segment */
	uint64_t left;   /* of all segments */
	const char *fwd; /* why it was asked of the origin; NULL: a hit */
	int fwd_status;
	bool is_joined, was_stale;
};

static int64_t now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME_COARSE, &t);
	return t.tv_sec;
}

static struct fr_store *store_of(const struct fr_exchange *ex)
{
	return ex->gen->shared->store;
}

static void count(struct fr_exchange *ex, enum fr_counter id)
{
	fr_count(&ex->worker->counters, id);
}

static const struct fr_config_cache *rules_of(const struct fr_exchange *ex)
{
	return fr_config_find_cache(ex->site->config, ex->req.target);
}

static void changed(void *user);

static int key_of(struct fr_exchange *ex, const struct fr_request *req, struct fr_str *out)
{
	struct fr_query_rule rule = {.policy = rules_of(ex)->ignore_query ? FR_QUERY_IGNORE
	                                                                  : FR_QUERY_KEEP};

	return fr_cache_key(&ex->arena, req, &rule, out);
}

/* --- what is sent --- */

static int status_line(struct fr_exchange *ex, struct fr_cached *c, int64_t now)
{
	struct fr_str text;
	int rc;

	if (!c->fwd)
		rc = fr_arena_printf(&ex->arena, &text, CACHE_NAME "; hit; ttl=%lld",
		                     (long long)fr_cache_ttl(&c->object->fresh, now));
	else if (c->is_joined)
		rc = fr_arena_printf(&ex->arena, &text, CACHE_NAME "; fwd=%s; collapsed", c->fwd);
	else
		rc = fr_arena_printf(&ex->arena, &text, CACHE_NAME "; fwd=%s; fwd-status=%d%s",
		                     c->fwd, c->fwd_status, c->was_stale ? "" : "; stored");
	return rc < 0 ? rc : fr_fields_add_id(&ex->resp.fields, FR_FIELD_CACHE_STATUS, text);
}

static int add_age(struct fr_exchange *ex, const struct fr_cached *c, int64_t now)
{
	int64_t age = fr_cache_age(&c->object->fresh, now);
	struct fr_str text;

	if (c->fwd && age == 0)
		return 0;
	if (fr_arena_printf(&ex->arena, &text, "%lld", (long long)age) < 0)
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

	c->segments[0] = (struct segment){.from = r->from, .len = r->to - r->from + 1};
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
			(struct segment){.is_text = true, .text = text, .len = text.len};
		c->segments[c->n++] =
			(struct segment){.from = r[i].from, .len = r[i].to - r[i].from + 1};
	}
	if (rc == 0)
		rc = fr_arena_printf(&ex->arena, &text, "\r\n--%s--\r\n", boundary);
	c->segments[c->n++] = (struct segment){.is_text = true, .text = text, .len = text.len};
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
		c->segments[0] = (struct segment){.len = length};
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
	const struct segment *s = c->at < c->n ? &c->segments[c->at] : NULL;

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
	if (c->state != READING)
		return 0;
	return (size_t)(c->is_filling ? fr_body_len(c->object->body) - c->cursor.pos : c->left);
}

size_t fr_cached_peek(struct fr_cached *c, const uint8_t **data)
{
	const struct segment *s;
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
static void poll_body(struct fr_exchange *ex)
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
		c->note = fr_note_new(ex->worker, changed, ex);
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
static bool serve(struct fr_exchange *ex, struct fr_object *o)
{
	struct fr_cached *c = ex->cached;
	int rc;

	c->object = fr_object_ref(o);
	c->state = READING;
	rc = make_response(ex, c, now_s());
	if (rc == FR_ERR_REFUSED) {
		fr_object_unref(&c->object);
		c->state = IDLE;
		return false;
	}
	if (rc < 0) {
		fr_exchange_refuse(ex, 503, "");
		return true;
	}
	fr_exchange_deliver(ex);
	if (ex->cached == c && ex->head_sent)
		poll_body(ex);
	return true;
}

/* --- asking --- */

static void fetch_is_over(struct fr_exchange *ex)
{
	ex->cached->fill = NULL;
	if (ex->counts_as_fetch) {
		ex->counts_as_fetch = false;
		ex->client->origin_requests--;
	}
}

/* Back to the direct way. */
static void ask_directly(struct fr_exchange *ex)
{
	ex->cache_fwd = ex->cached->fwd;
	ex->cached->state = IDLE;
	fr_exchange_fetch(ex);
}

static bool wait_for(struct fr_exchange *ex, struct fr_flight *flight)
{
	struct fr_cached *c = ex->cached;

	c->state = WAITING;
	c->is_joined = true;
	c->flight = flight;
	c->note = fr_note_new(ex->worker, changed, ex);
	fr_exchange_await(ex);
	count(ex, FR_COUNT_CACHE_JOINED);
	fr_flight_watch(flight, &c->note->watcher);
	return true;
}

/* Somebody must ask: we, unless it is being done. False: directly, alone. */
static bool ask(struct fr_exchange *ex, struct fr_object *stale)
{
	struct fr_cached *c = ex->cached;
	struct fr_flight *flight = NULL;

	switch (fr_store_fly(store_of(ex), c->key, fr_loop_now(ex->worker->loop), &flight)) {
	case FR_FLY_JOIN:
		return wait_for(ex, flight);
	case FR_FLY_ALONE:
		return false;
	case FR_FLY_LEAD:
		break;
	}
	c->state = LEADING;
	fr_exchange_await(ex);
	ex->counts_as_fetch = true;
	ex->client->origin_requests++;
	c->fill = fr_fill_start(ex, true, c->key, flight, stale);
	if (c->fill)
		return true;
	/* the direct way says what is wrong with the request */
	fetch_is_over(ex);
	c->state = IDLE;
	return false;
}

static bool selects(struct fr_exchange *ex, const struct fr_object *o)
{
	struct fr_str values;

	return o->vary.len == 0 ||
	       (fr_vary_values(&ex->arena, o->vary, &ex->req.fields, &values) == 0 &&
	        fr_str_eq(values, o->vary_values));
}

/* May what another request brought answer this one? */
static bool is_shareable(struct fr_exchange *ex, const struct fr_object *o)
{
	return selects(ex, o) && !o->fresh.no_cache && fr_body_state(o->body) != FR_BODY_FAILED &&
	       fr_cache_ttl(&o->fresh, o->fresh.response_s) > 0;
}

static void landed(struct fr_exchange *ex)
{
	struct fr_cached *c = ex->cached;
	enum fr_flight_state state = fr_flight_state(c->flight);
	struct fr_object *o = NULL;
	int error;

	if (state == FR_FLIGHT_UNDER_WAY)
		return;
	fr_flight_unwatch(c->flight, &c->note->watcher);
	error = fr_flight_error(c->flight);
	o = fr_flight_object(c->flight);
	fr_flight_unref(&c->flight);
	c->state = IDLE;
	if (state == FR_FLIGHT_FAILED)
		fr_exchange_refuse(ex, error, "The origin failed.");
	else if (!o || !is_shareable(ex, o) || !serve(ex, o))
		ask_directly(ex);
	fr_object_unref(&o);
}

/* On the exchange's thread: what it waits for has changed. */
static void changed(void *user)
{
	struct fr_exchange *ex = user;

	if (ex->state == FR_EXCHANGE_RELEASED)
		return;
	if (ex->cached->state == WAITING)
		landed(ex);
	else if (ex->cached->state == READING)
		poll_body(ex);
}

/* --- what the fill tells --- */

void fr_cached_filled(struct fr_exchange *ex, struct fr_object *o, bool is_validated, int status)
{
	struct fr_cached *c = ex->cached;

	fetch_is_over(ex);
	c->fwd_status = status;
	c->was_stale = !is_validated && status >= 500;
	if (is_validated)
		count(ex, FR_COUNT_CACHE_VALIDATED);
	if (!serve(ex, o))
		fr_exchange_refuse(ex, 503, "");
}

void fr_cached_adopt(struct fr_exchange *ex, struct fr_fill *f, struct fr_fetch *fetch,
                     const struct fr_response *resp)
{
	ex->cached->fill = NULL;
	ex->cached->state = IDLE;
	ex->cache_fwd = ex->cached->fwd;
	ex->adopted = f;
	fr_exchange_adopt(ex, fetch, resp);
}

void fr_cached_informational(struct fr_exchange *ex, const struct fr_response *resp)
{
	fr_exchange_informational(ex, resp);
}

void fr_cached_failed(struct fr_exchange *ex, int status, const char *why)
{
	fetch_is_over(ex);
	ex->cached->state = IDLE;
	fr_exchange_refuse(ex, status, why);
}

/* --- the request --- */

static void validate_behind(struct fr_exchange *ex, struct fr_object *o)
{
	struct fr_flight *flight = NULL;
	enum fr_fly how =
		fr_store_fly(store_of(ex), ex->cached->key, fr_loop_now(ex->worker->loop), &flight);

	if (how == FR_FLY_LEAD)
		(void)fr_fill_start(ex, false, ex->cached->key, flight, o);
	else if (how == FR_FLY_JOIN)
		fr_flight_unref(&flight);
}

static bool refuse_only_if_cached(struct fr_exchange *ex, const struct fr_cache_control *cc)
{
	if (!(cc->flags & FR_CC_ONLY_IF_CACHED))
		return false;
	fr_exchange_refuse(ex, 504, "It is not in the cache.");
	return true;
}

/* A HEAD or a range of something that is not stored is not worth the whole. */
static bool wants_less(const struct fr_exchange *ex)
{
	return ex->req.method == FR_METHOD_HEAD || fr_fields_get(&ex->req.fields, FR_FIELD_RANGE);
}

static bool miss(struct fr_exchange *ex, const struct fr_cache_control *cc, bool other_variants)
{
	ex->cached->fwd = other_variants ? "vary-miss" : "uri-miss";
	count(ex, FR_COUNT_CACHE_MISSES);
	if (refuse_only_if_cached(ex, cc))
		return true;
	return !wants_less(ex) && ask(ex, NULL);
}

static bool use(struct fr_exchange *ex, struct fr_object *o, const struct fr_cache_control *cc)
{
	struct fr_str pragma = fr_fields_value(&ex->req.fields, FR_FIELD_PRAGMA);
	enum fr_cache_use how =
		fr_cache_judge(&o->fresh, cc, fr_str_iis(pragma, "no-cache"), now_s());
	bool complete = fr_body_state(o->body) == FR_BODY_COMPLETE;

	if (atomic_load_explicit(&o->is_stale, memory_order_relaxed))
		how = FR_CACHE_VALIDATE;
	if (how == FR_CACHE_SERVE || how == FR_CACHE_SERVE_REVALIDATE) {
		if (!serve(ex, o))
			return miss(ex, cc, false);
		count(ex, FR_COUNT_CACHE_HITS);
		if (how == FR_CACHE_SERVE_REVALIDATE)
			validate_behind(ex, o);
		return true;
	}
	ex->cached->fwd = how == FR_CACHE_VALIDATE_REQUEST ? "request" : "stale";
	count(ex, FR_COUNT_CACHE_MISSES);
	if (refuse_only_if_cached(ex, cc))
		return true;
	return ex->req.method != FR_METHOD_HEAD && ask(ex, complete ? o : NULL);
}

static const char *reason_to_bypass(const struct fr_exchange *ex)
{
	if (ex->req.method != FR_METHOD_GET && ex->req.method != FR_METHOD_HEAD)
		return "method";
	if (ex->req.has_body || ex->req.is_upgrade || fr_has_origin_preconditions(&ex->req.fields))
		return "bypass";
	return NULL;
}

bool fr_cached_begin(struct fr_exchange *ex)
{
	struct fr_cache_control cc;
	struct fr_cached *c;
	struct fr_object *o;
	bool others, done;

	if (!rules_of(ex)->enabled)
		return false;
	ex->cache_fwd = reason_to_bypass(ex);
	if (ex->cache_fwd) {
		count(ex, FR_COUNT_CACHE_BYPASSED);
		return false;
	}
	c = fr_arena_calloc(&ex->arena, 1, sizeof *c);
	if (!c || key_of(ex, &ex->req, &c->key) < 0)
		return false;
	ex->cached = c;
	fr_cache_control_read(&ex->req.fields, &cc);
	o = fr_store_find(store_of(ex), c->key, &ex->req.fields, &ex->arena, &others);
	done = o ? use(ex, o, &cc) : miss(ex, &cc, others);
	fr_object_unref(&o);
	if (!done)
		ex->cache_fwd = c->fwd;
	return done;
}

/* --- direct responses --- */

static void invalidate(struct fr_exchange *ex, struct fr_str target, const struct fr_url *base)
{
	struct fr_request req = ex->req;
	struct fr_purge purge = {0};
	struct fr_url url;

	if (target.p) {
		/* only what is of the same origin (RFC 9111 §4.4) */
		if (fr_url_resolve(&ex->arena, base, target, &url) < 0 ||
		    !fr_url_same_origin(&url, base))
			return;
		req.target = url.target;
	}
	if (key_of(ex, &req, &purge.key) == 0)
		fr_count_add(&ex->worker->counters, FR_COUNT_CACHE_INVALIDATED,
		             fr_store_purge(store_of(ex), &purge));
}

static void invalidate_all(struct fr_exchange *ex)
{
	static const enum fr_field_id named[] = {FR_FIELD_LOCATION, FR_FIELD_CONTENT_LOCATION};
	struct fr_url base;
	struct fr_str text;

	invalidate(ex, (struct fr_str){0}, NULL);
	if (fr_arena_printf(&ex->arena, &text, "%.*s://%.*s%.*s", FR_STR_ARG(ex->req.scheme),
	                    FR_STR_ARG(ex->req.authority), FR_STR_ARG(ex->req.target)) < 0 ||
	    fr_url_parse(&ex->arena, text, &base) < 0)
		return;
	for (size_t i = 0; i < FR_COUNT(named); i++) {
		struct fr_str target = fr_fields_value(&ex->resp.fields, named[i]);

		if (target.p)
			invalidate(ex, target, &base);
	}
}

void fr_cached_direct(struct fr_exchange *ex)
{
	struct fr_str text;

	if (!rules_of(ex)->enabled)
		return;
	if (!fr_method_is_safe(ex->req.method) && ex->resp.status >= 200 && ex->resp.status < 400)
		invalidate_all(ex);
	if (ex->cache_fwd &&
	    fr_arena_printf(&ex->arena, &text, CACHE_NAME "; fwd=%s; fwd-status=%d", ex->cache_fwd,
	                    ex->resp.status) == 0)
		(void)!fr_fields_add_id(&ex->resp.fields, FR_FIELD_CACHE_STATUS, text);
}

/* --- the end --- */

void fr_cached_leave(struct fr_exchange *ex)
{
	struct fr_cached *c = ex->cached;

	if (!c)
		return;
	if (c->flight) {
		fr_flight_unwatch(c->flight, &c->note->watcher);
		fr_flight_unref(&c->flight);
	}
	if (c->watches_body) {
		fr_body_unwatch(c->object->body, &c->note->watcher);
		c->watches_body = false;
	}
	if (c->fill)
		fr_fill_leave(c->fill);
	c->fill = NULL;
	fr_note_close(&c->note);
}

void fr_cached_free(struct fr_exchange *ex)
{
	struct fr_cached *c = ex->cached;

	if (c) {
		if (c->cursor.body)
			fr_cursor_fini(&c->cursor);
		fr_object_unref(&c->object);
	}
	if (ex->adopted)
		fr_fill_free(ex->adopted);
	ex->cached = NULL;
	ex->adopted = NULL;
}
