/* What the record of a page load (hints/learning/load.h) says for the comparison of loads with
 * and without hints. No I/O, no clock. */
#ifndef FR_HINTS_PROOF_MEASURE_H
#define FR_HINTS_PROOF_MEASURE_H

#include "hints/learning/load.h"
#include "hints/proof/subject.h"

/* assets: room for what out refers to. */
void fr_measure_load(const struct fr_load *load, struct fr_layout_asset assets[FR_LOAD_MAX_ASSETS],
                     struct fr_compared_load *out);

/* What an asset is called among the loads of all pages: its family, so that a hash in its name
 * does not count. target: path and query. Never 0. */
uint64_t fr_measure_asset(struct fr_str target);

#endif
