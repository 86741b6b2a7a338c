/* The stages of a page load at which hints leave (design 4.3), and who decides
 * what: one plan a load (hints/plan.h), one way for each client (design 4.2),
 * and for every hint one decision with one reason.
 *
 *   begin    t0: the origin was asked, nothing came yet. What is remembered of
 *            the page or configured is pushed, or leaves in a 103, as far as
 *            the link is idle meanwhile. What is not sent stays undecided.
 *   interim  the origin's own 103: the same with its links. One 103 at most
 *            reaches the client, whatever the origin sends.
 *   page     t1: the final response, before its head is sent. Everything left
 *            is decided; the page's links are remembered for the next load.
 *   end      the exchange is over; what no response came for is decided now.
 *
 * Pages are GETs that are no pushes themselves; a request that says it is no
 * navigation (Sec-Fetch-Mode) gets nothing at t0. A page that is answered with
 * an error or a redirect may have had its hints already: counted. */
#ifndef FR_STAGES_HINTS_HINTS_H
#define FR_STAGES_HINTS_HINTS_H

#include "exchange/exchange.h"

void fr_hints_begin(struct fr_exchange *ex);
void fr_hints_interim(struct fr_exchange *ex, const struct fr_response *resp);
void fr_hints_page(struct fr_exchange *ex);
/* The whole body went to the client: how long it was is remembered. */
void fr_hints_note_body(struct fr_exchange *ex);
/* The client side is through with the exchange. */
void fr_hints_end(struct fr_exchange *ex);
/* The exchange is released: gives up what the load holds. */
void fr_hints_free(struct fr_exchange *ex);

#endif
