/* The canonical form of a request. The cache key, Vary's values, the keys of hints and the
 * request to the origin are made of it. It is made in two steps, because most requests never
 * reach an origin:
 *
 *   fr_canonical_make      right after routing, on the request itself: fields that a key or
 *                          Vary may use get their final form
 *   fr_canonical_forward   when the origin is asked: a copy, with fields for the origin only
 *                          (Forwarded, X-Forwarded-*, X-Real-IP, CDN-Loop)
 *
 * So two requests with the same key and the same variant are the same request to the origin,
 * except for the fields of the second step, on which no stored response varies
 * (fr_vary_is_any), and for fields that its Vary does not name. No I/O, no clock. */
#ifndef FR_EXCHANGE_CANONICAL_H
#define FR_EXCHANGE_CANONICAL_H

#include "base/ip.h"
#include "cache/cookies.h"
#include "cache/key.h"
#include "config/config.h"
#include "http/codings.h"
#include "http/message.h"
#include "http/url_path.h"

/* A request that came through this many edges of ours goes in circles. */
#define FR_CANONICAL_MAX_HOPS 8u

/* What is kept of the request beside its canonical form. */
struct fr_canonical {
	struct fr_url_path path;       /* as rules match it */
	struct fr_str accept_encoding; /* the client's own, first line; p NULL: none */
	struct fr_str upgrade;         /* {NULL, 0}: none */
	/* the number of the client's Accept-Encoding (fr_codings_usual); FR_CODINGS_USUAL: it has
	 * weights of its own, unless there is none (accept_encoding) */
	unsigned usual_codings;
	struct fr_coding_weights weights;
};

/* Gives a client's request its form, in place; what is new is in the arena. Its
 * authority has its form already (fr_authority_canonical). Fields: hop-by-hop ones
 * and those that http/trust.h drops or replaces are gone, and names that are not
 * plain; lists that are negotiated by are one line each, Accept-Encoding is the set
 * that it accepts; req->has_override is set. 0, FR_ERR_SYNTAX (malformed
 * Connection), FR_ERR_NOMEM. */
int fr_canonical_make(struct fr_arena *a, struct fr_request *req,
                      struct fr_canonical *out) FR_MUST_USE;

/* What this server writes into CDN-Loop, by which it knows its own requests. id: the
 * same in all of its workers, told to origins. */
#define FR_CANONICAL_LOOP_BYTES 32u
struct fr_str fr_canonical_loop_write(char buffer[FR_CANONICAL_LOOP_BYTES], uint32_t id);
/* Did this very server send the request to itself, as its own origin? own: what it writes. */
bool fr_canonical_came_back(const struct fr_fields *f, struct fr_str own);

/* What the second step adds. */
struct fr_canonical_hop {
	struct fr_str peer;        /* address of who connected, or another word for it */
	const struct fr_ip *chain; /* who the peer speaks for: the client, then proxies */
	size_t n_chain;            /* 0: the peer is the client */
	struct fr_str loop;        /* see fr_canonical_loop_write */
	struct fr_str upgrade;     /* passed on for req->is_upgrade */
	struct fr_str host;        /* what the origin is to be called; empty: as the client does */
	const struct fr_query_rule *query; /* of the key; NULL: the whole query is sent */
	/* Via, the client's and ours. Else neither is sent: origins compress nothing for
	 * requests with it (nginx, gzip_proxied), whoever they came from. */
	bool via;
};

/* The request that the origin gets, of a canonical one; strings are shared.
 * 0, FR_ERR_LIMIT (a loop), FR_ERR_REFUSED (Max-Forwards ends here), FR_ERR_NOMEM. */
int fr_canonical_forward(struct fr_arena *a, const struct fr_request *req,
                         const struct fr_canonical_hop *hop, struct fr_request *out) FR_MUST_USE;

/* How much of a query is part of a store's key, and of what the origin is asked for. The
 * names are borrowed from the rules. */
struct fr_query_rule fr_canonical_query_rule(const struct fr_config_cache *rules);
/* Which cookies count, by the settings of a path; those that are ignored are no part of a
 * canonical request that a store may answer. Borrows from the rules. */
struct fr_cookie_rules fr_canonical_cookie_rules(const struct fr_config_cache *rules);

#endif
