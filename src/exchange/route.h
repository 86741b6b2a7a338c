/* Which site answers a request (RFC 9110 §7.4): by its host, on a connection
 * whose certificate speaks for that host. */
#ifndef FR_EXCHANGE_ROUTE_H
#define FR_EXCHANGE_ROUTE_H

#include "exchange/exchange.h"

/* Sets ex->site. False: the exchange was refused (400, 421). */
bool fr_route(struct fr_exchange *ex);

#endif
