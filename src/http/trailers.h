/* Decides which fields may be in a trailer section (RFC 9110 §6.5.1), for requests and
 * responses of both protocols. A field that decides how a message is framed, routed,
 * authorised, stored or understood comes too late there, and a recipient that merges
 * trailers into the head would use it. Such fields are dropped; the message is complete
 * without them. No I/O. */
#ifndef FR_HTTP_TRAILERS_H
#define FR_HTTP_TRAILERS_H

#include <stdbool.h>
#include <stddef.h>

#include "http/fields.h"

/* May the edge pass on a trailer field of that name (in lower case)? False
 * as well for names that are no tokens, for pseudo-header fields, and for
 * other spellings of a forbidden name: CGI and the like read "x_forwarded_for"
 * as X-Forwarded-For. */
bool fr_trailer_is_allowed(struct fr_str name);

/* Removes what is not allowed, and what `connection`, the Connection fields of
 * the message's head, names (RFC 9110 §7.6.1; NULL: none). Returns how many
 * were removed. */
size_t fr_trailers_filter(struct fr_fields *trailers, const struct fr_fields *connection);

#endif
