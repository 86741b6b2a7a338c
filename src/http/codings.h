/* Content codings: their names, what an Accept-Encoding (RFC 9110 §12.5.3) says of them, and
 * which one a response gets. No I/O, no allocation. */
#ifndef FR_HTTP_CODINGS_H
#define FR_HTTP_CODINGS_H

#include "http/fields.h"

/* The codings that the edge reads; all but deflate it writes, too. */
#define FR_CODING_TABLE(X)                                                                         \
	X(GZIP, "gzip")                                                                            \
	X(DEFLATE, "deflate")                                                                      \
	X(BR, "br")                                                                                \
	X(ZSTD, "zstd")

enum fr_coding {
	FR_CODING_IDENTITY, /* none */
#define X(id, name) FR_CODING_##id,
	FR_CODING_TABLE(X)
#undef X
		FR_CODING_OTHER, /* one that the edge does not know, or several */
	FR_CODINGS = FR_CODING_OTHER
};

/* Of a Content-Encoding value, all lines joined; "" is IDENTITY, and so is "identity". */
enum fr_coding fr_coding_of(struct fr_str content_encoding);
/* "identity", "gzip", ...; "other". */
struct fr_str fr_coding_name(enum fr_coding c);

/* --- the set --- */

/* Room for the longest text. */
#define FR_CODINGS_BYTES 64u

/* A bit for each known coding that all lines of the field accept together; weights
 * but 0 say nothing here, and codings that no server uses are left out. */
unsigned fr_codings_accepted(const struct fr_fields *f);

/* Values that most requests have, by number: what is made of one is worth remembering. All are
 * as fr_codings_format would write them, without weights. */
#define FR_CODINGS_USUAL 6u
/* The number of this value; FR_CODINGS_USUAL: it is another one. */
unsigned fr_codings_usual(struct fr_str value);
/* The value of that number. */
struct fr_str fr_codings_usual_text(unsigned number);

/* The set as a value of the field, in one order ("gzip, br"); "identity" for none.
 * out: FR_CODINGS_BYTES or more. Returns its length. */
size_t fr_codings_format(unsigned set, char *out);

/* --- the choice --- */

/* In thousandths, by enum fr_coding; 0: not acceptable. */
#define FR_CODING_WEIGHT_MOST 1000u
struct fr_coding_weights {
	uint16_t of[FR_CODINGS];
};

/* What the field says of each coding. Without the field only IDENTITY is acceptable: it would
 * allow everything, but is sent by clients that do not decode. A member whose weight is
 * malformed is not acceptable; of a coding that is named twice the smaller weight counts.
 * IDENTITY that is not named has the smallest weight, unless "*;q=0" takes it out. */
void fr_codings_weigh(const struct fr_fields *f, struct fr_coding_weights *out);

/* The coding with the largest weight; of those with the same the first in `order`, and
 * IDENTITY last. IDENTITY where none is acceptable. */
enum fr_coding fr_coding_choose(const struct fr_coding_weights *w, const enum fr_coding *order,
                                size_t n);

#endif
