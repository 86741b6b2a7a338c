/* Cache-Control (RFC 9111 §5.2) and its targeted form CDN-Cache-Control (RFC 9213), read
 * into one structure. Doubtful values make a response less reusable: an invalid number
 * counts as 0, of repeated numbers the smallest counts (§4.2.1), and an unclosed quote
 * counts as no-store. No I/O, no allocation. */
#ifndef FR_HTTP_CACHE_CONTROL_H
#define FR_HTTP_CACHE_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "http/fields.h"

enum {
	FR_CC_PRESENT = 1 << 0, /* there was a field */
	FR_CC_NO_STORE = 1 << 1,
	FR_CC_NO_CACHE = 1 << 2, /* without field names */
	FR_CC_PRIVATE = 1 << 3,  /* without field names */
	FR_CC_PUBLIC = 1 << 4,
	FR_CC_MUST_REVALIDATE = 1 << 5,
	FR_CC_PROXY_REVALIDATE = 1 << 6,
	FR_CC_MUST_UNDERSTAND = 1 << 7,
	FR_CC_ONLY_IF_CACHED = 1 << 8,
	FR_CC_IMMUTABLE = 1 << 9
};

/* Lists of field names kept: more of them make the directive count without names. */
#define FR_CC_MAX_NAME_LISTS 4u
/* No number is larger: 2^31 (RFC 9111 §1.2.2). */
#define FR_CC_MAX_SECONDS INT64_C(2147483648)
#define FR_CC_ABSENT INT64_C(-1)

struct fr_cache_control {
	unsigned flags;
	/* seconds; FR_CC_ABSENT if not there */
	int64_t max_age, s_maxage, stale_while_revalidate, stale_if_error;
	int64_t max_stale, min_fresh; /* requests; max-stale without a value: FR_CC_MAX_SECONDS */
	/* no-cache="..." and private="...": what is between the quotes; borrowed */
	struct fr_str no_cache_names[FR_CC_MAX_NAME_LISTS];
	struct fr_str private_names[FR_CC_MAX_NAME_LISTS];
	unsigned n_no_cache_names, n_private_names;
};

/* All Cache-Control fields of a message. */
void fr_cache_control_read(const struct fr_fields *f, struct fr_cache_control *out);
/* All CDN-Cache-Control fields; what is empty or no structured dictionary is
 * ignored as a whole (RFC 9213 §2.1), so that PRESENT is not set. A directive
 * that allows something and has a value of another type is ignored by itself. */
void fr_cdn_cache_control_read(const struct fr_fields *f, struct fr_cache_control *out);

/* Is `name` (lower case) in one of the lists? */
bool fr_cc_names(const struct fr_str *lists, unsigned n, struct fr_str name);

/* delta-seconds (RFC 9111 §1.2.2): digits, at most FR_CC_MAX_SECONDS; negative
 * if it is no number. */
int64_t fr_delta_seconds(struct fr_str text);

#endif
