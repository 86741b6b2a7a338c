/* Has a twin that is asked for often made again, as small as its coding can make it, and puts the
 * new one in its place. Readers of the old one keep it: the two are never mixed, and mean the
 * same, as their weak ETag says. A worker owns what it asked for; the encoding itself is
 * stages/compression/recoder's. */
#ifndef FR_STAGES_COMPRESSION_RECODE_H
#define FR_STAGES_COMPRESSION_RECODE_H

#include "cache/body.h"
#include "exchange/exchange.h"
#include "http/codings.h"

/* A twin that this many have asked for is made again. */
#define FR_RECODE_ASKS 16u
/* How often a worker looks whether a job is over. */
#define FR_RECODE_LOOK_MS 250u

/* ex asked for the twin of `plain` in that place, and gets it as it is. Both are complete, or
 * nothing happens. */
void fr_recode_asked(struct fr_exchange *ex, struct fr_body *plain, struct fr_body *twin,
                     unsigned place, enum fr_coding coding);
/* The worker stops: what was asked for is not wanted any more. */
void fr_recodes_cut(struct fr_worker *w);

#endif
