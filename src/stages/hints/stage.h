/* Hints as stages: a page's hints leave (stages/hints/hints.h), what a push came to is
 * counted and learned, and a page leaves in order with what blocks its rendering. */
#ifndef FR_STAGES_HINTS_STAGE_H
#define FR_STAGES_HINTS_STAGE_H

#include "exchange/stage.h"

extern const struct fr_stage fr_hints_stage;
extern const struct fr_stage fr_push_stage;
extern const struct fr_stage fr_page_order_stage;

#endif
