/* What a transport reads and writes: TLS records sized for the path, output that is
 * gathered per turn, back-pressure. */
#include <errno.h>
#include <sys/socket.h>

#include "net/tcp_path.h"
#include "net/transport_priv.h"

/* What a TLS record adds: TLS 1.3's, and the most of the others'. */
#define RECORD_BYTES_13 22u
#define RECORD_BYTES_12 29u
/* Packets beyond these (loopback's, say) are not what records are fitted to. */
#define PACKET_MIN_BYTES 500u
#define PACKET_MAX_BYTES 9000u
#define SMALL_RECORDS_UNTIL 65536u /* bytes sent since the connection was idle */
#define RECORD_IDLE_MS 1000u
/* How often the path is asked for its speed, while there is much to send. */
#define CHUNK_ASK_MS 8u

/* --- writing --- */

static void write_done(uv_write_t *req, int status);

static size_t record_bytes(struct fr_transport *s)
{
	uint64_t now = fr_loop_now(s->loop);

	if (now - s->last_write_ms > RECORD_IDLE_MS)
		s->record_sent_bytes = 0;
	s->last_write_ms = now;
	return s->record_sent_bytes < SMALL_RECORDS_UNTIL ? s->small_record_bytes : 0;
}

/* Moves plain output into the wire buffer, encrypted. */
static int encrypt(struct fr_transport *s)
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

/* Hands the wire buffer to the kernel; what it does not take waits for it in
 * libuv's queue. send, since uv_try_write goes the longer way of write(2). */
static int write_wire(struct fr_transport *s)
{
	uv_buf_t b;
	ssize_t n = send(s->fd, fr_buf_data(&s->wire), fr_buf_len(&s->wire),
	                 MSG_DONTWAIT | MSG_NOSIGNAL | (s->has_more ? MSG_MORE : 0));

	s->needs_push = s->has_more;
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return uv_translate_sys_error(errno);
	if (n > 0) {
		s->since_chunk += (size_t)n;
		fr_buf_consume(&s->wire, (size_t)n);
	}
	if (fr_buf_len(&s->wire) == 0)
		return 0;
	fr_buf_settle(&s->wire);
	fr_buf_settle(&s->out);
	b = uv_buf_init((char *)(uintptr_t)fr_buf_data(&s->wire), (unsigned)fr_buf_len(&s->wire));
	n = uv_write(&s->write, &s->uv.stream, &b, 1, write_done);
	if (n < 0)
		return (int)n;
	s->is_writing = true;
	return 0;
}

static void swap_buffers(struct fr_transport *s)
{
	struct fr_buf t = s->wire;

	s->wire = s->out;
	s->out = t;
	s->out.max_bytes = s->wire.max_bytes;
}

void fr_transport_send_output(struct fr_transport *s)
{
	int rc;

	fr_recheck_stop(&s->gather);
	if (s->is_deaf) {
		fr_buf_clear(&s->out);
		fr_buf_clear(&s->wire);
		return;
	}
	while (!s->is_writing && (fr_buf_len(&s->out) || fr_buf_len(&s->wire))) {
		if (s->tls && s->state != FR_TRANSPORT_HANDSHAKE) {
			rc = encrypt(s);
			if (rc < 0) {
				fr_transport_fail(s, FR_ERR_TLS, "cannot encrypt");
				return;
			}
		} else if (!s->tls && fr_buf_len(&s->wire) == 0) {
			swap_buffers(s);
		}
		if (fr_buf_len(&s->wire) == 0)
			return;
		rc = write_wire(s);
		if (rc < 0) {
			fr_transport_fail_output(s, rc);
			return;
		}
	}
}

static void write_done(uv_write_t *req, int status)
{
	struct fr_transport *s = fr_transport_of(req->data);

	s->is_writing = false;
	if (s->state == FR_TRANSPORT_CLOSING)
		return;
	if (status < 0) {
		fr_transport_fail_output(s, status);
		return;
	}
	s->since_chunk += fr_buf_len(&s->wire);
	fr_buf_clear(&s->wire);
	fr_transport_send_output(s);
	if (s->is_writing || s->failure)
		return;
	if (s->is_ending)
		fr_transport_end_step(s);
	else if (s->state == FR_TRANSPORT_OPEN)
		s->h->on_drained(s->user);
}

void fr_transport_flush(struct fr_transport *s)
{
	if (s->state == FR_TRANSPORT_OPEN && !s->failure)
		fr_transport_send_output(s);
}

void fr_transport_flush_more(struct fr_transport *s)
{
	s->has_more = !s->is_unix && s->chunk_bytes <= SLOW_CHUNK_BYTES;
	fr_transport_flush(s);
	s->has_more = false;
}

void fr_transport_push(struct fr_transport *s)
{
	if (!s->needs_push)
		return;
	s->needs_push = false;
	fr_transport_set_nodelay(s);
}

void fr_transport_send_unencrypted(struct fr_transport *s, const void *data, size_t len)
{
	if (s->state == FR_TRANSPORT_HANDSHAKE && !s->is_writing)
		(void)!send(s->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

struct fr_buf *fr_transport_out(struct fr_transport *s)
{
	return &s->out;
}

/* The window and the time it takes to go round tell the speed at which the kernel
 * will take bytes, before any was measured and with a queue on the way, too. */
static size_t chunk_of(const struct fr_transport *s, const struct fr_path *p)
{
	uint64_t n;

	if (p->rtt_us == 0)
		return FR_TRANSPORT_CHUNK_MAX_BYTES;
	n = p->cwnd_bytes * FR_TRANSPORT_CHUNK_MS * 1000 / p->rtt_us;
	if (n > FR_TRANSPORT_CHUNK_MAX_BYTES)
		return FR_TRANSPORT_CHUNK_MAX_BYTES;
	if (n < FR_TRANSPORT_CHUNK_MIN_BYTES)
		n = FR_TRANSPORT_CHUNK_MIN_BYTES;
	/* whole packets */
	return (size_t)(n - n % s->small_record_bytes);
}

static void size_records(struct fr_transport *s, const struct fr_path *p)
{
	size_t more = s->tls ? (fr_tls_is_13(s->tls) ? RECORD_BYTES_13 : RECORD_BYTES_12) : 0;

	if (p->mss_bytes >= PACKET_MIN_BYTES && p->mss_bytes <= PACKET_MAX_BYTES)
		s->small_record_bytes = (size_t)p->mss_bytes - more;
}

size_t fr_transport_packet(const struct fr_transport *s)
{
	return s->small_record_bytes;
}

size_t fr_transport_chunk(struct fr_transport *s)
{
	uint64_t now = fr_loop_now(s->loop);
	struct fr_path path;

	/* small answers need not ask */
	if (s->since_chunk < s->chunk_bytes || now < s->chunk_due_ms)
		return s->chunk_bytes;
	s->since_chunk = 0;
	s->chunk_due_ms = now + CHUNK_ASK_MS;
	if (s->is_unix || fr_tcp_path(s->fd, &path) < 0) {
		s->chunk_bytes = FR_TRANSPORT_CHUNK_MAX_BYTES;
		return s->chunk_bytes;
	}
	size_records(s, &path);
	s->chunk_bytes = chunk_of(s, &path);
	fr_transport_set_lowat(s, s->chunk_bytes <= SLOW_CHUNK_BYTES ? NOTSENT_LOWAT_SLOW_BYTES
	                                                             : NOTSENT_LOWAT_BYTES);
	return s->chunk_bytes;
}

size_t fr_transport_backlog(const struct fr_transport *s)
{
	return fr_buf_len(&s->out) + fr_buf_len(&s->wire);
}

size_t fr_transport_held(const struct fr_transport *s)
{
	return s->out.cap + s->wire.cap;
}

void fr_transport_trim(struct fr_transport *s)
{
	fr_buf_trim(&s->out);
	if (!s->is_writing)
		fr_buf_trim(&s->wire);
}

/* --- reading --- */

void fr_transport_now_open(struct fr_transport *s)
{
	fr_transport_set_state(s, FR_TRANSPORT_OPEN);
	s->h->on_open(s->user);
}

/* The owner may close or finish meanwhile. */
bool fr_transport_is_gathering(const struct fr_transport *s)
{
	return s->gather.pprev;
}

void fr_transport_end_gathering(void *user)
{
	struct fr_transport *s = fr_transport_of(user);

	if (s->state != FR_TRANSPORT_OPEN || s->failure)
		return;
	s->h->on_drained(s->user);
	if (s->state == FR_TRANSPORT_OPEN)
		fr_transport_send_output(s);
}

/* The handshake is over. Before TLS 1.3 the client waits for what we say last. */
static bool may_gather(struct fr_transport *s)
{
	struct fr_path path;

	if (!s->is_accepted || !fr_tls_is_13(s->tls) || fr_transport_path(s, &path) < 0)
		return false;
	size_records(s, &path);
	return path.rtt_us >= FR_TRANSPORT_GATHER_RTT_MS * 1000;
}

void fr_transport_read_tls(struct fr_transport *s)
{
	uint8_t *plain = fr_loop_plain_buffer(s->loop);
	int64_t n;

	if (s->state == FR_TRANSPORT_HANDSHAKE) {
		int rc = fr_tls_handshake(s->tls);

		if (rc < 0 && fr_tls_saw_plain_http(s->tls))
			fr_buf_clear(&s->wire); /* its user cannot read an alert */
		if (rc > 0 && may_gather(s)) {
			fr_buf_settle(&s->wire);
			fr_loop_recheck(s->loop, &s->gather);
		} else {
			fr_transport_send_output(s);
		}
		if (rc == FR_ERR_AGAIN)
			return;
		if (rc < 0) {
			fr_transport_fail(s, FR_ERR_TLS, fr_tls_error_text(s->tls));
			return;
		}
		fr_transport_now_open(s);
	}
	while (s->state == FR_TRANSPORT_OPEN || s->state == FR_TRANSPORT_FINISHING) {
		n = fr_tls_read(s->tls, plain, FR_READ_BYTES);
		if (n == FR_ERR_AGAIN)
			break;
		if (n < 0) {
			fr_transport_fail(s, FR_ERR_TLS, fr_tls_error_text(s->tls));
			return;
		}
		if (n == 0) {
			s->got_close_notify = true;
			if (!s->got_eof && s->state == FR_TRANSPORT_OPEN) {
				s->got_eof = true;
				s->h->on_eof(s->user);
			}
			break;
		}
		if (s->state == FR_TRANSPORT_OPEN)
			s->h->on_data(s->user, plain, (size_t)n);
	}
	/* TLS may have answered (KeyUpdate, alerts) */
	if (s->state == FR_TRANSPORT_OPEN && fr_buf_len(&s->wire) && !s->is_writing &&
	    !fr_transport_is_gathering(s))
		fr_transport_send_output(s);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct fr_transport *s = fr_transport_of(handle->data);

	(void)suggested;
	*buf = uv_buf_init((char *)fr_loop_read_buffer(s->loop), FR_READ_BYTES);
}

static void handle_eof(struct fr_transport *s)
{
	if (s->state == FR_TRANSPORT_FINISHING) {
		fr_transport_close(s, false);
	} else if (s->state == FR_TRANSPORT_HANDSHAKE || s->state == FR_TRANSPORT_HEADER) {
		fr_transport_fail(s, FR_ERR_CLOSED,
		                  s->state == FR_TRANSPORT_HANDSHAKE
		                          ? "connection closed during the TLS handshake"
		                          : "connection closed before its PROXY header");
	} else if (!s->got_eof) {
		s->got_eof = true;
		(void)uv_read_stop(&s->uv.stream);
		s->h->on_eof(s->user);
	}
}

/* What came is the stream's own. */
static void take_bytes(struct fr_transport *s, const uint8_t *data, size_t len)
{
	if (s->tls) {
		fr_tls_feed(s->tls, data, len);
		fr_transport_read_tls(s);
	} else if (s->state == FR_TRANSPORT_OPEN) {
		s->h->on_data(s->user, data, len);
	}
}

/* Before TLS: the owner says how much of it is the header's. */
static void take_header(struct fr_transport *s, const uint8_t *data, size_t len)
{
	size_t used = 0;
	int rc = s->h->on_header(s->user, data, len, &used);

	if (rc < 0) {
		fr_transport_fail(s, rc, "no PROXY header");
		return;
	}
	if (rc == 0)
		return;
	if (s->tls)
		fr_transport_set_state(s, FR_TRANSPORT_HANDSHAKE);
	else
		fr_transport_now_open(s);
	if (used < len)
		take_bytes(s, data + used, len - used);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct fr_transport *s = fr_transport_of(stream->data);

	if (s->state == FR_TRANSPORT_CLOSING || s->failure || n == 0)
		return;
	if (n == UV_EOF) {
		handle_eof(s);
	} else if (n < 0) {
		fr_transport_fail(s, FR_ERR_CLOSED, uv_strerror((int)n));
	} else if (s->state == FR_TRANSPORT_HEADER) {
		take_header(s, (const uint8_t *)buf->base, (size_t)n);
	} else {
		take_bytes(s, (const uint8_t *)buf->base, (size_t)n);
	}
}

void fr_transport_read_start(struct fr_transport *s)
{
	int rc = uv_read_start(&s->uv.stream, on_alloc, on_read);

	if (rc < 0 && rc != UV_EALREADY)
		fr_transport_fail(s, FR_ERR_CLOSED, uv_strerror(rc));
}

void fr_transport_pause(struct fr_transport *s)
{
	if (s->is_paused)
		return;
	s->is_paused = true;
	if (s->state == FR_TRANSPORT_OPEN)
		(void)uv_read_stop(&s->uv.stream);
}

void fr_transport_resume(struct fr_transport *s)
{
	if (!s->is_paused)
		return;
	s->is_paused = false;
	if (s->state == FR_TRANSPORT_OPEN && !s->got_eof && !s->failure)
		fr_transport_read_start(s);
}
