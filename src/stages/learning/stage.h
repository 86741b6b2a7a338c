/* Learning as stages: what the client's cache holds (stages/learning/client_cache.h), and
 * the watcher of origin responses that pages and assets are learned from. */
#ifndef FR_STAGES_LEARNING_STAGE_H
#define FR_STAGES_LEARNING_STAGE_H

#include "exchange/origin_watch.h"
#include "exchange/stage.h"

extern const struct fr_stage fr_client_cache_stage;
extern const struct fr_origin_watch fr_learning_watch;

#endif
