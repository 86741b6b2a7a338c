/* What is known before a page is loaded: its hints, from memory and from rules, and what is
 * known of their assets. Everything that learns is elsewhere (stages/hints/learn.h). */
#ifndef FR_STAGES_HINTS_RECALL_H
#define FR_STAGES_HINTS_RECALL_H

#include "exchange/exchange.h"
#include "hints/assets.h"

/* Adds what is remembered of the page and what rules say to its plan, which
 * must have nothing yet. */
void fr_recall_page(struct fr_exchange *page);

/* A remembered asset of the page is gone for its client; if it is for all, it is
 * forgotten. */
void fr_recall_forget(struct fr_exchange *page, const struct fr_hint *hint,
                      const struct fr_asset *asset);

/* Is it gone for those who ask as this page's client does? */
bool fr_recall_is_gone(const struct fr_exchange *page, const struct fr_asset *asset);
/* What is known of a hinted asset; all zero if nothing, or it is not ours. */
void fr_recall_asset(const struct fr_exchange *page, const struct fr_hint *hint,
                     struct fr_asset *out);
/* Fills in the sizes of the plan's hints. */
void fr_recall_sizes(struct fr_exchange *page);
/* Whether clients like this one keep pushes of it. */
enum fr_push_advice fr_recall_advice(const struct fr_exchange *page, const struct fr_hint *hint);

#endif
