/* Accept-Encoding (RFC 9110 §12.5.3), reduced to what the edge distinguishes: the set of
 * content codings that the client accepts. No I/O, no allocation. */
#ifndef FR_HTTP_CODINGS_H
#define FR_HTTP_CODINGS_H

#include "http/fields.h"

/* Room for the longest text. */
#define FR_CODINGS_BYTES 64u

/* A bit for each known coding that all lines of the field accept together; weights
 * but 0 say nothing here, and codings that no server uses are left out. */
unsigned fr_codings_accepted(const struct fr_fields *f);

/* Is it what fr_codings_format would make of it? Knows the values of browsers only;
 * others are false. */
bool fr_codings_are_in_form(struct fr_str value);

/* The set as a value of the field, in one order ("gzip, br"); "identity" for none.
 * out: FR_CODINGS_BYTES or more. Returns its length. */
size_t fr_codings_format(unsigned set, char *out);

#endif
