/* The last stages of a site's row: the place among the requests of one client that are under
 * way, and the origin itself, which answers what no other stage has answered. */
#ifndef FR_EXCHANGE_ASK_H
#define FR_EXCHANGE_ASK_H

#include "exchange/stage.h"

/* Takes a place (fr_whose_take_place), or turns the request away: what follows in the row does
 * nothing for a request that the origin will not see. */
extern const struct fr_stage fr_quota_stage;
/* Asks the origin, for this request alone. */
extern const struct fr_stage fr_origin_stage;

#endif
