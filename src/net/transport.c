/* A socket with or without TLS: accept, connect, states and closing. transport_io.c
 * reads and writes. */
#include "net/transport.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/tcp_path.h"
#include "net/transport_priv.h"

static const uint8_t allowed[] = {
	[FR_TRANSPORT_CONNECTING] = FR_BIT(FR_TRANSPORT_HANDSHAKE) | FR_BIT(FR_TRANSPORT_OPEN) |
                                    FR_BIT(FR_TRANSPORT_CLOSING),
	[FR_TRANSPORT_HEADER] = FR_BIT(FR_TRANSPORT_HANDSHAKE) | FR_BIT(FR_TRANSPORT_OPEN) |
                                FR_BIT(FR_TRANSPORT_CLOSING),
	[FR_TRANSPORT_HANDSHAKE] = FR_BIT(FR_TRANSPORT_OPEN) | FR_BIT(FR_TRANSPORT_CLOSING),
	[FR_TRANSPORT_OPEN] = FR_BIT(FR_TRANSPORT_FINISHING) | FR_BIT(FR_TRANSPORT_CLOSING),
	[FR_TRANSPORT_FINISHING] = FR_BIT(FR_TRANSPORT_CLOSING),
	[FR_TRANSPORT_CLOSING] = 0,
};

void fr_transport_set_state(struct fr_transport *s, enum fr_transport_state to)
{
	FR_ASSERT(allowed[s->state] & FR_BIT(to));
	s->state = to;
}

struct fr_transport *fr_transport_of(void *data)
{
	struct fr_transport *s = data;

	FR_ASSERT(s && s->magic == FR_TRANSPORT_MAGIC);
	return s;
}

static void report_failure(void *user)
{
	struct fr_transport *s = fr_transport_of(user);

	if (s->state == FR_TRANSPORT_CLOSING || !s->failure)
		return;
	if (s->state == FR_TRANSPORT_FINISHING)
		fr_transport_close(s, false);
	else
		s->h->on_failed(s->user, s->failure);
}

void fr_transport_fail(struct fr_transport *s, int err, const char *text)
{
	if (s->state == FR_TRANSPORT_CLOSING || s->failure)
		return;
	s->failure = err;
	(void)snprintf(s->error, sizeof s->error, "%s", text);
	(void)uv_read_stop(&s->uv.stream);
	fr_loop_flush_later(s->loop, &s->fail_task);
}

/* A server may answer before it has the whole request, and close: that answer waits to be read
 * when writing fails. What ends the stream is what reading finds after it. */
void fr_transport_fail_output(struct fr_transport *s, int err)
{
	bool may_have_spoken = !s->is_accepted && s->state == FR_TRANSPORT_OPEN && !s->got_eof &&
	                       (err == UV_EPIPE || err == UV_ECONNRESET);

	if (!may_have_spoken) {
		fr_transport_fail(s, FR_ERR_CLOSED, uv_strerror(err));
		return;
	}
	s->is_deaf = true;
	fr_buf_clear(&s->out);
	fr_buf_clear(&s->wire);
}

/* --- opening and freeing --- */

static void on_closed(uv_handle_t *handle)
{
	struct fr_transport *s = fr_transport_of(handle->data);

	if (s->h)
		s->h->on_closed(s->user);
	fr_tls_free(&s->tls);
	fr_buf_fini(&s->out);
	fr_buf_fini(&s->wire);
	s->magic = 0;
	free(s);
}

static void close_handle(void *user)
{
	struct fr_transport *s = fr_transport_of(user);

	uv_close(&s->uv.handle, on_closed);
}

/* s: zeroed memory, of its own from now on. */
static void stream_init(struct fr_transport *s, struct fr_loop *l, size_t output_bytes,
                        const struct fr_transport_handler *h, void *user)
{
	s->magic = FR_TRANSPORT_MAGIC;
	s->loop = l;
	s->h = h;
	s->user = user;
	s->write.data = s->connect.data = s->shutdown.data = s;
	s->fail_task = (struct fr_task){.run = report_failure, .user = s};
	s->close_task = (struct fr_task){.run = close_handle, .user = s};
	s->gather = (struct fr_recheck){.run = fr_transport_end_gathering, .user = s};
	s->chunk_bytes = FIRST_CHUNK_BYTES;
	s->small_record_bytes = SMALL_RECORD_BYTES;
	fr_buf_init_pooled(&s->out, output_bytes, fr_loop_buf_pool(l));
}

static void linger_due(struct fr_timer *t, void *user)
{
	(void)t;
	fr_transport_close(fr_transport_of(user), false);
}

static void init_handle(struct fr_transport *s, bool is_unix, bool tls)
{
	s->is_unix = is_unix;
	if (is_unix)
		(void)uv_pipe_init(fr_loop_uv(s->loop), &s->uv.pipe, 0);
	else
		(void)uv_tcp_init(fr_loop_uv(s->loop), &s->uv.tcp);
	s->uv.handle.data = s;
	fr_timer_init(&s->linger, linger_due, s);
	/* plain: the two buffers change places, so they have one ceiling */
	fr_buf_init_pooled(&s->wire, tls ? WIRE_BYTES : s->out.max_bytes, s->out.pool);
}

void fr_transport_set_lowat(struct fr_transport *s, int bytes)
{
	if (s->lowat_bytes == bytes)
		return;
	s->lowat_bytes = bytes;
	(void)setsockopt(s->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof bytes);
}

void fr_transport_set_nodelay(struct fr_transport *s)
{
	int one = 1;

	(void)setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

/* Best effort: a socket without these only works less well. */
static void tune(struct fr_transport *s)
{
	fr_transport_set_nodelay(s);
	fr_transport_set_lowat(s, NOTSENT_LOWAT_SLOW_BYTES); /* until more is known of the path */
}

int fr_transport_accept(struct fr_loop *l, int fd, bool is_unix, struct fr_tls_server *tls,
                        size_t output_bytes, const struct fr_transport_handler *h, void *user,
                        struct fr_transport **out)
{
	struct fr_transport *s = fr_try_calloc(1, sizeof *s);
	int rc;

	if (!s) {
		close(fd);
		return FR_ERR_NOMEM;
	}
	stream_init(s, l, output_bytes, h, user);
	s->is_accepted = true;
	init_handle(s, is_unix, tls != NULL);
	rc = is_unix ? uv_pipe_open(&s->uv.pipe, fd) : uv_tcp_open(&s->uv.tcp, fd);
	if (rc < 0) {
		close(fd);
		s->state = FR_TRANSPORT_OPEN;
		s->h = NULL;
		fr_transport_close(s, false);
		return FR_ERR_IO;
	}
	s->fd = fd;
	if (!is_unix)
		tune(s);
	s->state = h->on_header ? FR_TRANSPORT_HEADER
	           : tls        ? FR_TRANSPORT_HANDSHAKE
	                        : FR_TRANSPORT_OPEN;
	if (tls)
		s->tls = fr_tls_accept(tls, &s->wire);
	if (tls && !s->tls) {
		s->h = NULL;
		fr_transport_close(s, false);
		return FR_ERR_NOMEM;
	}
	*out = s;
	fr_transport_read_start(s);
	if (s->state == FR_TRANSPORT_OPEN)
		h->on_open(user);
	return 0;
}

static void connect_done(uv_connect_t *req, int status)
{
	struct fr_transport *s = fr_transport_of(req->data);
	uv_os_fd_t fd;

	if (s->state == FR_TRANSPORT_CLOSING)
		return;
	if (status < 0) {
		fr_transport_fail(s, FR_ERR_CONNECT, uv_strerror(status));
		return;
	}
	if (uv_fileno(&s->uv.handle, &fd) < 0) {
		fr_transport_fail(s, FR_ERR_CONNECT, "no descriptor");
		return;
	}
	s->fd = fd;
	tune(s);
	if (!s->tls) {
		fr_transport_now_open(s);
		if (s->state == FR_TRANSPORT_OPEN && !s->is_paused)
			fr_transport_read_start(s);
		return;
	}
	fr_transport_set_state(s, FR_TRANSPORT_HANDSHAKE);
	fr_transport_read_start(s);
	fr_transport_read_tls(s);
}

struct fr_transport *fr_transport_connect(struct fr_loop *l, const struct sockaddr *addr,
                                          struct fr_tls_client *tls, const char *host,
                                          size_t output_bytes, const struct fr_transport_handler *h,
                                          void *user)
{
	struct fr_transport *s = fr_calloc(1, sizeof *s);
	int rc;

	stream_init(s, l, output_bytes, h, user);
	s->state = FR_TRANSPORT_CONNECTING;
	init_handle(s, false, tls != NULL);
	if (tls)
		s->tls = fr_tls_connect(tls, host, &s->wire);
	if (tls && !s->tls) {
		fr_transport_fail(s, FR_ERR_TLS, "out of memory");
		return s;
	}
	rc = uv_tcp_connect(&s->connect, &s->uv.tcp, addr, connect_done);
	if (rc < 0)
		fr_transport_fail(s, FR_ERR_CONNECT, uv_strerror(rc));
	return s;
}

/* --- closing --- */

void fr_transport_close(struct fr_transport *s, bool reset)
{
	if (s->state == FR_TRANSPORT_CLOSING)
		return;
	if (reset && !s->is_unix && s->state != FR_TRANSPORT_CONNECTING) {
		struct linger l = {.l_onoff = 1, .l_linger = 0};
		uv_os_fd_t fd;

		if (uv_fileno(&s->uv.handle, &fd) == 0)
			(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
	}
	fr_transport_set_state(s, FR_TRANSPORT_CLOSING);
	fr_loop_timer_stop(s->loop, &s->linger);
	fr_recheck_stop(&s->gather);
	/* Not uv_close at once: the failure report may still be queued for the end
	 * of this turn, and libuv would free us before. Release tasks come last. */
	fr_loop_release_later(s->loop, &s->close_task);
}

static void shutdown_done(uv_shutdown_t *req, int status)
{
	struct fr_transport *s = fr_transport_of(req->data);

	if (s->state != FR_TRANSPORT_FINISHING)
		return;
	if (status < 0 || s->got_eof)
		fr_transport_close(s, false);
	else
		fr_loop_timer_set(s->loop, &s->linger, FR_TRANSPORT_LINGER_MS);
}

void fr_transport_end_step(struct fr_transport *s)
{
	if (s->tls && !s->sent_close_notify) {
		s->sent_close_notify = true;
		fr_tls_shutdown(s->tls);
		fr_transport_send_output(s);
		if (s->failure || s->is_writing)
			return;
	}
	if (uv_shutdown(&s->shutdown, &s->uv.stream, shutdown_done) < 0 &&
	    s->state == FR_TRANSPORT_FINISHING)
		fr_transport_close(s, false);
}

void fr_transport_end_output(struct fr_transport *s)
{
	if (s->is_ending || s->state != FR_TRANSPORT_OPEN || s->failure)
		return;
	fr_transport_send_output(s);
	s->is_ending = true;
	if (!s->is_writing && !s->failure)
		fr_transport_end_step(s);
}

void fr_transport_finish(struct fr_transport *s, uint64_t flush_ms)
{
	bool was_ending = s->is_ending;

	if (s->state == FR_TRANSPORT_FINISHING || s->state == FR_TRANSPORT_CLOSING)
		return;
	fr_transport_end_output(s);
	if (s->state != FR_TRANSPORT_OPEN || s->failure) {
		fr_transport_close(s, false);
		return;
	}
	fr_transport_set_state(s, FR_TRANSPORT_FINISHING);
	if (s->got_eof && was_ending) {
		fr_transport_close(s, false);
		return;
	}
	if (s->is_paused && !s->got_eof)
		fr_transport_read_start(s);
	fr_loop_timer_set(s->loop, &s->linger, flush_ms + FR_TRANSPORT_LINGER_MS);
}

bool fr_transport_is_open(const struct fr_transport *s)
{
	return s->state == FR_TRANSPORT_OPEN && !s->failure && !s->is_deaf;
}

struct fr_tls *fr_transport_tls(struct fr_transport *s)
{
	return s->tls;
}

void fr_transport_set_path_source(struct fr_transport *s, const struct fr_path_source *source,
                                  uint16_t peer_port)
{
	s->path_source = source;
	s->peer_port = peer_port;
}

int fr_transport_path(const struct fr_transport *s, struct fr_path *out)
{
	struct fr_path path;

	if (s->is_unix || s->state == FR_TRANSPORT_CONNECTING || s->state == FR_TRANSPORT_CLOSING)
		return FR_ERR_UNSUPPORTED;
	if (fr_tcp_path(s->fd, &path) < 0)
		return FR_ERR_IO;
	if (s->path_source)
		s->path_source->adjust(s->path_source->user, s->peer_port, &path);
	path.unsent_bytes += fr_transport_backlog(s);
	*out = path;
	return 0;
}

const char *fr_transport_error_text(const struct fr_transport *s)
{
	return s->error[0] ? s->error : "no error";
}

bool fr_transport_eof_is_clean(const struct fr_transport *s)
{
	return !s->tls || s->got_close_notify;
}
