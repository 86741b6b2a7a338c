/* Counters and live-object gauges. Each worker has its own set, written by its thread alone
 * and read by any; readers sum them up. docs/limits.md explains the limit counters.
 *
 * A row: identifier, name in logs and in the status, and for Prometheus its metric (without
 * "forerun_"), its labels, and a sentence. Rows of one metric stand together, and the first
 * one has the sentence. Metric "": not shown there by itself. */
#ifndef FR_OBSERVE_COUNTERS_H
#define FR_OBSERVE_COUNTERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Gauges of live objects: they go up and down, and are zero when a server has ended. */
#define FR_GAUGE_TABLE(X)                                                                          \
	X(CONNECTIONS_OPEN, connections_open, "connections_open", "",                              \
	  "Client connections that are open.")                                                     \
	X(EXCHANGES_OPEN, exchanges_open, "requests_open", "", "Requests and pushes under way.")   \
	X(ORIGIN_CONNECTIONS_OPEN, origin_connections_open, "origin_connections_open", "",         \
	  "Connections to origins.")                                                               \
	X(FETCHES_OPEN, fetches_open, "origin_requests_open", "",                                  \
	  "Requests to origins in progress.")                                                      \
	X(TAPS_OPEN, taps_open, "taps_open", "", "Pages whose HTML is being scanned.")             \
	X(CODERS_OPEN, coders_open, "coders_open", "",                                             \
	  "Bodies that are being encoded or decoded.")                                             \
	X(RECODES_OPEN, recodes_open, "recodes_open", "",                                          \
	  "Stored bodies that are to be encoded again, better.")                                   \
	X(FILLS_OPEN, fills_open, "cache_fills_open", "", "Fetches into the store in progress.")

/* What only grows. */
#define FR_COUNTER_TABLE(X)                                                                        \
	X(CONNECTIONS, connections, "connections_total", "", "Client connections accepted.")       \
	X(CONNECTIONS_H2, connections_h2, "connections_http2_total", "",                           \
	  "Client connections with HTTP/2.")                                                       \
	X(TLS_HANDSHAKES, tls_handshakes, "tls_handshakes_total", "",                              \
	  "TLS handshakes completed with clients.")                                                \
	X(TLS_RESUMED, tls_resumed, "tls_handshakes_resumed_total", "",                            \
	  "Of those, resumed sessions.")                                                           \
	X(TLS_FAILED, tls_failed, "tls_handshakes_failed_total", "",                               \
	  "TLS handshakes that failed.")                                                           \
	X(REQUESTS, requests, "requests_total", "",                                                \
	  "Requests and pushes begun, admin interface excluded.")                                  \
	X(ADMIN_REQUESTS, admin_requests, "admin_requests_total", "",                              \
	  "Requests to the admin interface.")                                                      \
	X(REQUESTS_REFUSED, requests_refused, "requests_refused_total", "",                        \
	  "Requests answered with a 4xx of ours.")                                                 \
	X(REQUESTS_ABORTED, requests_aborted, "requests_aborted_total", "",                        \
	  "Requests that ended before their response was complete.")                               \
	X(REQUESTS_CHUNKED, requests_chunked, "requests_chunked_total", "",                        \
	  "Requests whose body went to the origin in chunks, without a Content-Length.")           \
	X(RESPONSES_FAILED, responses_failed, "responses_failed_total", "",                        \
	  "Responses whose body could not be completed.")                                          \
	X(UPGRADES, upgrades, "upgrades_total", "", "Connections handed through after a 101.")     \
	X(PROXY_HEADERS_REFUSED, proxy_headers_refused, "proxy_headers_refused_total", "",         \
	  "Connections refused for want of a PROXY header of a trusted proxy.")                    \
	X(FORWARDED_UNTRUSTED, forwarded_untrusted, "forwarded_untrusted_total", "",               \
	  "Requests with X-Forwarded-For or Forwarded from peers that are not trusted.")           \
	X(FORWARDED_MALFORMED, forwarded_malformed, "forwarded_malformed_total", "",               \
	  "Requests of trusted proxies that name no client where one should be.")                  \
	X(ORIGIN_CONNECTIONS, origin_connections, "origin_connections_total", "",                  \
	  "Connections to origins opened.")                                                        \
	X(ORIGIN_REUSED, origin_reused, "origin_reused_total", "",                                 \
	  "Requests on a reused connection.")                                                      \
	X(ORIGIN_RETRIES, origin_retries, "origin_retries_total", "",                              \
	  "Requests repeated on a new connection.")                                                \
	X(ORIGIN_FAILED, origin_failed, "origin_failures_total", "cause=\"connection\"",           \
	  "Requests to origins that failed, by cause.")                                            \
	X(ORIGIN_TIMEOUTS, origin_timeouts, "origin_failures_total", "cause=\"timeout\"", "")      \
	X(ORIGIN_MALFORMED, origin_malformed, "origin_failures_total", "cause=\"malformed\"", "")  \
	X(ORIGIN_TRUNCATED, origin_truncated, "origin_failures_total", "cause=\"truncated\"", "")  \
	X(ORIGIN_SLOPPY, origin_sloppy, "origin_sloppy_total", "",                                 \
	  "Faulty responses of origins that were read as meant.")                                  \
	X(CACHE_HITS, cache_hits, "cache_hits_total", "", "Requests answered from the store.")     \
	X(CACHE_MISSES, cache_misses, "cache_misses_total", "",                                    \
	  "Requests that the store could not answer.")                                             \
	X(CACHE_JOINED, cache_joined, "cache_joined_total", "",                                    \
	  "Requests that waited for another request's fetch.")                                     \
	X(CACHE_VALIDATED, cache_validated, "cache_validated_total", "",                           \
	  "Stored responses validated by the origin.")                                             \
	X(CACHE_STORED, cache_stored, "cache_stored_total", "", "Responses stored.")               \
	X(CACHE_BYPASSED, cache_bypassed, "cache_bypassed_total", "",                              \
	  "Requests that bypassed the cache.")                                                     \
	X(CACHE_STALE_ON_ERROR, cache_stale_on_error, "cache_stale_on_error_total", "",            \
	  "Stale responses served instead of an error.")                                           \
	X(CACHE_WAIT_TIMEOUTS, cache_wait_timeouts, "cache_wait_timeouts_total", "",               \
	  "Requests that gave up waiting for another request's fetch.")                            \
	X(CACHE_TAKEN_BACK, cache_taken_back, "cache_taken_back_total", "",                        \
	  "Responses removed because they may no longer be shared.")                               \
	X(CACHE_MISMATCHES, cache_mismatches, "cache_mismatches_total", "",                        \
	  "Validations of another response than the stored one.")                                  \
	X(CACHE_PURGED, cache_purged, "cache_purged_total", "", "Responses purged by operators.")  \
	X(CACHE_INVALIDATED, cache_invalidated, "cache_invalidated_total", "",                     \
	  "Responses invalidated by unsafe requests.")                                             \
	X(HINTS, hints, "", "", "")                                                                \
	X(HINTS_DROPPED, hints_dropped, "hints_dropped_total", "",                                 \
	  "Links above the limit per page.")                                                       \
	X(HINTS_FORGOTTEN, hints_forgotten, "hints_forgotten_total", "",                           \
	  "Remembered links that were dropped.")                                                   \
	X(HINTS_PURGED, hints_purged, "hints_purged_total", "",                                    \
	  "Pages whose hints operators purged.")                                                   \
	X(HINTS_WARMED, hints_warmed, "hints_warmed_total", "", "Hinted assets fetched ahead.")    \
	X(HINTS_BEFORE_ERROR, hints_before_error, "hints_before_error_total", "",                  \
	  "Pages hinted early that were answered with an error or a redirect.")                    \
	X(EARLY_HINTS, early_hints, "early_hints_total", "", "103 responses sent.")                \
	X(PAGE_LOADS, page_loads, "page_loads_total", "",                                          \
	  "Page loads whose window ended, with a record.")                                         \
	X(HINTS_SWITCHED, hints_switched, "hints_switched_total", "",                              \
	  "Switches of a template's hints, because they harm or are tried again.")                 \
	X(PAGES_SCANNED, pages_scanned, "pages_scanned_total", "",                                 \
	  "Pages whose HTML was scanned.")                                                         \
	X(DIGESTS_SET, digests_set, "digests_set_total", "", "Digest cookies set.")                \
	X(DIGESTS_MALFORMED, digests_malformed, "digests_malformed_total", "",                     \
	  "Malformed digests received.")                                                           \
	X(LINKS_MALFORMED, links_malformed, "links_malformed_total", "", "Malformed links.")       \
	X(PUSHES_PROMISED, pushes_promised, "pushes_promised_total", "", "Pushes promised.")       \
	X(PUSHES_COMPLETED, pushes_completed, "pushes_total", "outcome=\"completed\"",             \
	  "Pushes that have ended, by outcome.")                                                   \
	X(PUSHES_CANCELLED, pushes_cancelled, "pushes_total", "outcome=\"cancelled\"", "")         \
	X(PUSHES_REFUSED, pushes_refused, "pushes_total", "outcome=\"refused\"", "")               \
	X(PUSHES_FAILED, pushes_failed, "pushes_total", "outcome=\"failed\"", "")                  \
	X(ENCODED_GZIP, encoded_gzip, "encoded_bodies_total", "coding=\"gzip\"",                   \
	  "Bodies that the edge encoded, by coding.")                                              \
	X(ENCODED_BR, encoded_br, "encoded_bodies_total", "coding=\"br\"", "")                     \
	X(ENCODED_ZSTD, encoded_zstd, "encoded_bodies_total", "coding=\"zstd\"", "")               \
	X(ENCODED_GZIP_IN, encoded_gzip_in, "encoded_bytes_total",                                 \
	  "coding=\"gzip\",form=\"plain\"", "Bytes of those bodies, before and after.")            \
	X(ENCODED_GZIP_OUT, encoded_gzip_out, "encoded_bytes_total",                               \
	  "coding=\"gzip\",form=\"coded\"", "")                                                    \
	X(ENCODED_BR_IN, encoded_br_in, "encoded_bytes_total", "coding=\"br\",form=\"plain\"", "") \
	X(ENCODED_BR_OUT, encoded_br_out, "encoded_bytes_total", "coding=\"br\",form=\"coded\"",   \
	  "")                                                                                      \
	X(ENCODED_ZSTD_IN, encoded_zstd_in, "encoded_bytes_total",                                 \
	  "coding=\"zstd\",form=\"plain\"", "")                                                    \
	X(ENCODED_ZSTD_OUT, encoded_zstd_out, "encoded_bytes_total",                               \
	  "coding=\"zstd\",form=\"coded\"", "")                                                    \
	X(RECODED, recoded, "recoded_bodies_total", "",                                            \
	  "Stored bodies that were encoded again, better.")                                        \
	X(RECODED_SAVED, recoded_saved, "recoded_saved_bytes_total", "",                           \
	  "Bytes by which they became shorter.")                                                   \
	X(DECODED, decoded, "decoded_bodies_total", "",                                            \
	  "Bodies that the edge decoded for clients that take no coding.")                         \
	X(DECODED_IN, decoded_in, "decoded_bytes_total", "form=\"coded\"",                         \
	  "Bytes of those bodies, before and after.")                                              \
	X(DECODED_OUT, decoded_out, "decoded_bytes_total", "form=\"plain\"", "")                   \
	X(PAGES_UNREADABLE, pages_unreadable, "pages_unreadable_total", "",                        \
	  "Pages in a coding that the scan of HTML cannot read.")                                  \
	X(BODIES_SPILLED, bodies_spilled, "bodies_spilled_total", "",                              \
	  "Bodies that waited in a temporary file because nobody read them.")                      \
	X(SPILLED_BYTES, spilled_bytes, "spilled_bytes_total", "", "Bytes that did.")              \
	X(PUSHED_BYTES, pushed_bytes, "pushed_bytes_total", "",                                    \
	  "Bytes of bodies that were pushed.")                                                     \
	X(WASTED_BYTES, wasted_bytes, "wasted_bytes_total", "",                                    \
	  "Of those, bytes of pushes that the client cancelled or refused.")                       \
	X(LIMIT_CONNECTIONS, limit_connections, "limit_reached_total", "limit=\"connections\"",    \
	  "How often a limit was reached (docs/limits.md).")                                       \
	X(LIMIT_CONNECTIONS_ADDRESS, limit_connections_per_address, "limit_reached_total",         \
	  "limit=\"connections_per_address\"", "")                                                 \
	X(LIMIT_ORIGIN_REQUESTS, limit_origin_requests_per_client, "limit_reached_total",          \
	  "limit=\"origin_requests_per_client\"", "")                                              \
	X(LIMIT_ORIGIN_WAITING, limit_origin_waiting, "limit_reached_total",                       \
	  "limit=\"origin_waiting\"", "")                                                          \
	X(LIMIT_DESCRIPTORS, limit_descriptors, "limit_reached_total", "limit=\"descriptors\"",    \
	  "")                                                                                      \
	X(LIMIT_DESCRIPTORS_CLOSED, limit_descriptors_closed, "limit_reached_total",               \
	  "limit=\"descriptors_closed\"", "")                                                      \
	X(LIMIT_MEMORY_PUSHES, limit_memory_pushes, "limit_reached_total",                         \
	  "limit=\"memory_pushes\"", "")                                                           \
	X(LIMIT_MEMORY_STORING, limit_memory_storing, "limit_reached_total",                       \
	  "limit=\"memory_storing\"", "")                                                          \
	X(LIMIT_MEMORY_CLOSED, limit_memory_closed, "limit_reached_total",                         \
	  "limit=\"memory_closed\"", "")                                                           \
	X(LIMIT_MEMORY_CONNECTIONS, limit_memory_connections, "limit_reached_total",               \
	  "limit=\"memory_connections\"", "")                                                      \
	X(LIMIT_MEMORY_REQUESTS, limit_memory_requests, "limit_reached_total",                     \
	  "limit=\"memory_requests\"", "")                                                         \
	X(LIMIT_MEMORY_BODIES, limit_memory_bodies, "limit_reached_total",                         \
	  "limit=\"memory_bodies\"", "")                                                           \
	X(LIMIT_ORIGIN_SHARE, limit_origin_share, "limit_reached_total", "limit=\"origin_share\"", \
	  "")                                                                                      \
	X(LIMIT_CODERS, limit_coders, "limit_reached_total", "limit=\"coders\"", "")               \
	X(LIMIT_TWINS, limit_twins, "limit_reached_total", "limit=\"twins\"", "")                  \
	X(LIMIT_RECODES, limit_recodes, "limit_reached_total", "limit=\"recodes\"", "")            \
	X(LIMIT_SPILL, limit_spill, "limit_reached_total", "limit=\"spill\"", "")                  \
	X(LIMIT_OUTPUT, limit_output_buffer, "limit_reached_total", "limit=\"output_buffer\"", "") \
	X(TIMEOUT_HANDSHAKE, timeout_handshake, "timeouts_total", "timeout=\"handshake\"",         \
	  "How often a time limit was reached (docs/limits.md).")                                  \
	X(TIMEOUT_REQUEST_FIELDS, timeout_request_fields, "timeouts_total",                        \
	  "timeout=\"request_fields\"", "")                                                        \
	X(TIMEOUT_BODY, timeout_body, "timeouts_total", "timeout=\"body\"", "")                    \
	X(TIMEOUT_IDLE, timeout_idle, "timeouts_total", "timeout=\"idle\"", "")                    \
	X(TIMEOUT_TUNNEL, timeout_tunnel, "timeouts_total", "timeout=\"tunnel\"", "")              \
	X(TIMEOUT_DRAIN, timeout_drain, "timeouts_total", "timeout=\"drain\"", "")                 \
	X(H2_GONE_FRAMES, http2_frames_on_ended_streams, "http2_frames_on_ended_streams_total",    \
	  "", "Frames of clients on HTTP/2 streams that had ended.")                               \
	X(INTERNAL_ERRORS, internal_errors, "internal_errors_total", "",                           \
	  "Faults of Forerun itself that ended an exchange or a connection.")                      \
	X(HEAD_BYTES_IN, head_bytes_in, "hpack_bytes_total",                                       \
	  "direction=\"request\",form=\"wire\"",                                                   \
	  "Bytes of HTTP/2 fields: compressed as on the wire, and plain.")                         \
	X(HEAD_BYTES_IN_PLAIN, head_bytes_in_plain, "hpack_bytes_total",                           \
	  "direction=\"request\",form=\"plain\"", "")                                              \
	X(HEAD_BYTES_OUT, head_bytes_out, "hpack_bytes_total",                                     \
	  "direction=\"response\",form=\"wire\"", "")                                              \
	X(HEAD_BYTES_OUT_PLAIN, head_bytes_out_plain, "hpack_bytes_total",                         \
	  "direction=\"response\",form=\"plain\"", "")

enum fr_counter {
#define X(id, ...) FR_COUNT_##id,
	FR_GAUGE_TABLE(X) FR_GAUGES_END,
	FR_FIRST_COUNTER = FR_GAUGES_END - 1, /* the next row has its number */
	FR_COUNTER_TABLE(X)
#undef X
		FR_COUNTER_COUNT
};

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

static inline bool fr_counter_is_gauge(enum fr_counter id)
{
	return (unsigned)id < FR_GAUGES_END;
}

/* The name of a counter as in the table, e.g. "pushes_promised". */
const char *fr_counter_name(enum fr_counter id);

/* Adds `from` to the plain sums (FR_COUNTER_COUNT + FR_COUNTERS_EXTRA of them). */
void fr_counters_sum(const struct fr_counters *from, uint64_t *sums);

#endif
