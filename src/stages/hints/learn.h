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

/* Adds what is remembered of the page and what rules say to its plan, which
 * must have nothing yet. */
void fr_recall_page(struct fr_exchange *page);

/* The page's final response, with its links in the plan: remembers them. */
void fr_learn_page(struct fr_exchange *page);

/* What a load brought, into what the plan says of it. */
void fr_plan_learned(struct fr_plan *plan, const struct fr_hint_seen *seen);

/* A remembered asset of the page is gone for its client; if it is for all, it is
 * forgotten. */
void fr_learn_gone(struct fr_exchange *page, const struct fr_hint *hint,
                   const struct fr_asset *asset);

/* --- assets --- */

/* Is it gone for those who ask as this page's client does? */
bool fr_recall_is_gone(const struct fr_exchange *page, const struct fr_asset *asset);
/* What is known of a hinted asset; all zero if nothing, or it is not ours. */
void fr_recall_asset(const struct fr_exchange *page, const struct fr_hint *hint,
                     struct fr_asset *out);
/* Fills in the sizes of the plan's hints. */
void fr_recall_sizes(struct fr_exchange *page);
/* Whether clients like this one keep pushes of it. */
enum fr_push_advice fr_recall_advice(const struct fr_exchange *page, const struct fr_hint *hint);
/* How a push went. */
void fr_learn_pushed(const struct fr_exchange *push, bool cancelled);

/* How an asset was answered. */
void fr_learn_answer(const struct fr_shared *shared, const struct fr_observed_response *a);

#endif
