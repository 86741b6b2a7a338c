/* Who a request comes from, as proxies in front of the edge say: X-Forwarded-For,
 * Forwarded (RFC 7239) and X-Forwarded-Proto. The caller believes the peer that sent them;
 * this module says how far the chain behind it can be believed.
 *
 *   X-Forwarded-For: anything, CLIENT, trusted, trusted     peer (trusted)
 *                              <----- read from the right
 *
 * Each proxy appends the address that it saw. So addresses count from the right, up to the
 * first that is not trusted: that is the client. What stands to its left was written by the
 * client itself. If all are trusted, the leftmost is the client. No I/O, no allocation. */
#ifndef FR_HTTP_FORWARDED_H
#define FR_HTTP_FORWARDED_H

#include "base/ip.h"
#include "http/fields.h"

/* Addresses looked at. A longer row of trusted proxies is none. */
#define FR_FORWARDED_MAX_HOPS 16u

enum fr_forwarded_kind {
	FR_FORWARDED_NONE,     /* neither field: the peer speaks for itself */
	FR_FORWARDED_CLIENT,   /* `hops` has the client and who passed its request on */
	FR_FORWARDED_MALFORMED /* no address where the client's should be: the peer counts */
};

struct fr_forwarded {
	enum fr_forwarded_kind kind;
	/* CLIENT: the client first, the proxy next to the peer last */
	struct fr_ip hops[FR_FORWARDED_MAX_HOPS];
	size_t n_hops;
	uint16_t port; /* the client's; 0: not said */
	struct fr_str
		scheme; /* "http" or "https", static: what the client used; p NULL: not said */
};

/* Reads a request's fields. X-Forwarded-For counts; Forwarded only without it. The scheme is
 * X-Forwarded-Proto's, if that has one value; without it the one that Forwarded gives beside
 * the client. f: whatever the peer sent. */
void fr_forwarded_read(const struct fr_fields *f, const struct fr_ip_set *trusted,
                       struct fr_forwarded *out);

#endif
