/* What all modules of this folder ask of a page before anything else: its settings, and how
 * its client takes hints. */
#ifndef FR_STAGES_HINTS_SETTINGS_H
#define FR_STAGES_HINTS_SETTINGS_H

#include "exchange/exchange.h"

/* The hint settings for the path of a routed exchange. Borrowed from its configuration. */
const struct fr_config_hints *fr_hints_settings(const struct fr_exchange *ex);

/* Does its client accept pushes, and its site send any? */
bool fr_hints_may_push(const struct fr_exchange *ex);

#endif
