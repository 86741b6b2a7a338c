/* What traffic teaches: the hints of a page for its next load (hints/memory.h),
 * and what is known of assets (hints/assets.h). The edge's side of both: which
 * loads count, who saw them, which answers say something. */
#ifndef FR_STAGES_HINTS_LEARN_H
#define FR_STAGES_HINTS_LEARN_H

#include "exchange/exchange.h"
#include "exchange/origin_watch.h"
#include "hints/assets.h"
#include "hints/memory.h"

struct fr_shared;

/* --- pages --- */

/* The page's final response, with its links in the plan: remembers them. */
void fr_learn_page(struct fr_exchange *page);

/* What a load brought, into what the plan says of it. */
void fr_plan_learned(struct fr_plan *plan, const struct fr_hint_seen *seen);

/* --- assets --- */

/* How a push went. */
void fr_learn_pushed(const struct fr_exchange *push, bool cancelled);

/* What a client was answered, on a site whose rules have stars: the names that their assets
 * have today (hints/members.h). */
void fr_learn_members(const struct fr_exchange *ex);

/* How an asset was answered. */
void fr_learn_answer(const struct fr_shared *shared, const struct fr_observed_response *a);

#endif
