/* What a client already has, so that it is not pushed again (design 4.4): the
 * digest cookie (hints/digest.h) that we give it with its pages and take off its
 * requests, and the Cache-Digest field of clients that send one. (What one
 * connection got is client->memo.)
 *
 * The cookie is given only to clients that accept push, over TLS, with pages
 * that no shared cache stores; it is never passed on to the origin, nor part of
 * what Vary or the cache sees. Clear-Site-Data for cookies or cache clears it. */
#ifndef FR_STAGES_HINTS_CLIENT_CACHE_H
#define FR_STAGES_HINTS_CLIENT_CACHE_H

#include "exchange/exchange.h"
#include "hints/assets.h"

/* A request came: takes the digest out of its Cookie fields. */
void fr_client_cache_take(struct fr_exchange *ex);

/* Does the page's client surely have this asset? */
bool fr_client_cache_has(struct fr_exchange *page, const struct fr_hint *hint,
                         const struct fr_asset *asset);

/* A response that the client may keep is on its way to it. */
void fr_client_cache_note(struct fr_exchange *ex);

/* The page's final response goes out: with a new cookie if the client has, or
 * gets with this page, more than its old one says. */
void fr_client_cache_page(struct fr_exchange *page);

#endif
