/* Counters and live-object gauges. Each worker has its own set, written by its
 * thread alone and read by any; sums are made on reading. Names here are the
 * names in logs and (later) metrics; docs/limits.md says what the limit
 * counters mean. */
#ifndef FR_OBSERVE_COUNTERS_H
#define FR_OBSERVE_COUNTERS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* Gauges of live objects, zero when a server has ended. */
#define FR_GAUGE_TABLE(X)                                                                          \
	X(CONNECTIONS_OPEN, connections_open)                                                      \
	X(EXCHANGES_OPEN, exchanges_open)                                                          \
	X(ORIGIN_CONNECTIONS_OPEN, origin_connections_open)                                        \
	X(FETCHES_OPEN, fetches_open)                                                              \
	X(TAPS_OPEN, taps_open)                                                                    \
	X(FILLS_OPEN, fills_open)

#define FR_COUNTER_TABLE(X)                                                                        \
	X(CONNECTIONS, connections)                                                                \
	X(CONNECTIONS_H2, connections_h2)                                                          \
	X(TLS_HANDSHAKES, tls_handshakes)                                                          \
	X(TLS_RESUMED, tls_resumed)                                                                \
	X(TLS_FAILED, tls_failed)                                                                  \
	X(REQUESTS, requests)                                                                      \
	X(ADMIN_REQUESTS, admin_requests)                                                          \
	X(REQUESTS_REFUSED, requests_refused)                                                      \
	X(REQUESTS_ABORTED, requests_aborted)                                                      \
	X(RESPONSES_FAILED, responses_failed)                                                      \
	X(UPGRADES, upgrades)                                                                      \
	X(ORIGIN_CONNECTIONS, origin_connections)                                                  \
	X(ORIGIN_REUSED, origin_reused)                                                            \
	X(ORIGIN_RETRIES, origin_retries)                                                          \
	X(ORIGIN_FAILED, origin_failed)                                                            \
	X(ORIGIN_TIMEOUTS, origin_timeouts)                                                        \
	X(ORIGIN_MALFORMED, origin_malformed)                                                      \
	X(ORIGIN_TRUNCATED, origin_truncated)                                                      \
	X(ORIGIN_SLOPPY, origin_sloppy)                                                            \
	X(CACHE_HITS, cache_hits)                                                                  \
	X(CACHE_MISSES, cache_misses)                                                              \
	X(CACHE_JOINED, cache_joined)                                                              \
	X(CACHE_VALIDATED, cache_validated)                                                        \
	X(CACHE_STORED, cache_stored)                                                              \
	X(CACHE_BYPASSED, cache_bypassed)                                                          \
	X(CACHE_STALE_ON_ERROR, cache_stale_on_error)                                              \
	X(CACHE_WAIT_TIMEOUTS, cache_wait_timeouts)                                                \
	X(CACHE_TAKEN_BACK, cache_taken_back)                                                      \
	X(CACHE_MISMATCHES, cache_mismatches)                                                      \
	X(CACHE_PURGED, cache_purged)                                                              \
	X(CACHE_INVALIDATED, cache_invalidated)                                                    \
	X(HINTS, hints)                                                                            \
	X(HINTS_DROPPED, hints_dropped)                                                            \
	X(HINTS_FORGOTTEN, hints_forgotten)                                                        \
	X(HINTS_PURGED, hints_purged)                                                              \
	X(HINTS_WARMED, hints_warmed)                                                              \
	X(HINTS_BEFORE_ERROR, hints_before_error)                                                  \
	X(EARLY_HINTS, early_hints)                                                                \
	X(PAGES_SCANNED, pages_scanned)                                                            \
	X(DIGESTS_SET, digests_set)                                                                \
	X(DIGESTS_MALFORMED, digests_malformed)                                                    \
	X(LINKS_MALFORMED, links_malformed)                                                        \
	X(PUSHES_PROMISED, pushes_promised)                                                        \
	X(PUSHES_COMPLETED, pushes_completed)                                                      \
	X(PUSHES_CANCELLED, pushes_cancelled)                                                      \
	X(PUSHES_REFUSED, pushes_refused)                                                          \
	X(PUSHES_FAILED, pushes_failed)                                                            \
	X(BODIES_SPILLED, bodies_spilled)                                                          \
	X(SPILLED_BYTES, spilled_bytes)                                                            \
	X(PUSHED_BYTES, pushed_bytes)                                                              \
	X(WASTED_BYTES, wasted_bytes)                                                              \
	X(LIMIT_CONNECTIONS, limit_connections)                                                    \
	X(LIMIT_CONNECTIONS_ADDRESS, limit_connections_per_address)                                \
	X(LIMIT_ORIGIN_REQUESTS, limit_origin_requests_per_client)                                 \
	X(LIMIT_ORIGIN_WAITING, limit_origin_waiting)                                              \
	X(LIMIT_DESCRIPTORS, limit_descriptors)                                                    \
	X(LIMIT_DESCRIPTORS_CLOSED, limit_descriptors_closed)                                      \
	X(LIMIT_MEMORY_PUSHES, limit_memory_pushes)                                                \
	X(LIMIT_MEMORY_STORING, limit_memory_storing)                                              \
	X(LIMIT_MEMORY_CLOSED, limit_memory_closed)                                                \
	X(LIMIT_MEMORY_CONNECTIONS, limit_memory_connections)                                      \
	X(LIMIT_MEMORY_REQUESTS, limit_memory_requests)                                            \
	X(LIMIT_MEMORY_BODIES, limit_memory_bodies)                                                \
	X(LIMIT_ORIGIN_SHARE, limit_origin_share)                                                  \
	X(LIMIT_SPILL, limit_spill)                                                                \
	X(LIMIT_OUTPUT, limit_output_buffer)                                                       \
	X(TIMEOUT_HANDSHAKE, timeout_handshake)                                                    \
	X(TIMEOUT_REQUEST_FIELDS, timeout_request_fields)                                          \
	X(TIMEOUT_BODY, timeout_body)                                                              \
	X(TIMEOUT_IDLE, timeout_idle)                                                              \
	X(TIMEOUT_TUNNEL, timeout_tunnel)                                                          \
	X(TIMEOUT_DRAIN, timeout_drain)                                                            \
	X(H2_GONE_FRAMES, http2_frames_on_ended_streams)                                           \
	X(INTERNAL_ERRORS, internal_errors)                                                        \
	X(HEAD_BYTES_IN, head_bytes_in)                                                            \
	X(HEAD_BYTES_IN_PLAIN, head_bytes_in_plain)                                                \
	X(HEAD_BYTES_OUT, head_bytes_out)                                                          \
	X(HEAD_BYTES_OUT_PLAIN, head_bytes_out_plain)

enum fr_counter {
#define X(id, name) FR_COUNT_##id,
	FR_GAUGE_TABLE(X) FR_COUNTER_TABLE(X)
#undef X
		FR_COUNTER_COUNT
};
#define FR_GAUGE_COUNT (FR_COUNT_FILLS_OPEN + 1)

/* Room for counters that other modules' tables name: decisions by reason and
 * HTTP/2 faults. */
#define FR_COUNTERS_EXTRA 96u

struct fr_counters {
	_Atomic uint64_t v[FR_COUNTER_COUNT];
	_Atomic uint64_t extra[FR_COUNTERS_EXTRA]; /* meaning: the edge's */
};

/* One writer: a relaxed load and store is all that readers need. */
static inline void fr_counter_bump(_Atomic uint64_t *v, uint64_t n)
{
	atomic_store_explicit(v, atomic_load_explicit(v, memory_order_relaxed) + n,
	                      memory_order_relaxed);
}

static inline void fr_count_add(struct fr_counters *c, enum fr_counter id, uint64_t n)
{
	fr_counter_bump(&c->v[id], n);
}

static inline void fr_count(struct fr_counters *c, enum fr_counter id)
{
	fr_counter_bump(&c->v[id], 1);
}

static inline void fr_count_down(struct fr_counters *c, enum fr_counter id)
{
	fr_counter_bump(&c->v[id], UINT64_MAX);
}

/* The name of a counter as in the table, e.g. "pushes_promised". */
const char *fr_counter_name(enum fr_counter id);

/* Adds `from` to the plain sums (FR_COUNTER_COUNT + FR_COUNTERS_EXTRA of them). */
void fr_counters_sum(const struct fr_counters *from, uint64_t *sums);

#endif
