/* Requests that depend on what the client has, answered from a stored
 * response: preconditions (RFC 9110 §13, RFC 9111 §4.3.2) and ranges (RFC 9110
 * §14). No I/O. */
#ifndef FR_CACHE_CONDITIONAL_H
#define FR_CACHE_CONDITIONAL_H

#include "http/message.h"

/* Validators of a stored response; p is NULL where there is none. */
struct fr_validators {
	struct fr_str etag, last_modified, date;
};
void fr_validators_of(const struct fr_fields *resp, struct fr_validators *out);

/* Equal by RFC 9110 §8.8.3.2. Malformed tags equal nothing. */
bool fr_etag_matches(struct fr_str a, struct fr_str b, bool strong);

/* If-None-Match, else If-Modified-Since: true when 304 is due. */
bool fr_is_not_modified(const struct fr_fields *req, const struct fr_validators *v, int64_t now_s);
/* The request has preconditions that only the origin can answer. */
bool fr_has_origin_preconditions(const struct fr_fields *req);

/* Ranges served for one request; more get the whole response. */
#define FR_MAX_RANGES 16u

struct fr_range {
	uint64_t from, to; /* first and last byte */
};
enum fr_range_result {
	FR_RANGE_NONE,         /* no Range that counts: the whole response */
	FR_RANGE_SOME,         /* these, in the order asked for */
	FR_RANGE_UNSATISFIABLE /* 416 */
};
/* Range of a GET against a representation of `length` bytes; If-Range too. */
enum fr_range_result fr_ranges(const struct fr_fields *req, const struct fr_validators *v,
                               uint64_t length, struct fr_range out[FR_MAX_RANGES], size_t *n);

#endif
