/* Server push: turns a page's plan into promises (design: delivery `push`).
 * hints/plan.h says what could be pushed; this module applies what only the
 * edge knows — the client's settings, limits, what the connection has seen —
 * makes the promised requests and sends them down the same pipeline as any
 * request. */
#ifndef FR_EDGE_PUSH_H
#define FR_EDGE_PUSH_H

#include "edge/exchange.h"

/* The client asked for this itself: it needs no push on this connection. */
void fr_push_note_request(struct fr_exchange *ex);

/* An interim response with Link fields (103) came: pushes at once what it
 * names. The origin vouches for the page by sending it. */
void fr_push_links(struct fr_exchange *page, const struct fr_fields *fields);

/* The final head is in page->resp, as the origin sent it: decides every link,
 * pushes if the page is one (GET, 200), logs the decisions, adds the
 * Server-Timing summary. Before the client side gets the head. */
void fr_push_page(struct fr_exchange *page);

#endif
