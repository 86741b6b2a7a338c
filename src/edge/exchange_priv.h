/* What the parts of an exchange share: exchange.c (states), exchange_request.c (the
 * request's body) and exchange_body.c (the response's). Nobody else includes this. */
#ifndef FR_EDGE_EXCHANGE_PRIV_H
#define FR_EDGE_EXCHANGE_PRIV_H

#include "edge/exchange.h"

/* fr_exchange_settle; false: the request was refused. */
bool fr_exchange_accept(struct fr_exchange *ex);
/* Something moved, or who is waited for may have changed: sets the client
 * side's time limit. */
void fr_exchange_watch(struct fr_exchange *ex, bool progress);
/* The fetch is over, by its own end or ours. */
void fr_exchange_fetch_over(struct fr_exchange *ex);
/* The response's body cannot be completed. */
void fr_exchange_fail_body(struct fr_exchange *ex);
/* Of a fetch; user: the exchange. */
void fr_exchange_on_body(void *user, const uint8_t *data, size_t len);
/* Passes on of the request's body what the origin's connection takes now. */
void fr_exchange_pump_request(struct fr_exchange *ex);

#endif
