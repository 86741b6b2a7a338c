/* What the coders of this folder share: the level of each coding, and the counters. */
#ifndef FR_STAGES_COMPRESSION_LEVELS_H
#define FR_STAGES_COMPRESSION_LEVELS_H

#include "config/config.h"
#include "http/codings.h"
#include "observe/counters.h"

/* The level of one pass. */
int fr_coding_level(const struct fr_config_compression *rules, enum fr_coding coding);
/* A body was encoded, or decoded (IDENTITY). */
void fr_coding_count(struct fr_counters *c, enum fr_coding to, uint64_t taken, uint64_t given);

#endif
