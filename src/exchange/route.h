/* Finds the site of a request (RFC 9110 §7.4): by its host, on a connection whose
 * certificate is valid for that host. */
#ifndef FR_EXCHANGE_ROUTE_H
#define FR_EXCHANGE_ROUTE_H

#include "exchange/exchange.h"

/* Sets ex->site and gives the request its canonical form. Refuses with 400 or 421. */
extern const struct fr_stage fr_route_stage;

#endif
