/* Every setting with a number or a switch: key, member, kind, default and
 * bounds, in one table for each group; and every list of texts. The schema, the
 * defaults, the bounds' messages, the copies and the test of docs/configuration.md
 * are all made from these. */
#ifndef FR_CONFIG_SETTINGS_H
#define FR_CONFIG_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

enum fr_setting_kind {
	FR_SETTING_COUNT_OF,  /* a plain number */
	FR_SETTING_DURATION,  /* 500ms, 30s, 2m, 1h; into milliseconds */
	FR_SETTING_SIZE,      /* 8192, 64KiB, 1MiB, 2GiB; into bytes */
	FR_SETTING_MEBIBYTES, /* the same, into MiB: for what may pass 4 GiB */
	FR_SETTING_SWITCH     /* true or false */
};

/* A token that is guessed is none. */
#define FR_ADMIN_TOKEN_MIN_BYTES 16u
#define FR_ADMIN_TOKEN_MAX_BYTES 256u

#define FR_KIB 1024u
#define FR_MIB (1024u * 1024u)

/*        key                  member                kind      default  least    most */
#define FR_SETTINGS_TIMEOUTS(X)                                                                    \
	X(handshake, handshake_ms, DURATION, 10000, 100, 3600000)                                  \
	X(request_fields, request_fields_ms, DURATION, 20000, 100, 3600000)                        \
	X(body, body_ms, DURATION, 30000, 100, 86400000)                                           \
	X(idle, idle_ms, DURATION, 120000, 100, 86400000)                                          \
	X(tunnel, tunnel_ms, DURATION, 3600000, 100, 86400000)                                     \
	X(drain, drain_ms, DURATION, 30000, 0, 86400000)

#define FR_SETTINGS_LIMITS(X)                                                                      \
	X(memory, memory_mib, MEBIBYTES, 0, 0, 1048576)                                            \
	X(connections, connections, COUNT_OF, 20000, 1, 10000000)                                  \
	X(connections_per_address, connections_per_address, COUNT_OF, 1000, 1, 10000000)           \
	X(request_line, request_line_bytes, SIZE, 8192, 256, FR_MIB)                               \
	X(fields, fields_bytes, SIZE, 65536, 1024, FR_MIB)                                         \
	X(fields_count, fields_count, COUNT_OF, 128, 8, 4096)                                      \
	X(fields_connection, fields_connection_bytes, SIZE, FR_MIB, 65536, 1024 * FR_MIB)          \
	X(response_fields, response_fields_bytes, SIZE, 131072, 1024, FR_MIB)                      \
	X(response_fields_count, response_fields_count, COUNT_OF, 256, 8, 4096)                    \
	X(response_buffer, response_buffer_bytes, SIZE, 131072, 4096, 64 * FR_MIB)                 \
	X(request_buffer, request_buffer_bytes, SIZE, 65536, 4096, 64 * FR_MIB)                    \
	X(output_buffer, output_buffer_bytes, SIZE, 262144, 65536, 64 * FR_MIB)                    \
	X(spill, spill_mib, MEBIBYTES, 1024, 0, 1048576)                                           \
	X(body_rate, body_rate_bytes, SIZE, 240, 0, FR_MIB)                                        \
	X(origin_requests_per_client, origin_requests_per_client, COUNT_OF, 1024, 1, 1000000)

#define FR_SETTINGS_HTTP2(X)                                                                       \
	X(max_concurrent_streams, max_concurrent_streams, COUNT_OF, 128, 1, 10000)                 \
	X(window, window_bytes, SIZE, 65536, 16384, 16 * FR_MIB)                                   \
	X(connection_window, connection_window_bytes, SIZE, 262144, 65535, 64 * FR_MIB)            \
	X(window_max, window_max_bytes, SIZE, 4 * FR_MIB, 16384, 64 * FR_MIB)                      \
	X(connection_window_max, connection_window_max_bytes, SIZE, 8 * FR_MIB, 65535,             \
	  256 * FR_MIB)                                                                            \
	X(header_table, header_table_bytes, SIZE, 4096, 0, 65536)                                  \
	X(control_burst, control_burst, COUNT_OF, 200, 10, 1000000)                                \
	X(control_per_second, control_per_second, COUNT_OF, 50, 1, 1000000)                        \
	X(continuation_frames, continuation_frames, COUNT_OF, 8, 0, 1024)                          \
	X(reset_burst, reset_burst, COUNT_OF, 200, 1, 1000000)                                     \
	X(reset_per_second, reset_per_second, COUNT_OF, 20, 1, 1000000)

#define FR_SETTINGS_ORIGIN(X)                                                                      \
	X(verify, verify, SWITCH, 1, 0, 1)                                                         \
	X(via, via, SWITCH, 0, 0, 1)                                                               \
	X(connect_timeout, connect_timeout_ms, DURATION, 5000, 10, 600000)                         \
	X(first_byte_timeout, first_byte_timeout_ms, DURATION, 60000, 10, 86400000)                \
	X(idle_timeout, idle_timeout_ms, DURATION, 60000, 10, 86400000)                            \
	X(keepalive, keepalive_ms, DURATION, 50000, 0, 86400000)                                   \
	X(max_idle, max_idle, COUNT_OF, 512, 0, 65536)                                             \
	X(max_connections, max_connections, COUNT_OF, 512, 1, 65536)                               \
	X(max_waiting, max_waiting, COUNT_OF, 1024, 0, 1000000)                                    \
	X(buffer_requests, buffer_requests_bytes, SIZE, 65536, 0, 1024 * FR_MIB)

#define FR_SETTINGS_HINTS(X)                                                                       \
	X(push, push, SWITCH, 1, 0, 1)                                                             \
	X(early_hints_http1, early_hints_http1, SWITCH, 0, 0, 1)                                   \
	X(early_hints_csp, early_hints_csp, SWITCH, 0, 0, 1)                                       \
	X(max_early_hints, max_early_hints, COUNT_OF, 32, 0, 64)                                   \
	X(memory, memory, SWITCH, 1, 0, 1)                                                         \
	X(html, html, SWITCH, 1, 0, 1)                                                             \
	X(html_interval, html_interval_ms, DURATION, 10000, 0, 86400000)                           \
	X(learned, learned, SWITCH, 1, 0, 1)                                                       \
	X(keep_query, keep_query, SWITCH, 0, 0, 1)                                                 \
	X(witnesses, witnesses, COUNT_OF, 3, 1, 8)                                                 \
	X(holdout, holdout_percent, COUNT_OF, 10, 0, 50)                                           \
	X(warm, warm, SWITCH, 1, 0, 1)                                                             \
	X(digest, digest, SWITCH, 1, 0, 1)                                                         \
	X(absolute_links, absolute_links, SWITCH, 1, 0, 1)                                         \
	X(max_pushes_per_page, max_pushes_page, COUNT_OF, 50, 0, 256)                              \
	X(max_pushes_per_connection, max_pushes_connection, COUNT_OF, 1000, 0, 65536)              \
	X(max_push_bytes_per_page, max_push_bytes_page, SIZE, 4 * FR_MIB, 0, 1024 * FR_MIB)        \
	X(failure_ttl, failure_ttl_ms, DURATION, 30000, 0, 86400000)

#define FR_SETTINGS_HINT_MEMORY(X)                                                                 \
	X(size, size_mib, MEBIBYTES, 16, 1, 65536)                                                 \
	X(ttl, ttl_ms, DURATION, 604800000, 60000, 2592000000)

#define FR_SETTINGS_STORE(X)                                                                       \
	X(memory, memory_mib, MEBIBYTES, 256, 1, 1048576)                                          \
	X(max_object, max_object_bytes, SIZE, 16777216, 1024, 1024 * FR_MIB)                       \
	X(max_variants, max_variants, COUNT_OF, 16, 1, 256)                                        \
	X(wait_timeout, wait_timeout_ms, DURATION, 5000, 10, 600000)

#define FR_SETTINGS_CACHE(X)                                                                       \
	X(enabled, enabled, SWITCH, 1, 0, 1)                                                       \
	X(ignore_query, ignore_query, SWITCH, 0, 0, 1)                                             \
	X(ttl, ttl_ms, DURATION, 0, 0, 2592000000)

/* The levels of one pass; what is encoded at leisure gets the best. */
#define FR_SETTINGS_COMPRESSION(X)                                                                 \
	X(enabled, enabled, SWITCH, 1, 0, 1)                                                       \
	X(min_size, min_bytes, SIZE, 1024, 0, 16 * FR_MIB)                                         \
	X(recompress, recompress, SWITCH, 1, 0, 1)                                                 \
	X(gzip_level, gzip_level, COUNT_OF, 6, 1, 9)                                               \
	X(br_level, br_level, COUNT_OF, 5, 1, 9)                                                   \
	X(zstd_level, zstd_level, COUNT_OF, 7, 1, 12)

#define FR_SETTINGS_SECURITY(X)                                                                    \
	X(seccomp, seccomp, SWITCH, 1, 0, 1)                                                       \
	X(core_dumps, core_dumps, SWITCH, 0, 0, 1)

#define FR_SETTINGS_ACCESS_LOG(X) X(buffer, buffer_bytes, SIZE, 1048576, 262144, 64 * FR_MIB)

/* Lists of texts: the key, which is the member too, and how many there may be. A list that is
 * written replaces the one that a path inherits from its site. */
#define FR_LIST_NAMES 64
#define FR_LIST_HOSTS 100
#define FR_LIST_CODINGS 3
#define FR_LISTS_SITE(X) X(hosts, FR_LIST_HOSTS)
#define FR_LISTS_HINTS(X) X(query_only, FR_LIST_NAMES)
#define FR_LISTS_CACHE(X)                                                                          \
	X(query_only, FR_LIST_NAMES)                                                               \
	X(bypass_cookies, FR_LIST_NAMES)                                                           \
	X(ignore_cookies, FR_LIST_NAMES)
#define FR_LISTS_COMPRESSION(X)                                                                    \
	X(types, FR_LIST_NAMES)                                                                    \
	X(codings, FR_LIST_CODINGS)

/* A list in a group of the configuration: owned, or a site's. NULL: not written. */
#define FR_LIST_MEMBER(key, most)                                                                  \
	char **key;                                                                                \
	size_t n_##key;

/* One row of a table of lists. */
struct fr_list_setting {
	size_t raw_offset, raw_n_offset; /* of the texts (char **), of their number (unsigned) */
	size_t out_offset, out_n_offset; /* likewise (size_t), in the configuration's group */
};

/* One row of a table, for code that walks it. */
struct fr_setting {
	const char *key;
	enum fr_setting_kind kind;
	size_t raw_offset; /* of the text (char *) in the raw group */
	size_t out_offset; /* of the value in the configuration's group */
	uint32_t value, least, most;
};

#endif
