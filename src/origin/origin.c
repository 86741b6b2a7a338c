#include "origin/origin.h"

#include <stdlib.h>

#include "base/holds.h"
#include "base/mem.h"
#include "origin/origin_priv.h"

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
	o->waiting_tail = &o->waiting;
	o->resolver = fr_resolver_new(l, config->host, config->port, on_addresses, o);
	return o;
}

void fr_origin_maybe_free(struct fr_origin *o)
{
	if (!o->is_closed || o->connections)
		return;
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
	FR_ASSERT(o->fetches == 0 && !o->waiting);
	*op = NULL;
	fr_origin_drain(o);
	fr_resolver_close(&o->resolver);
	o->is_closed = true;
	o->config = NULL;
	fr_origin_maybe_free(o);
}

static void enqueue(struct fr_origin *o, struct fr_fetch *f)
{
	if (o->n_waiting >= o->config->max_waiting) {
		fr_fetch_fail_later(f, FR_FETCH_BUSY);
		return;
	}
	f->state = FR_FETCH_WAITING;
	f->next = NULL;
	*o->waiting_tail = f;
	o->waiting_tail = &f->next;
	o->n_waiting++;
	fr_count_stat(&o->limits.stats->waiting, 1);
}

void fr_origin_unqueue(struct fr_origin *o, struct fr_fetch *f)
{
	struct fr_fetch **at = &o->waiting;

	while (*at && *at != f)
		at = &(*at)->next;
	if (!FR_HOLDS(*at))
		return;
	*at = f->next;
	if (!*at)
		o->waiting_tail = at;
	f->next = NULL;
	o->n_waiting--;
	fr_count_stat(&o->limits.stats->waiting, UINT64_MAX);
}

/* True if the fetch has a connection or has failed; false: it must wait. */
static bool try_place(struct fr_origin *o, struct fr_fetch *f, bool fresh_only)
{
	int n;

	if (!fresh_only && o->idle_list) {
		fr_count(o->counters, FR_COUNT_ORIGIN_REUSED);
		fr_conn_take(o->idle_list, f);
		return true;
	}
	if (o->connections >= o->config->max_connections)
		return false;
	n = fr_resolver_want(o->resolver);
	if (n == FR_ERR_AGAIN)
		return false;
	if (n < 0) {
		fr_fetch_fail_later(f, FR_FETCH_DNS);
		return true;
	}
	/* each fetch goes on from the address that it tried last: others move next_address */
	f->address = f->addresses_tried ? f->address + 1 : o->next_address++;
	(void)fr_conn_connect(o, fr_resolver_address(o->resolver, f->address), f);
	return true;
}

void fr_origin_place(struct fr_origin *o, struct fr_fetch *f, bool fresh_only)
{
	/* who came earlier goes first */
	if ((o->waiting && !fresh_only) || !try_place(o, f, fresh_only))
		enqueue(o, f);
}

void fr_origin_serve_waiting(struct fr_origin *o)
{
	while (!o->is_closed && o->waiting) {
		struct fr_fetch *f = o->waiting;

		fr_origin_unqueue(o, f);
		if (!try_place(o, f, f->is_retried)) {
			f->next = o->waiting;
			if (!o->waiting)
				o->waiting_tail = &f->next;
			o->waiting = f;
			o->n_waiting++;
			fr_count_stat(&o->limits.stats->waiting, 1);
			return;
		}
	}
}
