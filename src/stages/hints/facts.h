/* Collects what hints/verdict.h decides from: the facts of a page, its client and its
 * connection, and, for one hint after another, those that a verdict asks for. */
#ifndef FR_STAGES_HINTS_FACTS_H
#define FR_STAGES_HINTS_FACTS_H

#include "exchange/exchange.h"
#include "hints/verdict.h"

/* The facts of a page that has a load, at this moment. */
void fr_facts_of_page(const struct fr_exchange *page, enum fr_moment moment, struct fr_facts *out);

/* Decides about an undecided hint of the page: brings the facts that change with every
 * delivery up to date, and finds what the verdict asks for. Never returns FR_VERDICT_ASKS.
 * Keeps in the hint what holds for the rest of the load, and forgets an asset that turned out
 * to be gone. f: from fr_facts_of_page; f->hint: what was found for this hint. */
struct fr_verdict fr_facts_judge(struct fr_exchange *page, struct fr_hint *hint,
                                 struct fr_facts *f);

#endif
