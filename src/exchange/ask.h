/* The last stages of a site's row: the quota of origin requests per client, and the origin
 * itself, which answers what no other stage has answered. */
#ifndef FR_EXCHANGE_ASK_H
#define FR_EXCHANGE_ASK_H

#include "exchange/stage.h"

/* Turns a request away when its client has limits.origin_requests_per_client under way. */
extern const struct fr_stage fr_quota_stage;
/* Asks the origin, for this request alone. */
extern const struct fr_stage fr_origin_stage;

#endif
