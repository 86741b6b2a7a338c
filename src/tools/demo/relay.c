#include "tools/demo/relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "base/mem.h"
#include "net/stream.h"
#include "tools/demo/link_model.h"
#include "tools/demo/port.h"

/* Bytes that may wait at one end for the link. */
#define HELD_BYTES (4u << 20)
#define HELD_PAUSE_BYTES (256u << 10)

struct direction {
	struct fr_link_model link;
	struct fr_buf waiting;       /* not sent into the link yet */
	struct fr_buf under_way;     /* in the link, in order */
	struct fr_stream *from, *to; /* owned until closed; NULL then */
	bool from_ended;             /* end what follows, too */
};

struct pair {
	struct fr_relay *relay; /* borrowed */
	struct pair *next, **pprev;
	struct direction up, down; /* up: from the client */
	uv_timer_t timer;
	uint64_t open_us; /* when the emulated TCP handshake is over */
	unsigned handles; /* streams and timer not closed yet */
	bool is_closing;
};

struct fr_relay {
	struct fr_loop *loop;            /* borrowed */
	struct fr_listen_port *listener; /* owned */
	struct fr_relay_network network;
	uint16_t to_port;
	struct pair *pairs;
	bool is_closed;
};

static uint64_t now_us(void)
{
	return uv_hrtime() / 1000;
}

static void maybe_free_relay(struct fr_relay *r)
{
	if (r->is_closed && !r->pairs)
		free(r);
}

static void handle_closed(struct pair *p)
{
	if (--p->handles)
		return;
	fr_link_model_fini(&p->up.link);
	fr_link_model_fini(&p->down.link);
	fr_buf_fini(&p->up.waiting);
	fr_buf_fini(&p->up.under_way);
	fr_buf_fini(&p->down.waiting);
	fr_buf_fini(&p->down.under_way);
	*p->pprev = p->next;
	if (p->next)
		p->next->pprev = p->pprev;
	maybe_free_relay(p->relay);
	free(p);
}

static void timer_closed(uv_handle_t *handle)
{
	handle_closed(handle->data);
}

static void pair_close(struct pair *p)
{
	if (p->is_closing)
		return;
	p->is_closing = true;
	fr_stream_close(p->up.from, false);
	fr_stream_close(p->up.to, false);
	uv_close((uv_handle_t *)&p->timer, timer_closed);
}

/* --- moving bytes --- */

static void step(struct direction *d, uint64_t now)
{
	size_t n = fr_link_model_deliver(&d->link, now), room;

	if (n) {
		/* the two ends are on this machine: a failure here is final */
		if (fr_buf_append(fr_stream_out(d->to), fr_buf_data(&d->under_way), n) == 0)
			fr_stream_flush(d->to);
		fr_buf_consume(&d->under_way, n);
	}
	room = fr_link_model_room(&d->link, now);
	n = fr_buf_len(&d->waiting) < room ? fr_buf_len(&d->waiting) : room;
	if (n && fr_buf_append(&d->under_way, fr_buf_data(&d->waiting), n) == 0) {
		fr_link_model_send(&d->link, now, n);
		fr_buf_consume(&d->waiting, n);
	}
	if (fr_buf_len(&d->waiting) < HELD_PAUSE_BYTES)
		fr_stream_resume(d->from);
	if (d->from_ended && !fr_buf_len(&d->waiting) && !fr_buf_len(&d->under_way)) {
		d->from_ended = false;
		fr_stream_end_output(d->to);
	}
}

static void on_timer(uv_timer_t *timer);

static void pump(struct pair *p)
{
	uint64_t now = now_us(), next, other;

	if (p->is_closing)
		return;
	if (now >= p->open_us) {
		step(&p->up, now);
		step(&p->down, now);
		next = fr_link_model_next(&p->up.link);
		other = fr_link_model_next(&p->down.link);
		next = other < next ? other : next;
	} else {
		next = p->open_us;
	}
	if (next == UINT64_MAX) {
		(void)uv_timer_stop(&p->timer);
		return;
	}
	next = next > now ? (next - now + 999) / 1000 : 0;
	(void)uv_timer_start(&p->timer, on_timer, next ? next : 1, 0);
}

static void on_timer(uv_timer_t *timer)
{
	pump(timer->data);
}

static void take(struct pair *p, struct direction *d, const uint8_t *data, size_t len)
{
	if (fr_buf_append(&d->waiting, data, len) < 0) {
		pair_close(p);
		return;
	}
	if (fr_buf_len(&d->waiting) >= HELD_PAUSE_BYTES)
		fr_stream_pause(d->from);
	pump(p);
}

/* --- events of the two streams --- */

static void client_data(void *user, const uint8_t *data, size_t len)
{
	struct pair *p = user;

	take(p, &p->up, data, len);
}

static void server_data(void *user, const uint8_t *data, size_t len)
{
	struct pair *p = user;

	take(p, &p->down, data, len);
}

static void client_eof(void *user)
{
	struct pair *p = user;

	p->up.from_ended = true;
	pump(p);
}

static void server_eof(void *user)
{
	struct pair *p = user;

	p->down.from_ended = true;
	pump(p);
}

static void nothing(void *user)
{
	(void)user;
}

static void on_failed(void *user, int err)
{
	(void)err;
	pair_close(user);
}

static void stream_closed(void *user)
{
	handle_closed(user);
}

static const struct fr_stream_handler client_handler = {.on_open = nothing,
                                                        .on_data = client_data,
                                                        .on_eof = client_eof,
                                                        .on_drained = nothing,
                                                        .on_failed = on_failed,
                                                        .on_closed = stream_closed};
static const struct fr_stream_handler server_handler = {.on_open = nothing,
                                                        .on_data = server_data,
                                                        .on_eof = server_eof,
                                                        .on_drained = nothing,
                                                        .on_failed = on_failed,
                                                        .on_closed = stream_closed};

static void direction_init(struct direction *d, uint32_t kbit, uint32_t rtt_ms)
{
	fr_link_model_init(&d->link, (uint64_t)kbit * 1000, (uint64_t)rtt_ms * 500);
	fr_buf_init(&d->waiting, HELD_BYTES);
	fr_buf_init(&d->under_way, HELD_BYTES);
}

static void on_accept(void *user, int fd)
{
	struct fr_relay *r = user;
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(r->to_port)};
	struct pair *p = fr_calloc(1, sizeof *p);
	struct fr_stream *client = NULL, *server;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	p->relay = r;
	/* SYN and SYN-ACK: the first byte leaves a round trip after the connect */
	p->open_us = now_us() + (uint64_t)r->network.rtt_ms * 1000;
	direction_init(&p->up, r->network.up_kbit, r->network.rtt_ms);
	direction_init(&p->down, r->network.down_kbit, r->network.rtt_ms);
	p->next = r->pairs;
	p->pprev = &r->pairs;
	if (p->next)
		p->next->pprev = &p->next;
	r->pairs = p;
	(void)uv_timer_init(fr_loop_uv(r->loop), &p->timer);
	p->timer.data = p;
	p->handles = 3;
	server = fr_stream_connect(r->loop, (struct sockaddr *)&to, NULL, "127.0.0.1", HELD_BYTES,
	                           &server_handler, p);
	FR_ASSERT(fr_stream_accept(r->loop, fd, false, NULL, HELD_BYTES, &client_handler, p,
	                           &client) == 0);
	p->up.from = p->down.to = client;
	p->up.to = p->down.from = server;
}

int fr_relay_new(struct fr_loop *l, uint16_t to_port, const struct fr_relay_network *network,
                 struct fr_relay **out)
{
	struct fr_relay *r = fr_calloc(1, sizeof *r);
	int rc;

	r->loop = l;
	r->network = *network;
	r->to_port = to_port;
	rc = fr_listen_port_new(l, on_accept, r, &r->listener);
	if (rc < 0) {
		free(r);
		return rc;
	}
	*out = r;
	return 0;
}

uint16_t fr_relay_port(const struct fr_relay *r)
{
	return fr_listen_port_number(r->listener);
}

void fr_relay_close(struct fr_relay **rp)
{
	struct fr_relay *r = *rp;

	if (!r)
		return;
	*rp = NULL;
	fr_listen_port_close(&r->listener);
	r->is_closed = true;
	for (struct pair *p = r->pairs, *next; p; p = next) {
		next = p->next;
		pair_close(p);
	}
	maybe_free_relay(r);
}
