/* Answers from the store: what an exchange does before it asks the origin.
 *
 *   WAITING  another request's fetch is in progress, on whatever worker
 *   LEADING  this exchange leads the fetch (stages/cache/fill.h)
 *   READING  an object answers: whole, in ranges, or with 304
 *
 * The exchange's own states are exchange/exchange.c's. */
#ifndef FR_STAGES_CACHE_LOOKUP_H
#define FR_STAGES_CACHE_LOOKUP_H

#include "cache/key.h"
#include "config/config.h"
#include "exchange/exchange.h"
#include "observe/record.h"

struct fr_cached;

/* How often one request waits for other requests' fetches before it asks alone. */
#define FR_CACHED_MAX_WAITS 2u

/* A response that came directly: what it invalidates (RFC 9111 §4.4), and Cache-Status. */
void fr_cached_direct(struct fr_exchange *ex);
/* ex->resp is an answer of our own instead of one from the origin or the store:
 * Cache-Status, if the cache took part. */
void fr_cached_own_answer(struct fr_exchange *ex, struct fr_cached *c);

#endif
