/* Describes each counter of observe/counters.h for Prometheus: its name there (without
 * "forerun_"), its labels, and a sentence. Counters without a row appear under their own
 * name; counters that begin with limit_ or timeout_ appear as labels of
 * forerun_limit_reached_total and forerun_timeouts_total. Rows of one metric stand
 * together. Used by prometheus.c alone. */
#ifndef FR_OBSERVE_COUNTER_HELP_H
#define FR_OBSERVE_COUNTER_HELP_H

/* counter, metric, labels, help (of the metric's first row) */
#define FR_COUNTER_HELP_TABLE(X)                                                                   \
	X(CONNECTIONS_OPEN, "connections_open", "", "Client connections that are open.")           \
	X(CONNECTIONS, "connections_total", "", "Client connections accepted.")                    \
	X(CONNECTIONS_H2, "connections_http2_total", "", "Client connections with HTTP/2.")        \
	X(TLS_HANDSHAKES, "tls_handshakes_total", "", "TLS handshakes completed with clients.")    \
	X(TLS_RESUMED, "tls_handshakes_resumed_total", "", "Of those, resumed sessions.")          \
	X(TLS_FAILED, "tls_handshakes_failed_total", "", "TLS handshakes that failed.")            \
	X(EXCHANGES_OPEN, "requests_open", "", "Requests and pushes under way.")                   \
	X(REQUESTS, "requests_total", "", "Requests and pushes begun, admin interface excluded.")  \
	X(ADMIN_REQUESTS, "admin_requests_total", "", "Requests to the admin interface.")          \
	X(REQUESTS_REFUSED, "requests_refused_total", "", "Requests answered with a 4xx of ours.") \
	X(REQUESTS_ABORTED, "requests_aborted_total", "",                                          \
	  "Requests that ended before their response was complete.")                               \
	X(RESPONSES_FAILED, "responses_failed_total", "",                                          \
	  "Responses whose body could not be completed.")                                          \
	X(BODIES_SPILLED, "bodies_spilled_total", "",                                              \
	  "Bodies that waited in a temporary file because nobody read them.")                      \
	X(SPILLED_BYTES, "spilled_bytes_total", "", "Bytes that did.")                             \
	X(UPGRADES, "upgrades_total", "", "Connections handed through after a 101.")               \
	X(EARLY_HINTS, "early_hints_total", "", "103 responses sent.")                             \
	X(HINTS_WARMED, "hints_warmed_total", "", "Hinted assets fetched ahead.")                  \
	X(HINTS_FORGOTTEN, "hints_forgotten_total", "", "Remembered links that were dropped.")     \
	X(HINTS_BEFORE_ERROR, "hints_before_error_total", "",                                      \
	  "Pages hinted early that were answered with an error or a redirect.")                    \
	X(PAGES_SCANNED, "pages_scanned_total", "", "Pages whose HTML was scanned.")               \
	X(TAPS_OPEN, "taps_open", "", "Pages whose HTML is being scanned.")                        \
	X(DIGESTS_SET, "digests_set_total", "", "Digest cookies set.")                             \
	X(DIGESTS_MALFORMED, "digests_malformed_total", "", "Malformed digests received.")         \
	X(HINTS_DROPPED, "hints_dropped_total", "", "Links above the limit per page.")             \
	X(LINKS_MALFORMED, "links_malformed_total", "", "Malformed links.")                        \
	X(PUSHES_PROMISED, "pushes_promised_total", "", "Pushes promised.")                        \
	X(PUSHES_COMPLETED, "pushes_total", "outcome=\"completed\"",                               \
	  "Pushes that have ended, by outcome.")                                                   \
	X(PUSHES_CANCELLED, "pushes_total", "outcome=\"cancelled\"", "")                           \
	X(PUSHES_REFUSED, "pushes_total", "outcome=\"refused\"", "")                               \
	X(PUSHES_FAILED, "pushes_total", "outcome=\"failed\"", "")                                 \
	X(PUSHED_BYTES, "pushed_bytes_total", "", "Bytes of bodies that were pushed.")             \
	X(WASTED_BYTES, "wasted_bytes_total", "",                                                  \
	  "Of those, bytes of pushes that the client cancelled or refused.")                       \
	X(H2_GONE_FRAMES, "http2_frames_on_ended_streams_total", "",                               \
	  "Frames of clients on HTTP/2 streams that had ended.")                                   \
	X(HEAD_BYTES_IN, "hpack_bytes_total", "direction=\"request\",form=\"wire\"",               \
	  "Bytes of HTTP/2 fields: compressed as on the wire, and plain.")                         \
	X(HEAD_BYTES_IN_PLAIN, "hpack_bytes_total", "direction=\"request\",form=\"plain\"", "")    \
	X(HEAD_BYTES_OUT, "hpack_bytes_total", "direction=\"response\",form=\"wire\"", "")         \
	X(HEAD_BYTES_OUT_PLAIN, "hpack_bytes_total", "direction=\"response\",form=\"plain\"", "")  \
	X(CACHE_HITS, "cache_hits_total", "", "Requests answered from the store.")                 \
	X(CACHE_MISSES, "cache_misses_total", "", "Requests that the store could not answer.")     \
	X(CACHE_JOINED, "cache_joined_total", "",                                                  \
	  "Requests that waited for another request's fetch.")                                     \
	X(CACHE_VALIDATED, "cache_validated_total", "",                                            \
	  "Stored responses validated by the origin.")                                             \
	X(CACHE_STORED, "cache_stored_total", "", "Responses stored.")                             \
	X(CACHE_BYPASSED, "cache_bypassed_total", "", "Requests that bypassed the cache.")         \
	X(CACHE_STALE_ON_ERROR, "cache_stale_on_error_total", "",                                  \
	  "Stale responses served instead of an error.")                                           \
	X(CACHE_WAIT_TIMEOUTS, "cache_wait_timeouts_total", "",                                    \
	  "Requests that gave up waiting for another request's fetch.")                            \
	X(CACHE_TAKEN_BACK, "cache_taken_back_total", "",                                          \
	  "Responses removed because they may no longer be shared.")                               \
	X(CACHE_MISMATCHES, "cache_mismatches_total", "",                                          \
	  "Validations of another response than the stored one.")                                  \
	X(HINTS_PURGED, "hints_purged_total", "", "Pages whose hints operators purged.")           \
	X(CACHE_PURGED, "cache_purged_total", "", "Responses purged by operators.")                \
	X(CACHE_INVALIDATED, "cache_invalidated_total", "",                                        \
	  "Responses invalidated by unsafe requests.")                                             \
	X(FILLS_OPEN, "cache_fills_open", "", "Fetches into the store in progress.")               \
	X(ORIGIN_CONNECTIONS_OPEN, "origin_connections_open", "", "Connections to origins.")       \
	X(FETCHES_OPEN, "origin_requests_open", "", "Requests to origins in progress.")            \
	X(ORIGIN_CONNECTIONS, "origin_connections_total", "", "Connections to origins opened.")    \
	X(ORIGIN_REUSED, "origin_reused_total", "", "Requests on a reused connection.")            \
	X(ORIGIN_RETRIES, "origin_retries_total", "", "Requests repeated on a new connection.")    \
	X(ORIGIN_FAILED, "origin_failures_total", "cause=\"connection\"",                          \
	  "Requests to origins that failed, by cause.")                                            \
	X(ORIGIN_TIMEOUTS, "origin_failures_total", "cause=\"timeout\"", "")                       \
	X(ORIGIN_MALFORMED, "origin_failures_total", "cause=\"malformed\"", "")                    \
	X(ORIGIN_TRUNCATED, "origin_failures_total", "cause=\"truncated\"", "")                    \
	X(INTERNAL_ERRORS, "internal_errors_total", "",                                            \
	  "Faults of Forerun itself that ended an exchange or a connection.")                      \
	X(ORIGIN_SLOPPY, "origin_sloppy_total", "",                                                \
	  "Faulty responses of origins that were read as meant.")

#endif
