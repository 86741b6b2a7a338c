/* What is the same for all connections of clients: TLS, choosing the protocol, time
 * limits, closing. */
#include "client/client.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/holds.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/probes.h"
#include "client/proxied.h"
#include "exchange/activity.h"
#include "hints/budget.h"
#include "hints/learning/loads.h"
#include "http/proxy_header.h"

/* Of a response: fields that we add, and its status line. */
#define OWN_FIELDS_BYTES 65536u

static struct fr_client *of(void *user)
{
	struct fr_client *c = user;

	FR_ASSERT(c && c->magic == FR_CLIENT_MAGIC);
	return c;
}

static const uint8_t allowed[] = {
	[FR_CLIENT_HEADER] =
		FR_BIT(FR_CLIENT_HANDSHAKE) | FR_BIT(FR_CLIENT_DETECT) | FR_BIT(FR_CLIENT_CLOSING),
	[FR_CLIENT_HANDSHAKE] =
		FR_BIT(FR_CLIENT_DETECT) | FR_BIT(FR_CLIENT_ACTIVE) | FR_BIT(FR_CLIENT_CLOSING),
	[FR_CLIENT_DETECT] = FR_BIT(FR_CLIENT_ACTIVE) | FR_BIT(FR_CLIENT_CLOSING),
	[FR_CLIENT_ACTIVE] = FR_BIT(FR_CLIENT_CLOSING),
	[FR_CLIENT_CLOSING] = 0,
};

/* Its callers have looked at the state. */
static void set_state(struct fr_client *c, enum fr_client_state to)
{
	FR_ASSERT(allowed[c->state] & FR_BIT(to));
	c->state = to;
}

/* --- memory --- */

/* Its own, from its beginning to its end. */
static size_t base_bytes(const struct fr_client *c)
{
	return sizeof *c + FR_MEMORY_PLAIN_BYTES + (c->conn.is_tls ? FR_MEMORY_TLS_BYTES : 0);
}

size_t fr_client_held(const struct fr_client *c)
{
	size_t sum = base_bytes(c) + (c->header ? sizeof *c->header : 0);

	if (c->conn.transport)
		sum += fr_transport_held(c->conn.transport);
	if (c->protocol && c->protocol->held)
		sum += c->protocol->held(c);
	for (const struct fr_exchange *ex = c->first; ex; ex = ex->next)
		sum += sizeof *ex + ex->arena.total_bytes + ex->to_origin.body.cap +
		       ex->to_client.body.len;
	return sum;
}

static size_t connection_held(const struct fr_connection *conn)
{
	return fr_client_held(FR_CONTAINER(conn, const struct fr_client, conn));
}

/* --- among the worker's --- */

static void link_client(struct fr_client *c)
{
	struct fr_clients *all = c->all;
	struct fr_worker *w = c->conn.worker;

	FR_LIST_PUSH(all->first, c);
	c->conn.serial = ++all->seen;
	FR_PROBE3(connection_open, w->index, (uintptr_t)c, c->conn.is_tls);
	w->n_clients++;
	all->n_admin += c->conn.is_admin;
}

/* The last one to go may end what they run in. */
static void unlink_client(struct fr_client *c)
{
	struct fr_clients *all = c->all;
	struct fr_worker *w = c->conn.worker;

	FR_LIST_REMOVE(c);
	FR_PROBE3(connection_close, w->index, (uintptr_t)c, c->exchanges);
	w->n_clients--;
	all->n_admin -= c->conn.is_admin;
	all->on_closed(all->user);
}

/* --- the end --- */

static void release(void *user)
{
	struct fr_client *c = of(user);
	struct fr_worker *w = c->conn.worker;

	if (c->protocol)
		c->protocol->free(c);
	if (c->conn.loads.open)
		fr_loop_timer_stop(w->loop, &c->conn.loads.timer);
	fr_loads_free(&c->conn.loads.open, fr_loop_now(w->loop));
	fr_seen_urls_free(&c->conn.memo);
	fr_seen_urls_free(&c->conn.late);
	free(c->conn.held);
	free(c->conn.proxied);
	fr_proxied_drop(c);
	fr_admission_give(w->admission, &c->conn.ticket);
	fr_count_down(&w->counters, FR_COUNT_CONNECTIONS_OPEN);
	unlink_client(c);
	fr_generation_unref(&c->conn.gen);
	fr_admission_give_descriptor(w->admission);
	fr_mem_gave(base_bytes(c));
	c->magic = 0;
	free(c);
}

static void maybe_release(struct fr_client *c)
{
	if (!c->conn.transport && c->exchanges == 0)
		fr_loop_release_later(c->conn.worker->loop, &c->release_task);
}

static void exchange_opened(struct fr_connection *conn, struct fr_exchange *ex)
{
	struct fr_client *c = fr_client_of(conn);

	c->exchanges++;
	c->has_asked = true;
	FR_LIST_PUSH(c->first, ex);
}

static void exchange_released(struct fr_connection *conn, struct fr_exchange *ex)
{
	struct fr_client *c = fr_client_of(conn);

	if (!FR_HOLDS(c->exchanges))
		return;
	c->exchanges--;
	FR_LIST_REMOVE(ex);
	if (c->exchanges == 0 && c->conn.transport)
		fr_transport_trim(c->conn.transport);
	fr_client_update_wait(c, false);
	maybe_release(c);
}

static void begin_closing(struct fr_client *c)
{
	set_state(c, FR_CLIENT_CLOSING);
	fr_loop_timer_stop(c->conn.worker->loop, &c->timer);
	if (c->protocol)
		c->protocol->abandon(c);
}

void fr_client_finish(struct fr_client *c)
{
	if (c->state == FR_CLIENT_CLOSING)
		return;
	begin_closing(c);
	fr_transport_finish(c->conn.transport, c->conn.gen->config->timeouts.body_ms);
}

void fr_client_cut(struct fr_client *c, bool reset)
{
	if (c->state != FR_CLIENT_CLOSING)
		begin_closing(c);
	if (c->conn.transport)
		fr_transport_close(c->conn.transport, reset);
}

/* How long a drain still waits for the first request. */
static uint64_t first_request_ms(const struct fr_client *c)
{
	uint64_t now = fr_loop_now(c->conn.worker->loop);
	uint64_t until = c->ready_since_ms + FR_CLIENT_FIRST_REQUEST_MS;

	return until > now ? until - now : 0;
}

bool fr_client_awaits_first(const struct fr_client *c)
{
	return !c->has_asked && first_request_ms(c) > 0;
}

void fr_client_drain(struct fr_client *c)
{
	if (c->conn.is_draining || c->state == FR_CLIENT_CLOSING)
		return;
	c->conn.is_draining = true;
	if (c->state == FR_CLIENT_ACTIVE) {
		c->protocol->drain(c);
		fr_client_update_wait(c, false);
	} else if (c->state == FR_CLIENT_DETECT && c->n_preface == 0) {
		if (fr_client_awaits_first(c))
			fr_loop_timer_set(c->conn.worker->loop, &c->timer, first_request_ms(c));
		else
			fr_client_cut(c, false);
	}
}

/* --- time limits --- */

static uint32_t wait_ms(const struct fr_client *c, enum fr_client_wait waits)
{
	const struct fr_config_timeouts *t = &c->conn.gen->config->timeouts;

	return waits == FR_WAIT_FIELDS ? t->request_fields_ms : t->idle_ms;
}

/* A client that takes nothing of what waits for it, for body_ms. */
static bool is_stalled(struct fr_client *c)
{
	return c->conn.backlog_since_ms &&
	       fr_loop_now(c->conn.worker->loop) - c->conn.backlog_since_ms >=
	               c->conn.gen->config->timeouts.body_ms;
}

static void time_is_up(struct fr_timer *timer, void *user)
{
	struct fr_client *c = of(user);
	struct fr_counters *counters = &c->conn.worker->counters;

	(void)timer;
	if (c->state == FR_CLIENT_HEADER || c->state == FR_CLIENT_HANDSHAKE) {
		fr_count(counters, FR_COUNT_TIMEOUT_HANDSHAKE);
		fr_client_cut(c, false);
	} else if (is_stalled(c)) {
		fr_count(counters, FR_COUNT_TIMEOUT_BODY);
		FR_LOG(DEBUG, "client", "%s: takes no output", c->conn.peer.text);
		fr_client_cut(c, true);
	} else if (c->state == FR_CLIENT_DETECT || c->waits == FR_WAIT_FIELDS) {
		fr_count(counters, FR_COUNT_TIMEOUT_REQUEST_FIELDS);
		fr_client_cut(c, false);
	} else if (c->waits == FR_WAIT_IDLE) {
		fr_count(counters, FR_COUNT_TIMEOUT_IDLE);
		fr_client_drain(c);
		/* nothing is under way: a client that does not answer the goodbye is
		 * not waited for */
		if (c->state == FR_CLIENT_ACTIVE)
			fr_client_finish(c);
	} else {
		fr_client_update_wait(c, false);
	}
}

void fr_client_update_wait(struct fr_client *c, bool fresh)
{
	uint64_t now = fr_loop_now(c->conn.worker->loop), due = UINT64_MAX;
	enum fr_client_wait waits;

	if (c->state != FR_CLIENT_ACTIVE)
		return;
	waits = c->protocol->waits_for(c);
	if (waits != c->waits || fresh) {
		c->waits = waits;
		c->wait_since_ms = now;
	}
	if (c->conn.backlog_since_ms)
		due = c->conn.backlog_since_ms + c->conn.gen->config->timeouts.body_ms;
	if (waits != FR_WAIT_NONE && c->wait_since_ms + wait_ms(c, waits) < due)
		due = c->wait_since_ms + wait_ms(c, waits);
	if (c->conn.is_draining && waits == FR_WAIT_IDLE && !c->has_asked &&
	    now + first_request_ms(c) < due)
		due = now + first_request_ms(c);
	if (due == UINT64_MAX)
		fr_loop_timer_stop(c->conn.worker->loop, &c->timer);
	else
		fr_loop_timer_set(c->conn.worker->loop, &c->timer, due > now ? due - now : 0);
}

/* --- flushing --- */

/* Notes since when the socket has not taken anything. */
static void watch_backlog(struct fr_client *c)
{
	size_t backlog = c->conn.transport ? fr_transport_backlog(c->conn.transport) : 0;

	if (backlog == 0)
		c->conn.backlog_since_ms = 0;
	else if (c->conn.backlog_since_ms == 0)
		c->conn.backlog_since_ms = fr_loop_now(c->conn.worker->loop);
}

static void flush(void *user)
{
	struct fr_client *c = of(user);

	if (c->state != FR_CLIENT_ACTIVE)
		return;
	fr_activity_connection(&c->conn, FR_ACTIVITY_SEND);
	c->protocol->flush(c);
	if (c->state != FR_CLIENT_ACTIVE)
		return;
	watch_backlog(c);
	fr_client_update_wait(c, false);
}

void fr_client_flush_later(struct fr_client *c)
{
	if (c->state == FR_CLIENT_ACTIVE)
		fr_loop_flush_later(c->conn.worker->loop, &c->flush_task);
}

/* --- the stream's events --- */

static void start_protocol(struct fr_client *c, const struct fr_client_protocol *p)
{
	if (!FR_HOLDS(c->state == FR_CLIENT_HANDSHAKE || c->state == FR_CLIENT_DETECT)) {
		fr_client_cut(c, true);
		return;
	}
	set_state(c, FR_CLIENT_ACTIVE);
	c->protocol = p;
	if (p == &fr_client_h2)
		fr_count(&c->conn.worker->counters, FR_COUNT_CONNECTIONS_H2);
	p->open(c);
	fr_client_update_wait(c, true);
	if (c->conn.is_draining && c->state == FR_CLIENT_ACTIVE)
		p->drain(c);
}

static void on_open(void *user)
{
	struct fr_client *c = of(user);
	struct fr_tls *tls = fr_transport_tls(c->conn.transport);

	if (!tls)
		return; /* DETECT already: decided with the first bytes */
	fr_count(&c->conn.worker->counters, FR_COUNT_TLS_HANDSHAKES);
	c->ready_since_ms = fr_loop_now(c->conn.worker->loop);
	c->conn.tls_version = fr_tls_version_str(tls);
	c->conn.tls_resumed = fr_tls_is_resumed(tls);
	if (c->conn.tls_resumed)
		fr_count(&c->conn.worker->counters, FR_COUNT_TLS_RESUMED);
	FR_LOG(DEBUG, "client", "%s: %s, alpn '%.*s', server name '%.*s'", c->conn.peer.text,
	       fr_tls_version_str(tls), FR_STR_ARG(fr_tls_alpn(tls)),
	       FR_STR_ARG(fr_tls_server_name(tls)));
	if (fr_str_is(fr_tls_alpn(tls), "h2"))
		start_protocol(c, &fr_client_h2);
	else
		start_protocol(c, &fr_client_h1);
}

/* Plain listeners: compares with the preface until it differs or is whole. */
static void detect(struct fr_client *c, const uint8_t *data, size_t len)
{
	size_t n = 0, have;
	const struct fr_client_protocol *p = NULL;

	while (n < len && c->n_preface < FR_H2_PREFACE_BYTES && !p) {
		c->preface[c->n_preface] = data[n++];
		if (c->preface[c->n_preface] != (uint8_t)FR_H2_PREFACE[c->n_preface])
			p = &fr_client_h1;
		c->n_preface++;
	}
	if (!p && c->n_preface < FR_H2_PREFACE_BYTES)
		return;
	have = c->n_preface;
	start_protocol(c, p ? p : &fr_client_h2);
	if (c->state == FR_CLIENT_ACTIVE)
		c->protocol->data(c, c->preface, have);
	if (c->state == FR_CLIENT_ACTIVE && n < len)
		c->protocol->data(c, data + n, len - n);
}

static void on_data(void *user, const uint8_t *data, size_t len)
{
	struct fr_client *c = of(user);

	fr_activity_connection(&c->conn, FR_ACTIVITY_READ);
	if (c->state == FR_CLIENT_DETECT)
		detect(c, data, len);
	else if (c->state == FR_CLIENT_ACTIVE)
		c->protocol->data(c, data, len);
	if (c->state == FR_CLIENT_ACTIVE)
		fr_client_update_wait(c, false);
}

static void on_eof(void *user)
{
	struct fr_client *c = of(user);

	if (c->state == FR_CLIENT_ACTIVE)
		c->protocol->eof(c);
	else if (c->state != FR_CLIENT_CLOSING)
		fr_client_cut(c, false);
}

static void on_drained(void *user)
{
	struct fr_client *c = of(user);

	if (c->state != FR_CLIENT_ACTIVE)
		return;
	c->conn.backlog_since_ms = 0;
	c->protocol->drained(c);
	fr_client_flush_later(c);
}

/* A browser's user who wrote http:// for https:// is told so. */
static void answer_plain_http(struct fr_client *c)
{
	static const char answer[] =
		"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
		"Content-Length: 61\r\nConnection: close\r\n\r\n"
		"400 Bad Request\nThis port speaks TLS: the URL needs https://\n";

	if (c->state == FR_CLIENT_HANDSHAKE && c->conn.is_tls &&
	    fr_tls_saw_plain_http(fr_transport_tls(c->conn.transport)))
		fr_transport_send_unencrypted(c->conn.transport, answer, sizeof answer - 1);
}

static void on_failed(void *user, int err)
{
	struct fr_client *c = of(user);

	answer_plain_http(c);

	if (c->state == FR_CLIENT_HANDSHAKE)
		fr_count(&c->conn.worker->counters, FR_COUNT_TLS_FAILED);
	FR_LOG(DEBUG, "client", "%s: %s: %s", c->conn.peer.text, fr_err_str(err),
	       fr_transport_error_text(c->conn.transport));
	fr_client_cut(c, false);
}

static void on_closed(void *user)
{
	struct fr_client *c = of(user);

	if (c->state != FR_CLIENT_CLOSING)
		begin_closing(c);
	c->conn.transport = NULL;
	maybe_release(c);
}

/* The time limit of a handshake goes on; a plain connection's request has its own. */
static int on_header(void *user, const uint8_t *data, size_t len, size_t *used)
{
	struct fr_client *c = of(user);
	int rc;

	fr_activity_connection(&c->conn, FR_ACTIVITY_READ);
	rc = fr_proxied_take(c, data, len, used);
	if (rc <= 0)
		return rc;
	set_state(c, c->conn.is_tls ? FR_CLIENT_HANDSHAKE : FR_CLIENT_DETECT);
	if (!c->conn.is_tls)
		fr_loop_timer_set(c->conn.worker->loop, &c->timer,
		                  c->conn.gen->config->timeouts.request_fields_ms);
	return 1;
}

/* With and without a PROXY header. */
static const struct fr_transport_handler header_handler = {
	.on_header = on_header,
	.on_open = on_open,
	.on_data = on_data,
	.on_eof = on_eof,
	.on_drained = on_drained,
	.on_failed = on_failed,
	.on_closed = on_closed,
};
static const struct fr_transport_handler handler = {
	.on_open = on_open,
	.on_data = on_data,
	.on_eof = on_eof,
	.on_drained = on_drained,
	.on_failed = on_failed,
	.on_closed = on_closed,
};

/* --- accepting --- */

static const struct fr_connection_ops connection_ops = {
	.opened = exchange_opened,
	.released = exchange_released,
	.held = connection_held,
};

static struct fr_client *client_new(struct fr_clients *all, const struct fr_ticket *ticket,
                                    const struct fr_party *peer,
                                    const struct fr_config_listener *listener)
{
	struct fr_worker *w = all->worker;
	struct fr_client *c = fr_try_calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->magic = FR_CLIENT_MAGIC;
	c->all = all;
	c->conn.ops = &connection_ops;
	c->conn.is_admin = listener->is_admin;
	c->state = listener->proxy_protocol ? FR_CLIENT_HEADER
	           : listener->tls          ? FR_CLIENT_HANDSHAKE
	                                    : FR_CLIENT_DETECT;
	c->conn.worker = w;
	c->conn.gen = fr_generation_ref(w->gen);
	c->conn.ticket = *ticket;
	c->conn.peer = *peer;
	c->conn.is_tls = listener->tls;
	c->flush_task = (struct fr_task){.run = flush, .user = c};
	c->release_task = (struct fr_task){.run = release, .user = c};
	fr_timer_init(&c->timer, time_is_up, c);
	c->wait_since_ms = c->ready_since_ms = fr_loop_now(w->loop);
	fr_mem_took(base_bytes(c));
	fr_count(&w->counters, FR_COUNT_CONNECTIONS);
	fr_count(&w->counters, FR_COUNT_CONNECTIONS_OPEN);
	link_client(c);
	return c;
}

/* A head must fit that is as large as the limits allow, with what we add. */
static size_t output_bytes(const struct fr_config_limits *l)
{
	size_t head = l->response_fields_bytes + OWN_FIELDS_BYTES;

	return l->output_buffer_bytes > head ? l->output_buffer_bytes : head;
}

/* NULL: it speaks without TLS. */
static struct fr_tls_server *tls_of(const struct fr_worker *w,
                                    const struct fr_config_listener *listener)
{
	const struct fr_shared *shared = w->gen->shared;

	if (!listener->tls)
		return NULL;
	return listener->is_admin ? shared->admin_tls : shared->tls;
}

struct fr_client *fr_client_open(struct fr_clients *all, const struct fr_ticket *ticket,
                                 const struct fr_party *peer, int fd,
                                 const struct fr_config_listener *listener)
{
	struct fr_worker *w = all->worker;
	struct fr_client *c = client_new(all, ticket, peer, listener);
	struct fr_connection *conn;

	if (!c)
		return NULL;
	conn = &c->conn;
	fr_activity_connection(conn, FR_ACTIVITY_ACCEPT);
	if (listener->proxy_protocol && !fr_proxied_expect(c)) {
		close(fd);
		set_state(c, FR_CLIENT_CLOSING);
		maybe_release(c);
		return c;
	}
	if (fr_transport_accept(w->loop, fd, listener->kind == FR_ADDRESS_UNIX, tls_of(w, listener),
	                        output_bytes(&w->gen->config->limits),
	                        c->header ? &header_handler : &handler, c, &conn->transport) < 0) {
		set_state(c, FR_CLIENT_CLOSING);
		maybe_release(c);
		return c;
	}
	fr_transport_set_path_source(conn->transport, conn->gen->config->path_source,
	                             conn->peer.port);
	fr_loop_timer_set(w->loop, &c->timer,
	                  listener->tls || c->header
	                          ? conn->gen->config->timeouts.handshake_ms
	                          : conn->gen->config->timeouts.request_fields_ms);
	return c;
}

int fr_client_path(const struct fr_client *c, struct fr_budget_path *out)
{
	struct fr_path p;
	int rc = c->conn.transport ? fr_transport_path(c->conn.transport, &p) : FR_ERR_CLOSED;

	if (rc < 0)
		return rc;
	*out = (struct fr_budget_path){
		.rtt_us = p.rtt_us,
		.min_rtt_us = p.min_rtt_us,
		.cwnd_bytes = p.cwnd_bytes,
		.unsent_bytes = p.unsent_bytes,
		.in_flight_bytes = p.in_flight_bytes,
		.acked_bytes = p.acked_bytes,
		.delivery_rate_bytes_per_s = p.delivery_rate_bytes_per_s,
	};
	return 0;
}
