/* What exchanges and stages see of the connection that a request came on: who is at the
 * other end, what was sent to it, and what it has under way. The client side embeds
 * one in each of its connections (client/client.h) and outlives its exchanges. */
#ifndef FR_EXCHANGE_CONNECTION_H
#define FR_EXCHANGE_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/timer.h"
#include "exchange/worker.h"
#include "net/admission.h"
#include "net/party.h"
#include "net/transport.h"

struct fr_connection;
struct fr_digest;
struct fr_exchange;
struct fr_loads;
struct fr_seen_urls;

/* What the client side does for its exchanges. */
struct fr_connection_ops {
	/* An exchange of it begins, and is gone: `next` and `pprev` of the exchange are the
	 * client side's in between. */
	void (*opened)(struct fr_connection *c, struct fr_exchange *ex);
	void (*released)(struct fr_connection *c, struct fr_exchange *ex);
	/* About how many bytes would be free if the connection were not there. */
	size_t (*held)(const struct fr_connection *c);
};

/* The site of the latest request, for the next one of the same authority. */
struct fr_route_memo {
	uint64_t generation;    /* its serial; 0: nothing yet */
	struct fr_site *site;   /* borrowed from that generation */
	size_t len, scheme_len; /* a trusted proxy brings both schemes */
	char authority[64];     /* longer ones are not remembered */
};

/* Does its client speak for others, by the configuration of that generation? */
struct fr_peer_trust {
	uint64_t generation; /* its serial; 0: not looked up yet */
	bool is_trusted;
};

/* The page loads that are open on it (hints/learning/loads.h), for stages/learning. */
struct fr_connection_loads {
	struct fr_loads *open; /* owned; NULL until needed */
	struct fr_timer timer; /* ends windows; set up with `open` */
};

/* members: one for each part of the edge that keeps something of a connection. */
struct fr_connection {
	const struct fr_connection_ops *ops;
	struct fr_worker *worker;       /* borrowed */
	struct fr_generation *gen;      /* reference: the limits it was accepted under */
	struct fr_transport *transport; /* owned until closed; NULL then */
	uint64_t serial;                /* number among the worker's, from 1 */
	struct fr_ticket ticket;        /* what it counts as */
	struct fr_party peer;           /* who connected: a client, or a proxy */
	struct fr_party *proxied;       /* owned: the client behind that, as the PROXY header
	                                   says; NULL: the peer itself */
	struct fr_peer_trust trust;
	bool has_header; /* began with a PROXY header: the peer speaks for others by that alone */
	bool is_tls_before; /* by which the client spoke TLS with the peer */
	bool is_tls;
	bool tls_resumed;
	bool is_admin; /* speaks to the admin interface */
	bool is_draining;
	const char *tls_version;    /* static; NULL: no TLS */
	uint32_t pushes;            /* promised on this connection */
	uint32_t coding_filters;    /* encoders and decoders of its responses */
	uint64_t backlog_since_ms;  /* the output has waited since; 0: it does not */
	struct fr_seen_urls *memo;  /* owned: URLs promised or asked for; NULL until needed */
	struct fr_seen_urls *late;  /* owned: named in a 103, needed late; NULL until needed */
	struct fr_digest *held;     /* owned: what it got to keep; NULL until needed */
	struct fr_exchange *hinted; /* borrowed: the last page that got a 103, while it lasts */
	struct fr_route_memo route;
	struct fr_connection_loads loads;
};

/* Whose connection it is, before any request says more (exchange/whose.h). */
static inline const struct fr_party *fr_connection_client(const struct fr_connection *c)
{
	return c->proxied ? c->proxied : &c->peer;
}
/* The scheme that its client used. */
static inline struct fr_str fr_connection_scheme(const struct fr_connection *c)
{
	return c->is_tls || c->is_tls_before ? FR_STR("https") : FR_STR("http");
}
/* False: memory is all but out, and it holds more than its share of what its worker
 * holds: no request of it is taken. */
bool fr_connection_has_share(const struct fr_connection *c);

#endif
