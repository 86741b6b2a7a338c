/* Server push: makes the promised requests of a page's plan and sends them
 * down the same pipeline as any request (design: delivery `push`). Applies what
 * only the edge knows: the client's settings, limits, what the connection has
 * seen, what the client holds, what clients of its kind did with such pushes. */
#ifndef FR_STAGES_HINTS_PUSH_H
#define FR_STAGES_HINTS_PUSH_H

#include "exchange/exchange.h"
#include "hints/verdict.h"

/* Promises what the plan has still open, in the order of sending. At the moment before the
 * response a hint that is not pushed stays open. */
void fr_push_plan(struct fr_exchange *page, enum fr_moment moment);

/* A promised exchange ends: what the client did with it is learned. */
void fr_push_ended(struct fr_exchange *push, bool complete, bool by_peer);

#endif
