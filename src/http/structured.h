/* Dictionaries of Structured Fields (RFC 9651, before it RFC 8941): the one
 * parser of that grammar, for Priority (http/priority.c) and CDN-Cache-Control
 * (http/cache_control.c). Members are handed out one by one; items of inner
 * lists and parameters are checked and skipped. Hostile input; no allocation,
 * no I/O. */
#ifndef FR_HTTP_STRUCTURED_H
#define FR_HTTP_STRUCTURED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "http/fields.h"

enum fr_sf_type {
	FR_SF_BOOLEAN,
	FR_SF_INTEGER,
	FR_SF_DECIMAL,
	FR_SF_STRING,
	FR_SF_TOKEN,
	FR_SF_BYTES,
	FR_SF_DATE,
	FR_SF_DISPLAY_STRING,
	FR_SF_INNER_LIST
};

struct fr_sf_member {
	struct fr_str key;
	enum fr_sf_type type;
	int64_t n;         /* of a boolean (0 or 1), an integer or a date */
	struct fr_str raw; /* the value as written, without parameters; empty: no value, true */
};

struct fr_sf_dictionary {
	const char *p, *end; /* borrowed: what is not read yet */
	bool is_begun;       /* a member was read: the next needs a comma */
};

/* Begins to read one field line, with its value borrowed. */
void fr_sf_dictionary_init(struct fr_sf_dictionary *d, struct fr_str value);
/* The next member: 1; 0 at the end; FR_ERR_SYNTAX: the whole value is no
 * dictionary, and what was handed out before must not be used (RFC 9651 §4.2). */
int fr_sf_next(struct fr_sf_dictionary *d, struct fr_sf_member *out) FR_MUST_USE;

/* Called for each member, in order. Of members with the same key the last one
 * counts (RFC 9651 §3.2). */
typedef void (*fr_sf_visit)(void *ctx, const struct fr_sf_member *m);

/* Reads all lines of one field as one dictionary (RFC 9651 §4.2); a member does
 * not go on in another line. visit: called for members also where the end
 * shows that the field is malformed. Returns the number of members, 0 for an
 * absent or empty field, or FR_ERR_SYNTAX. */
int fr_sf_read(const struct fr_fields *f, enum fr_field_id id, fr_sf_visit visit,
               void *ctx) FR_MUST_USE;

/* What is between the quotes of a string, with its escapes. */
struct fr_str fr_sf_string(const struct fr_sf_member *m);

#endif
