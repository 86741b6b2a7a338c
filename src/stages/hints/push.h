/* Server push: makes the promised requests of a page's plan and sends them
 * down the same pipeline as any request (design: delivery `push`). Applies what
 * only the edge knows: the client's settings, limits, what the connection has
 * seen, what the client holds, what clients of its kind did with such pushes. */
#ifndef FR_STAGES_HINTS_PUSH_H
#define FR_STAGES_HINTS_PUSH_H

#include "exchange/exchange.h"
#include "hints/verdict.h"

/* The client asked for this itself: it needs no push on this connection. */
void fr_push_note_request(struct fr_exchange *ex);

/* Does the client take pushes, and the site send any? */
bool fr_push_is_way(const struct fr_exchange *page);

/* Promises what the plan has still open, in the order of sending. At the moment before the
 * response a hint that is not pushed stays open. */
void fr_push_plan(struct fr_exchange *page, enum fr_moment moment);

/* Was the asset sent, or asked for, on the page's connection? */
bool fr_push_was_sent(struct fr_exchange *page, const struct fr_hint *hint);
/* Did a push of it fail lately, for this client or for others like it? */
bool fr_push_has_failed(const struct fr_exchange *page, const struct fr_hint *hint);

/* A promised exchange ends: what the client did with it is learned. */
void fr_push_ended(struct fr_exchange *push, bool complete, bool by_peer);

/* It did not bring the asset: others are not promised it for a while if the
 * answer (status; 0: none of the origin) is to be believed, its own client in
 * any case. */
void fr_push_failed(struct fr_exchange *push, int status);

/* The request that a browser would send for the hinted asset of this page, into
 * `ex`, an exchange without one. with_client: with the client's cookies and
 * authorization. 0 or FR_ERR_NOMEM. */
int fr_push_make_request(struct fr_exchange *ex, const struct fr_exchange *page,
                         const struct fr_hint *hint, bool with_client) FR_MUST_USE;

#endif
