/* The digest cookie: what the client's cache contains of a site, as far as the edge sent
 * it, so that it is not pushed again. A set of hashes of (URL, validator),
 * Golomb/Rice-coded in a cookie. The client only carries it; it is read as hostile input
 * all the same. A forged one can only suppress pushes to its own sender.
 *
 * The value is base64url of these bits, most significant first:
 *
 *   version 8 | groups - 1: 2 | group | group | ... | zeros to the octet
 *   group:  expires 26 (minutes since 1970) | entries - 1: 8 | Golomb codes
 *
 * A group is what becomes stale at about the same time (a day, a week, a month): one
 * short-lived asset does not take the long-lived ones with it when it expires. Groups
 * stand in the order of their expiry, values ascend, no value is in two groups, all bits
 * after the last are zero: anything else is refused.
 *
 * Numbers. Hashes are of FR_DIGEST_RANGE_BITS = 20 bits, whatever the number of entries,
 * so that digests can be decoded, merged and encoded again. For an asset that is not in
 * the set the chance to be taken for one that is is the share of the range that is
 * occupied:
 *
 *   n / 2^20: at 20 entries 1.9e-5, at 160 (full) 1.53e-4
 *
 * so that of 10,000 assets asked about, a full digest wrongly spares two a push: the
 * client then asks for them. The rice parameter of a group of n is 20 - floor(log2 n); n
 * codes then take at most n (21 - floor(log2 n)) + 2^floor(log2 n) - 1 bits (the unary
 * parts add up to no more than the range has steps of 2^rice). With 160 entries in three
 * groups that is at most 2,782 bits with all headers: 464 of the 512 characters (a test
 * tries all ways to split them). 20 entries of one group take about 60 characters.
 *
 * Limits: FR_DIGEST_MAX_ENTRIES, FR_DIGEST_MAX_BYTES; what is fresh for less than
 * FR_DIGEST_MIN_LIFETIME_S is not worth its bits, and nothing is believed for longer than
 * FR_DIGEST_MAX_LIFETIME_S. No I/O, no clock. */
#ifndef FR_HINTS_DIGEST_H
#define FR_HINTS_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

#define FR_DIGEST_COOKIE "fr-digest"
#define FR_DIGEST_VERSION 1u
#define FR_DIGEST_MAX_ENTRIES 160u
#define FR_DIGEST_MAX_BYTES 512u /* of the cookie's value */
#define FR_DIGEST_RANGE_BITS 20u
#define FR_DIGEST_GROUPS 3u
#define FR_DIGEST_MIN_LIFETIME_S 3600
#define FR_DIGEST_MAX_LIFETIME_S (30 * 86400)

/* {0} is the empty digest. */
struct fr_digest {
	size_t n;
	/* ascending; group << FR_DIGEST_RANGE_BITS | hash, no hash twice */
	uint32_t v[FR_DIGEST_MAX_ENTRIES];
	/* of each group: minutes since 1970 when the first of its assets may be
	 * stale; 0: the group is empty */
	uint32_t expires_min[FR_DIGEST_GROUPS];
};

/* The hash of an asset. Stable across restarts and versions, and not keyed:
 * who prepares collisions costs the client a push, no more. authority: host[:port]
 * in lower case; target: path and query; validator: as fr_asset's, 0 for none. */
uint32_t fr_digest_key(struct fr_str authority, struct fr_str target, uint64_t validator);

/* Reads a cookie's value. 0: *out holds the groups that have not expired,
 * maybe none; FR_ERR_SYNTAX: another version, malformed, too large, empty. An
 * expiry later than any that we give is taken for the latest. */
int fr_digest_parse(struct fr_str value, int64_t now_s, struct fr_digest *out) FR_MUST_USE;

/* As of when the digest was read: expiry is not looked at again. */
bool fr_digest_has(const struct fr_digest *d, uint32_t key);
/* True if it is in the digest afterwards; one that is there already keeps its
 * expiry. False: full, or not fresh for long enough. */
bool fr_digest_add(struct fr_digest *d, uint32_t key, int64_t fresh_until_s, int64_t now_s);
/* Drops what has expired by now. For a digest that is kept for longer than a
 * request, before it is merged or written: an expired group would take new
 * entries of that group along. fr_digest_add does it by itself. */
void fr_digest_expire(struct fr_digest *d, int64_t now_s);
/* Adds the entries of `old`, with their expiry, as far as they fit. */
void fr_digest_merge(struct fr_digest *d, const struct fr_digest *old);
/* The cookie's value, with a NUL; returns its length, 0 for the empty digest:
 * there is no cookie to send. */
size_t fr_digest_format(const struct fr_digest *d, char out[FR_DIGEST_MAX_BYTES + 1]);
/* When the last of it expires (seconds since 1970), for the cookie's Max-Age; 0 if empty. */
int64_t fr_digest_expires_s(const struct fr_digest *d);

/* Takes the digest out of a Cookie field's value (RFC 6265 §4.2), for the
 * origin never sees it: all cookies of that name. 1: *value is that of the
 * first, *rest the field without them, empty if nothing is left; both borrowed
 * from the field or the arena. 0: there is none, outputs untouched.
 * FR_ERR_NOMEM: there is one, but no room for the rest; outputs untouched. */
int fr_digest_take(struct fr_arena *arena, struct fr_str cookie_field, struct fr_str *value,
                   struct fr_str *rest) FR_MUST_USE;

#endif
