/* What the parts of an exchange share: exchange.c (states), request_body.c,
 * response_body.c and origin_watch.c. Nobody else includes this. */
#ifndef FR_EXCHANGE_EXCHANGE_PRIV_H
#define FR_EXCHANGE_EXCHANGE_PRIV_H

#include "exchange/exchange.h"

/* fr_exchange_settle; false: the request was refused. */
bool fr_exchange_accept(struct fr_exchange *ex);
/* Who is waited for may have changed: sets the client side's time limit. progress: the
 * client took something. */
void fr_exchange_watch(struct fr_exchange *ex, bool progress);
/* The time limit came: has the client done its part? Then the next interval begins. */
bool fr_exchange_keeps_rate(struct fr_exchange *ex);
/* The origin's request is made: asks now, or holds it back for its body. */
void fr_exchange_ask(struct fr_exchange *ex);
void fr_exchange_init_hold(struct fr_exchange *ex);
/* The body is not waited for any more. */
void fr_exchange_end_hold(struct fr_exchange *ex);
/* Throws away what is there of it, and what comes. */
void fr_exchange_discard_request(struct fr_exchange *ex);
/* Asks the origin. */
void fr_exchange_start_fetch(struct fr_exchange *ex);
/* The fetch is over, by its own end or ours. */
void fr_exchange_fetch_over(struct fr_exchange *ex);
/* What the row's watcher is to see of the origin's final head in ex->resp. Returns what
 * becomes ex->to_origin.watched if the body follows; NULL: nothing. */
void *fr_origin_watch_head(const struct fr_exchange *ex);
/* The watched body is complete, or broke off. NULL is allowed in ex->to_origin.watched. */
void fr_origin_watch_end(struct fr_exchange *ex);
void fr_origin_watch_drop(struct fr_exchange *ex);
/* The response's body cannot be completed. */
void fr_exchange_fail_body(struct fr_exchange *ex);
/* All of the body has come: sets `complete`, and `ended` if no bytes wait in the file. */
void fr_exchange_body_complete(struct fr_exchange *ex);
void fr_exchange_init_body(struct fr_exchange *ex);
/* The client side is through with it. */
void fr_exchange_free_bodies(struct fr_exchange *ex);
/* A temporary file for a body; NULL: there is none, counted. */
struct fr_spill *fr_exchange_new_spill(struct fr_exchange *ex);
/* Of a fetch; user: the exchange. */
void fr_exchange_on_body(void *user, const uint8_t *data, size_t len);
/* Passes on of the request's body what the origin's connection takes now. */
void fr_exchange_pump_request(struct fr_exchange *ex);

#endif
