/* One client connection: its transport, its protocol, its limits. client.c does
 * what is the same for all (TLS, choosing the protocol, time limits, closing);
 * http1.c and http2.c speak. What its exchanges see of it is a struct fr_connection.
 *
 *   HEADER (PROXY) -> HANDSHAKE (TLS) -> DETECT (plain: which protocol?) -> ACTIVE -> CLOSING
 *
 * An object of this type is freed when its transport has closed and its last
 * exchange has been released. */
#ifndef FR_CLIENT_CLIENT_H
#define FR_CLIENT_CLIENT_H

#include "base/err.h"
#include "client/clients.h"
#include "exchange/connection.h"
#include "exchange/exchange.h"

struct fr_proxy_header;

#define FR_CLIENT_MAGIC 0x636c6e74u
/* On a plain listener the first bytes tell HTTP/2 with prior knowledge
 * (RFC 9113 §3.4) from HTTP/1.x. */
#define FR_H2_PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define FR_H2_PREFACE_BYTES (sizeof(FR_H2_PREFACE) - 1)
/* A drain waits this long, from when a connection is ready, for its first request: a
 * client that has just connected sends it now, and would not send it again elsewhere if
 * the connection only ended. Connections that never ask delay a stop by no more. */
#define FR_CLIENT_FIRST_REQUEST_MS 1000u

enum fr_client_state {
	FR_CLIENT_HEADER, /* a proxy says whose connection it is */
	FR_CLIENT_HANDSHAKE,
	FR_CLIENT_DETECT,
	FR_CLIENT_ACTIVE,
	FR_CLIENT_CLOSING /* no more input is taken; the stream ends */
};

struct fr_client_protocol {
	void (*open)(struct fr_client *c);
	void (*data)(struct fr_client *c, const uint8_t *data, size_t len);
	/* The client ended its side. */
	void (*eof)(struct fr_client *c);
	/* The output has been taken by the socket. */
	void (*drained)(struct fr_client *c);
	/* Once a turn, after fr_client_flush_later. */
	void (*flush)(struct fr_client *c);
	/* End politely: finish what was accepted, take nothing new. */
	void (*drain)(struct fr_client *c);
	/* The transport is of no use any more: leave all exchanges. */
	void (*abandon)(struct fr_client *c);
	void (*free)(struct fr_client *c);
	/* Memory of the protocol's own. */
	size_t (*held)(const struct fr_client *c);
	/* What the client is expected to do now, for the time limits. */
	enum fr_client_wait (*waits_for)(const struct fr_client *c);
};

enum fr_client_wait {
	FR_WAIT_IDLE,   /* for a request */
	FR_WAIT_FIELDS, /* for the rest of a head */
	FR_WAIT_NONE    /* the exchanges have time limits of their own */
};

struct fr_client {
	uint32_t magic;
	enum fr_client_state state;
	struct fr_connection conn;
	struct fr_clients *all;                    /* borrowed: the worker's */
	struct fr_client *next, **pprev;           /* borrowed, among them */
	const struct fr_client_protocol *protocol; /* NULL before it is known */
	void *h;                                   /* owned: the protocol's own state */
	struct fr_proxy_header *header;            /* owned; NULL: none is waited for */
	struct fr_timer timer;
	enum fr_client_wait waits; /* what `timer` limits in state ACTIVE */
	uint64_t wait_since_ms;
	uint64_t ready_since_ms; /* since when a first request could be on its way */
	struct fr_task flush_task;
	struct fr_task release_task;
	uint8_t preface[FR_H2_PREFACE_BYTES]; /* DETECT: what came so far */
	size_t n_preface;
	bool is_reading_paused;
	bool has_asked;            /* had an exchange */
	uint32_t exchanges;        /* not released yet */
	struct fr_exchange *first; /* of them: borrowed, linked */
};

/* The client that an exchange's connection belongs to. */
static inline struct fr_client *fr_client_of(struct fr_connection *conn)
{
	return FR_CONTAINER(conn, struct fr_client, conn);
}

/* Takes an admitted socket of that peer, and the ticket; NULL: there is no memory, both stay
 * the caller's. all: borrowed. */
struct fr_client *fr_client_open(struct fr_clients *all, const struct fr_ticket *ticket,
                                 const struct fr_party *peer, int fd,
                                 const struct fr_config_listener *listener);

/* The connection is to be flushed at the end of this turn. */
void fr_client_flush_later(struct fr_client *c);
/* Ends it: what is in the output is sent first. */
void fr_client_finish(struct fr_client *c);
/* Cuts it, with a reset if the client could take the end for a complete one. */
void fr_client_cut(struct fr_client *c, bool reset);
/* Begins the drain of one connection. */
void fr_client_drain(struct fr_client *c);
/* Whether a drain still waits for the connection's first request. */
bool fr_client_awaits_first(const struct fr_client *c);
/* What the client is to do may have changed: sets the time limit. Moving on
 * from one wait to the same one does not extend it unless `fresh`. */
void fr_client_update_wait(struct fr_client *c, bool fresh);

/* About how much memory would be free if it were not there. */
size_t fr_client_held(const struct fr_client *c);
/* What TCP knows of its path now. 0, or negative: nothing, *out untouched. */
int fr_client_path(const struct fr_client *c, struct fr_budget_path *out) FR_MUST_USE;

extern const struct fr_client_protocol fr_client_h1, fr_client_h2;

#endif
