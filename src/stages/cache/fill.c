/* Asks the origin for a fill and feeds its body to the object. fill_head.c decides about
 * the head. */
#include "stages/cache/fill_priv.h"

#include <stdlib.h>

#include "base/list.h"
#include "exchange/activity.h"
#include "exchange/proxy.h"
#include "hints/teach.h"
#include "http/date.h"
#include "net/wakeup.h"
#include "stages/cache/gate_rules.h"

/* Longer strings of a request are not copied. The client's address, which is gone with
 * the client, is shorter. */
#define BORROWED_BYTES 48u

static const uint8_t allowed[] = {
	[FR_FILL_ASKING] = FR_BIT(FR_FILL_FILLING) | FR_BIT(FR_FILL_DRAINING) |
                           FR_BIT(FR_FILL_ADOPTED) | FR_BIT(FR_FILL_OVER),
	[FR_FILL_FILLING] = FR_BIT(FR_FILL_OVER),
	[FR_FILL_DRAINING] = FR_BIT(FR_FILL_OVER),
	[FR_FILL_ADOPTED] = 0,
	[FR_FILL_OVER] = 0,
};

struct fr_store *fr_fill_store(const struct fr_fill *f)
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

static void note_activity(const struct fr_fill *f)
{
	struct fr_activity *a = f->worker->activity;

	a->exchange = a->of_connection = 0;
	a->stream = 0;
	fr_activity_request(a, &f->req, FR_ACTIVITY_FILL);
}

/* --- life --- */

static void drop_watched(struct fr_fill *f)
{
	if (f->watched)
		f->watch->drop(f->watched);
	f->watched = NULL;
}

void fr_fill_free(struct fr_fill *f)
{
	drop_watched(f);
	fr_fetch_cancel(&f->fetch);
	fr_object_unref(&f->stale);
	fr_object_unref(&f->object);
	fr_wakeup_close(&f->note);
	fr_generation_unref(&f->gen);
	if (f->worker->fills.n_free >= FR_FILLS_KEPT) {
		fr_arena_fini(&f->arena);
		free(f);
		return;
	}
	fr_arena_reset(&f->arena);
	f->next = f->worker->fills.free;
	f->worker->fills.free = f;
	f->worker->fills.n_free++;
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
	struct fr_fill *f = w->fills.free;
	struct fr_arena arena;

	if (!f) {
		f = fr_calloc(1, sizeof *f);
		fr_arena_init(&f->arena, FR_EXCHANGE_ARENA_BYTES);
		return f;
	}
	w->fills.free = f->next;
	w->fills.n_free--;
	arena = f->arena;
	*f = (struct fr_fill){.arena = arena};
	return f;
}

static void release(void *user)
{
	fr_fill_free(user);
}

void fr_fill_set_state(struct fr_fill *f, enum fr_fill_state to)
{
	FR_ASSERT(allowed[f->state] & FR_BIT(to));
	f->state = to;
}

void fr_fill_unlink(struct fr_fill *f)
{
	FR_LIST_REMOVE(f);
	f->worker->fills.n--;
	if (f->is_behind)
		f->worker->fills.n_behind--;
	fr_count_down(&f->worker->counters, FR_COUNT_FILLS_OPEN);
}

void fr_fill_over(struct fr_fill *f)
{
	if (f->state == FR_FILL_OVER || f->state == FR_FILL_ADOPTED)
		return;
	fr_fill_set_state(f, FR_FILL_OVER);
	f->leader = NULL;
	fr_fetch_cancel(&f->fetch);
	fr_fill_unlink(f);
	fr_loop_release_later(f->worker->loop, &f->release_task);
	f->worker->on_fill_ended(f->worker->user);
}

void fr_fill_land(struct fr_fill *f, enum fr_flight_state how, struct fr_object *o, int error)
{
	if (!f->flight)
		return;
	fr_flight_land(f->flight, how, o, error, now_ms(f));
	fr_flight_unref(&f->flight);
}

struct fr_exchange *fr_fill_take_leader(struct fr_fill *f)
{
	struct fr_exchange *ex = f->leader;

	f->leader = NULL;
	return ex;
}

void fr_fill_report(const struct fr_fill *f, uint64_t bytes, bool is_storable)
{
	if (f->watch)
		f->watch->answered(f->gen->shared,
		                   &(struct fr_observed_response){.req = &f->req,
		                                                  .resp = &f->resp,
		                                                  .client = f->client,
		                                                  .bytes = bytes,
		                                                  .is_ours = f->is_ours,
		                                                  .is_storable = is_storable});
}

/* --- the answer --- */

static void on_head(void *user)
{
	struct fr_fill *f = user;

	if (f->state != FR_FILL_ASKING)
		return;
	note_activity(f);
	if (f->leader)
		fr_record_origin_head(f->leader, f->fetch);
	fr_fill_take_head(f);
}

static void on_informational(void *user, const struct fr_response *resp)
{
	struct fr_fill *f = user;

	if (f->leader)
		f->leader_ops->informational(f->leader, resp);
}

/* --- the body --- */

static void cut_loose(struct fr_fill *f)
{
	f->is_loose = true;
	fr_store_remove(fr_fill_store(f), f->key, f->object);
	fr_body_cut_loose(f->object->body);
}

static void end_body(struct fr_fill *f, bool complete)
{
	if (complete && f->resp.content_length < 0)
		fr_fill_report(f, fr_body_len(f->object->body), true);
	if (complete && f->watched)
		f->watch->end(f->watched, NULL);
	else
		drop_watched(f);
	f->watched = NULL;
	fr_body_set_filler(f->object->body, NULL);
	fr_body_end(f->object->body, complete);
	if (!complete)
		fr_store_remove(fr_fill_store(f), f->key, f->object);
}

/* Ends it, whatever it was about: the body is cut short if there is one. */
static void give_up(struct fr_fill *f)
{
	if (f->state == FR_FILL_FILLING)
		end_body(f, false);
	fr_fill_over(f);
}

static void fill_body(struct fr_fill *f, const uint8_t *data, size_t len)
{
	struct fr_body *body = f->object->body;

	note_activity(f);
	if (f->watched)
		f->watch->body(f->watched, data, len);
	if (fr_body_append(body, data, len) < 0) {
		give_up(f);
		return;
	}
	if (!f->is_loose && (fr_body_len(body) > config_of(f)->store.max_object_bytes ||
	                     !fr_store_trim(fr_fill_store(f))))
		cut_loose(f);
	if (f->is_loose && fr_body_backlog(body) > config_of(f)->limits.response_buffer_bytes)
		fr_fetch_pause(f->fetch);
}

static void on_body(void *user, const uint8_t *data, size_t len)
{
	struct fr_fill *f = user;

	if (f->state == FR_FILL_FILLING) {
		fill_body(f, data, len);
		return;
	}
	f->drained_bytes += len;
	if (f->drained_bytes > FR_FILL_DRAIN_BYTES)
		fr_fill_over(f);
}

/* Readers of a loose body moved on, or a reader left: what nobody waits for any
 * more is given up, so that clients which come and go cannot pile up fetches. */
static void readers_moved(void *user)
{
	struct fr_fill *f = user;

	if (f->state != FR_FILL_FILLING || !f->fetch)
		return;
	if (!f->is_behind && !fr_body_has_readers(f->object->body))
		give_up(f);
	else if (f->is_loose &&
	         fr_body_backlog(f->object->body) < config_of(f)->limits.response_buffer_bytes / 2)
		fr_fetch_resume(f->fetch);
}

static void ask(struct fr_fill *f);

/* The 304 spoke of something else than what is stored: once more, for all. */
static void ask_anew(struct fr_fill *f)
{
	f->asks_anew = false;
	f->is_conditional = false;
	(void)fr_fields_remove(&f->origin_req.fields, FR_FIELD_IF_NONE_MATCH);
	(void)fr_fields_remove(&f->origin_req.fields, FR_FIELD_IF_MODIFIED_SINCE);
	fr_response_init(&f->resp, &f->arena, 0);
	ask(f);
}

static void on_end(void *user, const struct fr_fields *trailers)
{
	struct fr_fill *f = user;

	note_activity(f);
	(void)trailers; /* may be dropped (RFC 9110 §6.5.1), and are */
	f->fetch = NULL;
	if (f->state == FR_FILL_ASKING && f->asks_anew) {
		ask_anew(f);
		return;
	}
	if (f->state == FR_FILL_FILLING)
		end_body(f, true);
	fr_fill_over(f);
}

/* Would every request for it have failed like this? Only until the first byte of
 * this one went out. */
static bool is_anybodys(enum fr_fetch_error e)
{
	/* who waits for a free connection, and how long, depends on the client's address */
	return e == FR_FETCH_DNS || e == FR_FETCH_CONNECT || e == FR_FETCH_TLS ||
	       e == FR_FETCH_TIMEOUT_CONNECT;
}

static void fail(struct fr_fill *f, enum fr_fetch_error e, struct fr_str why)
{
	struct fr_exchange *leader = f->leader;
	int status = fr_fetch_error_status(e);

	if (leader)
		fr_record_error(leader, why);
	if (fr_fill_serve_stale(f, false, is_anybodys(e)))
		return;
	leader = fr_fill_take_leader(f);
	if (is_anybodys(e))
		fr_fill_land(f, FR_FLIGHT_FAILED, NULL, status);
	else
		fr_fill_land(f, FR_FLIGHT_LOST, NULL, 0);
	if (leader)
		f->leader_ops->failed(leader, status, fr_fetch_error_str(e));
}

static void on_failed(void *user, enum fr_fetch_error e)
{
	struct fr_fill *f = user;
	struct fr_str why = fr_fetch_failure(f->fetch);

	f->fetch = NULL;
	if (f->state == FR_FILL_FILLING)
		end_body(f, false);
	else if (f->state == FR_FILL_ASKING)
		fail(f, e, why);
	fr_fill_over(f);
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

static void ask(struct fr_fill *f)
{
	f->request_s = fr_loop_wall_s();
	f->fetch = fr_fetch_start(f->site->origin, &f->origin_req, &f->asker, &f->arena, &f->resp,
	                          &handler, f);
}

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

/* What lies in the exchange's arena stays there, which the fill's borrows from; so does
 * what HPACK has for several requests. */
static int keep_string(struct fr_fill *f, const struct fr_exchange *ex, struct fr_str s,
                       struct fr_str *out)
{
	if (s.len <= BORROWED_BYTES && !fr_arena_has(&ex->arena, s.p))
		return fr_arena_copy(&f->arena, s, out);
	*out = s;
	return 0;
}

static int keep_field(struct fr_fill *f, const struct fr_exchange *ex, struct fr_fields *to,
                      const struct fr_field *from)
{
	struct fr_str name, value;

	if (keep_string(f, ex, from->value, &value) < 0)
		return FR_ERR_NOMEM;
	if (from->id != FR_FIELD_OTHER)
		return fr_fields_add_id(to, (enum fr_field_id)from->id, value);
	if (keep_string(f, ex, from->name, &name) < 0)
		return FR_ERR_NOMEM;
	return fr_fields_add(to, name, value);
}

static int keep_request(struct fr_fill *f, const struct fr_exchange *ex,
                        const struct fr_request *from, struct fr_request *to, bool conditions)
{
	int rc;

	*to = *from;
	fr_fields_init(&to->fields, &f->arena);
	rc = fr_fields_reserve(&to->fields, from->fields.n);
	if (rc == 0)
		rc = keep_string(f, ex, from->method_text, &to->method_text);
	if (rc == 0)
		rc = keep_string(f, ex, from->scheme, &to->scheme);
	if (rc == 0)
		rc = keep_string(f, ex, from->authority, &to->authority);
	if (rc == 0)
		rc = keep_string(f, ex, from->target, &to->target);
	for (size_t i = 0; rc == 0 && i < from->fields.n; i++)
		if (conditions || !is_conditional(from->fields.v[i].id))
			rc = keep_field(f, ex, &to->fields, &from->fields.v[i]);
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
	f->is_conditional = etag.p || modified.p;
	if (etag.p)
		rc = fr_fields_add_id(&f->origin_req.fields, FR_FIELD_IF_NONE_MATCH, etag);
	if (rc == 0 && modified.p)
		rc = fr_fields_add_id(&f->origin_req.fields, FR_FIELD_IF_MODIFIED_SINCE, modified);
	return rc;
}

/* What says who asks, and what that client wants of caches. */
static void drop_personal(struct fr_fields *f)
{
	size_t kept = 0;

	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].id != FR_FIELD_CACHE_CONTROL && f->v[i].id != FR_FIELD_PRAGMA &&
		    !fr_teach_is_credential(&f->v[i]))
			f->v[kept++] = f->v[i];
	f->n = kept;
}

/* Nobody waits for what goes on behind: where credentials would keep its answer
 * out of the store, it goes without them. Else a visitor with a cookie would
 * throw out what others get. */
static void ask_as_anybody(struct fr_fill *f)
{
	const struct fr_object *o = f->stale;
	struct fr_response stored = {.status = o->status,
	                             .fields = {.v = o->fields, .n = o->n_fields, .seen = o->seen}};
	struct fr_gate_verdict v;

	fr_gate_judge(&(struct fr_gate_question){.client = &f->req,
	                                         .sent = &f->req,
	                                         .resp = &stored,
	                                         .rules = fr_cached_gate_rules(f->rules)},
	              &v);
	if (!fr_cache_store_is_of_request(v.why))
		return;
	drop_personal(&f->req.fields);
	drop_personal(&f->origin_req.fields);
}

static struct fr_fill *fill_new(struct fr_exchange *ex, struct fr_flight *flight,
                                struct fr_object *stale)
{
	struct fr_worker *w = ex->worker;
	struct fr_fill *f = take_memory(w);

	f->worker = w;
	f->gen = fr_generation_ref(ex->gen);
	f->site = ex->site;
	f->client = fr_exchange_client_hash(ex);
	f->watch = ex->stages.row->watch;
	f->rules = ex->cache.rules;
	fr_response_init(&f->resp, &f->arena, 0);
	f->flight = flight;
	f->stale = stale ? fr_object_ref(stale) : NULL;
	f->note = fr_wakeup_new(&w->wakeups, readers_moved, f);
	f->release_task = (struct fr_task){.run = release, .user = f};
	FR_LIST_PUSH(w->fills.first, f);
	w->fills.n++;
	fr_count(&w->counters, FR_COUNT_FILLS_OPEN);
	return f;
}

struct fr_fill *fr_fill_start(struct fr_exchange *ex, const struct fr_fill_leader_ops *ops,
                              struct fr_str key, struct fr_flight *flight, struct fr_object *stale)
{
	struct fr_worker *w = ex->worker;
	bool leads = ops != NULL;
	bool too_many = !leads && w->fills.n_behind >= FR_FILLS_BEHIND;
	struct fr_fill *f = fill_new(ex, flight, stale);
	int rc = too_many ? FR_ERR_LIMIT : fr_arena_copy(&f->arena, key, &f->key);

	if (rc == 0)
		rc = fr_proxy_request(ex);
	if (rc == 0)
		rc = fr_arena_borrow(&f->arena, &ex->arena);
	if (rc == 0)
		rc = keep_request(f, ex, &ex->req, &f->req, true);
	if (rc == 0)
		rc = keep_request(f, ex, &ex->to_origin.req, &f->origin_req, false);
	if (rc == 0)
		rc = add_conditions(f);
	if (rc < 0) {
		fr_fill_land(f, FR_FLIGHT_LOST, NULL, 0);
		fr_fill_over(f);
		return NULL;
	}
	if (!leads && stale)
		ask_as_anybody(f);
	f->is_behind = !leads;
	w->fills.n_behind += !leads;
	f->leader = leads ? ex : NULL;
	f->leader_ops = ops;
	/* what no client waits for has one share together */
	f->asker = leads ? fr_whose_asker(ex) : (struct fr_asker){.address = {0xff}};
	if (leads)
		fr_record_asked(ex);
	ask(f);
	return f;
}

void fr_fill_leave(struct fr_fill *f)
{
	f->leader = NULL;
	if (f->state == FR_FILL_ASKING) {
		if (f->flight && fr_flight_was_joined(f->flight))
			return;
		fr_fill_land(f, FR_FLIGHT_LOST, NULL, 0);
		fr_fill_over(f);
	} else if (f->state == FR_FILL_FILLING && !fr_body_has_readers(f->object->body)) {
		give_up(f);
	}
}

void fr_fills_cut(struct fr_worker *w)
{
	/* the last one to go may end the worker, which comes back here */
	while (w->fills.first) {
		struct fr_fill *f = w->fills.first;

		fr_fill_land(f, FR_FLIGHT_FAILED, NULL, 503);
		give_up(f);
	}
}
