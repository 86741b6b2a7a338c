/* What all modules of this folder ask of a page before anything else: its settings, and how
 * its client takes hints. */
#ifndef FR_STAGES_HINTS_SETTINGS_H
#define FR_STAGES_HINTS_SETTINGS_H

#include "exchange/exchange.h"
#include "hints/way.h"

/* The hint settings for the path of a routed exchange. Borrowed from its configuration. */
const struct fr_config_hints *fr_hints_settings(const struct fr_exchange *ex);

/* The facts from which the way of delivery is chosen. */
struct fr_way_facts fr_hints_way_facts(const struct fr_exchange *ex);
/* Does its client accept pushes now? */
bool fr_hints_takes_push(const struct fr_exchange *ex);
/* Does its client accept pushes, and its site send any? */
bool fr_hints_may_push(const struct fr_exchange *ex);

#endif
