/* Compression as a stage: responses leave in the coding that their client likes best
 * (docs/compression.md). */
#ifndef FR_STAGES_COMPRESSION_STAGE_H
#define FR_STAGES_COMPRESSION_STAGE_H

#include "exchange/stage.h"

extern const struct fr_stage fr_compression_stage;
/* A row's forms of stored responses: encoded once, and kept beside the plain body. */
extern const struct fr_stored_forms fr_coded_forms;

#endif
