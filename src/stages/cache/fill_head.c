/* What becomes of an answer: the gate (cache/gate.h) is asked here, for a 200
 * and for a 304, whoever caused the fetch. Declared in stages/cache/fill_priv.h. */
#include "base/log.h"
#include "cache/conditional.h"
#include "net/wakeup.h"
#include "stages/cache/fill_priv.h"
#include "stages/cache/gate_rules.h"

static void count(struct fr_fill *f, enum fr_counter id)
{
	fr_count(&f->worker->counters, id);
}

/* --- what is asked of the gate --- */

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

static void judge(struct fr_fill *f, const struct fr_response *resp, struct fr_gate_verdict *v)
{
	fr_gate_judge(&(struct fr_gate_question){.client = &f->req,
	                                         .sent = &f->origin_req,
	                                         .resp = resp,
	                                         .request_s = f->request_s,
	                                         .response_s = fr_loop_wall_s(),
	                                         .rules = fr_cached_gate_rules(f->rules)},
	              v);
	if (v->why != FR_CACHE_STORE_YES)
		FR_LOG(DEBUG, "cache", "%.*s: not stored: %s", FR_STR_ARG(f->key),
		       fr_cache_store_str(v->why));
}

/* --- the ends --- */

/* `o` answers everybody who waits; the leader gets `whole`, where that is more. */
static void publish(struct fr_fill *f, struct fr_object *o, struct fr_object *whole,
                    bool is_validated)
{
	struct fr_exchange *leader = fr_fill_take_leader(f);

	fr_fill_land(f, FR_FLIGHT_LANDED, o, 0);
	if (leader)
		f->leader_ops->filled(leader, whole ? whole : o, is_validated, f->is_stored,
		                      f->resp.status);
}

/* The leader alone is answered: the others ask for themselves, each if what
 * came cannot be shared, else one for the rest. */
static void answer_leader(struct fr_fill *f, struct fr_object *o, enum fr_flight_state others,
                          bool is_validated)
{
	struct fr_exchange *leader = fr_fill_take_leader(f);

	fr_fill_land(f, others, NULL, 0);
	if (leader)
		f->leader_ops->filled(leader, o, is_validated, false, f->resp.status);
}

static enum fr_flight_state for_others(enum fr_cache_store why)
{
	if (fr_cache_store_is_of_client(why))
		return FR_FLIGHT_PERSONAL;
	return fr_cache_store_is_of_request(why) ? FR_FLIGHT_LOST : FR_FLIGHT_NOTHING;
}

static bool is_purged(const struct fr_object *o)
{
	return atomic_load_explicit(&o->is_purged, memory_order_relaxed);
}

/* What is asked alone is not told of purges, and not stored. */
static void store(struct fr_fill *f, struct fr_object *o, const struct fr_object *replaced)
{
	f->is_stored =
		f->flight && fr_store_insert(fr_fill_store(f), f->key, o, replaced, f->flight);
	if (f->is_stored)
		count(f, FR_COUNT_CACHE_STORED);
}

/* What the origin took back is not kept for others, nor does it stand in for an
 * error, whoever has it at hand. */
static void take_out(struct fr_fill *f)
{
	atomic_store_explicit(&f->stale->is_purged, true, memory_order_relaxed);
	fr_store_remove(fr_fill_store(f), f->key, f->stale);
	count(f, FR_COUNT_CACHE_TAKEN_BACK);
}

/* Not to be stored: whoever leads takes it over, the others ask for themselves. */
static void hand_over(struct fr_fill *f, enum fr_cache_store why)
{
	struct fr_exchange *leader = fr_fill_take_leader(f);
	struct fr_fetch *fetch = f->fetch;

	fr_fill_land(f, for_others(why), NULL, 0);
	if (!leader) {
		fr_fill_over(f);
		return;
	}
	fr_fill_set_state(f, FR_FILL_ADOPTED);
	f->fetch = NULL;
	fr_fill_unlink(f);
	f->leader_ops->adopt(leader, f, fetch, &f->resp);
	f->worker->on_fill_ended(f->worker->user);
}

bool fr_fill_serve_stale(struct fr_fill *f, bool is_answer, bool is_anybodys)
{
	struct fr_cache_control cc;

	if (!f->stale || is_purged(f->stale))
		return false;
	fr_cache_control_read(&f->req.fields, &cc);
	if (!fr_cache_may_serve_on_error(&f->stale->fresh, &cc, is_answer, fr_loop_wall_s()))
		return false;
	if (f->leader)
		count(f, FR_COUNT_CACHE_STALE_ON_ERROR);
	if (is_anybodys)
		publish(f, f->stale, NULL, false);
	else /* others ask, and have the same to fall back on */
		answer_leader(f, f->stale, FR_FLIGHT_LOST, false);
	return true;
}

/* --- 304 --- */

/* The stored response as the 304 updates it, for the one that asked. */
static void refuse_update(struct fr_fill *f, const struct fr_response *merged,
                          const struct fr_gate_verdict *v)
{
	struct fr_object *o = fr_object_whole(&f->req, merged, v, f->stale->body,
	                                      fr_store_account(fr_fill_store(f)));

	if (f->leader)
		f->leader->cache.not_stored = v->why;
	take_out(f);
	/* no memory: what was stored, which is good for anybody */
	answer_leader(f, o ? o : f->stale, for_others(v->why), true);
	fr_object_unref(&o);
}

static void update(struct fr_fill *f, const struct fr_response *merged,
                   const struct fr_gate_verdict *v)
{
	_Atomic size_t *held = fr_store_account(fr_fill_store(f));
	struct fr_object *o = fr_object_new(&f->req, merged, v, f->stale->body, held), *whole;

	if (!o) { /* no memory: what was stored is good for now */
		publish(f, f->stale, NULL, true);
		return;
	}
	whole = v->drops && f->leader ? fr_object_whole(&f->req, merged, v, f->stale->body, held)
	                              : NULL;
	store(f, o, f->stale);
	publish(f, o, whole, true);
	fr_object_unref(&whole);
	fr_object_unref(&o);
}

/* What is stored is good again, unless the gate says no to what the 304 makes of it. */
static void take_validation(struct fr_fill *f)
{
	struct fr_response merged;
	struct fr_gate_verdict v;

	if (add_date(f) < 0 || fr_object_merge(f->stale, &f->resp, &f->arena, &merged) < 0) {
		take_out(f);
		answer_leader(f, f->stale, FR_FLIGHT_LOST, true);
		return;
	}
	judge(f, &merged, &v);
	if (v.why == FR_CACHE_STORE_YES)
		update(f, &merged, &v);
	else
		refuse_update(f, &merged, &v);
}

/* Does the 304 confirm what we asked about? It may have been purged meanwhile,
 * or the origin speaks of something else. */
static bool is_confirmed(const struct fr_fill *f)
{
	struct fr_fields stored = {
		.v = f->stale->fields, .n = f->stale->n_fields, .seen = f->stale->seen};

	return !is_purged(f->stale) &&
	       fr_gate_validates(&stored, &f->resp.fields, fr_loop_wall_s());
}

/* --- other answers --- */

static struct fr_body *new_body(struct fr_fill *f)
{
	uint64_t expected = FR_BODY_UNKNOWN;

	if (f->resp.content_length >= 0)
		expected = (uint64_t)f->resp.content_length;
	if (!fr_status_has_body(f->resp.status))
		expected = 0;
	if (!fr_store_trim(fr_fill_store(f)) || add_date(f) < 0)
		return NULL;
	return fr_body_new(fr_store_account(fr_fill_store(f)), expected);
}

/* Makes the object if the response may be stored; *whole: with all that the
 * leader gets, where the object has less. */
static enum fr_cache_store make_object(struct fr_fill *f, struct fr_object **whole)
{
	_Atomic size_t *held = fr_store_account(fr_fill_store(f));
	struct fr_gate_verdict v;
	struct fr_body *body;

	judge(f, &f->resp, &v);
	if (v.why != FR_CACHE_STORE_YES)
		return v.why;
	if (f->resp.content_length > (int64_t)f->gen->config->store.max_object_bytes)
		return FR_CACHE_STORE_TOO_LARGE;
	if (fr_memory_level(&f->worker->memory) >= FR_MEMORY_NO_STORING) {
		fr_count(&f->worker->counters, FR_COUNT_LIMIT_MEMORY_STORING);
		return FR_CACHE_STORE_MEMORY;
	}
	body = new_body(f);
	if (!body)
		return FR_CACHE_STORE_MEMORY;
	f->object = fr_object_new(&f->req, &f->resp, &v, body, held);
	if (f->object && v.drops && f->leader) {
		*whole = fr_object_whole(&f->req, &f->resp, &v, body, held);
		if (!*whole)
			fr_object_unref(&f->object);
	}
	fr_body_unref(&body);
	return f->object ? FR_CACHE_STORE_YES : FR_CACHE_STORE_MEMORY;
}

/* The leader has it already: its condition was not passed on, so it is judged here
 * (RFC 9110 §13.2.1). Without Last-Modified no date is a validator. */
static bool is_held_by_leader(const struct fr_fill *f)
{
	struct fr_validators v;

	if (!f->leader || f->resp.status != 200)
		return false;
	fr_validators_of(&f->resp.fields, &v);
	return (v.last_modified.p || fr_fields_get(&f->req.fields, FR_FIELD_IF_NONE_MATCH)) &&
	       fr_is_not_modified(&f->req.fields, &v, fr_loop_wall_s());
}

/* The rest of a short body is read, so that its connection can be used again,
 * unless too much goes on behind already. */
static void drain(struct fr_fill *f)
{
	struct fr_worker *w = f->worker;

	if (f->state != FR_FILL_DRAINING)
		return;
	if (f->resp.content_length < 0 || f->resp.content_length > (int64_t)FR_FILL_DRAIN_BYTES ||
	    w->fills.n_behind >= FR_FILLS_BEHIND) {
		fr_fill_over(f);
		return;
	}
	f->is_behind = true;
	w->fills.n_behind++;
}

/* 304 from the fields of what came; its body is not needed. False: no memory. */
static bool answer_not_modified(struct fr_fill *f, enum fr_cache_store why)
{
	_Atomic size_t *held = fr_store_account(fr_fill_store(f));
	struct fr_body *body = add_date(f) < 0 ? NULL : fr_body_new(held, 0);
	struct fr_gate_verdict v = {.why = why};
	struct fr_object *o;

	if (!body)
		return false;
	fr_body_end(body, true);
	fr_cache_freshness(&f->resp, f->request_s, fr_loop_wall_s(), 0, &v.fresh);
	o = fr_object_whole(&f->req, &f->resp, &v, body, held);
	fr_body_unref(&body);
	if (!o)
		return false;
	fr_fill_set_state(f, FR_FILL_DRAINING);
	answer_leader(f, o, for_others(why), false);
	fr_object_unref(&o);
	drain(f);
	return true;
}

/* The origin's newer word on what is stored, if it is one for everybody. */
static bool supersedes(const struct fr_fill *f, enum fr_cache_store why)
{
	int status = f->resp.status;

	return f->stale && !fr_cache_store_is_of_request(why) && why != FR_CACHE_STORE_MEMORY &&
	       (status < 400 || status == 404 || status == 410);
}

static void refuse(struct fr_fill *f, enum fr_cache_store why)
{
	if (supersedes(f, why))
		take_out(f);
	if (f->leader)
		f->leader->cache.not_stored = why;
	if (!is_held_by_leader(f) || !answer_not_modified(f, why))
		hand_over(f, why);
}

static void take_answer(struct fr_fill *f)
{
	struct fr_object *whole = NULL;
	enum fr_cache_store s = make_object(f, &whole);

	f->is_ours = f->is_behind || (f->leader && f->leader->is_push);
	fr_fill_report(f, 0, s == FR_CACHE_STORE_YES);
	if (s != FR_CACHE_STORE_YES) {
		refuse(f, s);
		return;
	}
	fr_fill_set_state(f, FR_FILL_FILLING);
	fr_body_set_filler(f->object->body, &f->note->watcher);
	store(f, f->object, f->stale && !is_purged(f->stale) ? f->stale : NULL);
	if (f->leader && !f->leader->is_push && f->watch)
		f->watched = f->watch->begin(f->leader, &f->req, &f->resp);
	publish(f, f->object, whole, false);
	fr_object_unref(&whole);
}

void fr_fill_take_head(struct fr_fill *f)
{
	int status = f->resp.status;

	if (fr_fields_remove_hop_by_hop(&f->resp.fields) < 0) {
		hand_over(f, FR_CACHE_STORE_STATUS);
		return;
	}
	if (f->stale && status == 304 && f->is_conditional) {
		if (!is_confirmed(f)) {
			count(f, FR_COUNT_CACHE_MISMATCHES);
			f->asks_anew = true;
			return;
		}
		take_validation(f);
		fr_fill_over(f);
		return;
	}
	if (status >= 500 && fr_fill_serve_stale(f, true, false)) {
		fr_fill_over(f);
		return;
	}
	take_answer(f);
}
