/* What happened lately: an hour by seconds, a day by minutes, in rings of fixed size. Fed with the
 * sums of all workers about once a second, read by the admin interface. One for a process, over
 * reloads. No I/O, reads no clock; one mutex, so any thread may call. */
#ifndef FR_OBSERVE_HISTORY_H
#define FR_OBSERVE_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/histogram.h"
#include "base/str.h"

/* The ranges: name, seconds of a step, steps. */
#define FR_HISTORY_RANGE_TABLE(X)                                                                  \
	X(HOUR, "hour", 1, 3600)                                                                   \
	X(DAY, "day", 60, 1440)
enum fr_history_range {
#define X(id, name, seconds, steps) FR_HISTORY_##id,
	FR_HISTORY_RANGE_TABLE(X)
#undef X
		FR_HISTORY_RANGES
};

/* Figures that only grow, of which a step has what came in it; and those of a moment, of which it
 * has the most. Names as in the answer of GET /history. */
#define FR_HISTORY_COUNT_TABLE(X)                                                                  \
	X(REQUESTS, "requests")                                                                    \
	X(HITS, "hits")                                                                            \
	X(RESPONSES, "responses")                                                                  \
	X(ERRORS, "errors")                                                                        \
	X(ORIGIN_FAILURES, "origin_failures")                                                      \
	X(PAGES, "pages")                                                                          \
	X(EARLY_HINTS, "early_hints")                                                              \
	X(PUSHES_COMPLETED, "pushes_completed")                                                    \
	X(PUSHES_WASTED, "pushes_wasted")                                                          \
	X(SENT_KIB, "sent_kib")
#define FR_HISTORY_GAUGE_TABLE(X)                                                                  \
	X(CONNECTIONS, "connections")                                                              \
	X(MEMORY_MIB, "memory_mib")
#define FR_HISTORY_NAME(id, name) FR_HISTORY_OF_##id,
enum { FR_HISTORY_COUNT_TABLE(FR_HISTORY_NAME) FR_HISTORY_COUNTS };
enum { FR_HISTORY_GAUGE_TABLE(FR_HISTORY_NAME) FR_HISTORY_GAUGES };
#undef FR_HISTORY_NAME

/* All figures at one moment. */
struct fr_history_totals {
	uint64_t counts[FR_HISTORY_COUNTS];
	uint64_t gauges[FR_HISTORY_GAUGES];
	struct fr_histogram_sum first_byte; /* of all responses */
};

/* One step. What does not fit is cut to UINT32_MAX. */
struct fr_history_step {
	uint32_t counts[FR_HISTORY_COUNTS];
	uint32_t gauges[FR_HISTORY_GAUGES];
	uint32_t p50_us, p99_us; /* of the time to the first byte; 0: no response */
};

struct fr_history;

struct fr_history *fr_history_new(void);
/* NULL is allowed; clears the pointer. */
void fr_history_free(struct fr_history **h);

/* The figures at now_s (seconds since 1970). The first call only remembers them. A clock that goes
 * back changes nothing until it has caught up. */
void fr_history_add(struct fr_history *h, int64_t now_s, const struct fr_history_totals *now);

/* Copies the steps of a range, oldest first, at most cap; *until_s: when the last one began.
 * Returns how many. */
size_t fr_history_read(struct fr_history *h, enum fr_history_range range,
                       struct fr_history_step *out, size_t cap, int64_t *until_s);

/* The range of that name, or -1. */
int fr_history_range_find(struct fr_str name);

/* A range as one JSON object; appends. 0 or FR_ERR_LIMIT, FR_ERR_NOMEM. */
int fr_history_json_write(struct fr_history *h, enum fr_history_range range,
                          struct fr_buf *out) FR_MUST_USE;

#endif
