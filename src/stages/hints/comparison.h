/* Page loads with and without hints: which of them a page's load is (hints/proof). */
#ifndef FR_STAGES_HINTS_COMPARISON_H
#define FR_STAGES_HINTS_COMPARISON_H

#include "exchange/exchange.h"
#include "hints/plan.h"

/* The page has hints that could leave: chooses what its visitor gets, once. Pages that are not
 * measured are not compared: those of proxies' connections, of HTTP/1.1, prefetches. */
void fr_comparison_join(struct fr_exchange *page);

/* Is it the layout witness, which gets no hint? */
bool fr_comparison_is_witness(const struct fr_exchange *page, const struct fr_hint *hint);

#endif
