/* Looks for an answer in the store, waits for another's fetch, or leads one. */
#include "stages/cache/lookup.h"

#include "base/log.h"
#include "cache/key.h"
#include "cache/kind.h"
#include "exchange/whose.h"
#include "net/wakeup.h"
#include "stages/cache/fill.h"
#include "stages/cache/gate_rules.h"
#include "stages/cache/lookup_priv.h"

static struct fr_store *store_of(const struct fr_exchange *ex)
{
	return ex->gen->shared->store;
}

static void count(struct fr_exchange *ex, enum fr_counter id)
{
	fr_count(&ex->worker->counters, id);
}

/* --- asking --- */

static void fetch_is_over(struct fr_exchange *ex)
{
	fr_cached_of(ex)->fill = NULL;
	fr_whose_give_place(ex);
}

/* Back to the direct way. */
static void ask_directly(struct fr_exchange *ex)
{
	struct fr_cached *c = fr_cached_of(ex);

	ex->cache.fwd = c->fwd;
	c->state = FR_CACHED_IDLE;
	fr_exchange_fetch(ex);
}

/* --- what the fill tells us --- */

static void filled(struct fr_exchange *ex, struct fr_object *o, bool is_validated, bool is_stored,
                   int status)
{
	struct fr_cached *c = fr_cached_of(ex);

	fetch_is_over(ex);
	c->fwd_status = status;
	c->is_stored = is_stored;
	c->is_validated = is_validated;
	c->is_stale = !is_validated && (status == 0 || status >= 500);
	if (is_validated)
		count(ex, FR_COUNT_CACHE_VALIDATED);
	if (!fr_cached_serve(ex, o))
		ask_directly(ex);
}

static void adopt(struct fr_exchange *ex, struct fr_fill *f, struct fr_fetch *fetch,
                  const struct fr_response *resp)
{
	struct fr_cached *c = fr_cached_of(ex);

	c->fill = NULL;
	c->state = FR_CACHED_IDLE;
	ex->cache.fwd = c->fwd;
	c->adopted = f;
	fr_exchange_adopt(ex, fetch, resp);
}

static void informational(struct fr_exchange *ex, const struct fr_response *resp)
{
	fr_exchange_informational(ex, resp);
}

static void failed(struct fr_exchange *ex, int status, const char *why)
{
	fetch_is_over(ex);
	fr_cached_of(ex)->state = FR_CACHED_IDLE;
	fr_exchange_refuse(ex, status, why);
}

static const struct fr_fill_leader_ops told = {
	.informational = informational,
	.filled = filled,
	.adopt = adopt,
	.failed = failed,
};

/* --- waiting and leading --- */

static void await(struct fr_exchange *ex)
{
	if (ex->state != FR_EXCHANGE_WAITING)
		fr_exchange_await(ex);
}

static void patience_is_over(struct fr_timer *t, void *user);
static void changed(void *user);

static bool wait_for(struct fr_exchange *ex, struct fr_flight *flight)
{
	struct fr_cached *c = fr_cached_of(ex);

	c->state = FR_CACHED_WAITING;
	c->waits++;
	c->flight = flight;
	if (!c->note)
		c->note = fr_wakeup_new(&ex->worker->wakeups, changed, ex);
	await(ex);
	count(ex, FR_COUNT_CACHE_JOINED);
	fr_timer_init(&c->patience, patience_is_over, ex);
	fr_loop_timer_set(ex->worker->loop, &c->patience, ex->gen->config->store.wait_timeout_ms);
	fr_flight_watch(flight, &c->note->watcher);
	return true;
}

/* A fill of ours asks. flight: NULL: for this request alone; else it has a place already. */
static bool lead(struct fr_exchange *ex, struct fr_flight *flight, struct fr_object *stale)
{
	struct fr_cached *c = fr_cached_of(ex);

	if (!fr_whose_take_place(ex))
		return false;
	c->state = FR_CACHED_LEADING;
	await(ex);
	c->fill = fr_fill_start(ex, &told, c->key, flight, stale);
	if (c->fill)
		return true;
	/* the direct way says what is wrong with the request */
	fetch_is_over(ex);
	c->state = FR_CACHED_IDLE;
	return false;
}

/* A request of our own that came back would wait for itself. */
static bool would_wait_for_itself(const struct fr_exchange *ex)
{
	return fr_canonical_came_back(&ex->req.fields, fr_str_from(ex->gen->shared->loop));
}

/* What the request says of its client, for this object; NULL: for none that is known. */
static enum fr_identity identity_for(const struct fr_exchange *ex, const struct fr_object *o)
{
	struct fr_identity_rules rules = fr_cached_identity_rules(ex->cache.rules);
	struct fr_fields stored;

	if (!o)
		return fr_identity_of(&ex->req.fields, &rules, NULL);
	if (o->audience == FR_AUDIENCE_ALL) /* whoever it is */
		return FR_IDENTITY_NONE;
	if (o->audience == FR_AUDIENCE_DECLARED) /* fields make no difference to it */
		rules.is_credential = NULL;
	stored = (struct fr_fields){.v = o->fields, .n = o->n_fields, .seen = o->seen};
	return fr_identity_of(&ex->req.fields, &rules, &stored);
}

/* Somebody must ask: we, unless it is being done. False: directly, alone. */
static bool ask(struct fr_exchange *ex)
{
	struct fr_cached *c = fr_cached_of(ex);
	struct fr_flight *flight = NULL;

	if (would_wait_for_itself(ex))
		return c->stale && lead(ex, NULL, c->stale);
	if (!fr_whose_take_place(ex)) /* before others wait for it */
		return false;
	switch (fr_store_fly(store_of(ex), c->key, c->is_known, fr_loop_now(ex->worker->loop),
	                     &flight)) {
	case FR_FLY_JOIN:
		fr_whose_give_place(ex);
		return wait_for(ex, flight);
	case FR_FLY_ALONE:
		return c->stale && lead(ex, NULL, c->stale);
	case FR_FLY_LEAD:
		break;
	}
	return lead(ex, flight, c->stale);
}

/* For this request and no other. */
static void ask_alone(struct fr_exchange *ex)
{
	struct fr_cached *c = fr_cached_of(ex);

	if (!c->stale || !lead(ex, NULL, c->stale))
		ask_directly(ex);
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
	return selects(ex, o) && fr_audience_has(o->audience, identity_for(ex, o)) &&
	       !o->fresh.no_cache && fr_cache_ttl(&o->fresh, o->fresh.response_s) > 0;
}

/* The fetch that was waited for came to an end of its own. One of those who
 * waited fetches for the others, once: what fails for everybody must not keep
 * each waiting for all the others. */
static void ask_again(struct fr_exchange *ex)
{
	if (fr_cached_of(ex)->waits >= FR_CACHED_MAX_WAITS || fr_cached_of(ex)->is_known)
		ask_alone(ex);
	else if (!ask(ex))
		ask_directly(ex);
}

static void stop_waiting(struct fr_exchange *ex)
{
	struct fr_cached *c = fr_cached_of(ex);

	fr_loop_timer_stop(ex->worker->loop, &c->patience);
	fr_flight_unwatch(c->flight, &c->note->watcher);
	fr_flight_unref(&c->flight);
	c->state = FR_CACHED_IDLE;
}

/* A leader that this request did not choose is slow, or waits for its turn. */
static void patience_is_over(struct fr_timer *t, void *user)
{
	struct fr_exchange *ex = user;

	(void)t;
	if (ex->state == FR_EXCHANGE_RELEASED || fr_cached_of(ex)->state != FR_CACHED_WAITING)
		return;
	count(ex, FR_COUNT_CACHE_WAIT_TIMEOUTS);
	stop_waiting(ex);
	ask_alone(ex);
}

/* Answers with what another request brought, or goes on without. */
static void take_landed(struct fr_exchange *ex, struct fr_object *o)
{
	struct fr_cached *c = fr_cached_of(ex);

	if (fr_body_state(o->body) == FR_BODY_FAILED) {
		ask_again(ex);
		return;
	}
	c->is_joined = true;
	if (is_shareable(ex, o) && fr_cached_serve(ex, o))
		return;
	c->is_joined = false;
	ask_directly(ex);
}

static void landed(struct fr_exchange *ex)
{
	struct fr_cached *c = fr_cached_of(ex);
	enum fr_flight_state state = fr_flight_state(c->flight);
	struct fr_object *o = NULL;
	int error;

	if (state == FR_FLIGHT_UNDER_WAY)
		return;
	error = fr_flight_error(c->flight);
	o = fr_flight_object(c->flight);
	stop_waiting(ex);
	if (state == FR_FLIGHT_FAILED)
		fr_exchange_refuse(ex, error, "The origin failed.");
	else if (state == FR_FLIGHT_LOST || state == FR_FLIGHT_PERSONAL)
		ask_again(ex);
	else if (o)
		take_landed(ex, o);
	else
		ask_directly(ex);
	fr_object_unref(&o);
}

/* On the exchange's thread: what it waits for has changed. */
static void changed(void *user)
{
	struct fr_exchange *ex = user;

	enum fr_cached_state state;

	if (ex->state == FR_EXCHANGE_RELEASED)
		return;
	state = fr_cached_of(ex)->state;
	if (state == FR_CACHED_WAITING)
		landed(ex);
	else if (state == FR_CACHED_READING)
		fr_cached_poll(ex);
}

/* --- the request --- */

static void validate_behind(struct fr_exchange *ex, struct fr_object *o)
{
	struct fr_cached *c = fr_cached_of(ex);
	struct fr_flight *flight = NULL;
	enum fr_fly how =
		fr_store_fly(store_of(ex), c->key, false, fr_loop_now(ex->worker->loop), &flight);

	if (how == FR_FLY_LEAD)
		(void)fr_fill_start(ex, NULL, c->key, flight, o);
	else if (how == FR_FLY_JOIN)
		fr_flight_unref(&flight);
}

static bool refuse_only_if_cached(struct fr_exchange *ex, const struct fr_cache_control *cc)
{
	if (!(cc->flags & FR_CC_ONLY_IF_CACHED))
		return false;
	fr_cached_of(ex)->is_refused = true;
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
	fr_cached_of(ex)->fwd = other_variants ? "vary-miss" : "uri-miss";
	count(ex, FR_COUNT_CACHE_MISSES);
	if (refuse_only_if_cached(ex, cc))
		return true;
	return !wants_less(ex) && ask(ex);
}

static bool use(struct fr_exchange *ex, struct fr_object *o, const struct fr_cache_control *cc)
{
	struct fr_cached *c = fr_cached_of(ex);
	struct fr_str pragma = fr_fields_value(&ex->req.fields, FR_FIELD_PRAGMA);
	enum fr_cache_use how =
		fr_cache_judge(&o->fresh, cc, fr_str_iis(pragma, "no-cache"), fr_loop_wall_s());
	bool complete = fr_body_state(o->body) == FR_BODY_COMPLETE;

	if (atomic_load_explicit(&o->is_stale, memory_order_relaxed))
		how = FR_CACHE_VALIDATE;
	/* a service worker decides over later loads: no guess answers for it */
	if (o->fresh.source == FR_LIFETIME_HEURISTIC && fr_kind_is_worker(&ex->req))
		how = FR_CACHE_VALIDATE_REQUEST;
	if (how == FR_CACHE_SERVE || how == FR_CACHE_SERVE_REVALIDATE) {
		if (!fr_cached_serve(ex, o))
			return miss(ex, cc, false);
		count(ex, FR_COUNT_CACHE_HITS);
		c->is_stale = how == FR_CACHE_SERVE_REVALIDATE;
		if (how == FR_CACHE_SERVE_REVALIDATE)
			validate_behind(ex, o);
		return true;
	}
	c->fwd = how == FR_CACHE_VALIDATE_REQUEST ? "request" : "stale";
	count(ex, FR_COUNT_CACHE_MISSES);
	if (refuse_only_if_cached(ex, cc))
		return true;
	if (complete && !c->stale)
		c->stale = fr_object_ref(o);
	return ex->req.method != FR_METHOD_HEAD && ask(ex);
}

/* May the cache answer this client, or what it asks for be stored? Of somebody who is known
 * to the site by a cookie of cache.bypass_cookies, only what is an asset. */
static bool is_for_cache(const struct fr_exchange *ex, const struct fr_object *o,
                         enum fr_identity who)
{
	if (o)
		return fr_audience_has(o->audience, who);
	return who != FR_IDENTITY_BYPASS || fr_kind_looks_like_asset(&ex->req);
}

/* Nothing stored is for this client: the origin answers it alone. */
static bool decline(struct fr_exchange *ex, enum fr_identity who, const struct fr_cache_control *cc)
{
	struct fr_cached *c = fr_cached_of(ex);

	c->is_declined = true;
	ex->cache.not_stored = who == FR_IDENTITY_BYPASS   ? FR_CACHE_STORE_BYPASS
	                       : who == FR_IDENTITY_COOKIE ? FR_CACHE_STORE_COOKIE
	                                                   : FR_CACHE_STORE_CREDENTIAL;
	if (who == FR_IDENTITY_BYPASS) {
		c->fwd = "bypass";
		ex->cache.is_keyed = false;
		count(ex, FR_COUNT_CACHE_BYPASSED);
	} else {
		c->fwd = "request";
		count(ex, FR_COUNT_CACHE_MISSES);
	}
	return refuse_only_if_cached(ex, cc);
}

static const char *reason_to_bypass(const struct fr_exchange *ex)
{
	if (ex->req.method != FR_METHOD_GET && ex->req.method != FR_METHOD_HEAD)
		return "method";
	if (ex->req.has_body || ex->req.is_upgrade || ex->req.has_override ||
	    fr_has_origin_preconditions(&ex->req.fields))
		return "bypass";
	return NULL;
}

static bool begin(struct fr_exchange *ex)
{
	struct fr_cache_control cc;
	struct fr_cached *c;
	struct fr_object *o;
	enum fr_identity who;
	bool others, done;

	if (!ex->cache.rules->enabled)
		return false;
	ex->cache.fwd = reason_to_bypass(ex);
	if (ex->cache.fwd) {
		count(ex, FR_COUNT_CACHE_BYPASSED);
		return false;
	}
	c = fr_arena_calloc(&ex->arena, 1, sizeof *c);
	if (!c || fr_cached_key(ex, &ex->req, &c->key) < 0)
		return false;
	c->changed = changed;
	*fr_stage_slot(ex, &fr_cache_stage) = c;
	ex->cache.is_keyed = true;
	fr_cache_control_read(&ex->req.fields, &cc);
	o = fr_store_find(store_of(ex), c->key, &ex->req.fields, &ex->arena, &others);
	who = identity_for(ex, o);
	c->is_known =
		who != FR_IDENTITY_NONE || fr_fields_get(&ex->req.fields, FR_FIELD_AUTHORIZATION);
	if (is_for_cache(ex, o, who))
		done = o ? use(ex, o, &cc) : miss(ex, &cc, others);
	else
		done = decline(ex, who, &cc);
	fr_object_unref(&o);
	if (!done)
		ex->cache.fwd = c->fwd;
	return done;
}

static bool warm(struct fr_exchange *ex)
{
	struct fr_flight *flight = NULL;
	struct fr_object *o;
	struct fr_str key;
	bool others;

	if (!ex->cache.rules->enabled || fr_cached_key(ex, &ex->req, &key) < 0)
		return false;
	ex->cache.is_keyed = true;
	o = fr_store_find(store_of(ex), key, &ex->req.fields, &ex->arena, &others);
	if (o) {
		fr_object_unref(&o);
		return false;
	}
	switch (fr_store_fly(store_of(ex), key, false, fr_loop_now(ex->worker->loop), &flight)) {
	case FR_FLY_LEAD:
		return fr_fill_start(ex, NULL, key, flight, NULL) != NULL;
	case FR_FLY_JOIN:
		fr_flight_unref(&flight);
		return false;
	case FR_FLY_ALONE:
		break;
	}
	return false;
}

/* --- what is said of it --- */

static enum fr_cache_result result_of(const struct fr_exchange *ex, const struct fr_cached *c)
{
	const char *fwd = c && c->fwd ? c->fwd : ex->cache.fwd;
	bool answers = c && c->state == FR_CACHED_READING;

	if (!fwd)
		return !answers      ? FR_CACHE_RESULT_NONE
		       : c->is_stale ? FR_CACHE_RESULT_STALE
		                     : FR_CACHE_RESULT_HIT;
	if (answers && c->is_joined)
		return FR_CACHE_RESULT_JOINED;
	if (answers && c->is_validated)
		return FR_CACHE_RESULT_REVALIDATED;
	if (strcmp(fwd, "bypass") == 0 || strcmp(fwd, "method") == 0 || (c && c->is_declined))
		return FR_CACHE_RESULT_BYPASS;
	if (strcmp(fwd, "stale") != 0 && strcmp(fwd, "request") != 0)
		return FR_CACHE_RESULT_MISS;
	return answers && c->is_stale && !c->is_stored ? FR_CACHE_RESULT_STALE
	                                               : FR_CACHE_RESULT_EXPIRED;
}

/* --- the end --- */

static void end(struct fr_exchange *ex, void **slot, enum fr_end how)
{
	struct fr_cached *c = *slot;

	(void)how;
	ex->cache.result = result_of(ex, c);
	if (!c)
		return;
	if (c->flight)
		stop_waiting(ex);
	if (c->watches_body) {
		fr_body_unwatch(c->serving.cursor.body, &c->note->watcher);
		c->watches_body = false;
	}
	if (c->fill)
		fr_fill_leave(c->fill);
	c->fill = NULL;
	fr_wakeup_close(&c->note);
}

static void release(struct fr_exchange *ex, void **slot)
{
	struct fr_cached *c = *slot;

	if (!c)
		return;
	fr_cached_forget_object(ex, c);
	fr_object_unref(&c->stale);
	if (c->adopted)
		fr_fill_free(c->adopted);
	*slot = NULL;
}

/* --- the stage --- */

static enum fr_step take_request(struct fr_exchange *ex, void **slot)
{
	(void)slot;
	return begin(ex) ? FR_STEP_TAKEN : FR_STEP_NEXT;
}

static void take_origin_head(struct fr_exchange *ex, void **slot)
{
	(void)slot;
	fr_cached_direct(ex);
}

static int take_own(struct fr_exchange *ex, void **slot)
{
	fr_cached_own_answer(ex, *slot);
	return 0;
}

void fr_cache_warm(struct fr_exchange *ex)
{
	if (warm(ex))
		count(ex, FR_COUNT_HINTS_WARMED);
}

const struct fr_stage fr_cache_stage = {
	.name = "cache",
	.request = take_request,
	.origin_head = take_origin_head,
	.own = take_own,
	.end = end,
	.release = release,
};
