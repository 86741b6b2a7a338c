#include "client/client.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/holds.h"
#include "base/log.h"
#include "base/mem.h"
#include "exchange/activity.h"
#include "hints/budget.h"
#include "server/memory.h"

/* Of a response: fields that we add, and its status line. */
#define OWN_FIELDS_BYTES 65536u

static struct fr_client *of(void *user)
{
	struct fr_client *c = user;

	FR_ASSERT(c && c->magic == FR_CLIENT_MAGIC);
	return c;
}

static const uint8_t allowed[] = {
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
	return sizeof *c + FR_MEMORY_PLAIN_BYTES + (c->is_tls ? FR_MEMORY_TLS_BYTES : 0);
}

size_t fr_client_held(const struct fr_client *c)
{
	size_t sum = base_bytes(c);

	if (c->stream)
		sum += fr_transport_held(c->stream);
	if (c->protocol && c->protocol->held)
		sum += c->protocol->held(c);
	for (const struct fr_exchange *ex = c->first; ex; ex = ex->next)
		sum += sizeof *ex + ex->arena.total_bytes + ex->req_body.cap + ex->resp_body.len;
	return sum;
}

/* --- the end --- */

static void release(void *user)
{
	struct fr_client *c = of(user);
	struct fr_worker *w = c->worker;

	if (c->protocol)
		c->protocol->free(c);
	fr_seen_urls_free(&c->memo);
	free(c->held);
	fr_admission_give(w->admission, &c->ticket);
	fr_count_down(&w->counters, FR_COUNT_CONNECTIONS_OPEN);
	fr_worker_client_closed(w, c);
	fr_generation_unref(&c->gen);
	fr_memory_give_client(w);
	fr_mem_gave(base_bytes(c));
	c->magic = 0;
	free(c);
}

static void maybe_release(struct fr_client *c)
{
	if (!c->stream && c->exchanges == 0)
		fr_loop_release_later(c->worker->loop, &c->release_task);
}

void fr_client_exchange_opened(struct fr_client *c, struct fr_exchange *ex)
{
	c->exchanges++;
	ex->next = c->first;
	ex->pprev = &c->first;
	if (ex->next)
		ex->next->pprev = &ex->next;
	c->first = ex;
}

void fr_client_exchange_released(struct fr_client *c, struct fr_exchange *ex)
{
	if (!FR_HOLDS(c->exchanges))
		return;
	c->exchanges--;
	*ex->pprev = ex->next;
	if (ex->next)
		ex->next->pprev = ex->pprev;
	if (c->exchanges == 0 && c->stream)
		fr_transport_trim(c->stream);
	fr_client_update_wait(c, false);
	maybe_release(c);
}

static void begin_closing(struct fr_client *c)
{
	set_state(c, FR_CLIENT_CLOSING);
	fr_loop_timer_stop(c->worker->loop, &c->timer);
	if (c->protocol)
		c->protocol->abandon(c);
}

void fr_client_finish(struct fr_client *c)
{
	if (c->state == FR_CLIENT_CLOSING)
		return;
	begin_closing(c);
	fr_transport_finish(c->stream, c->gen->config->timeouts.body_ms);
}

void fr_client_cut(struct fr_client *c, bool reset)
{
	if (c->state != FR_CLIENT_CLOSING)
		begin_closing(c);
	if (c->stream)
		fr_transport_close(c->stream, reset);
}

void fr_client_drain(struct fr_client *c)
{
	if (c->is_draining || c->state == FR_CLIENT_CLOSING)
		return;
	c->is_draining = true;
	if (c->state == FR_CLIENT_ACTIVE)
		c->protocol->drain(c);
	else if (c->state == FR_CLIENT_DETECT && c->n_preface == 0)
		fr_client_cut(c, false);
}

/* --- time limits --- */

static uint32_t wait_ms(const struct fr_client *c, enum fr_client_wait waits)
{
	const struct fr_config_timeouts *t = &c->gen->config->timeouts;

	return waits == FR_WAIT_FIELDS ? t->request_fields_ms : t->idle_ms;
}

/* A client that takes nothing of what waits for it, for body_ms. */
static bool is_stalled(struct fr_client *c)
{
	return c->backlog_since_ms && fr_loop_now(c->worker->loop) - c->backlog_since_ms >=
	                                      c->gen->config->timeouts.body_ms;
}

static void time_is_up(struct fr_timer *timer, void *user)
{
	struct fr_client *c = of(user);
	struct fr_counters *counters = &c->worker->counters;

	(void)timer;
	if (c->state == FR_CLIENT_HANDSHAKE) {
		fr_count(counters, FR_COUNT_TIMEOUT_HANDSHAKE);
		fr_client_cut(c, false);
	} else if (is_stalled(c)) {
		fr_count(counters, FR_COUNT_TIMEOUT_BODY);
		FR_LOG(DEBUG, "client", "%s: takes no output", c->peer);
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
	uint64_t now = fr_loop_now(c->worker->loop), due = UINT64_MAX;
	enum fr_client_wait waits;

	if (c->state != FR_CLIENT_ACTIVE)
		return;
	waits = c->protocol->waits_for(c);
	if (waits != c->waits || fresh) {
		c->waits = waits;
		c->wait_since_ms = now;
	}
	if (c->backlog_since_ms)
		due = c->backlog_since_ms + c->gen->config->timeouts.body_ms;
	if (waits != FR_WAIT_NONE && c->wait_since_ms + wait_ms(c, waits) < due)
		due = c->wait_since_ms + wait_ms(c, waits);
	if (due == UINT64_MAX)
		fr_loop_timer_stop(c->worker->loop, &c->timer);
	else
		fr_loop_timer_set(c->worker->loop, &c->timer, due > now ? due - now : 0);
}

/* --- flushing --- */

/* Notes since when the socket has not taken anything. */
static void watch_backlog(struct fr_client *c)
{
	size_t backlog = c->stream ? fr_transport_backlog(c->stream) : 0;

	if (backlog == 0)
		c->backlog_since_ms = 0;
	else if (c->backlog_since_ms == 0)
		c->backlog_since_ms = fr_loop_now(c->worker->loop);
}

static void flush(void *user)
{
	struct fr_client *c = of(user);

	if (c->state != FR_CLIENT_ACTIVE)
		return;
	fr_activity_client(c, FR_ACTIVITY_SEND);
	c->protocol->flush(c);
	if (c->state != FR_CLIENT_ACTIVE)
		return;
	watch_backlog(c);
	fr_client_update_wait(c, false);
}

void fr_client_flush_later(struct fr_client *c)
{
	if (c->state == FR_CLIENT_ACTIVE)
		fr_loop_flush_later(c->worker->loop, &c->flush_task);
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
		fr_count(&c->worker->counters, FR_COUNT_CONNECTIONS_H2);
	p->open(c);
	fr_client_update_wait(c, true);
	if (c->is_draining && c->state == FR_CLIENT_ACTIVE)
		p->drain(c);
}

static void on_open(void *user)
{
	struct fr_client *c = of(user);
	struct fr_tls *tls = fr_transport_tls(c->stream);

	if (!tls)
		return; /* DETECT already: decided with the first bytes */
	fr_count(&c->worker->counters, FR_COUNT_TLS_HANDSHAKES);
	c->tls_version = fr_tls_version_str(tls);
	c->tls_resumed = fr_tls_is_resumed(tls);
	if (c->tls_resumed)
		fr_count(&c->worker->counters, FR_COUNT_TLS_RESUMED);
	FR_LOG(DEBUG, "client", "%s: %s, alpn '%.*s', server name '%.*s'", c->peer,
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

	fr_activity_client(c, FR_ACTIVITY_READ);
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
	c->backlog_since_ms = 0;
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

	if (c->state == FR_CLIENT_HANDSHAKE && c->is_tls &&
	    fr_tls_saw_plain_http(fr_transport_tls(c->stream)))
		fr_transport_send_unencrypted(c->stream, answer, sizeof answer - 1);
}

static void on_failed(void *user, int err)
{
	struct fr_client *c = of(user);

	answer_plain_http(c);

	if (c->state == FR_CLIENT_HANDSHAKE)
		fr_count(&c->worker->counters, FR_COUNT_TLS_FAILED);
	FR_LOG(DEBUG, "client", "%s: %s: %s", c->peer, fr_err_str(err),
	       fr_transport_error_text(c->stream));
	fr_client_cut(c, false);
}

static void on_closed(void *user)
{
	struct fr_client *c = of(user);

	if (c->state != FR_CLIENT_CLOSING)
		begin_closing(c);
	c->stream = NULL;
	maybe_release(c);
}

static const struct fr_transport_handler handler = {
	.on_open = on_open,
	.on_data = on_data,
	.on_eof = on_eof,
	.on_drained = on_drained,
	.on_failed = on_failed,
	.on_closed = on_closed,
};

/* --- accepting --- */

static bool admit(struct fr_worker *w, int fd, struct fr_ticket *ticket)
{
	struct sockaddr_storage ss = {0};
	socklen_t len = sizeof ss;

	if (getpeername(fd, (struct sockaddr *)&ss, &len) < 0)
		return false; /* gone already */
	switch (fr_admission_take(w->admission, (struct sockaddr *)&ss, ticket)) {
	case FR_ADMITTED:
		return true;
	case FR_TOO_MANY:
		fr_count(&w->counters, FR_COUNT_LIMIT_CONNECTIONS);
		return false;
	case FR_TOO_MANY_FROM_ADDRESS:
		fr_count(&w->counters, FR_COUNT_LIMIT_CONNECTIONS_ADDRESS);
		return false;
	}
	return false;
}

static struct fr_client *client_new(struct fr_worker *w, const struct fr_ticket *ticket,
                                    const struct fr_config_listener *listener)
{
	struct fr_client *c = fr_try_calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->magic = FR_CLIENT_MAGIC;
	c->is_admin = listener->is_admin;
	c->state = listener->tls ? FR_CLIENT_HANDSHAKE : FR_CLIENT_DETECT;
	c->worker = w;
	c->gen = fr_generation_ref(w->gen);
	c->ticket = *ticket;
	c->is_tls = listener->tls;
	c->flush_task = (struct fr_task){.run = flush, .user = c};
	c->release_task = (struct fr_task){.run = release, .user = c};
	fr_timer_init(&c->timer, time_is_up, c);
	c->wait_since_ms = fr_loop_now(w->loop);
	fr_mem_took(base_bytes(c));
	fr_count(&w->counters, FR_COUNT_CONNECTIONS);
	fr_count(&w->counters, FR_COUNT_CONNECTIONS_OPEN);
	fr_worker_client_opened(w, c);
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

void fr_client_accept(struct fr_worker *w, int fd, const struct fr_config_listener *listener)
{
	bool tls = listener->tls;
	struct fr_ticket ticket;
	struct fr_client *c;

	if (!listener->is_admin && fr_memory_level(w) >= FR_MEMORY_NO_CONNECTIONS) {
		fr_count(&w->counters, FR_COUNT_LIMIT_MEMORY_CONNECTIONS);
		close(fd);
		return;
	}
	if (!fr_memory_take_client(w, listener->is_admin)) {
		close(fd);
		return;
	}
	if (!admit(w, fd, &ticket)) {
		fr_memory_give_client(w);
		close(fd);
		return;
	}
	c = client_new(w, &ticket, listener);
	if (!c) {
		fr_admission_give(w->admission, &ticket);
		fr_memory_give_client(w);
		close(fd);
		return;
	}
	fr_activity_client(c, FR_ACTIVITY_ACCEPT);
	if (fr_transport_accept(w->loop, fd, listener->kind == FR_ADDRESS_UNIX, tls_of(w, listener),
	                        output_bytes(&w->gen->config->limits), &handler, c,
	                        &c->stream) < 0) {
		set_state(c, FR_CLIENT_CLOSING);
		maybe_release(c);
		return;
	}
	fr_transport_peer(c->stream, c->peer, sizeof c->peer, &c->port);
	fr_transport_set_path_source(c->stream, c->gen->config->path_source, c->port);
	fr_loop_timer_set(w->loop, &c->timer,
	                  tls ? c->gen->config->timeouts.handshake_ms
	                      : c->gen->config->timeouts.request_fields_ms);
}

struct fr_asker fr_client_asker(const struct fr_client *c)
{
	struct fr_asker asker;

	memcpy(asker.address, c->ticket.address, sizeof asker.address);
	return asker;
}

int fr_client_path(const struct fr_client *c, struct fr_budget_path *out)
{
	struct fr_path p;
	int rc = c->stream ? fr_transport_path(c->stream, &p) : FR_ERR_CLOSED;

	if (rc < 0)
		return rc;
	*out = (struct fr_budget_path){
		.rtt_us = p.rtt_us,
		.min_rtt_us = p.min_rtt_us,
		.cwnd_bytes = p.cwnd_bytes,
		.unsent_bytes = p.unsent_bytes,
		.in_flight_bytes = p.in_flight_bytes,
		.delivery_rate_bytes_per_s = p.delivery_rate_bytes_per_s,
	};
	return 0;
}
