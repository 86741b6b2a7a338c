/* The shared cache as a stage: answers requests from the store, or has them fetched into it
 * for everybody who asks (stages/cache/lookup.h). */
#ifndef FR_STAGES_CACHE_STAGE_H
#define FR_STAGES_CACHE_STAGE_H

#include "exchange/stage.h"

extern const struct fr_stage fr_cache_stage;
/* A row's `warm`. */
void fr_cache_warm(struct fr_exchange *ex);

#endif
