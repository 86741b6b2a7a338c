/* What is kept of one page load beside its exchange: the plan, what is remembered of the
 * page, how hints leave for this client. Only this folder includes it.
 *
 * Lives in the exchange's arena; made when the first hint is known. Closed when
 * every hint has its decision: with the final response, or at the end. */
#ifndef FR_STAGES_HINTS_PAGE_LOAD_H
#define FR_STAGES_HINTS_PAGE_LOAD_H

#include "exchange/exchange.h"
#include "hints/cache_digest.h"
#include "hints/digest.h"
#include "hints/learning/model.h"
#include "hints/memory.h"
#include "hints/plan.h"
#include "hints/proof/arm.h"
#include "hints/way.h"

struct fr_page_load {
	struct fr_plan plan;
	struct fr_remembered_page *remembered; /* reference, whose strings the plan borrows; NULL */
	struct fr_str known_as;                /* the key that this is under; empty: none */
	uint64_t kinds;                        /* of its client's credentials; 0: none */
	enum fr_way way;
	uint64_t idle_bytes;               /* what the link may still carry before the page */
	uint64_t push_bytes;               /* of promised bodies, as far as known */
	struct fr_digest held;             /* what the client's cookie says it has */
	struct fr_cache_digest *digest;    /* of its Cache-Digest; in the arena; NULL */
	enum fr_arm arm;                   /* what the visitor gets */
	enum fr_reason withheld;           /* why not all: held of struct fr_facts */
	uint64_t witness;                  /* fr_measure_asset of what gets no hint; 0: none */
	bool knows_held;                   /* both were read */
	bool has_known;                    /* memory and rules were asked */
	struct fr_model_recalled recalled; /* what visitors' loads have shown; in the arena */
	bool varies; /* by more than the kind of device: what is learned says nothing of it */
	bool has_103;
	bool is_closed;
	bool was_early; /* something left before the response */
};

/* The load of this exchange, made now if need be; NULL without memory. */
struct fr_page_load *fr_page_load_of(struct fr_exchange *ex);

/* How hints would leave for this client now. A load keeps what held when it was made. */
enum fr_way fr_page_load_way(const struct fr_exchange *ex);

/* May this exchange's response have hints? A GET, no push itself. */
bool fr_page_load_may_have_hints(const struct fr_exchange *ex);

#endif
