/* For how long a browser may use a response again without asking: RFC 9111 §4.2 for a private
 * cache. The edge asks before it hints an asset, and the tools when they judge a page, so that
 * both call the same response reusable. What a shared cache may do is judged by cache/policy.h,
 * with limits of its own. No I/O, no clock: times are seconds since 1970. */
#ifndef FR_HTTP_LIFETIME_H
#define FR_HTTP_LIFETIME_H

#include "http/cache_control.h"
#include "http/fields.h"

/* When it was made: its Date; now_s without a valid one. */
int64_t fr_response_date(const struct fr_fields *f, int64_t now_s);
/* How old it was when it was sent (§4.2.3); date_s: its fr_response_date. */
int64_t fr_response_age(const struct fr_fields *f, int64_t date_s, int64_t now_s);
/* How long it is fresh, counted from date_s, if its cc has no max-age: by Expires (§4.2.1), else
 * by a tenth of the time since it was modified (§4.2.2). */
int64_t fr_response_lifetime(const struct fr_fields *f, const struct fr_cache_control *cc,
                             int64_t date_s, int64_t now_s);

/* Seconds for which a browser may still use a whole response (or a 304) with these fields unasked,
 * at most FR_CC_MAX_SECONDS; 0: none. cc: its Cache-Control. */
int64_t fr_browser_lifetime(const struct fr_fields *f, const struct fr_cache_control *cc,
                            int64_t now_s);

#endif
