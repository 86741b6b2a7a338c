/* In which order a page and what blocks its rendering leave (design 4.5, 4.7):
 * first the page's head, which tells the client of all that no hint named, then the
 * style sheets and scripts that its first paint waits for, then the rest of its
 * body. For pushes, and for requests of the client's own that follow a 103.
 *
 * The head's end is looked for once, in the body's first bytes as they are there
 * when the response begins, compressed or not. A connection knows one page with a
 * 103, the last one; what is asked for because of an earlier one has no special place.
 *
 * Large fonts that a 103 named wait behind what the client asks for otherwise, even when
 * the page is over: the pictures that it names are asked for later. */
#ifndef FR_STAGES_HINTS_PAGE_ORDER_H
#define FR_STAGES_HINTS_PAGE_ORDER_H

#include "exchange/exchange.h"

/* Large fonts that are remembered for one connection; the oldest are forgotten. */
#define FR_PAGE_ORDER_LATE 32u

/* Bytes of the page's body are there. Returns whether more of them are to be looked at. */
bool fr_page_order_body(struct fr_exchange *page);
/* The page's 103 names it. */
void fr_page_order_hinted(struct fr_exchange *page, const struct fr_hint *hint);
/* The client asks for something. */
void fr_page_order_request(struct fr_exchange *ex);
/* The exchange is released. */
void fr_page_order_forget(struct fr_exchange *ex);

#endif
