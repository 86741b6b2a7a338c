/* A bounded queue of records from one worker to the access log's writer. A record and its
 * strings and links lie in one piece of memory; the writer formats them. No lock, no
 * allocation: one thread puts records in, one takes them out. No I/O.
 *
 *   data: | free | taken ... records ... put | free |
 *
 *   a record: | size, counts, lengths | plain values | client side | strings | links |
 *
 * A record that finds no room is dropped whole, and counted. */
#ifndef FR_OBSERVE_ACCESS_QUEUE_H
#define FR_OBSERVE_ACCESS_QUEUE_H

#include <stdatomic.h>

#include "hints/plan.h"
#include "observe/record.h"

/* Of one string that a client or origin chose; the rest is left out. */
#define FR_ACCESS_VALUE_MAX 2048u
/* Of one record; links of its plan that do not fit are counted. A queue is at least
 * twice as large. */
#define FR_ACCESS_RECORD_MAX 131072u

#define FR_ACCESS_SIDE_BYTES 24u
/* So much may be read beyond the end of a record's strings. */
#define FR_ACCESS_QUEUE_SLACK 16u
#define FR_CACHE_LINE 64

struct fr_access_queue {
	/* the worker's */
	_Alignas(FR_CACHE_LINE) _Atomic uint64_t put; /* where the next record goes */
	uint64_t taken_seen;                          /* its last look at `taken` */
	_Atomic uint64_t lines, dropped;              /* records put; that found no room */
	uint8_t *data;                                /* owned */
	size_t cap;                                   /* bytes, a power of two */
	/* the writer's */
	_Alignas(FR_CACHE_LINE) _Atomic uint64_t taken; /* where the oldest record is */
	uint64_t next, until; /* what it looks at; how far it may, by its last look at `put` */
	uint64_t mark;        /* what was put before the last fr_access_queue_mark ends here */
};

/* A record as the writer sees it: strings lie in the queue until it is given back. */
struct fr_access_item {
	struct fr_record record;
	/* Equal bytes here: the fields of the client side are equal. Empty: unknown.
	 * FR_ACCESS_SIDE_BYTES, the last eight of them lengths, then strings. */
	struct fr_str client_side;
	size_t plan_cut; /* links that did not fit */
	struct fr_plan plan;
	struct fr_hint hints[FR_PLAN_MAX_HINTS]; /* url, as, source, delivery, reason */
	struct fr_hint *v[FR_PLAN_MAX_HINTS];
};

/* bytes: rounded up to a power of two. */
void fr_access_queue_init(struct fr_access_queue *q, size_t bytes);
void fr_access_queue_fini(struct fr_access_queue *q);

/* By the worker: the records, all at once for the writer. True: a quarter of the
 * queue waits for it. */
bool fr_access_queue_put(struct fr_access_queue *q, const struct fr_record *records, size_t n);

/* By the writer: the next record in `item`; false: there is none. */
bool fr_access_queue_next(struct fr_access_queue *q, struct fr_access_item *item);
/* By the writer: marks the end of what has been put so far. */
void fr_access_queue_mark(struct fr_access_queue *q);
/* By the writer: some of what was put before the mark was not looked at yet. */
bool fr_access_queue_is_before_mark(const struct fr_access_queue *q);
/* Gives back the memory of all records that were looked at. */
void fr_access_queue_give_back(struct fr_access_queue *q);
/* Gives back all that waits, unread; returns how many records. */
size_t fr_access_queue_clear(struct fr_access_queue *q);
/* By the writer: nothing waits. */
bool fr_access_queue_is_empty(struct fr_access_queue *q);

#endif
