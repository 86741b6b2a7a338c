/* An origin's pool: connections given to fetches, those that wait, and those that make way. */
#include "origin/origin.h"

#include <stdlib.h>

#include "base/holds.h"
#include "base/log.h"
#include "base/mem.h"
#include "origin/origin_priv.h"

/* Not more often than this is said, for one worker, that requests make way. */
#define WARN_MS 60000u

static void evict(void *user);
static void look(struct fr_timer *t, void *user);

static void on_addresses(void *user)
{
	fr_origin_serve_waiting(user);
}

struct fr_origin *fr_origin_new(struct fr_loop *l, const struct fr_config_origin *config,
                                struct fr_tls_client *tls, const struct fr_origin_limits *limits,
                                struct fr_counters *counters)
{
	struct fr_origin *o = fr_calloc(1, sizeof *o);

	o->loop = l;
	o->config = config;
	o->tls = tls;
	if (tls)
		fr_tls_client_ref(tls);
	o->limits = *limits;
	o->counters = counters;
	fr_shares_init(&o->shares, limits->seed);
	fr_timer_init(&o->look_timer, look, o);
	o->evict_task = (struct fr_task){.run = evict, .user = o};
	o->resolver = fr_resolver_new(l, config->host, config->port, on_addresses, o);
	return o;
}

void fr_origin_maybe_free(struct fr_origin *o)
{
	if (!o->is_closed || o->connections || o->evict_task.is_queued)
		return;
	fr_shares_fini(&o->shares);
	fr_tls_client_unref(&o->tls);
	free(o);
}

void fr_origin_drain(struct fr_origin *o)
{
	o->is_draining = true;
	while (o->idle_list)
		fr_conn_close(o->idle_list);
}

void fr_origin_close(struct fr_origin **op)
{
	struct fr_origin *o = *op;

	if (!o)
		return;
	FR_ASSERT(o->fetches == 0 && !o->shares.n_waiting);
	*op = NULL;
	fr_origin_drain(o);
	fr_resolver_close(&o->resolver);
	o->is_closed = true;
	o->config = NULL;
	fr_origin_maybe_free(o);
}

/* --- waiting --- */

static void forget(struct fr_origin *o, struct fr_fetch *f)
{
	fr_share_unqueue(&o->shares, f);
	fr_count_stat(&o->limits.stats->waiting, UINT64_MAX);
	if (!o->shares.n_waiting)
		fr_loop_timer_stop(o->loop, &o->look_timer);
}

void fr_origin_unqueue(struct fr_origin *o, struct fr_fetch *f)
{
	if (FR_HOLDS(f->pprev))
		forget(o, f);
}

/* Somebody may have to make way: looked at when this turn's events are through. */
static void look_later(struct fr_origin *o)
{
	if (o->connections >= o->config->max_connections)
		fr_loop_flush_later(o->loop, &o->evict_task);
}

static void enqueue(struct fr_origin *o, struct fr_fetch *f)
{
	if (o->shares.n_waiting >= o->config->max_waiting) {
		struct fr_fetch *other = fr_share_crowded(&o->shares, f);

		fr_fetch_fail_later(other ? other : f, FR_FETCH_BUSY);
		if (!other)
			return;
		forget(o, other);
	}
	f->state = FR_FETCH_WAITING;
	f->waits_since_ms = fr_loop_now(o->loop);
	fr_share_enqueue(&o->shares, f);
	fr_count_stat(&o->limits.stats->waiting, 1);
	look_later(o);
}

/* --- making way --- */

/* An operator should know why requests get 503. */
static void warn(struct fr_origin *o, uint64_t now_ms)
{
	if (o->warned_ms && now_ms - o->warned_ms < WARN_MS)
		return;
	o->warned_ms = now_ms;
	FR_LOG(WARN, "origin",
	       "%s: all %u connections are in use and others wait: requests of clients that "
	       "stall, or hold most, make way (origin.max_connections)",
	       o->config->url, (unsigned)o->config->max_connections);
}

/* For as many of those that wait as no connection is about to become free for. */
static void evict(void *user)
{
	struct fr_origin *o = user;
	uint64_t now = fr_loop_now(o->loop);
	uint32_t leaving = o->connections - o->idle - o->shares.n_holders;
	struct fr_fetch *f, *victim;

	if (o->is_closed) {
		fr_origin_maybe_free(o);
		return;
	}
	if (o->connections < o->config->max_connections)
		return;
	for (uint32_t n = 0; n < leaving + FR_SHARE_EVICTIONS; n++) {
		f = fr_share_next(&o->shares);
		victim = f && n >= leaving ? fr_share_victim(&o->shares, f, now) : NULL;
		if (!f || (n >= leaving && !victim))
			break;
		if (victim) {
			warn(o, now);
			fr_fetch_fail(victim, FR_FETCH_EVICTED);
		}
		if (f->state == FR_FETCH_WAITING && f->pprev)
			fr_share_promise(f);
	}
	fr_share_end_promises(&o->shares);
	if (o->shares.n_waiting)
		fr_loop_timer_set(o->loop, &o->look_timer, FR_SHARE_LOOK_MS);
}

static void look(struct fr_timer *t, void *user)
{
	(void)t;
	evict(user);
}

/* --- places --- */

/* Could a fetch be placed, as far as connections and addresses go? */
static bool has_place(struct fr_origin *o, bool fresh_only)
{
	if (!fresh_only && o->idle_list)
		return true;
	return o->connections < o->config->max_connections &&
	       fr_resolver_want(o->resolver) != FR_ERR_AGAIN;
}

static void place(struct fr_origin *o, struct fr_fetch *f, bool fresh_only)
{
	if (!fresh_only && o->idle_list) {
		fr_count(o->counters, FR_COUNT_ORIGIN_REUSED);
		fr_conn_take(o->idle_list, f);
		return;
	}
	if (fr_resolver_want(o->resolver) < 0) {
		fr_fetch_fail_later(f, FR_FETCH_DNS);
		return;
	}
	/* each fetch goes on from the address that it tried last: others move next_address */
	f->address = f->addresses_tried ? f->address + 1 : o->next_address++;
	(void)fr_conn_connect(o, fr_resolver_address(o->resolver, f->address), f);
}

void fr_origin_place(struct fr_origin *o, struct fr_fetch *f, bool fresh_only)
{
	/* a new connection is wanted, and idle ones are all that there may be */
	if (fresh_only && o->idle_list && o->connections >= o->config->max_connections)
		fr_conn_close(o->idle_list);
	/* earlier ones go first */
	if ((o->shares.n_waiting && !fresh_only) || !has_place(o, fresh_only))
		enqueue(o, f);
	else
		place(o, f, fresh_only);
}

void fr_origin_serve_waiting(struct fr_origin *o)
{
	struct fr_fetch *f;

	while (!o->is_closed && (f = fr_share_next(&o->shares))) {
		struct fr_share *share = f->share;

		if (!has_place(o, f->is_retried)) {
			look_later(o);
			return;
		}
		forget(o, f);
		fr_share_served(&o->shares, share);
		place(o, f, f->is_retried);
	}
}
