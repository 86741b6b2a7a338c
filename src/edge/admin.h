/* The admin interface: requests that came by the admin listener, which have
 * no site. POST /purge takes things out of the cache; parameters in the
 * query, percent-encoded: one or more of url, prefix, tag, site, or all=1;
 * soft=1 marks stale instead. Answers are JSON. Over TCP a bearer token
 * (RFC 6750) is demanded, compared in constant time. */
#ifndef FR_EDGE_ADMIN_H
#define FR_EDGE_ADMIN_H

#include "edge/exchange.h"

void fr_admin_begin(struct fr_exchange *ex);

#endif
