/* A fill: one fetch whose response may be stored and shared. It belongs to a worker, not to
 * a client, so it goes on when the client that caused it is gone.
 *
 *   ASKING -> FILLING  -> OVER   stored: everybody reads the object, the leader too
 *         |-> ADOPTED           not to be stored: the leader's exchange has the fetch
 *         |-> DRAINING -> OVER  not to be stored, and the leader has it already
 *         \-> OVER              failed; or a 304, or an error that something stale answers
 *
 * Its flight (cache/store.h) is landed exactly once. A fill without a flight asks for its
 * leader alone, and nothing is stored. A body that outgrows cache.max_object is taken out of
 * the store and goes on at the pace of its slowest reader. */
#ifndef FR_STAGES_CACHE_FILL_H
#define FR_STAGES_CACHE_FILL_H

#include "cache/store.h"
#include "exchange/exchange.h"

struct fr_fill;

/* Fills that nobody waits for (stale-while-revalidate), of one worker. */
#define FR_FILLS_BEHIND 64u
/* Fills kept for reuse by one worker. */
#define FR_FILLS_KEPT 128u

/* What a fill tells the exchange that leads it: interim responses, and then one of the other
 * three, once. Never from within fr_fill_start. */
struct fr_fill_leader_ops {
	void (*informational)(struct fr_exchange *ex, const struct fr_response *resp);
	/* The object that answers. is_validated: by a 304; is_stored: the store has it since
	 * now; status: the origin's. */
	void (*filled)(struct fr_exchange *ex, struct fr_object *o, bool is_validated,
	               bool is_stored, int status);
	/* The response is in *resp (strings in the fill's arena) and its body comes from the
	 * fetch; the fill is ex's from now on. */
	void (*adopt)(struct fr_exchange *ex, struct fr_fill *f, struct fr_fetch *fetch,
	              const struct fr_response *resp);
	void (*failed)(struct fr_exchange *ex, int status, const char *why);
};

/* Asks the origin for ex's request without its conditions and ranges; with `stale`, on
 * condition that it changed. ops: ex leads, and is told how it ends; NULL: the fill goes on
 * with nobody waiting. flight: taken over; NULL: for ex alone. key is copied. NULL without
 * memory, or when too many fills go on with nobody waiting: the flight was landed then. */
struct fr_fill *fr_fill_start(struct fr_exchange *ex, const struct fr_fill_leader_ops *ops,
                              struct fr_str key, struct fr_flight *flight, struct fr_object *stale);
/* The leader is through: nothing is told any more. Ends the fill if nobody
 * else waits for it. */
void fr_fill_leave(struct fr_fill *f);
/* An adopted fill, when its exchange is released. */
void fr_fill_free(struct fr_fill *f);
/* Frees the worker's list of fills kept for reuse. */
void fr_fills_free_list(struct fr_fill **list);
/* The worker stops at once. */
void fr_fills_cut(struct fr_worker *w);

#endif
