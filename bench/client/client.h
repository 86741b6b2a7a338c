#ifndef FR_BENCH_CLIENT_H
#define FR_BENCH_CLIENT_H

/* The client of bench/compare, for what h2load cannot do: whole pages over
 * fresh resumed TLS connections (with promises, or asking), full handshakes,
 * idle connections that are held, and header bytes of a browser-like session.
 * Over libnghttp2 and OpenSSL alone, so that nothing of what is measured
 * measures itself. It checks every status and every body's length; the first
 * wrong answer ends the run as failed. One thread, one epoll loop; connections
 * and what they are to fetch are given in full at the start.
 *
 * A connection: CONNECTING -> HANDSHAKE -> OPEN -> CLOSED, in that order;
 * CLOSED ones are used again for the next, until `total` have been finished. */

#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FR_BENCH_OBJECTS 128       /* objects of one connection at most */
#define FR_BENCH_OUT_BYTES 4096    /* output of one connection that waits for its socket */
#define FR_BENCH_ADDRESSES 200     /* source addresses 127.0.0.2 and on: more ports than one has */
#define FR_BENCH_OPENING 16        /* connections of an idle run that are being opened at once */
#define FR_BENCH_WINDOW (6u << 20) /* windows and tables are those of Chromium */
#define FR_BENCH_CONNECTION_WINDOW (15u << 20)
#define FR_BENCH_HEADER_TABLE 65536u
#define FR_BENCH_SECONDS 150 /* then a run has failed */

enum fr_bench_mode {
	FR_BENCH_PAGES,      /* objects one group after the other, then the next connection */
	FR_BENCH_HANDSHAKES, /* until the server's SETTINGS, no session offered */
	FR_BENCH_IDLE,       /* the first object, then held until stdin says so */
};

struct fr_bench_object {
	const char *path;
	uint64_t bytes; /* its body's length */
	bool page;      /* begins a group: what follows is asked for when it is there */
};

struct fr_bench_options {
	enum fr_bench_mode mode;
	const char *authority; /* borrowed: localhost:PORT */
	uint16_t port;
	bool push;    /* accept promises; all but the first object must be promised */
	bool resume;  /* after the first connection all must resume a session */
	bool cookies; /* requests carry a session's cookies */
	unsigned connections;
	unsigned total; /* connections to finish */
	struct fr_bench_object objects[FR_BENCH_OBJECTS];
	unsigned object_count;
};

enum fr_bench_state {
	FR_BENCH_CLOSED,     /* not in use */
	FR_BENCH_CONNECTING, /* TCP */
	FR_BENCH_HANDSHAKE,  /* TLS */
	FR_BENCH_OPEN,       /* HTTP/2 */
};

/* Walks frames of one direction and adds up those that carry fields:
 * HEADERS, PUSH_PROMISE, CONTINUATION, with their frame heads. */
struct fr_bench_walk {
	uint8_t head[9];
	unsigned head_len;
	uint32_t left;  /* payload bytes of the frame that are still to come */
	unsigned skip;  /* bytes of the client's preface to pass over */
	uint64_t bytes; /* of frames with fields */
};

struct fr_bench_stream {
	unsigned status;
	uint64_t body;
	bool asked, promised, ended;
};

struct fr_bench;

struct fr_bench_conn {
	struct fr_bench *bench; /* borrowed */
	enum fr_bench_state state;
	int fd;
	SSL *ssl;            /* owned */
	nghttp2_session *h2; /* owned */
	uint8_t out[FR_BENCH_OUT_BYTES];
	size_t out_len, out_sent;
	bool wants_write, done, failed;
	unsigned next, ended; /* objects asked for or promised so far; ended ones */
	struct fr_bench_walk in, sent;
	struct fr_bench_stream *streams; /* owned, one for each object */
};

struct fr_bench {
	const struct fr_bench_options *options; /* borrowed */
	SSL_CTX *tls;                           /* owned */
	SSL_SESSION *session;                   /* owned: the newest ticket, NULL before */
	nghttp2_session_callbacks *callbacks;   /* owned */
	struct fr_bench_conn *conns;            /* owned, options->connections of them */
	int epoll;
	unsigned started, finished, holding, opening;
	uint64_t resumed, promised, asked, responses, body_bytes;
	uint64_t header_bytes_in, header_bytes_out,
		field_bytes_in; /* field_bytes_in: names and values before HPACK */
	const char *cipher;
	char error[256]; /* "" while nothing went wrong */
};

/* Notes the first thing that went wrong; the run ends with it. */
void fr_bench_fail(struct fr_bench *b, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* --- conn.c --- */

/* The TLS context that all connections share. Returns 0 or -1. */
int fr_bench_tls_init(struct fr_bench *b);

/* Opens `c`, which must be CLOSED. Failures are noted (fr_bench_fail). */
void fr_bench_conn_open(struct fr_bench_conn *c);

/* Something can be read or written. */
void fr_bench_conn_on_event(struct fr_bench_conn *c, uint32_t events);

/* Ends it, in order if it is open. Allowed on CLOSED ones. */
void fr_bench_conn_close(struct fr_bench_conn *c);

/* --- exchange.c: what is asked for, and what must come back --- */

/* Callbacks of nghttp2 for every connection. Returns 0 or -1. */
int fr_bench_exchange_init(struct fr_bench *b);

/* Starts HTTP/2 on a connection whose handshake is done. */
void fr_bench_exchange_begin(struct fr_bench_conn *c);

/* Adds `len` bytes to what was walked. */
void fr_bench_walk_feed(struct fr_bench_walk *w, const uint8_t *bytes, size_t len);

#endif
