/* Hints as stages: a page's hints leave (stages/hints/hints.h), what a push came to is
 * counted and learned, a page leaves in order with what blocks its rendering, and what the
 * client's cache holds is kept in a cookie (stages/hints/client_cache.h). Beside them the
 * watcher of origin responses, from which pages and assets are learned. */
#ifndef FR_STAGES_HINTS_STAGE_H
#define FR_STAGES_HINTS_STAGE_H

#include "exchange/origin_watch.h"
#include "exchange/stage.h"

extern const struct fr_stage fr_hints_stage;
extern const struct fr_stage fr_push_stage;
extern const struct fr_stage fr_page_order_stage;
extern const struct fr_stage fr_client_cache_stage;
extern const struct fr_origin_watch fr_learning_watch;

#endif
