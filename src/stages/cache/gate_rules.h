/* The settings of a site's or a path's cache, as the gate (cache/gate.h) takes them. */
#ifndef FR_STAGES_CACHE_GATE_RULES_H
#define FR_STAGES_CACHE_GATE_RULES_H

#include "cache/gate.h"
#include "config/config.h"

/* Both borrow from the settings. */
struct fr_identity_rules fr_cached_identity_rules(const struct fr_config_cache *settings);
struct fr_gate_rules fr_cached_gate_rules(const struct fr_config_cache *settings);

#endif
