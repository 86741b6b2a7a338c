/* How hints may leave for the page that an exchange asks for: what hints/way.h chooses by. For
 * stages that send hints, and those that learn from them. */
#ifndef FR_EXCHANGE_PAGE_WAY_H
#define FR_EXCHANGE_PAGE_WAY_H

#include "exchange/exchange.h"
#include "hints/way.h"

/* The facts from which the way of delivery is chosen. The exchange is routed. */
struct fr_way_facts fr_page_way_facts(const struct fr_exchange *ex);
/* Does its client accept pushes now? */
bool fr_page_takes_push(const struct fr_exchange *ex);

#endif
