/* What the two halves of net/transport share: transport.c opens, ends and frees a
 * transport, transport_io.c moves its bytes. Nobody else includes this. */
#ifndef FR_NET_TRANSPORT_PRIV_H
#define FR_NET_TRANSPORT_PRIV_H

#include <uv.h>

#include "net/transport.h"

/* Plain bytes that are encrypted ahead of what the socket has taken. */
#define ENCRYPT_AHEAD_BYTES 65536u
/* Room for what TLS adds to that: records of SMALL_RECORD_BYTES, 29 bytes each,
 * handshake messages, alerts. */
#define WIRE_BYTES (ENCRYPT_AHEAD_BYTES + 32768u)

/* See transport.h for the way between them. */
enum fr_transport_state {
	FR_TRANSPORT_CONNECTING, /* TCP connect under way */
	FR_TRANSPORT_HEADER,     /* what comes before all else is the owner's to read */
	FR_TRANSPORT_HANDSHAKE,  /* TLS handshake under way */
	FR_TRANSPORT_OPEN,       /* owner reads and writes */
	FR_TRANSPORT_FINISHING,  /* output is sent, then FIN; input discarded */
	FR_TRANSPORT_CLOSING     /* uv_close called; on_closed to come */
};

#define FR_TRANSPORT_MAGIC 0x73747265u

struct fr_transport {
	uint32_t magic;
	enum fr_transport_state state;
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	} uv;
	int fd;               /* borrowed from libuv; set when connected */
	struct fr_loop *loop; /* borrowed */
	const struct fr_transport_handler *h;
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
	struct fr_recheck gather; /* queued: see fr_transport_is_gathering */
	int failure;              /* what to report; 0: none */
	bool is_writing;          /* uv_write under way */
	bool is_unix;
	bool is_accepted;
	bool is_paused; /* the owner wants no input */
	bool is_deaf;   /* the peer takes no more: output is thrown away */
	bool got_eof;
	bool got_close_notify;
	bool is_ending; /* when the output has been taken, our side ends */
	bool sent_close_notify;
	uint64_t record_sent_bytes; /* since idle: sizes TLS records */
	size_t small_record_bytes;  /* plain bytes that fill a packet as one record */
	uint64_t last_write_ms;
	size_t chunk_bytes;                       /* see fr_transport_chunk */
	size_t since_chunk;                       /* bytes taken since it was worked out */
	uint64_t chunk_due_ms;                    /* not again before */
	const struct fr_path_source *path_source; /* borrowed; NULL: none */
	uint16_t peer_port;                       /* with a path_source */
	int lowat_bytes;                          /* TCP_NOTSENT_LOWAT as set */
	bool has_more;                            /* what is sent now is not the last of it */
	bool needs_push;                          /* the kernel holds back a packet */
	char error[128];
};

/* Bytes in the kernel that were not sent yet, before it takes no more: more would only
 * delay what becomes more urgent later. It wakes us at half of it. A path so
 * slow that it has the smaller chunks gets the smaller mark. */
#define NOTSENT_LOWAT_BYTES 16384
#define NOTSENT_LOWAT_SLOW_BYTES 8192
#define SLOW_CHUNK_BYTES 8192u

/* While the congestion window is small a TLS record must not span packets: a
 * record is of no use before its last byte came. Until the packets' size is known. */
#define SMALL_RECORD_BYTES 1300u

/* Until something is known: about the first window. */
#define FIRST_CHUNK_BYTES FR_TRANSPORT_CHUNK_MIN_BYTES

void fr_transport_set_lowat(struct fr_transport *s, int bytes);
/* Small packets leave at once: also what the kernel holds back now. */
void fr_transport_set_nodelay(struct fr_transport *s);
/* Checks the transition. */
void fr_transport_set_state(struct fr_transport *s, enum fr_transport_state to);
/* From the void pointer of a callback. */
struct fr_transport *fr_transport_of(void *data);
/* The output cannot be written: err of libuv. */
void fr_transport_fail_output(struct fr_transport *s, int err);
/* Reports at the end of the turn, so that no owner meets it within a call of its own. */
void fr_transport_fail(struct fr_transport *s, int err, const char *text);

void fr_transport_now_open(struct fr_transport *s);
void fr_transport_read_start(struct fr_transport *s);
/* Steps the handshake, then hands out plaintext until TLS has no more. */
void fr_transport_read_tls(struct fr_transport *s);
/* Encrypts and writes as much as the socket takes; the rest follows by itself. */
void fr_transport_send_output(struct fr_transport *s);
/* A callback of the loop: the stream has gathered enough. */
void fr_transport_end_gathering(void *user);
/* The output has been taken: close_notify, then FIN. */
void fr_transport_end_step(struct fr_transport *s);

#endif
