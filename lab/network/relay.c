/* The relay's connections: reads what the emulated window has room for, and delivers it
 * when it is due. */
#include "lab/network/relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <uv.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/mem.h"
#include "lab/network/port.h"

/* Bytes in the emulated link and after it, one way. */
#define HELD_BYTES (16u << 20)
/* Where the reader does not read, so much is delivered and no more. */
#define UNREAD_BYTES (1u << 20)
/* Small, so that a sender fills the emulated link and not a buffer of ours;
 * segments of a real size, or windows so small would stall. */
#define SOCKET_RECEIVE_BYTES 4096
#define READ_BYTES 32768u

struct end { /* one of the two sockets */
	struct pair *pair;
	uv_poll_t poll;
	int fd;
	bool is_ended; /* no more comes from it */
	bool is_shut;  /* no more goes to it */
	bool connected;
	int events; /* what the poll waits for */
};

struct direction {
	struct fr_link_model link;
	struct fr_buf under_way; /* in the link, in order */
	struct fr_buf arrived;   /* past the link, not taken by the socket yet */
	struct end *from, *to;   /* the pair's */
};

struct pair {
	struct fr_relay *relay; /* borrowed */
	struct pair *next, **pprev;
	struct end client, server;
	struct direction up, down; /* up: from the client */
	uv_poll_t timer_poll;
	int timer;
	uint16_t port;    /* of the socket to the server; 0: not known */
	uint64_t open_us; /* when the emulated TCP handshake is over */
	unsigned handles; /* not closed yet */
	bool is_closing;
};

struct fr_relay {
	struct fr_loop *loop;            /* borrowed */
	struct fr_listen_port *listener; /* owned */
	struct fr_relay_lines *lines;    /* borrowed */
	struct sockaddr_storage to;
	struct pair *pairs;
	bool is_closed;
};

void fr_loopback_address(uint16_t port, struct sockaddr_storage *out)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	memset(out, 0, sizeof *out);
	memcpy(out, &in, sizeof in);
}

void fr_relay_lines_init(struct fr_relay_lines *lines, const struct fr_network *network,
                         uint64_t seed)
{
	lines->network = *network;
	lines->paths = NULL;
	fr_relay_lines_reset(lines, seed);
}

void fr_relay_lines_reset(struct fr_relay_lines *lines, uint64_t seed)
{
	const struct fr_network *n = &lines->network;

	lines->down = (struct fr_link_line){
		.rate_bps = (uint64_t)n->down_kbit * 1000, .loss = n->loss, .random = seed * 2};
	lines->up = (struct fr_link_line){
		.rate_bps = (uint64_t)n->up_kbit * 1000, .loss = n->loss, .random = seed * 2 + 1};
}

static uint64_t now_us(void)
{
	return uv_hrtime() / 1000;
}

static void maybe_free_relay(struct fr_relay *r)
{
	if (r->is_closed && !r->pairs)
		free(r);
}

/* --- the end of a pair --- */

static void direction_fini(struct direction *d)
{
	fr_link_model_fini(&d->link);
	fr_buf_fini(&d->under_way);
	fr_buf_fini(&d->arrived);
}

static void handle_closed(struct pair *p)
{
	if (--p->handles)
		return;
	if (p->relay->lines->paths)
		fr_relay_paths_drop(p->relay->lines->paths, p->port);
	close(p->timer);
	close(p->client.fd);
	close(p->server.fd);
	direction_fini(&p->up);
	direction_fini(&p->down);
	FR_LIST_REMOVE(p);
	maybe_free_relay(p->relay);
	free(p);
}

static void on_handle_closed(uv_handle_t *handle)
{
	handle_closed(handle->data);
}

static void on_end_closed(uv_handle_t *handle)
{
	struct end *e = handle->data;

	handle_closed(e->pair);
}

static void pair_close(struct pair *p)
{
	if (p->is_closing)
		return;
	p->is_closing = true;
	uv_close((uv_handle_t *)&p->client.poll, on_end_closed);
	uv_close((uv_handle_t *)&p->server.poll, on_end_closed);
	uv_close((uv_handle_t *)&p->timer_poll, on_handle_closed);
}

/* --- moving bytes --- */

static void deliver(struct direction *d, uint64_t now)
{
	size_t n = fr_link_model_deliver(&d->link, now);
	ssize_t sent = 0;

	/* the buffers' ceilings are beyond what the link holds */
	if (n && fr_buf_append(&d->arrived, fr_buf_data(&d->under_way), n) < 0) {
		pair_close(d->from->pair);
		return;
	}
	fr_buf_consume(&d->under_way, n);
	while (d->to->connected && fr_buf_len(&d->arrived)) {
		sent = send(d->to->fd, fr_buf_data(&d->arrived), fr_buf_len(&d->arrived),
		            MSG_NOSIGNAL);
		if (sent <= 0)
			break;
		fr_buf_consume(&d->arrived, (size_t)sent);
	}
	if (sent < 0 && errno != EAGAIN && errno != EINTR)
		pair_close(d->from->pair);
}

static bool may_take(struct direction *d, uint64_t now)
{
	return !d->from->is_ended && d->from->connected && fr_buf_len(&d->arrived) < UNREAD_BYTES &&
	       fr_link_model_room(&d->link, now) > 0;
}

static void take(struct direction *d, uint64_t now)
{
	while (may_take(d, now)) {
		size_t room = fr_link_model_room(&d->link, now);
		size_t most = room < READ_BYTES ? room : READ_BYTES;
		uint8_t *to = fr_buf_reserve(&d->under_way, most);
		ssize_t n = to ? recv(d->from->fd, to, most, 0) : -1;

		if (n > 0) {
			fr_buf_commit(&d->under_way, (size_t)n);
			fr_link_model_send(&d->link, now, (size_t)n);
			continue;
		}
		if (n == 0)
			d->from->is_ended = true;
		else if (!to || (errno != EAGAIN && errno != EINTR))
			pair_close(d->from->pair);
		return;
	}
}

static void pass_end(struct direction *d)
{
	if (!d->from->is_ended || d->to->is_shut || fr_buf_len(&d->under_way) ||
	    fr_buf_len(&d->arrived) || !d->to->connected)
		return;
	d->to->is_shut = true;
	(void)shutdown(d->to->fd, SHUT_WR);
}

static void on_end(uv_poll_t *poll, int status, int events);

static void watch(struct end *e, int events)
{
	if (e->events == events || e->pair->is_closing)
		return;
	e->events = events;
	if (events)
		(void)uv_poll_start(&e->poll, events, on_end);
	else
		(void)uv_poll_stop(&e->poll);
}

static void arm(struct pair *p, uint64_t at_us, uint64_t now)
{
	uint64_t in = at_us > now ? at_us - now : 1;
	struct itimerspec t = {.it_value = {.tv_sec = (time_t)(in / 1000000),
	                                    .tv_nsec = (long)(in % 1000000) * 1000}};

	if (at_us == UINT64_MAX)
		t = (struct itimerspec){0};
	(void)timerfd_settime(p->timer, 0, &t, NULL);
}

static void watch_both(struct pair *p, uint64_t now)
{
	struct direction *d[2] = {&p->up, &p->down};

	for (size_t i = 0; i < 2; i++) {
		struct end *e = d[i]->from;
		struct direction *back = d[1 - i];
		int events = may_take(d[i], now) ? UV_READABLE : 0;

		if (!e->connected || fr_buf_len(&back->arrived))
			events |= UV_WRITABLE;
		watch(e, events);
	}
}

static void tell(const struct pair *p)
{
	if (p->relay->lines->paths && p->port)
		fr_relay_paths_set(p->relay->lines->paths, p->port, p->server.fd, &p->down.link);
}

/* What is taken is in the socket or in the link for every reader, never in neither. */
static void take_down(struct pair *p, uint64_t now)
{
	struct fr_relay_paths *paths = p->port ? p->relay->lines->paths : NULL;

	if (paths)
		fr_relay_paths_freeze(paths);
	take(&p->down, now);
	if (paths)
		fr_relay_paths_thaw(paths, p->port, p->server.fd, &p->down.link);
}

static void pump(struct pair *p)
{
	uint64_t now = now_us(), next, other;

	if (p->is_closing)
		return;
	if (now < p->open_us) {
		watch(&p->client, 0);
		watch(&p->server, p->server.connected ? 0 : UV_WRITABLE);
		arm(p, p->open_us, now);
		return;
	}
	tell(p); /* before the server sees what arrives */
	deliver(&p->up, now);
	deliver(&p->down, now);
	take(&p->up, now);
	take_down(p, now);
	pass_end(&p->up);
	pass_end(&p->down);
	if (p->is_closing)
		return;
	if (p->client.is_shut && p->server.is_shut) {
		pair_close(p);
		return;
	}
	watch_both(p, now);
	next = fr_link_model_next(&p->up.link);
	other = fr_link_model_next(&p->down.link);
	arm(p, other < next ? other : next, now);
}

/* --- events --- */

static void on_end(uv_poll_t *poll, int status, int events)
{
	struct end *e = poll->data;
	int error = 0;
	socklen_t len = sizeof error;

	(void)events;
	if (!e->connected) {
		(void)getsockopt(e->fd, SOL_SOCKET, SO_ERROR, &error, &len);
		e->connected = status == 0 && error == 0;
	}
	if (!e->connected || (status < 0 && !e->is_ended))
		pair_close(e->pair);
	else
		pump(e->pair);
}

static void on_timer(uv_poll_t *poll, int status, int events)
{
	struct pair *p = poll->data;
	uint64_t times;

	(void)status;
	(void)events;
	if (read(p->timer, &times, sizeof times) == sizeof times)
		pump(p);
}

static void end_init(struct pair *p, struct end *e, int fd, bool connected)
{
	int one = 1;

	e->pair = p;
	e->fd = fd;
	e->connected = connected;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	FR_ASSERT(uv_poll_init(fr_loop_uv(p->relay->loop), &e->poll, fd) == 0);
	e->poll.data = e;
	p->handles++;
}

static void direction_init(struct direction *d, struct end *from, struct end *to,
                           struct fr_link_line *line, uint32_t rtt_ms)
{
	fr_link_model_init(&d->link, line, (uint64_t)rtt_ms * 500);
	fr_buf_init(&d->under_way, HELD_BYTES);
	fr_buf_init(&d->arrived, HELD_BYTES);
	d->from = from;
	d->to = to;
}

/* A socket that connects; -1: it cannot. */
static int begin_connect(const struct sockaddr_storage *to)
{
	int fd = socket(to->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int size = SOCKET_RECEIVE_BYTES, segment = FR_LINK_PACKET_BYTES;
	socklen_t len = to->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
	                                          : sizeof(struct sockaddr_in);

	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
	if (connect(fd, (const struct sockaddr *)to, len) < 0 && errno != EINPROGRESS) {
		close(fd);
		return -1;
	}
	return fd;
}

static uint16_t port_of(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} a = {0};
	socklen_t len = sizeof a;

	if (getsockname(fd, &a.any, &len) < 0)
		return 0;
	return ntohs(a.any.sa_family == AF_INET6 ? a.in6.sin6_port : a.in.sin_port);
}

static void on_accept(void *user, int fd)
{
	struct fr_relay *r = user;
	uint32_t rtt_ms = r->lines->network.rtt_ms;
	int server = begin_connect(&r->to);
	struct pair *p;

	if (server < 0) {
		close(fd);
		return;
	}
	p = fr_calloc(1, sizeof *p);
	p->relay = r;
	end_init(p, &p->client, fd, true);
	end_init(p, &p->server, server, false);
	direction_init(&p->up, &p->client, &p->server, &r->lines->up, rtt_ms);
	direction_init(&p->down, &p->server, &p->client, &r->lines->down, rtt_ms);
	p->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	FR_ASSERT(p->timer >= 0 &&
	          uv_poll_init(fr_loop_uv(r->loop), &p->timer_poll, p->timer) == 0);
	p->timer_poll.data = p;
	p->handles++;
	(void)uv_poll_start(&p->timer_poll, UV_READABLE, on_timer);
	p->port = port_of(server);
	tell(p);
	FR_LIST_PUSH(r->pairs, p);
	/* SYN and SYN-ACK: the first byte leaves a round trip after the connect */
	p->open_us = now_us() + (uint64_t)rtt_ms * 1000;
	pump(p);
}

int fr_relay_new(struct fr_loop *l, int listen_fd, const struct sockaddr_storage *to,
                 struct fr_relay_lines *lines, struct fr_relay **out)
{
	struct fr_relay *r = fr_calloc(1, sizeof *r);
	int rc;

	r->loop = l;
	r->lines = lines;
	r->to = *to;
	rc = fr_listen_port_new(l, listen_fd, on_accept, r, &r->listener);
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
