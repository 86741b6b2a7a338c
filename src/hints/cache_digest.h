/* The Cache-Digest request header field: what a client says itself that it
 * has cached, as in draft-ietf-httpbis-cache-digest up to -02, in the form
 * that service workers send it (cache-digest.js) and h2o reads it:
 *
 *   Cache-Digest: AeLA; complete, AcA; validators; stale
 *
 * A comma-separated list of sets, each base64url (no padding) of
 *
 *   log2 N: 5 bits | log2 P: 5 bits | Golomb codes (rice: log2 P) | zeros to the octet
 *
 * with flags: `reset` (forget the sets before), `complete` (what is not here is
 * not cached), `validators` (hashes of URL and ETag, else of the URL alone),
 * `stale` (cached, but no longer fresh; `fresh` is the default). A set with
 * any other flag, a malformed one, and one beyond the limits is skipped, its
 * neighbours count. A hash is the first log2 N + log2 P bits of SHA-256 of the
 * absolute URL, followed by the ETag as it was sent, quotes and all.
 *
 * The client decides how sure it is: an asset that it does not have is taken
 * for one that it has in one of P cases (128 with cache-digest.js).
 *
 * Limits: FR_CACHE_DIGEST_MAX_BYTES for a field, FR_CACHE_DIGEST_MAX_SETS,
 * FR_CACHE_DIGEST_MAX_ENTRIES of all sets together. No I/O, no clock; SHA-256
 * is passed in. */
#ifndef FR_HINTS_CACHE_DIGEST_H
#define FR_HINTS_CACHE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/str.h"

#define FR_CACHE_DIGEST_FIELD "cache-digest"
#define FR_CACHE_DIGEST_MAX_BYTES 4096u   /* of one field's value */
#define FR_CACHE_DIGEST_MAX_SETS 4u       /* two kinds, each with and without validators */
#define FR_CACHE_DIGEST_MAX_ENTRIES 2048u /* 16 KiB in the arena */

/* SHA-256 of n parts one after another (fr_sha256). */
typedef void fr_sha256_fn(const struct fr_str *parts, size_t n, uint8_t out[32]);

struct fr_cache_digest_set {
	const uint64_t *v; /* ascending; in the arena */
	size_t n;
	unsigned hash_bits; /* 1..62 */
	bool is_stale, has_validators, is_complete;
};

struct fr_cache_digest {
	struct fr_arena *arena; /* borrowed */
	struct fr_cache_digest_set sets[FR_CACHE_DIGEST_MAX_SETS];
	size_t n, n_entries;
	unsigned skipped; /* sets that did not count, for the log */
};

enum fr_cache_holding {
	FR_CACHE_HOLDING_UNKNOWN,
	FR_CACHE_HOLDING_FRESH,
	FR_CACHE_HOLDING_STALE,
	FR_CACHE_HOLDING_ABSENT /* a complete digest says so */
};

/* An empty digest: nothing is known. */
void fr_cache_digest_init(struct fr_cache_digest *d, struct fr_arena *arena);
/* Reads one field's value; of several fields, each in their order. Never
 * fails: what cannot be read is skipped. */
void fr_cache_digest_add(struct fr_cache_digest *d, struct fr_str value);
/* url: absolute, as the client knows it (https://host[:port]/path?query);
 * etag: as it would be sent now, empty if there is none or it is not known. */
enum fr_cache_holding fr_cache_digest_find(const struct fr_cache_digest *d, fr_sha256_fn *sha256,
                                           struct fr_str url, struct fr_str etag);
/* Does the client hold it, fresh? */
static inline bool fr_cache_digest_has(const struct fr_cache_digest *d, fr_sha256_fn *sha256,
                                       struct fr_str url, struct fr_str etag)
{
	return fr_cache_digest_find(d, sha256, url, etag) == FR_CACHE_HOLDING_FRESH;
}

#endif
