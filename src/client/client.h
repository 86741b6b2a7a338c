/* One client connection: its stream, its protocol, its limits. client.c does
 * what is the same for all (admission, TLS, choosing the protocol, time
 * limits, closing); client_h1.c and client_h2.c speak.
 *
 *   HANDSHAKE (TLS) -> DETECT (plain: which protocol?) -> ACTIVE -> CLOSING
 *
 * An object of this type is freed when its stream has closed and its last
 * exchange has been released. */
#ifndef FR_CLIENT_CLIENT_H
#define FR_CLIENT_CLIENT_H

#include "exchange/exchange.h"
#include "net/transport.h"
#include "server/worker.h"

struct fr_digest;

#define FR_CLIENT_MAGIC 0x636c6e74u
/* On a plain listener the first bytes tell HTTP/2 with prior knowledge
 * (RFC 9113 §3.4) from HTTP/1.x. */
#define FR_H2_PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define FR_H2_PREFACE_BYTES (sizeof(FR_H2_PREFACE) - 1)

enum fr_client_state {
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
	/* The stream is of no use any more: leave all exchanges. */
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

/* The site of the latest request, for the next one of the same authority. */
struct fr_route_memo {
	uint64_t generation;  /* its serial; 0: nothing yet */
	struct fr_site *site; /* borrowed from that generation */
	size_t len;
	char authority[64]; /* longer ones are not remembered */
};

struct fr_client {
	uint32_t magic;
	enum fr_client_state state;
	struct fr_worker *worker;                  /* borrowed */
	struct fr_generation *gen;                 /* reference: the limits it was accepted under */
	struct fr_transport *stream;               /* owned until closed; NULL then */
	const struct fr_client_protocol *protocol; /* NULL before it is known */
	void *h;                                   /* owned: the protocol's own state */
	struct fr_client *next, **pprev;           /* borrowed, among the worker's clients */
	uint64_t serial;                           /* number among the worker's, from 1 */
	struct fr_ticket ticket;
	struct fr_timer timer;
	enum fr_client_wait waits; /* what `timer` limits in state ACTIVE */
	uint64_t wait_since_ms;
	struct fr_task flush_task;
	struct fr_task release_task;
	uint8_t preface[FR_H2_PREFACE_BYTES]; /* DETECT: what came so far */
	size_t n_preface;
	bool is_tls;
	const char *tls_version; /* static; NULL: no TLS */
	bool tls_resumed;
	bool is_admin; /* speaks to the admin interface */
	bool is_draining;
	bool is_reading_paused;
	uint32_t exchanges;         /* not released yet */
	struct fr_exchange *first;  /* of them: borrowed, linked */
	uint32_t origin_requests;   /* fetches under way */
	struct fr_seen_urls *memo;  /* owned: URLs promised or asked for; NULL until needed */
	struct fr_digest *held;     /* owned: what it got to keep; NULL until needed */
	struct fr_exchange *hinted; /* borrowed: the last page that got a 103, while it lasts */
	uint32_t pushes;            /* promised on this connection */
	uint64_t backlog_since_ms;  /* the output has waited since; 0: it does not */
	struct fr_route_memo route;
	uint16_t port;
	char peer[48]; /* address, for logs and Forwarded */
};

/* Takes an accepted socket. Refuses (closes) it past the limits. */
void fr_client_accept(struct fr_worker *w, int fd, const struct fr_config_listener *listener);

/* The connection is to be flushed at the end of this turn. */
void fr_client_flush_later(struct fr_client *c);
/* Ends it: what is in the output is sent first. */
void fr_client_finish(struct fr_client *c);
/* Cuts it, with a reset if the client could take the end for a complete one. */
void fr_client_cut(struct fr_client *c, bool reset);
/* Begins the drain of one connection. */
void fr_client_drain(struct fr_client *c);
/* What the client is to do may have changed: sets the time limit. Moving on
 * from one wait to the same one does not extend it unless `fresh`. */
void fr_client_update_wait(struct fr_client *c, bool fresh);

/* An exchange of it came or was released. */
void fr_client_exchange_opened(struct fr_client *c, struct fr_exchange *ex);
void fr_client_exchange_released(struct fr_client *c, struct fr_exchange *ex);

/* About how much memory would be free if it were not there. */
size_t fr_client_held(const struct fr_client *c);
/* What TCP knows of its path now. 0, or negative: nothing, *out untouched. */
int fr_client_path(const struct fr_client *c, struct fr_budget_path *out) FR_MUST_USE;
/* As what its requests are counted at origins. */
struct fr_asker fr_client_asker(const struct fr_client *c);

extern const struct fr_client_protocol fr_client_h1, fr_client_h2;

#endif
