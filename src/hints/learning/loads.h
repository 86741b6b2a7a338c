/* The page loads that are open on one connection: ties requests to loads and closes their
 * windows. Fed by stages/learning with what passes; hands over one record for each load
 * (hints/learning/load.h).
 *
 *   page asked --> PENDING --200 HTML--> OPEN --next load, silence, end--> record
 *                     |  \--prefetch---> AHEAD --an asset asks--> OPEN
 *                     \--anything else--> forgotten, with its assets
 *
 * TYING. A request belongs to the youngest load whose URL is its Referer; else to the load
 * that has the Referer among its style sheets and scripts; else, with a Referer that says no
 * more than the origin, or none, to the only load that is not closed. Two loads of one URL:
 * to none. What is tied to no load is forgotten.
 *
 * WINDOWS. A load ends with the connection's next load, 10 s after the page's last byte, 2 s
 * after the last request, or with the connection.
 *
 * BOUNDS. FR_LOADS_MAX loads and FR_LOADS_BEFORE hashes of earlier assets a connection, FR_LOAD_MAX_ASSETS assets and FR_LOADS_TEXT_BYTES
 * of URLs a load. Without memory nothing is noted.
 *
 * Pure: no I/O; times are passed in, in milliseconds of one clock. Not thread-safe. */
#ifndef FR_HINTS_LEARNING_LOADS_H
#define FR_HINTS_LEARNING_LOADS_H

#include "hints/learning/load.h"

/* Loads that are pending, ahead or open on one connection. A further one displaces the
 * oldest. */
#define FR_LOADS_MAX 4u
#define FR_LOADS_TEXT_BYTES 24576u
/* When there are more, later loads of the connection count as warm. */
#define FR_LOADS_BEFORE 256u
#define FR_LOADS_SILENCE_MS 2000u
#define FR_LOADS_AFTER_PAGE_MS 10000u
/* A page that takes longer has no load; a prefetch waits so long for its click. */
#define FR_LOADS_PENDING_MS 60000u
#define FR_LOADS_AHEAD_MS 600000u

struct fr_loads;

/* A load's window ended. load and all in it: borrowed for the call. Returns whether the client
 * had nothing of it in its cache, but for what `before` has. */
typedef bool fr_loads_take(void *user, struct fr_load *load);

/* user: borrowed until fr_loads_free. NULL: no memory. */
struct fr_loads *fr_loads_new(fr_loads_take *take, void *user);
/* The connection has ended: hands over what is open. NULL is allowed. */
void fr_loads_free(struct fr_loads **l, uint64_t now_ms);

/* --- pages --- */

/* The request of a navigation; strings are copied. */
struct fr_loads_page {
	struct fr_str authority, target;
	const struct fr_load_client *client;
	uint64_t id; /* of the request; not 0 */
	uint8_t witnesses;
	bool is_ahead; /* a prefetch */
	bool is_reload;
};
void fr_loads_page(struct fr_loads *l, const struct fr_loads_page *page, uint64_t now_ms);

/* Its response. */
struct fr_loads_answer {
	bool is_load; /* 200 HTML; false: the load is forgotten */
	bool from_origin, is_personal;
	uint8_t way;
	uint8_t arm; /* see struct fr_load */
	struct fr_load_visitor visitor;
	uint32_t rtt_us;
};
void fr_loads_page_answered(struct fr_loads *l, uint64_t id, const struct fr_loads_answer *a,
                            uint64_t now_ms);
/* What was decided about an asset of the page: FR_LOAD_HINTED, _PUSHED, _OMITTED, _HAD,
 * _NAMED. */
void fr_loads_offered(struct fr_loads *l, uint64_t id, struct fr_str target, enum fr_as as,
                      unsigned flags);
/* The page's exchange is over. complete: the client got all of it. */
void fr_loads_page_ended(struct fr_loads *l, uint64_t id, bool complete, uint64_t bytes,
                         uint64_t now_ms);
/* The client reset a push of that page. */
void fr_loads_push_cancelled(struct fr_loads *l, uint64_t page_id, struct fr_str target);

/* --- assets --- */

/* Any other GET of the connection. */
struct fr_loads_request {
	struct fr_str authority, target;
	struct fr_str referer; /* the field's value; empty: none */
	enum fr_as as;
	bool is_conditional, is_cors;
};
/* Where the request is noted. load 0: nowhere. */
struct fr_loads_ref {
	uint32_t load, asset;
};
struct fr_loads_ref fr_loads_asked(struct fr_loads *l, const struct fr_loads_request *r,
                                   uint64_t now_ms);
/* Its answer's status. */
void fr_loads_answered(struct fr_loads *l, struct fr_loads_ref ref, int status);

/* The client got all of it, or of a push of that page. */
void fr_loads_sent(struct fr_loads *l, struct fr_loads_ref ref, uint64_t now_ms);
void fr_loads_push_sent(struct fr_loads *l, uint64_t page_id, uint64_t now_ms);

/* --- windows --- */

/* Ends the windows that are due. Returns when the next one may be; 0: none is open. */
uint64_t fr_loads_tick(struct fr_loads *l, uint64_t now_ms);

#endif
