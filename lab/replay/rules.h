/* Advice as rules for Forerun's configuration (sites[].rules). No I/O. */
#ifndef FR_LAB_REPLAY_RULES_H
#define FR_LAB_REPLAY_RULES_H

#include "base/buf.h"
#include "lab/replay/advice.h"

/* Appends "rules:" with a rule for each page that has links: YAML. lasting: for a
 * configuration, with stars for versions (version.h); else for loads right now, with the
 * names as they are. 0 or negative (the buffer's ceiling). */
int fr_rules_write(const struct fr_advice *list, size_t n, bool lasting,
                   struct fr_buf *out) FR_MUST_USE;

#endif
