/* The proxy between edge and origin that delays requests for pages. */
#include "lab/profile/front.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/str.h"
#include "lab/network/port.h"
#include "net/transport.h"

struct link {                   /* one connection of the edge */
	struct fr_front *front; /* borrowed */
	struct link *next, **pprev;
	struct fr_transport *edge, *origin; /* owned until closed */
	struct fr_buf held;                 /* from the edge: the request that thinks */
	struct fr_timer think;
	bool is_thinking, is_closing, edge_ended;
	unsigned open;
};

struct fr_front {
	struct fr_loop *loop;            /* borrowed */
	struct fr_listen_port *listener; /* owned */
	struct sockaddr_storage origin;
	uint32_t think_ms;
	struct link *links;
	bool is_closed;
};

static void maybe_free(struct fr_front *f)
{
	if (f->is_closed && !f->links)
		free(f);
}

static void link_close(struct link *k)
{
	if (k->is_closing)
		return;
	k->is_closing = true;
	fr_loop_timer_stop(k->front->loop, &k->think);
	fr_transport_close(k->edge, false);
	fr_transport_close(k->origin, false);
}

static void on_closed(void *user)
{
	struct link *k = user;

	if (--k->open)
		return;
	fr_buf_fini(&k->held);
	FR_LIST_REMOVE(k);
	maybe_free(k->front);
	free(k);
}

static void pass(struct link *k, struct fr_transport *to, const void *data, size_t len)
{
	if (fr_buf_append(fr_transport_out(to), data, len) < 0)
		link_close(k);
	else
		fr_transport_flush(to);
}

static void release(struct link *k)
{
	k->is_thinking = false;
	pass(k, k->origin, fr_buf_data(&k->held), fr_buf_len(&k->held));
	fr_buf_clear(&k->held);
	if (k->edge_ended && !k->is_closing)
		fr_transport_end_output(k->origin);
}

static void on_thought(struct fr_timer *t, void *user)
{
	(void)t;
	release(user);
}

/* Does a request for a page begin here? */
static bool is_page(const uint8_t *data, size_t len)
{
	struct fr_str head = fr_str_make((const char *)data, len);

	if (!fr_str_starts(head, FR_STR("GET ")))
		return false;
	for (size_t i = 0; i + 1 < head.len; i++)
		if (head.p[i] == '\n' &&
		    fr_str_istarts(fr_str_sub(head, i + 1, head.len), FR_STR("accept:")))
			return fr_str_istarts(
				fr_str_trim(fr_str_sub(head, i + 1 + strlen("accept:"), head.len)),
				FR_STR("text/html"));
	return false;
}

static void edge_data(void *user, const uint8_t *data, size_t len)
{
	struct link *k = user;

	if (k->is_closing)
		return;
	if (!k->is_thinking && k->front->think_ms && is_page(data, len)) {
		k->is_thinking = true;
		fr_loop_timer_set(k->front->loop, &k->think, k->front->think_ms);
	}
	if (!k->is_thinking)
		pass(k, k->origin, data, len);
	else if (fr_buf_append(&k->held, data, len) < 0)
		link_close(k);
}

static void origin_data(void *user, const uint8_t *data, size_t len)
{
	struct link *k = user;

	if (k->is_closing)
		return;
	pass(k, k->edge, data, len);
	/* the edge takes less than the origin gives */
	if (fr_transport_backlog(k->edge) > FR_FRONT_HELD_BYTES / 4)
		fr_transport_pause(k->origin);
}

static void edge_drained(void *user)
{
	struct link *k = user;

	if (!k->is_closing)
		fr_transport_resume(k->origin);
}

static void edge_eof(void *user)
{
	struct link *k = user;

	k->edge_ended = true;
	if (!k->is_thinking && !k->is_closing)
		fr_transport_end_output(k->origin);
}

static void origin_eof(void *user)
{
	struct link *k = user;

	if (k->is_closing)
		return;
	/* what the edge has not read yet still goes out */
	k->is_closing = true;
	fr_loop_timer_stop(k->front->loop, &k->think);
	fr_transport_finish(k->edge, 1000);
	fr_transport_close(k->origin, false);
}

static void on_failed(void *user, int err)
{
	(void)err;
	link_close(user);
}

static void nothing(void *user)
{
	(void)user;
}

static const struct fr_transport_handler edge_handler = {.on_open = nothing,
                                                         .on_data = edge_data,
                                                         .on_eof = edge_eof,
                                                         .on_drained = edge_drained,
                                                         .on_failed = on_failed,
                                                         .on_closed = on_closed};
static const struct fr_transport_handler origin_handler = {.on_open = nothing,
                                                           .on_data = origin_data,
                                                           .on_eof = origin_eof,
                                                           .on_drained = nothing,
                                                           .on_failed = on_failed,
                                                           .on_closed = on_closed};

static void on_accept(void *user, int fd)
{
	struct fr_front *f = user;
	struct link *k = fr_calloc(1, sizeof *k);

	k->front = f;
	fr_buf_init(&k->held, FR_FRONT_HELD_BYTES);
	fr_timer_init(&k->think, on_thought, k);
	FR_LIST_PUSH(f->links, k);
	k->open = 2;
	k->origin = fr_transport_connect(f->loop, (const struct sockaddr *)&f->origin, NULL,
	                                 "origin", FR_FRONT_HELD_BYTES, &origin_handler, k);
	FR_ASSERT(fr_transport_accept(f->loop, fd, false, NULL, FR_FRONT_HELD_BYTES, &edge_handler,
	                              k, &k->edge) == 0);
}

int fr_front_new(struct fr_loop *l, int listen_fd, const struct sockaddr_storage *origin,
                 uint32_t think_ms, struct fr_front **out)
{
	struct fr_front *f = fr_calloc(1, sizeof *f);
	int rc;

	f->loop = l;
	f->origin = *origin;
	f->think_ms = think_ms;
	rc = fr_listen_port_new(l, listen_fd, on_accept, f, &f->listener);
	if (rc < 0) {
		free(f);
		return rc;
	}
	*out = f;
	return 0;
}

uint16_t fr_front_port(const struct fr_front *f)
{
	return fr_listen_port_number(f->listener);
}

void fr_front_close(struct fr_front **fp)
{
	struct fr_front *f = *fp;

	if (!f)
		return;
	*fp = NULL;
	fr_listen_port_close(&f->listener);
	f->is_closed = true;
	for (struct link *k = f->links, *next; k; k = next) {
		next = k->next;
		link_close(k);
	}
	maybe_free(f);
}
