/* Accepts from one listening socket in bounded batches. */
#include "client/listener.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/timer.h"
#include "client/accept.h"
#include "exchange/worker.h"
#include "net/loop.h"

/* Connections taken in one turn from one socket: others get their turn. */
#define ACCEPT_BATCH 64
/* Out of descriptors: how long nothing is accepted. */
#define PAUSE_MS 100u
/* And how long nothing more is said of it. */
#define SILENT_MS 10000u

struct fr_listener {
	uv_poll_t poll;
	int fd;
	struct fr_clients *all;                  /* borrowed */
	const struct fr_config_listener *config; /* borrowed from the current generation */
	struct fr_listener *next;                /* owned by the worker's list */
	struct fr_timer pause;
	uint64_t silent_until_ms;
};

static void on_readable(uv_poll_t *poll, int status, int events);

static struct fr_loop *loop_of(const struct fr_listener *l)
{
	return l->all->worker->loop;
}

static void pause_over(struct fr_timer *t, void *user)
{
	struct fr_listener *l = user;

	(void)t;
	(void)uv_poll_start(&l->poll, UV_READABLE, on_readable);
}

static void out_of_descriptors(struct fr_listener *l)
{
	uint64_t now = fr_loop_now(loop_of(l));

	if (now >= l->silent_until_ms)
		FR_LOG(ERROR, "listener",
		       "%s: out of file descriptors; raise the limit (ulimit -n)", l->config->text);
	l->silent_until_ms = now + SILENT_MS;
	(void)uv_poll_stop(&l->poll);
	fr_loop_timer_set(loop_of(l), &l->pause, PAUSE_MS);
}

/* Returns false when nothing more waits. */
static bool accept_one(struct fr_listener *l)
{
	int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0) {
		fr_client_accept(l->all, fd, l->config);
		return true;
	}
	if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
		out_of_descriptors(l);
		return false;
	}
	/* a connection that was reset in the queue is no reason to stop */
	return errno == ECONNABORTED || errno == EINTR || errno == EPROTO;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct fr_listener *l = poll->data;

	(void)events;
	if (status < 0)
		return;
	for (int i = 0; i < ACCEPT_BATCH; i++)
		if (!accept_one(l))
			break;
}

struct fr_listener *fr_listener_new(struct fr_clients *all, int fd,
                                    const struct fr_config_listener *config)
{
	struct fr_listener *l = fr_calloc(1, sizeof *l);

	l->fd = fd;
	l->all = all;
	l->config = config;
	l->poll.data = l;
	fr_timer_init(&l->pause, pause_over, l);
	if (uv_poll_init(fr_loop_uv(loop_of(l)), &l->poll, fd) < 0) {
		FR_LOG(ERROR, "listener", "%s: worker %u cannot watch it", config->text,
		       all->worker->index);
		close(fd);
		free(l);
		return NULL;
	}
	(void)uv_poll_start(&l->poll, UV_READABLE, on_readable);
	l->next = all->listeners;
	all->listeners = l;
	return l;
}

void fr_listener_set_config(struct fr_listener *l, const struct fr_config_listener *config)
{
	l->config = config;
}

bool fr_listener_is(const struct fr_listener *l, const struct fr_config_listener *config)
{
	return l->config->tls == config->tls && strcmp(l->config->text, config->text) == 0;
}

bool fr_listener_is_admin(const struct fr_listener *l)
{
	return l->config->is_admin;
}

struct fr_listener *fr_listener_next(const struct fr_listener *l)
{
	return l->next;
}

static void on_closed(uv_handle_t *handle)
{
	struct fr_listener *l = handle->data;

	close(l->fd);
	free(l);
}

void fr_listener_close(struct fr_listener *l)
{
	struct fr_listener **at = &l->all->listeners;

	while (accept_one(l))
		;
	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	fr_loop_timer_stop(loop_of(l), &l->pause);
	uv_close((uv_handle_t *)&l->poll, on_closed);
}
