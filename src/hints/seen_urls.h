/* Two small sets that prevent useless pushes:
 *  - fr_seen_urls: what was promised or requested on one connection;
 *  - fr_url_ttl_set: assets whose push failed lately, per site, with expiry.
 * Bounded, oldest forgotten first; keyed by a keyed 64-bit hash (the seed is
 * given by the caller so that collisions cannot be prepared). No I/O; time and seed are
 * passed in. Not thread-safe. */
#ifndef FR_HINTS_SEEN_URLS_H
#define FR_HINTS_SEEN_URLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct fr_seen_urls; /* a set of URLs */

/* capacity: entries, at least 1. Memory grows up to 16 bytes an entry. */
struct fr_seen_urls *fr_seen_urls_new(size_t capacity, uint64_t seed);
void fr_seen_urls_free(struct fr_seen_urls **m);
/* Remembers authority + target. Returns 1 if new, 0 if known; never fails:
 * without memory nothing is remembered and 1 returned. */
int fr_seen_urls_add(struct fr_seen_urls *m, struct fr_str authority, struct fr_str target);
bool fr_seen_urls_has(const struct fr_seen_urls *m, struct fr_str authority, struct fr_str target);
size_t fr_seen_urls_count(const struct fr_seen_urls *m);

struct fr_url_ttl_set; /* a map of URL to expiry */

struct fr_url_ttl_set *fr_url_ttl_set_new(size_t capacity, uint64_t ttl_ms, uint64_t seed);
void fr_url_ttl_set_free(struct fr_url_ttl_set **f);
/* who: the client, as the caller identifies it; each has entries of its own. */
void fr_url_ttl_set_add(struct fr_url_ttl_set *f, uint64_t who, struct fr_str authority,
                        struct fr_str target, uint64_t now_ms);
bool fr_url_ttl_set_has(const struct fr_url_ttl_set *f, uint64_t who, struct fr_str authority,
                        struct fr_str target, uint64_t now_ms);

#endif
