/* What matters before any hint: text that is not compressed, assets that browsers cannot
 * keep, a page that nobody may store, redirects. Used by advice.c. No I/O. */
#ifndef FR_LAB_REPLAY_FINDINGS_H
#define FR_LAB_REPLAY_FINDINGS_H

#include "lab/replay/advice.h"

/* May the page be one visitor's own, by what its response says? What it names then needs
 * witnesses before it is sent to others (hints/teach.h). */
bool fr_findings_is_personal(const struct fr_measurement *load);
/* Adds what the load shows, the weightiest first. think_us: the server's time for the page. */
void fr_findings_add(const struct fr_measurement *load, uint64_t think_us, struct fr_advice *a);

#endif
