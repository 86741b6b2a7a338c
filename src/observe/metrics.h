/* Counts of ended exchanges, in addition to observe/counters.h: responses by protocol,
 * status and cache, hints by source, delivery and reason, times. Each worker has its own,
 * written by its thread alone; readers sum them up. The tables of this header bound the
 * number of series. */
#ifndef FR_OBSERVE_METRICS_H
#define FR_OBSERVE_METRICS_H

#include "base/histogram.h"
#include "observe/record.h"

/* No head was sent; 100 to 599 where the code is a registered one; else its class;
 * else one for all. */
#define FR_STATUS_SLOTS 508u
/* Label of a slot: "200", "2xx", "none", "other"; out has room for 8 bytes. */
void fr_status_label(unsigned slot, char *out);

/* What answered, for times. */
#define FR_ANSWERED_BY_TABLE(X)                                                                    \
	X(CACHE, "cache")   /* from the store, nobody was asked */                                 \
	X(ORIGIN, "origin") /* the origin was asked, or another's question awaited */              \
	X(EDGE, "edge")     /* ourselves: refusals */
enum fr_answerer {
#define X(id, text) FR_ANSWERED_BY_##id,
	FR_ANSWERED_BY_TABLE(X)
#undef X
		FR_ANSWERED_BY_COUNT
};
const char *fr_answerer_str(enum fr_answerer a);

struct fr_metrics {
	_Atomic uint64_t responses[FR_PROTOCOL_COUNT][FR_STATUS_SLOTS][FR_CACHE_RESULT_COUNT];
	_Atomic uint64_t hints[FR_SOURCE_SLOTS][FR_DELIVERY_SLOTS][FR_REASON_COUNT];
	_Atomic uint64_t ends[FR_END_COUNT]; /* pushes not among them */
	_Atomic uint64_t not_stored[FR_CACHE_STORE_COUNT];
	_Atomic uint64_t pages, prefetches, sent_bytes, received_bytes;
	struct fr_histogram first_byte[FR_ANSWERED_BY_COUNT], duration[FR_ANSWERED_BY_COUNT];
	struct fr_histogram origin_first_byte;
	struct fr_histogram loop_turn; /* written by the worker's loop */
};

struct fr_metrics_sum { /* of all workers */
	uint64_t responses[FR_PROTOCOL_COUNT][FR_STATUS_SLOTS][FR_CACHE_RESULT_COUNT];
	uint64_t hints[FR_SOURCE_SLOTS][FR_DELIVERY_SLOTS][FR_REASON_COUNT];
	uint64_t ends[FR_END_COUNT];
	uint64_t not_stored[FR_CACHE_STORE_COUNT];
	uint64_t pages, prefetches, sent_bytes, received_bytes;
	struct fr_histogram_sum first_byte[FR_ANSWERED_BY_COUNT], duration[FR_ANSWERED_BY_COUNT];
	struct fr_histogram_sum origin_first_byte;
	struct fr_histogram_sum loop_turn;
};

/* n exchanges that have ended. */
void fr_metrics_add(struct fr_metrics *m, const struct fr_record *records, size_t n);
void fr_metrics_collect(struct fr_metrics *from, struct fr_metrics_sum *to);

#endif
