/* Warming: what a hint names is fetched into the cache when the hint leaves, so
 * that the request which follows is a hit. The request is made without the
 * client's cookies, by a fill that nobody waits for; how many of these are under
 * way is bounded (stages/cache/fill.h), and an asset that turned out not to be storable
 * is not tried again. */
#ifndef FR_STAGES_HINTS_WARM_H
#define FR_STAGES_HINTS_WARM_H

#include "exchange/exchange.h"

/* Warms the plan's assets that left by this delivery. */
void fr_warm_plan(struct fr_exchange *page, enum fr_delivery delivery);

#endif
