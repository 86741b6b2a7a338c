/* Records exchanges for observe/: the timestamps of each, and one record at its end, for the
 * access log, the metrics and the tables of pages and assets. Called by the exchange's own
 * code, on its worker's thread.
 *
 * Exchanges that have ended are counted together, before their last bytes leave for the
 * socket: a client that has its response finds it counted. */
#ifndef FR_EXCHANGE_RECORD_H
#define FR_EXCHANGE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "net/loop.h"
#include "observe/front_watch.h"
#include "observe/metrics.h"
#include "observe/traffic.h"

struct fr_exchange;
struct fr_fetch;
struct fr_worker;

/* What one exchange went through; times of the loop's microsecond clock, 0: has
 * not happened. Embedded in it. */
struct fr_seen {
	uint64_t id;        /* of the request; never 0 */
	uint64_t parent_id; /* push: of its page */
	uint64_t begun_us, asked_us, origin_head_us, origin_end_us, answered_us;
	uint64_t received_bytes; /* of the request's body */
	struct fr_str origin;    /* who was asked; borrowed from the arena or configuration */
	struct fr_str error; /* why it has no response of the origin's; in the arena, or static */
	uint64_t ended_us;
	enum fr_end end;
	struct fr_exchange *next_ended; /* borrowed: that is to be counted, too */
};

/* Counted at once. */
#define FR_OBSERVE_BATCH 16u

struct fr_recorder { /* one worker's, embedded in it */
	uint64_t id_key, next_id;
	uint64_t clock_until_us;                 /* when the wall clock is looked at again */
	int64_t wall_offset_us;                  /* wall clock - loop's clock */
	struct fr_exchange *ended, **ended_tail; /* borrowed: to be counted, oldest first */
	struct fr_task count_task;
	struct fr_metrics metrics;
	struct fr_traffic *traffic; /* owned */
	struct fr_front_watch front;
	struct fr_record records[FR_OBSERVE_BATCH];
};

/* Of a worker whose seed is set; embedded in it. */
void fr_recorder_init(struct fr_recorder *o, struct fr_worker *w);
void fr_recorder_fini(struct fr_recorder *o);

void fr_record_opened(struct fr_exchange *ex);
/* The request's head is complete. */
void fr_record_begun(struct fr_exchange *ex);
/* The origin is asked for it; its head came; its last byte came, or it failed. */
void fr_record_asked(struct fr_exchange *ex);
void fr_record_origin_head(struct fr_exchange *ex, const struct fr_fetch *fetch);
void fr_record_origin_end(struct fr_exchange *ex);
/* Why the origin's response is not there, or not whole; the first that is said counts. */
void fr_record_error(struct fr_exchange *ex, struct fr_str why);
/* The final head goes to the client side. */
void fr_record_answered(struct fr_exchange *ex);
/* How an exchange ends; arguments as of fr_exchange_leave. */
enum fr_end fr_record_end_of(bool complete, bool by_peer, bool refused);
/* It ends, as ex->seen.end says. */
void fr_record_ended(struct fr_exchange *ex);
/* Counts those that have ended. At the latest before they are released. */
void fr_record_count(struct fr_worker *w);

#endif
