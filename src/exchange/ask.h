/* The last stages of a site's row: what a client may ask of the origin at once, and the
 * origin itself, which is asked for what no other stage has answered. */
#ifndef FR_EXCHANGE_ASK_H
#define FR_EXCHANGE_ASK_H

#include "exchange/stage.h"

/* Turns a request away when its client has limits.origin_requests_per_client under way. */
extern const struct fr_stage fr_quota_stage;
/* Asks the origin, for this request alone. */
extern const struct fr_stage fr_origin_stage;

#endif
