/* URLs (RFC 3986) as an edge needs them: parsing an http(s) URL, resolving a reference
 * against the URL of a request, comparing origins. Bytes that a request target may not
 * hold (space, quote, angle brackets, non-ASCII) are percent-encoded and backslashes
 * turned, as browsers do; all else that does not parse is refused, never repaired. No I/O;
 * allocates only in the given arena. */
#ifndef FR_HTTP_URL_H
#define FR_HTTP_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

/* No URL longer than this is handled anywhere. */
#define FR_URL_MAX_BYTES 8192u

struct fr_url {
	struct fr_str scheme; /* lower case: "http" or "https" */
	struct fr_str host;   /* lower case; an IPv6 literal keeps its brackets */
	uint16_t port;        /* the default of the scheme if not written */
	/* path and query: begins with '/', dot segments removed, no fragment */
	struct fr_str target;
};

/* Parses an absolute http or https URL; pieces are copied into the arena.
 * User information is refused. The fragment is dropped.
 * FR_ERR_SYNTAX, FR_ERR_UNSUPPORTED (another scheme), FR_ERR_LIMIT, FR_ERR_NOMEM. */
int fr_url_parse(struct fr_arena *a, struct fr_str text, struct fr_url *out) FR_MUST_USE;

/* Splits "host[:port]" as found in :authority and Host (RFC 9110 §7.2).
 * *port is 0 if none is written. Borrowed pieces. FR_ERR_SYNTAX for an empty
 * or malformed host, user information, a port beyond 65535. */
int fr_authority_parse(struct fr_str text, struct fr_str *host, uint16_t *port) FR_MUST_USE;

/* The one spelling of an authority (RFC 9110 §4.2.3): the host in lower case without
 * the dot at its end, the port only where it is not the scheme's. *out is in the
 * arena. FR_ERR_SYNTAX as above, FR_ERR_NOMEM. */
int fr_authority_canonical(struct fr_arena *a, struct fr_str scheme, struct fr_str text,
                           struct fr_str *out) FR_MUST_USE;

/* Resolves `ref` (absolute, scheme-relative, absolute-path, relative-path,
 * query-only, empty) against `base` (RFC 3986 §5.2, with dot segments
 * removed). Other errors as fr_url_parse. */
int fr_url_resolve(struct fr_arena *a, const struct fr_url *base, struct fr_str ref,
                   struct fr_url *out) FR_MUST_USE;

/* Scheme, host and port equal (RFC 6454). */
bool fr_url_same_origin(const struct fr_url *a, const struct fr_url *b);

uint16_t fr_scheme_default_port(struct fr_str scheme); /* 0 if unknown */

#endif
