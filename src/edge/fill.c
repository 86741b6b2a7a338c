#include "edge/fill.h"

#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "edge/client.h"
#include "edge/learn.h"
#include "edge/note.h"
#include "edge/proxy.h"
#include "edge/tap.h"
#include "http/date.h"

struct fr_fill {
	struct fr_fill *next, **pprev; /* borrowed, among the worker's; next: also when kept */
	struct fr_worker *worker;      /* borrowed */
	struct fr_generation *gen;     /* reference */
	struct fr_site *site;          /* borrowed from gen */
	const struct fr_config_cache *rules;
	struct fr_arena arena;
	struct fr_request req;        /* as the client sent it: what Vary looks at */
	struct fr_request origin_req; /* as the origin gets it */
	struct fr_response resp;
	struct fr_fetch *fetch;   /* owned; NULL when it has ended */
	struct fr_flight *flight; /* reference; NULL when landed */
	struct fr_str key;
	struct fr_object *stale;    /* reference: what is validated */
	struct fr_object *object;   /* reference: what is filled */
	struct fr_note *note;       /* owned: readers of a loose body moved */
	struct fr_tap *tap;         /* owned: scans the body; NULL */
	struct fr_exchange *leader; /* borrowed; NULL: gone or never was */
	struct fr_task release_task;
	int64_t request_s;
	bool is_ours;   /* no client's own request: a push, or behind */
	bool is_behind; /* counted among those that nobody waits for */
	bool is_loose;
	bool is_stored; /* since this fill */
	bool is_over;
};

static int64_t now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME_COARSE, &t);
	return t.tv_sec;
}

static struct fr_store *store_of(const struct fr_fill *f)
{
	return f->gen->shared->store;
}

static uint64_t now_ms(const struct fr_fill *f)
{
	return fr_loop_now(f->worker->loop);
}

static const struct fr_config *config_of(const struct fr_fill *f)
{
	return f->gen->config;
}

/* --- life --- */

void fr_fill_free(struct fr_fill *f)
{
	fr_tap_drop(&f->tap);
	fr_fetch_cancel(&f->fetch);
	fr_object_unref(&f->stale);
	fr_object_unref(&f->object);
	fr_note_close(&f->note);
	fr_generation_unref(&f->gen);
	if (f->worker->n_free_fills >= FR_FILLS_KEPT) {
		fr_arena_fini(&f->arena);
		free(f);
		return;
	}
	fr_arena_reset(&f->arena);
	f->next = f->worker->free_fills;
	f->worker->free_fills = f;
	f->worker->n_free_fills++;
}

void fr_fills_free_list(struct fr_fill **list)
{
	while (*list) {
		struct fr_fill *f = *list;

		*list = f->next;
		fr_arena_fini(&f->arena);
		free(f);
	}
}

/* With an arena of its own, used before or new. */
static struct fr_fill *take_memory(struct fr_worker *w)
{
	struct fr_fill *f = w->free_fills;
	struct fr_arena arena;

	if (!f) {
		f = fr_calloc(1, sizeof *f);
		fr_arena_init(&f->arena, FR_EXCHANGE_ARENA_BYTES);
		return f;
	}
	w->free_fills = f->next;
	w->n_free_fills--;
	arena = f->arena;
	*f = (struct fr_fill){.arena = arena};
	return f;
}

static void release(void *user)
{
	fr_fill_free(user);
}

static void unlink_fill(struct fr_fill *f)
{
	*f->pprev = f->next;
	if (f->next)
		f->next->pprev = f->pprev;
	f->worker->n_fills--;
	if (f->is_behind)
		f->worker->n_fills_behind--;
	fr_count_down(&f->worker->counters, FR_COUNT_FILLS_OPEN);
}

/* Nothing more is to be done; freed at the turn's end. */
static void over(struct fr_fill *f)
{
	if (f->is_over)
		return;
	f->is_over = true;
	f->leader = NULL;
	fr_fetch_cancel(&f->fetch);
	unlink_fill(f);
	fr_loop_release_later(f->worker->loop, &f->release_task);
	fr_worker_fill_ended(f->worker);
}

static void land(struct fr_fill *f, struct fr_object *o, int error)
{
	if (!f->flight)
		return;
	fr_flight_land(f->flight, o, error, now_ms(f));
	fr_flight_unref(&f->flight);
}

static struct fr_exchange *take_leader(struct fr_fill *f)
{
	struct fr_exchange *ex = f->leader;

	f->leader = NULL;
	return ex;
}

/* What the answer says of the asset; bytes: of its body, 0 until that has ended. */
static void learn(const struct fr_fill *f, uint64_t bytes, bool is_storable)
{
	fr_learn_answer(f->gen->shared, &(struct fr_answer){.req = &f->req,
	                                                    .resp = &f->resp,
	                                                    .bytes = bytes,
	                                                    .is_ours = f->is_ours,
	                                                    .is_storable = is_storable});
}

/* --- the response --- */

/* A recipient with a clock notes when a response without Date came (RFC 9110 §6.6.1). */
static int add_date(struct fr_fill *f)
{
	struct fr_str date;

	if (fr_fields_get(&f->resp.fields, FR_FIELD_DATE))
		return 0;
	if (fr_arena_copy(&f->arena, fr_worker_date(f->worker), &date) < 0)
		return FR_ERR_NOMEM;
	return fr_fields_add_id(&f->resp.fields, FR_FIELD_DATE, date);
}

static void override_lifetime(const struct fr_fill *f, struct fr_freshness *fresh)
{
	if (!f->rules->ttl_ms)
		return;
	fresh->initial_age_s = 0;
	fresh->lifetime_s = f->rules->ttl_ms / 1000;
	fresh->is_heuristic = false;
}

/* Makes the object if the response may be stored. */
static enum fr_cache_store make_object(struct fr_fill *f)
{
	struct fr_store *store = store_of(f);
	struct fr_freshness fresh;
	enum fr_cache_store s;
	uint64_t expected = FR_BODY_UNKNOWN;
	struct fr_body *body;

	fr_cache_freshness(&f->resp, f->request_s, now_s(), &fresh);
	override_lifetime(f, &fresh);
	s = fr_cache_may_store(&f->req, &f->resp, &fresh);
	if (s != FR_CACHE_STORE_YES)
		return s;
	if (f->resp.content_length > (int64_t)config_of(f)->store.max_object_bytes)
		return FR_CACHE_STORE_TOO_LARGE;
	if (f->resp.content_length >= 0)
		expected = (uint64_t)f->resp.content_length;
	if (!fr_status_has_body(f->resp.status))
		expected = 0;
	body = fr_store_trim(store) && add_date(f) == 0
	               ? fr_body_new(fr_store_account(store), expected)
	               : NULL;
	if (!body)
		return FR_CACHE_STORE_MEMORY;
	f->object = fr_object_new(&f->req, &f->resp, &fresh, body, fr_store_account(store));
	fr_body_unref(&body);
	return f->object ? FR_CACHE_STORE_YES : FR_CACHE_STORE_MEMORY;
}

/* The object answers everybody who waits. */
static void publish(struct fr_fill *f, struct fr_object *o, bool is_validated)
{
	struct fr_exchange *leader = take_leader(f);

	land(f, o, 0);
	if (leader)
		fr_cached_filled(leader, o, is_validated, f->is_stored, f->resp.status);
}

static void store(struct fr_fill *f, struct fr_object *o)
{
	if (f->flight && fr_flight_is_void(f->flight))
		return;
	fr_store_insert(store_of(f), f->key, o);
	f->is_stored = true;
	fr_count(&f->worker->counters, FR_COUNT_CACHE_STORED);
}

/* 304: what is stored is good again. */
static void take_validation(struct fr_fill *f)
{
	struct fr_object *o = fr_object_updated(f->stale, &f->req, &f->resp, f->request_s, now_s());

	if (o) {
		override_lifetime(f, &o->fresh);
		store(f, o);
	} else {
		o = fr_object_ref(f->stale); /* no memory: good for now */
	}
	publish(f, o, true);
	fr_object_unref(&o);
}

/* Something stale at hand answers instead of an error. */
static bool serve_stale(struct fr_fill *f, bool is_answer)
{
	struct fr_cache_control cc;

	if (!f->stale)
		return false;
	fr_cache_control_read(&f->req.fields, &cc);
	if (!fr_cache_may_serve_on_error(&f->stale->fresh, &cc, is_answer, now_s()))
		return false;
	fr_count(&f->worker->counters, FR_COUNT_CACHE_STALE_ON_ERROR);
	publish(f, f->stale, false);
	return true;
}

/* Not to be stored: whoever leads takes it over, the others ask for themselves. */
static void hand_over(struct fr_fill *f)
{
	struct fr_exchange *leader = take_leader(f);
	struct fr_fetch *fetch = f->fetch;

	land(f, NULL, 0);
	if (!leader) {
		over(f);
		return;
	}
	f->is_over = true;
	f->fetch = NULL;
	unlink_fill(f);
	fr_cached_adopt(leader, f, fetch, &f->resp);
	fr_worker_fill_ended(f->worker);
}

static void on_head(void *user)
{
	struct fr_fill *f = user;
	int status = f->resp.status;
	enum fr_cache_store s;

	if (f->leader)
		fr_observe_origin_head(f->leader, f->fetch);

	if (f->stale && status == 304) {
		take_validation(f);
		over(f);
		return;
	}
	if (status >= 500 && serve_stale(f, true)) {
		over(f);
		return;
	}
	s = fr_fields_remove_hop_by_hop(&f->resp.fields) < 0 ? FR_CACHE_STORE_STATUS
	                                                     : make_object(f);
	f->is_ours = f->is_behind || (f->leader && f->leader->is_push);
	learn(f, 0, s == FR_CACHE_STORE_YES);
	if (s != FR_CACHE_STORE_YES) {
		FR_LOG(DEBUG, "cache", "%.*s: not stored: %s", FR_STR_ARG(f->key),
		       fr_cache_store_str(s));
		hand_over(f);
		return;
	}
	fr_body_set_filler(f->object->body, &f->note->watcher);
	store(f, f->object);
	if (f->leader && !f->leader->is_push)
		f->tap = fr_tap_new(f->leader, &f->req, &f->resp);
	publish(f, f->object, false);
}

static void on_informational(void *user, const struct fr_response *resp)
{
	struct fr_fill *f = user;

	if (f->leader)
		fr_cached_informational(f->leader, resp);
}

/* --- the body --- */

static void cut_loose(struct fr_fill *f)
{
	f->is_loose = true;
	fr_store_remove(store_of(f), f->key, f->object);
	fr_body_cut_loose(f->object->body);
}

static void end_body(struct fr_fill *f, bool complete)
{
	if (complete && f->resp.content_length < 0)
		learn(f, fr_body_len(f->object->body), true);
	if (complete)
		fr_tap_end(&f->tap);
	else
		fr_tap_drop(&f->tap);
	fr_body_set_filler(f->object->body, NULL);
	fr_body_end(f->object->body, complete);
	if (!complete)
		fr_store_remove(store_of(f), f->key, f->object);
}

static void on_body(void *user, const uint8_t *data, size_t len)
{
	struct fr_fill *f = user;
	struct fr_body *body = f->object->body;

	if (f->tap)
		fr_tap_feed(f->tap, data, len);
	if (fr_body_append(body, data, len) < 0) {
		end_body(f, false);
		over(f);
		return;
	}
	if (!f->is_loose && (fr_body_len(body) > config_of(f)->store.max_object_bytes ||
	                     !fr_store_trim(store_of(f))))
		cut_loose(f);
	if (f->is_loose && fr_body_backlog(body) > config_of(f)->limits.response_buffer_bytes)
		fr_fetch_pause(f->fetch);
}

/* Readers of a loose body moved on, or a reader left: what nobody waits for any
 * more is given up, so that clients which come and go cannot pile up fetches. */
static void readers_moved(void *user)
{
	struct fr_fill *f = user;

	if (f->is_over || !f->fetch || !f->object)
		return;
	if (!f->is_behind && !fr_body_has_readers(f->object->body)) {
		end_body(f, false);
		over(f);
	} else if (f->is_loose && fr_body_backlog(f->object->body) <
	                                  config_of(f)->limits.response_buffer_bytes / 2) {
		fr_fetch_resume(f->fetch);
	}
}

static void on_end(void *user, const struct fr_fields *trailers)
{
	struct fr_fill *f = user;

	(void)trailers; /* may be dropped (RFC 9110 §6.5.1), and are */
	f->fetch = NULL;
	end_body(f, true);
	over(f);
}

static void on_failed(void *user, enum fr_fetch_error e)
{
	struct fr_fill *f = user;
	struct fr_exchange *leader;

	f->fetch = NULL;
	if (f->object) {
		end_body(f, false);
	} else if (!serve_stale(f, false)) {
		leader = take_leader(f);
		land(f, NULL, fr_fetch_error_status(e));
		if (leader)
			fr_cached_failed(leader, fr_fetch_error_status(e), fr_fetch_error_str(e));
	}
	over(f);
}

static void on_can_write(void *user)
{
	(void)user; /* a GET has no body */
}

static const struct fr_fetch_handler handler = {
	.on_informational = on_informational,
	.on_head = on_head,
	.on_body = on_body,
	.on_end = on_end,
	.on_failed = on_failed,
	.on_can_write = on_can_write,
};

/* --- the request --- */

static bool is_conditional(uint16_t id)
{
	switch (id) {
	case FR_FIELD_IF_MATCH:
	case FR_FIELD_IF_MODIFIED_SINCE:
	case FR_FIELD_IF_NONE_MATCH:
	case FR_FIELD_IF_RANGE:
	case FR_FIELD_IF_UNMODIFIED_SINCE:
	case FR_FIELD_RANGE:
		return true;
	default:
		return false;
	}
}

static int copy_request(struct fr_fill *f, const struct fr_request *from, struct fr_request *to,
                        bool conditions)
{
	struct fr_arena *a = &f->arena;
	int rc;

	*to = *from;
	fr_fields_init(&to->fields, a);
	rc = fr_arena_copy(a, from->method_text, &to->method_text);
	if (rc == 0)
		rc = fr_arena_copy(a, from->scheme, &to->scheme);
	if (rc == 0)
		rc = fr_arena_copy(a, from->authority, &to->authority);
	if (rc == 0)
		rc = fr_arena_copy(a, from->target, &to->target);
	for (size_t i = 0; rc == 0 && i < from->fields.n; i++)
		if (conditions || !is_conditional(from->fields.v[i].id))
			rc = fr_fields_add_copy(&to->fields, from->fields.v[i].name,
			                        from->fields.v[i].value);
	return rc;
}

/* Asks whether what is stored is still good (RFC 9111 §4.3.1). */
static int add_conditions(struct fr_fill *f)
{
	struct fr_str etag = {0}, modified = {0};
	int rc = 0;

	for (size_t i = 0; f->stale && i < f->stale->n_fields; i++) {
		if (f->stale->fields[i].id == FR_FIELD_ETAG)
			etag = f->stale->fields[i].value;
		if (f->stale->fields[i].id == FR_FIELD_LAST_MODIFIED)
			modified = f->stale->fields[i].value;
	}
	if (etag.p)
		rc = fr_fields_add_id(&f->origin_req.fields, FR_FIELD_IF_NONE_MATCH, etag);
	if (rc == 0 && modified.p)
		rc = fr_fields_add_id(&f->origin_req.fields, FR_FIELD_IF_MODIFIED_SINCE, modified);
	return rc;
}

static struct fr_fill *fill_new(struct fr_exchange *ex, struct fr_flight *flight,
                                struct fr_object *stale)
{
	struct fr_worker *w = ex->worker;
	struct fr_fill *f = take_memory(w);

	f->worker = w;
	f->gen = fr_generation_ref(ex->gen);
	f->site = ex->site;
	f->rules = fr_config_find_cache(ex->site->config, ex->req.target);
	fr_response_init(&f->resp, &f->arena, 0);
	f->flight = flight;
	f->stale = stale ? fr_object_ref(stale) : NULL;
	f->note = fr_note_new(w, readers_moved, f);
	f->release_task = (struct fr_task){.run = release, .user = f};
	f->request_s = now_s();
	f->next = w->fills;
	f->pprev = &w->fills;
	if (f->next)
		f->next->pprev = &f->next;
	w->fills = f;
	w->n_fills++;
	fr_count(&w->counters, FR_COUNT_FILLS_OPEN);
	return f;
}

struct fr_fill *fr_fill_start(struct fr_exchange *ex, bool leads, struct fr_str key,
                              struct fr_flight *flight, struct fr_object *stale)
{
	struct fr_worker *w = ex->worker;
	bool too_many = !leads && w->n_fills_behind >= FR_FILLS_BEHIND;
	struct fr_fill *f = fill_new(ex, flight, stale);
	int rc = too_many ? FR_ERR_LIMIT : fr_arena_copy(&f->arena, key, &f->key);

	if (rc == 0)
		rc = fr_proxy_request(ex);
	if (rc == 0)
		rc = copy_request(f, &ex->req, &f->req, true);
	if (rc == 0)
		rc = copy_request(f, &ex->origin_req, &f->origin_req, false);
	if (rc == 0)
		rc = add_conditions(f);
	if (rc < 0) {
		land(f, NULL, 0);
		over(f);
		return NULL;
	}
	f->is_behind = !leads;
	w->n_fills_behind += !leads;
	f->leader = leads ? ex : NULL;
	if (leads)
		fr_observe_asked(ex);
	f->fetch =
		fr_fetch_start(f->site->origin, &f->origin_req, &f->arena, &f->resp, &handler, f);
	return f;
}

void fr_fill_leave(struct fr_fill *f)
{
	f->leader = NULL;
	if (f->is_over)
		return;
	if (f->flight ? fr_flight_was_joined(f->flight) : fr_body_has_readers(f->object->body))
		return;
	if (f->object)
		end_body(f, false);
	land(f, NULL, 0);
	over(f);
}

void fr_fills_cut(struct fr_worker *w)
{
	/* the last one to go may end the worker, which comes back here */
	while (w->fills) {
		struct fr_fill *f = w->fills;

		if (f->object)
			end_body(f, false);
		land(f, NULL, 503);
		over(f);
	}
}
