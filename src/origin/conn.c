/* One connection to an origin: its stream's events, its place in the pool. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/holds.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "origin/origin_priv.h"

static const uint8_t allowed[] = {
	[FR_CONN_CONNECTING] = FR_BIT(FR_CONN_BUSY) | FR_BIT(FR_CONN_CLOSING),
	[FR_CONN_BUSY] = FR_BIT(FR_CONN_IDLE) | FR_BIT(FR_CONN_CLOSING),
	[FR_CONN_IDLE] = FR_BIT(FR_CONN_BUSY) | FR_BIT(FR_CONN_CLOSING),
	[FR_CONN_CLOSING] = 0,
};

static struct fr_origin_conn *of(void *user)
{
	struct fr_origin_conn *c = user;

	FR_ASSERT(c && c->magic == FR_ORIGIN_CONN_MAGIC);
	return c;
}

/* Its callers have looked at the state, or at the list of idle ones. */
static void set_state(struct fr_origin_conn *c, enum fr_conn_state to)
{
	FR_ASSERT(allowed[c->state] & FR_BIT(to));
	if (c->state == FR_CONN_IDLE) {
		FR_LIST_REMOVE(c);
		c->origin->idle--;
		fr_count_stat(&c->origin->limits.stats->idle, UINT64_MAX);
		fr_loop_timer_stop(c->origin->loop, &c->keepalive);
	}
	c->state = to;
	if (to != FR_CONN_IDLE)
		return;
	FR_LIST_PUSH(c->origin->idle_list, c);
	c->origin->idle++;
	fr_count_stat(&c->origin->limits.stats->idle, 1);
	fr_loop_timer_set(c->origin->loop, &c->keepalive, c->origin->config->keepalive_ms);
}

static void on_open(void *user)
{
	struct fr_origin_conn *c = of(user);

	/* a cancelled fetch closes its connection */
	if (!FR_HOLDS(c->fetch && c->state == FR_CONN_CONNECTING)) {
		fr_conn_close(c);
		return;
	}
	set_state(c, FR_CONN_BUSY);
	fr_fetch_on_open(c->fetch);
}

static void on_data(void *user, const uint8_t *data, size_t len)
{
	struct fr_origin_conn *c = of(user);

	if (c->state == FR_CONN_BUSY && c->fetch)
		fr_fetch_on_data(c->fetch, data, len);
	else
		fr_conn_close(c); /* bytes that nobody asked for */
}

static void on_eof(void *user)
{
	struct fr_origin_conn *c = of(user);

	if (c->fetch)
		fr_fetch_on_eof(c->fetch);
	else
		fr_conn_close(c);
}

static void on_drained(void *user)
{
	struct fr_origin_conn *c = of(user);

	if (c->fetch)
		fr_fetch_on_drained(c->fetch);
}

static void on_failed(void *user, int err)
{
	struct fr_origin_conn *c = of(user);
	struct fr_fetch *f = c->fetch;

	if (f) {
		(void)snprintf(c->origin->cause, sizeof c->origin->cause, "%s: %s", c->address,
		               fr_transport_error_text(c->stream));
		FR_LOG(DEBUG, "origin", "%s", c->origin->cause);
	}
	fr_conn_close(c);
	if (f)
		fr_fetch_on_broken(f, err);
}

static void on_closed(void *user)
{
	struct fr_origin_conn *c = of(user);
	struct fr_origin *o = c->origin;
	struct fr_fetch *f = c->fetch;

	/* a stream that ends by itself has failed first */
	if (!FR_HOLDS(c->state == FR_CONN_CLOSING && !f)) {
		if (c->state != FR_CONN_CLOSING)
			set_state(c, FR_CONN_CLOSING);
		c->fetch = NULL;
		if (f)
			fr_fetch_on_broken(f, FR_ERR_CLOSED);
	}
	fr_h1_parser_free(&c->parser);
	c->magic = 0;
	free(c);
	o->connections--;
	fr_count_stat(&o->limits.stats->connections, UINT64_MAX);
	fr_count_down(o->counters, FR_COUNT_ORIGIN_CONNECTIONS_OPEN);
	if (o->is_closed)
		fr_origin_maybe_free(o);
	else
		fr_origin_serve_waiting(o);
}

static const struct fr_transport_handler handler = {
	.on_open = on_open,
	.on_data = on_data,
	.on_eof = on_eof,
	.on_drained = on_drained,
	.on_failed = on_failed,
	.on_closed = on_closed,
};

static void keepalive_due(struct fr_timer *t, void *user)
{
	(void)t;
	fr_conn_close(of(user));
}

static void print_address(struct fr_origin_conn *c, const struct sockaddr *addr)
{
	const struct sockaddr_in *in = (const void *)addr;
	const struct sockaddr_in6 *in6 = (const void *)addr;
	char ip[INET6_ADDRSTRLEN] = "?";
	bool is6 = addr->sa_family == AF_INET6;

	(void)inet_ntop(addr->sa_family, is6 ? (const void *)&in6->sin6_addr : &in->sin_addr, ip,
	                sizeof ip);
	(void)snprintf(c->address, sizeof c->address, is6 ? "[%s]:%u" : "%s:%u", ip,
	               ntohs(is6 ? in6->sin6_port : in->sin_port));
}

struct fr_origin_conn *fr_conn_connect(struct fr_origin *o, const struct sockaddr *addr,
                                       struct fr_fetch *f)
{
	struct fr_h1_limits limits = FR_H1_LIMITS_DEFAULT;
	struct fr_origin_conn *c = fr_calloc(1, sizeof *c);

	c->magic = FR_ORIGIN_CONN_MAGIC;
	c->state = FR_CONN_CONNECTING;
	c->origin = o;
	c->fetch = f;
	f->conn = c;
	f->state = FR_FETCH_CONNECTING;
	f->moved_ms = fr_loop_now(o->loop);
	fr_share_hold(&o->shares, f);
	print_address(c, addr);
	limits.fields_bytes = o->limits.response_fields_bytes;
	limits.fields_count = o->limits.response_fields_count;
	c->parser = fr_h1_response_parser_new(&limits);
	fr_timer_init(&c->keepalive, keepalive_due, c);
	o->connections++;
	fr_count_stat(&o->limits.stats->connections, 1);
	fr_count(o->counters, FR_COUNT_ORIGIN_CONNECTIONS);
	fr_count(o->counters, FR_COUNT_ORIGIN_CONNECTIONS_OPEN);
	c->stream = fr_transport_connect(o->loop, addr, o->tls, o->config->host,
	                                 o->limits.output_bytes, &handler, c);
	return c;
}

void fr_conn_take(struct fr_origin_conn *c, struct fr_fetch *f)
{
	set_state(c, FR_CONN_BUSY);
	c->is_reused = true;
	c->taken_turn = fr_loop_turn(c->origin->loop);
	c->fetch = f;
	f->conn = c;
	fr_share_hold(&c->origin->shares, f);
	fr_fetch_on_open(f);
}

void fr_conn_give(struct fr_origin_conn *c, bool reusable)
{
	struct fr_origin *o = c->origin;

	c->fetch = NULL;
	if (!reusable || c->state != FR_CONN_BUSY || o->is_draining ||
	    o->idle >= o->config->max_idle || !fr_transport_is_open(c->stream) ||
	    fr_transport_backlog(c->stream)) {
		fr_conn_close(c);
		return;
	}
	fr_transport_resume(c->stream);
	fr_transport_trim(c->stream);
	set_state(c, FR_CONN_IDLE);
	fr_origin_serve_waiting(o);
}

void fr_conn_close(struct fr_origin_conn *c)
{
	if (c->state == FR_CONN_CLOSING)
		return;
	set_state(c, FR_CONN_CLOSING);
	c->fetch = NULL;
	fr_transport_close(c->stream, false);
}
