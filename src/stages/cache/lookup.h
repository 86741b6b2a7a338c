/* Answers from the store: what an exchange does before it asks the origin.
 *
 *   WAITING  another request's fetch is under way, whatever the worker
 *   LEADING  ours is (stages/cache/fill.h)
 *   READING  an object answers: whole, in ranges, or with 304
 *
 * Used by exchange/exchange.c, which owns the exchange's states. */
#ifndef FR_STAGES_CACHE_LOOKUP_H
#define FR_STAGES_CACHE_LOOKUP_H

#include "cache/key.h"
#include "config/config.h"
#include "exchange/exchange.h"
#include "observe/record.h"

struct fr_cached;

/* How often one request waits for other requests' fetches before it asks alone. */
#define FR_CACHED_MAX_WAITS 2u

/* Wall-clock seconds. */
int64_t fr_cached_now(void);

/* Looks for an answer. True: the exchange is taken care of (it may be
 * answered already); false: ask the origin directly. */
bool fr_cached_begin(struct fr_exchange *ex);
/* A response that came directly: what it invalidates (RFC 9111 §4.4), and Cache-Status. */
void fr_cached_direct(struct fr_exchange *ex);
/* ex->resp is an answer of our own instead of one from the origin or the store:
 * Cache-Status, if the cache took part. */
void fr_cached_own_answer(struct fr_exchange *ex);
/* How the cache took part, as far as is known now. */
enum fr_cache_result fr_cached_result(const struct fr_exchange *ex);
/* The exchange ends: nothing is told to it any more. */
void fr_cached_leave(struct fr_exchange *ex);
/* It is released: gives up what it holds. */
void fr_cached_free(struct fr_exchange *ex);

/* Was it answered from the store, without the origin? */
bool fr_cached_is_hit(const struct fr_exchange *ex);
/* Does its response come from a stored object? */
bool fr_cached_is_stored(const struct fr_exchange *ex);
/* Fetches what ex asks for into the store, behind everything, unless it is
 * there or on its way. ex: only its request and site are used. True: begun. */
bool fr_cached_warm(struct fr_exchange *ex);

/* What of a query is part of the key. */
struct fr_query_rule fr_cached_query_rule(const struct fr_config_cache *rules);

/* The body, as in fr_exchange_body_*. */
size_t fr_cached_len(const struct fr_cached *c);
size_t fr_cached_peek(struct fr_cached *c, const uint8_t **data);
void fr_cached_take(struct fr_cached *c, size_t len);

#endif
