/* Whose request it is: the client of an exchange, found once when its head is complete. Limits
 * by address, witnesses, logs and the fields for the origin all ask here, never the
 * connection: one connection of a proxy carries the requests of many clients.
 *
 *   client -- proxies -- peer ------------ edge
 *   (the request's)      (the connection's)
 *
 * The peer is the client, unless the peer is in trusted_proxies and names another one
 * (http/forwarded.h), or the connection began with a PROXY header. */
#ifndef FR_EXCHANGE_WHOSE_H
#define FR_EXCHANGE_WHOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/party.h"
#include "origin/fetch.h"

struct fr_exchange;

struct fr_whose {
	const struct fr_party *client; /* never NULL; the connection's, or in the arena */
	/* In the arena: the client, then the proxies up to the peer, without it. NULL: no field
	 * says so. */
	const struct fr_ip *chain;
	size_t n_chain;
};

/* A new exchange: its connection's client. */
void fr_whose_init(struct fr_exchange *ex);
/* Its head is complete, and not changed yet: reads the fields of trusted proxies, and takes
 * the scheme that they name. Without memory the connection's client stays. */
void fr_whose_find(struct fr_exchange *ex);
/* One that a page causes: as the page's. 0 or FR_ERR_NOMEM. */
int fr_whose_inherit(struct fr_exchange *ex, const struct fr_exchange *page) FR_MUST_USE;

/* Does its connection end at a proxy, so that it says nothing of the client's path, and what
 * was sent on it nothing of the client's cache? */
bool fr_whose_is_proxied(const struct fr_exchange *ex);
/* Is it the same client's as the other exchange's, as far as addresses tell? */
bool fr_whose_is_same(const struct fr_exchange *ex, const struct fr_exchange *other);
/* As what its requests are counted at origins. */
struct fr_asker fr_whose_asker(const struct fr_exchange *ex);
/* As what its bytes on disk are counted; NULL: it has no address. */
const struct fr_ip *fr_whose_counted(const struct fr_exchange *ex);

/* Takes one of the limits.origin_requests_per_client places that its client has at the site's
 * origin, on all connections and workers; true if it has one already. A client is an address;
 * where many share one, the connection. False: all are taken. */
bool fr_whose_take_place(struct fr_exchange *ex);
/* The same without a limit, for what was promised. */
void fr_whose_promise_place(struct fr_exchange *ex);
/* Gives it back, if it has one. */
void fr_whose_give_place(struct fr_exchange *ex);
/* How many are taken. */
uint32_t fr_whose_places(const struct fr_exchange *ex);

#endif
