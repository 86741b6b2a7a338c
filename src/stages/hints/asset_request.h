/* The request for a hinted asset that no client has sent: of a push, or of a fetch into the
 * cache. */
#ifndef FR_STAGES_HINTS_ASSET_REQUEST_H
#define FR_STAGES_HINTS_ASSET_REQUEST_H

#include "exchange/exchange.h"

/* The request that a browser would send for the hinted asset of this page, into
 * `ex`, an exchange without one. with_client: with the client's cookies and
 * authorization. 0 or FR_ERR_NOMEM. */
int fr_asset_request_make(struct fr_exchange *ex, const struct fr_exchange *page,
                          const struct fr_hint *hint, bool with_client) FR_MUST_USE;

#endif
