#include "net/stream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "base/log.h"
#include "base/mem.h"

/* While the congestion window is small a TLS record must not span packets: a
 * record is of no use before its last byte came. */
#define SMALL_RECORD_BYTES 1300u
#define SMALL_RECORDS_UNTIL 65536u /* bytes sent since the connection was idle */
#define RECORD_IDLE_MS 1000u
/* Plain bytes that are encrypted ahead of what the socket has taken. */
#define ENCRYPT_AHEAD_BYTES 65536u
/* Room for what TLS adds to that: records of SMALL_RECORD_BYTES, 29 bytes each,
 * handshake messages, alerts. */
#define WIRE_BYTES (ENCRYPT_AHEAD_BYTES + 32768u)
/* Bytes in the kernel that were not sent yet: more would only delay what
 * becomes more urgent later (design, "never far ahead of the network"). */
#define NOTSENT_LOWAT_BYTES 16384

enum state {
	CONNECTING, /* TCP connect under way */
	HANDSHAKE,  /* TLS handshake under way */
	OPEN,       /* owner reads and writes */
	FINISHING,  /* output is sent, then FIN; input discarded */
	CLOSING     /* uv_close called; on_closed to come */
};

static const uint8_t allowed[] = {
	[CONNECTING] = FR_BIT(HANDSHAKE) | FR_BIT(OPEN) | FR_BIT(CLOSING),
	[HANDSHAKE] = FR_BIT(OPEN) | FR_BIT(CLOSING),
	[OPEN] = FR_BIT(FINISHING) | FR_BIT(CLOSING),
	[FINISHING] = FR_BIT(CLOSING),
	[CLOSING] = 0,
};

#define MAGIC 0x73747265u

struct fr_stream {
	uint32_t magic;
	enum state state;
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	} uv;
	struct fr_loop *loop; /* borrowed */
	const struct fr_stream_handler *h;
	void *user;         /* borrowed */
	struct fr_tls *tls; /* owned; NULL: plain */
	struct fr_buf out;  /* plain bytes from the owner */
	struct fr_buf wire; /* bytes on their way to the socket; untouched while is_writing */
	uv_write_t write;
	uv_connect_t connect;
	uv_shutdown_t shutdown;
	struct fr_timer linger;
	struct fr_task fail_task; /* reports a failure at the turn's end */
	struct fr_task close_task;
	int failure;     /* what to report; 0: none */
	bool is_writing; /* uv_write under way */
	bool is_unix;
	bool is_paused; /* the owner wants no input */
	bool got_eof;
	bool got_close_notify;
	bool is_ending; /* when the output has been taken, our side ends */
	bool sent_close_notify;
	uint64_t record_sent_bytes; /* since idle: sizes TLS records */
	uint64_t last_write_ms;
	char error[128];
};

static void set_state(struct fr_stream *s, enum state to)
{
	FR_ASSERT(allowed[s->state] & FR_BIT(to));
	s->state = to;
}

static struct fr_stream *of(void *data)
{
	struct fr_stream *s = data;

	FR_ASSERT(s && s->magic == MAGIC);
	return s;
}

static void report_failure(void *user)
{
	struct fr_stream *s = of(user);

	if (s->state == CLOSING || !s->failure)
		return;
	if (s->state == FINISHING)
		fr_stream_close(s, false);
	else
		s->h->on_failed(s->user, s->failure);
}

/* At the end of the turn, so that no owner meets it within a call of its own. */
static void fail(struct fr_stream *s, int err, const char *text)
{
	if (s->state == CLOSING || s->failure)
		return;
	s->failure = err;
	(void)snprintf(s->error, sizeof s->error, "%s", text);
	(void)uv_read_stop(&s->uv.stream);
	fr_loop_flush_later(s->loop, &s->fail_task);
}

/* --- writing --- */

static void write_done(uv_write_t *req, int status);

static size_t record_bytes(struct fr_stream *s)
{
	uint64_t now = fr_loop_now(s->loop);

	if (now - s->last_write_ms > RECORD_IDLE_MS)
		s->record_sent_bytes = 0;
	s->last_write_ms = now;
	return s->record_sent_bytes < SMALL_RECORDS_UNTIL ? SMALL_RECORD_BYTES : 0;
}

/* Moves plain output into the wire buffer, encrypted. */
static int encrypt(struct fr_stream *s)
{
	while (fr_buf_len(&s->out) && fr_buf_len(&s->wire) < ENCRYPT_AHEAD_BYTES) {
		size_t n = fr_buf_len(&s->out), max = record_bytes(s);
		size_t room = ENCRYPT_AHEAD_BYTES - fr_buf_len(&s->wire);
		int rc;

		if (max && n > SMALL_RECORDS_UNTIL - s->record_sent_bytes)
			n = (size_t)(SMALL_RECORDS_UNTIL - s->record_sent_bytes);
		if (n > room)
			n = room;
		rc = fr_tls_write(s->tls, fr_buf_data(&s->out), n, max);
		if (rc < 0)
			return rc;
		s->record_sent_bytes += n;
		fr_buf_consume(&s->out, n);
	}
	return 0;
}

/* Hands the wire buffer to the kernel; what it does not take waits for it. */
static int write_wire(struct fr_stream *s)
{
	uv_buf_t b = uv_buf_init((char *)(uintptr_t)fr_buf_data(&s->wire),
	                         (unsigned)fr_buf_len(&s->wire));
	int n = uv_try_write(&s->uv.stream, &b, 1);

	if (n < 0 && n != UV_EAGAIN)
		return n;
	if (n > 0)
		fr_buf_consume(&s->wire, (size_t)n);
	if (fr_buf_len(&s->wire) == 0)
		return 0;
	b = uv_buf_init((char *)(uintptr_t)fr_buf_data(&s->wire), (unsigned)fr_buf_len(&s->wire));
	n = uv_write(&s->write, &s->uv.stream, &b, 1, write_done);
	if (n < 0)
		return n;
	s->is_writing = true;
	return 0;
}

static void swap_buffers(struct fr_stream *s)
{
	struct fr_buf t = s->wire;

	s->wire = s->out;
	s->out = t;
	s->out.max_bytes = s->wire.max_bytes;
}

static void send_output(struct fr_stream *s)
{
	int rc;

	while (!s->is_writing && (fr_buf_len(&s->out) || fr_buf_len(&s->wire))) {
		if (s->tls && s->state != HANDSHAKE) {
			rc = encrypt(s);
			if (rc < 0) {
				fail(s, FR_ERR_TLS, "cannot encrypt");
				return;
			}
		} else if (!s->tls && fr_buf_len(&s->wire) == 0) {
			swap_buffers(s);
		}
		if (fr_buf_len(&s->wire) == 0)
			return;
		rc = write_wire(s);
		if (rc < 0) {
			fail(s, FR_ERR_CLOSED, uv_strerror(rc));
			return;
		}
	}
}

static void end_step(struct fr_stream *s);

static void write_done(uv_write_t *req, int status)
{
	struct fr_stream *s = of(req->data);

	s->is_writing = false;
	if (s->state == CLOSING)
		return;
	if (status < 0) {
		fail(s, FR_ERR_CLOSED, uv_strerror(status));
		return;
	}
	fr_buf_clear(&s->wire);
	send_output(s);
	if (s->is_writing || s->failure)
		return;
	if (s->is_ending)
		end_step(s);
	else if (s->state == OPEN)
		s->h->on_drained(s->user);
}

void fr_stream_flush(struct fr_stream *s)
{
	if (s->state == OPEN && !s->failure)
		send_output(s);
}

struct fr_buf *fr_stream_out(struct fr_stream *s)
{
	return &s->out;
}

size_t fr_stream_backlog(const struct fr_stream *s)
{
	return fr_buf_len(&s->out) + fr_buf_len(&s->wire);
}

void fr_stream_trim(struct fr_stream *s)
{
	fr_buf_trim(&s->out);
	if (!s->is_writing)
		fr_buf_trim(&s->wire);
}

/* --- reading --- */

static void now_open(struct fr_stream *s)
{
	set_state(s, OPEN);
	s->h->on_open(s->user);
}

/* Plaintext until TLS has no more; the owner may close or finish meanwhile. */
static void read_tls(struct fr_stream *s)
{
	uint8_t *plain = fr_loop_plain_buffer(s->loop);
	int64_t n;

	if (s->state == HANDSHAKE) {
		int rc = fr_tls_handshake(s->tls);

		send_output(s);
		if (rc == FR_ERR_AGAIN)
			return;
		if (rc < 0) {
			fail(s, FR_ERR_TLS, fr_tls_error_text(s->tls));
			return;
		}
		now_open(s);
	}
	while (s->state == OPEN || s->state == FINISHING) {
		n = fr_tls_read(s->tls, plain, FR_READ_BYTES);
		if (n == FR_ERR_AGAIN)
			break;
		if (n < 0) {
			fail(s, FR_ERR_TLS, fr_tls_error_text(s->tls));
			return;
		}
		if (n == 0) {
			s->got_close_notify = true;
			if (!s->got_eof && s->state == OPEN) {
				s->got_eof = true;
				s->h->on_eof(s->user);
			}
			break;
		}
		if (s->state == OPEN)
			s->h->on_data(s->user, plain, (size_t)n);
	}
	/* TLS may have answered (KeyUpdate, alerts) */
	if (s->state == OPEN && fr_buf_len(&s->wire) && !s->is_writing)
		send_output(s);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct fr_stream *s = of(handle->data);

	(void)suggested;
	*buf = uv_buf_init((char *)fr_loop_read_buffer(s->loop), FR_READ_BYTES);
}

static void handle_eof(struct fr_stream *s)
{
	if (s->state == FINISHING) {
		fr_stream_close(s, false);
	} else if (s->state == HANDSHAKE) {
		fail(s, FR_ERR_CLOSED, "connection closed during the TLS handshake");
	} else if (!s->got_eof) {
		s->got_eof = true;
		(void)uv_read_stop(&s->uv.stream);
		s->h->on_eof(s->user);
	}
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct fr_stream *s = of(stream->data);

	if (s->state == CLOSING || s->failure || n == 0)
		return;
	if (n == UV_EOF) {
		handle_eof(s);
	} else if (n < 0) {
		fail(s, FR_ERR_CLOSED, uv_strerror((int)n));
	} else if (s->tls) {
		fr_tls_feed(s->tls, (const uint8_t *)buf->base, (size_t)n);
		read_tls(s);
	} else if (s->state == OPEN) {
		s->h->on_data(s->user, (const uint8_t *)buf->base, (size_t)n);
	}
}

static void read_start(struct fr_stream *s)
{
	int rc = uv_read_start(&s->uv.stream, on_alloc, on_read);

	if (rc < 0 && rc != UV_EALREADY)
		fail(s, FR_ERR_CLOSED, uv_strerror(rc));
}

void fr_stream_pause(struct fr_stream *s)
{
	if (s->is_paused)
		return;
	s->is_paused = true;
	if (s->state == OPEN)
		(void)uv_read_stop(&s->uv.stream);
}

void fr_stream_resume(struct fr_stream *s)
{
	if (!s->is_paused)
		return;
	s->is_paused = false;
	if (s->state == OPEN && !s->got_eof && !s->failure)
		read_start(s);
}

/* --- opening and freeing --- */

static void on_closed(uv_handle_t *handle)
{
	struct fr_stream *s = of(handle->data);

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
	struct fr_stream *s = of(user);

	uv_close(&s->uv.handle, on_closed);
}

static struct fr_stream *stream_new(struct fr_loop *l, size_t output_bytes,
                                    const struct fr_stream_handler *h, void *user)
{
	struct fr_stream *s = fr_calloc(1, sizeof *s);

	s->magic = MAGIC;
	s->loop = l;
	s->h = h;
	s->user = user;
	s->write.data = s->connect.data = s->shutdown.data = s;
	s->fail_task = (struct fr_task){.run = report_failure, .user = s};
	s->close_task = (struct fr_task){.run = close_handle, .user = s};
	fr_buf_init(&s->out, output_bytes);
	return s;
}

static void linger_due(struct fr_timer *t, void *user)
{
	(void)t;
	fr_stream_close(of(user), false);
}

static void init_handle(struct fr_stream *s, bool is_unix, bool tls)
{
	s->is_unix = is_unix;
	if (is_unix)
		(void)uv_pipe_init(fr_loop_uv(s->loop), &s->uv.pipe, 0);
	else
		(void)uv_tcp_init(fr_loop_uv(s->loop), &s->uv.tcp);
	s->uv.handle.data = s;
	fr_timer_init(&s->linger, linger_due, s);
	/* plain: the two buffers change places, so they have one ceiling */
	fr_buf_init(&s->wire, tls ? WIRE_BYTES : s->out.max_bytes);
}

static void tune(int fd)
{
	int one = 1, lowat = NOTSENT_LOWAT_BYTES;

	/* best effort: a socket without these only works less well */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &lowat, sizeof lowat);
}

int fr_stream_accept(struct fr_loop *l, int fd, bool is_unix, struct fr_tls_server *tls,
                     size_t output_bytes, const struct fr_stream_handler *h, void *user,
                     struct fr_stream **out)
{
	struct fr_stream *s = stream_new(l, output_bytes, h, user);
	int rc;

	init_handle(s, is_unix, tls != NULL);
	rc = is_unix ? uv_pipe_open(&s->uv.pipe, fd) : uv_tcp_open(&s->uv.tcp, fd);
	if (rc < 0) {
		close(fd);
		s->state = OPEN;
		s->h = NULL;
		fr_stream_close(s, false);
		return FR_ERR_IO;
	}
	if (!is_unix)
		tune(fd);
	if (tls) {
		s->tls = fr_tls_accept(tls, &s->wire);
		s->state = HANDSHAKE;
	} else {
		s->state = OPEN;
	}
	*out = s;
	read_start(s);
	if (s->state == OPEN)
		h->on_open(user);
	return 0;
}

static void connect_done(uv_connect_t *req, int status)
{
	struct fr_stream *s = of(req->data);
	uv_os_fd_t fd;

	if (s->state == CLOSING)
		return;
	if (status < 0) {
		fail(s, FR_ERR_CONNECT, uv_strerror(status));
		return;
	}
	if (!s->is_unix && uv_fileno(&s->uv.handle, &fd) == 0)
		tune(fd);
	if (!s->tls) {
		now_open(s);
		if (s->state == OPEN && !s->is_paused)
			read_start(s);
		return;
	}
	set_state(s, HANDSHAKE);
	read_start(s);
	read_tls(s);
}

struct fr_stream *fr_stream_connect(struct fr_loop *l, const struct sockaddr *addr,
                                    struct fr_tls_client *tls, const char *host,
                                    size_t output_bytes, const struct fr_stream_handler *h,
                                    void *user)
{
	struct fr_stream *s = stream_new(l, output_bytes, h, user);
	int rc;

	s->state = CONNECTING;
	init_handle(s, false, tls != NULL);
	if (tls)
		s->tls = fr_tls_connect(tls, host, &s->wire);
	rc = uv_tcp_connect(&s->connect, &s->uv.tcp, addr, connect_done);
	if (rc < 0)
		fail(s, FR_ERR_CONNECT, uv_strerror(rc));
	return s;
}

void fr_stream_set_handler(struct fr_stream *s, const struct fr_stream_handler *h, void *user)
{
	s->h = h;
	s->user = user;
}

/* --- closing --- */

void fr_stream_close(struct fr_stream *s, bool reset)
{
	if (s->state == CLOSING)
		return;
	if (reset && !s->is_unix && s->state != CONNECTING) {
		struct linger l = {.l_onoff = 1, .l_linger = 0};
		uv_os_fd_t fd;

		if (uv_fileno(&s->uv.handle, &fd) == 0)
			(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
	}
	set_state(s, CLOSING);
	fr_loop_timer_stop(s->loop, &s->linger);
	/* Not uv_close at once: the failure report may still be queued for the end
	 * of this turn, and libuv would free us before. Release tasks come last. */
	fr_loop_release_later(s->loop, &s->close_task);
}

static void shutdown_done(uv_shutdown_t *req, int status)
{
	struct fr_stream *s = of(req->data);

	if (s->state != FINISHING)
		return;
	if (status < 0 || s->got_eof)
		fr_stream_close(s, false);
	else
		fr_loop_timer_set(s->loop, &s->linger, FR_STREAM_LINGER_MS);
}

/* The output has been taken: close_notify, then FIN. */
static void end_step(struct fr_stream *s)
{
	if (s->tls && !s->sent_close_notify) {
		s->sent_close_notify = true;
		fr_tls_shutdown(s->tls);
		send_output(s);
		if (s->failure || s->is_writing)
			return;
	}
	if (uv_shutdown(&s->shutdown, &s->uv.stream, shutdown_done) < 0 && s->state == FINISHING)
		fr_stream_close(s, false);
}

void fr_stream_end_output(struct fr_stream *s)
{
	if (s->is_ending || s->state != OPEN || s->failure)
		return;
	send_output(s);
	s->is_ending = true;
	if (!s->is_writing && !s->failure)
		end_step(s);
}

void fr_stream_finish(struct fr_stream *s, uint64_t flush_ms)
{
	bool was_ending = s->is_ending;

	if (s->state == FINISHING || s->state == CLOSING)
		return;
	fr_stream_end_output(s);
	if (s->state != OPEN || s->failure) {
		fr_stream_close(s, false);
		return;
	}
	set_state(s, FINISHING);
	if (s->got_eof && was_ending) {
		fr_stream_close(s, false);
		return;
	}
	if (s->is_paused && !s->got_eof)
		read_start(s);
	fr_loop_timer_set(s->loop, &s->linger, flush_ms + FR_STREAM_LINGER_MS);
}

bool fr_stream_is_open(const struct fr_stream *s)
{
	return s->state == OPEN && !s->failure;
}

struct fr_tls *fr_stream_tls(struct fr_stream *s)
{
	return s->tls;
}

void fr_stream_peer(const struct fr_stream *s, char *out, size_t cap, uint16_t *port)
{
	struct sockaddr_storage ss;
	int len = sizeof ss;

	*port = 0;
	if (s->is_unix || uv_tcp_getpeername(&s->uv.tcp, (struct sockaddr *)&ss, &len) < 0) {
		(void)snprintf(out, cap, "%s", s->is_unix ? "unix" : "unknown");
		return;
	}
	if (ss.ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&ss;

		*port = ntohs(in6->sin6_port);
		if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
			(void)inet_ntop(AF_INET, &in6->sin6_addr.s6_addr[12], out, (socklen_t)cap);
		else
			(void)inet_ntop(AF_INET6, &in6->sin6_addr, out, (socklen_t)cap);
	} else {
		const struct sockaddr_in *in = (const struct sockaddr_in *)&ss;

		*port = ntohs(in->sin_port);
		(void)inet_ntop(AF_INET, &in->sin_addr, out, (socklen_t)cap);
	}
}

const char *fr_stream_error_text(const struct fr_stream *s)
{
	return s->error[0] ? s->error : "no error";
}

bool fr_stream_eof_is_clean(const struct fr_stream *s)
{
	return !s->tls || s->got_close_notify;
}
