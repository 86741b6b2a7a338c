/* A byte stream to a client or an origin: TCP or Unix socket, plain or TLS, with the
 * handshake inside. Received bytes are passed on as they arrive; written bytes are
 * collected in the transport's output and leave on flush. One worker's loop owns it.
 *
 * CONNECTING or HEADER -> HANDSHAKE -> OPEN -> FINISHING (output, close_notify and FIN are
 * sent, input is discarded for a while) -> CLOSING -> freed; CLOSING from anywhere.
 *
 * No event comes from within a call of the owner (except on_open, see
 * fr_transport_accept): failures are reported at the end of the turn. on_closed is the
 * last event; the transport frees itself after it. */
#ifndef FR_NET_TRANSPORT_H
#define FR_NET_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "net/loop.h"
#include "net/tls.h"

struct fr_transport;

struct fr_transport_handler {
	/* Not NULL: an accepted stream begins with something that is read before TLS (a PROXY
	 * header). Bytes as they came. 1: it is complete, *used of them were its; 0: all were, and
	 * more must come; below 0: the stream is of no use (on_failed). It may not close it. */
	int (*on_header)(void *user, const uint8_t *data, size_t len, size_t *used);
	/* Connected and, with TLS, the handshake is done. */
	void (*on_open)(void *user);
	/* Plain bytes; borrowed for the call; all of them are taken. */
	void (*on_data)(void *user, const uint8_t *data, size_t len);
	/* The peer will send no more; our side stays open. */
	void (*on_eof)(void *user);
	/* Everything that waited has been taken by the kernel. */
	void (*on_drained)(void *user);
	/* The stream is of no use any more (FR_ERR_CONNECT, FR_ERR_TLS,
	 * FR_ERR_CLOSED, FR_ERR_LIMIT, FR_ERR_TIMEOUT); the owner closes it. */
	void (*on_failed)(void *user, int err);
	void (*on_closed)(void *user);
};

/* How long the rest of a finishing stream's input is thrown away, so that the
 * peer reads our last bytes before a reset reaches it. */
#define FR_TRANSPORT_LINGER_MS 2000u

/* Starts to connect. tls: NULL for plain; host: for SNI and verification.
 * output_bytes: ceiling for waiting plain output. Never NULL; failures come as on_failed. */
struct fr_transport *fr_transport_connect(struct fr_loop *l, const struct sockaddr *addr,
                                          struct fr_tls_client *tls, const char *host,
                                          size_t output_bytes, const struct fr_transport_handler *h,
                                          void *user);
/* Takes an accepted socket (owned from here on). is_unix: a Unix socket. tls: NULL for plain.
 * Reading begins at once; without TLS and header on_open is called before this returns. 0; FR_ERR_IO,
 * FR_ERR_NOMEM: fd is closed. */
int fr_transport_accept(struct fr_loop *l, int fd, bool is_unix, struct fr_tls_server *tls,
                        size_t output_bytes, const struct fr_transport_handler *h, void *user,
                        struct fr_transport **out) FR_MUST_USE;

/* Plain output: append here, then flush. */
struct fr_buf *fr_transport_out(struct fr_transport *s);
/* Sends what it can. A failure is reported at the end of the turn. */
void fr_transport_flush(struct fr_transport *s);
/* The same where more follows at once: on a slow path the last packet waits to be
 * filled, until the next flush, or fr_transport_push, which must follow in this turn. */
void fr_transport_flush_more(struct fr_transport *s);
void fr_transport_push(struct fr_transport *s);
/* The TLS handshake of a slow path has just ended: what the server says first by itself
 * (tickets; SETTINGS, if the owner waits as well) is put off for FR_LOOP_SOON_MS, so that
 * it shares packets with the first response: few small ones cost a good part of the first
 * window. Flushing ends it, and so does time: on_drained then. */
#define FR_TRANSPORT_GATHER_RTT_MS 20u
bool fr_transport_is_gathering(const struct fr_transport *s);
/* How much is best appended before the next flush, when there is more than that: what
 * the path carries in FR_TRANSPORT_CHUNK_MS in whole packets, between about the two bounds. With
 * what the kernel keeps unsent, no more than about 16 KiB on a slow path, it is what cannot
 * be outranked any more. */
#define FR_TRANSPORT_CHUNK_MS 4u
#define FR_TRANSPORT_CHUNK_MIN_BYTES 4096u
#define FR_TRANSPORT_CHUNK_MAX_BYTES 65536u
size_t fr_transport_chunk(struct fr_transport *s);
/* Output that fills a packet, as far as its size is known. */
size_t fr_transport_packet(const struct fr_transport *s);
/* Bytes that the kernel has not taken yet. */
size_t fr_transport_backlog(const struct fr_transport *s);

/* Memory that its output takes. */
size_t fr_transport_held(const struct fr_transport *s);
/* Nothing is expected for now: gives back memory of empty buffers. */
void fr_transport_trim(struct fr_transport *s);

/* Back-pressure: no on_data while paused (what was read already still comes). */
void fr_transport_pause(struct fr_transport *s);
void fr_transport_resume(struct fr_transport *s);

/* Half-closes: flush, close_notify, FIN; input still comes. Nothing may be
 * appended to the output any more. */
void fr_transport_end_output(struct fr_transport *s);

/* Ends our side politely: flush, close_notify, FIN; then waits for the peer's
 * end (at most FR_TRANSPORT_LINGER_MS after the flush) and closes. A peer that
 * does not read the output is cut after `flush_ms`. Only on_closed follows. */
void fr_transport_finish(struct fr_transport *s, uint64_t flush_ms);
/* Closes at once; with `reset` the peer sees a TCP reset, never a clean end.
 * Only on_closed follows. May be called twice. */
void fr_transport_close(struct fr_transport *s, bool reset);
bool fr_transport_is_open(const struct fr_transport *s);

/* NULL for plain. Borrowed. */
struct fr_tls *fr_transport_tls(struct fr_transport *s);
/* After on_eof: could nobody have cut the stream short? With TLS only if the
 * peer sent close_notify. */
bool fr_transport_eof_is_clean(const struct fr_transport *s);
/* After a handshake that failed: bytes past the TLS layer, as far as the
 * socket takes them at once. */
void fr_transport_send_unencrypted(struct fr_transport *s, const void *data, size_t len);
/* What TCP knows of the way to the peer (TCP_INFO). */
struct fr_path {
	uint64_t rtt_us;          /* smoothed */
	uint64_t min_rtt_us;      /* 0: not known yet */
	uint64_t cwnd_bytes;      /* congestion window */
	uint64_t mss_bytes;       /* what a packet carries */
	uint64_t unsent_bytes;    /* in the kernel and in our buffers, not sent yet */
	uint64_t in_flight_bytes; /* sent, not acknowledged and not known to be lost */
	uint64_t acked_bytes;     /* acknowledged, since the connection began */
	/* 0: not known. What was measured while the sender had no more to send counts
	 * only if a queue stood all the same: else it is our own silence. */
	uint64_t delivery_rate_bytes_per_s;
};
/* Corrects what the kernel says of a connection whose peer has that port: for
 * tools that emulate a network between loopback sockets. From the stream's thread. */
struct fr_path_source {
	void (*adjust)(void *user, uint16_t peer_port, struct fr_path *path);
	void *user;
};
/* source: borrowed while the stream lives; NULL: none. */
void fr_transport_set_path_source(struct fr_transport *s, const struct fr_path_source *source,
                                  uint16_t peer_port);
/* One system call. 0; FR_ERR_UNSUPPORTED for Unix sockets and before the
 * connection is there; FR_ERR_IO. */
int fr_transport_path(const struct fr_transport *s, struct fr_path *out) FR_MUST_USE;
/* Why the last failure happened, for the log. */
const char *fr_transport_error_text(const struct fr_transport *s);

#endif
