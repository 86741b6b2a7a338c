/* Translates settings for the gate; the cache knows no configuration. */
#include "stages/cache/gate_rules.h"

#include "exchange/canonical.h"
#include "hints/teach.h"

static enum fr_heuristics heuristics_of(const struct fr_config_cache *settings)
{
	switch (settings->heuristics) {
	case FR_CONFIG_HEURISTICS_ASSETS:
		break;
	case FR_CONFIG_HEURISTICS_ALL:
		return FR_HEURISTICS_ALL;
	case FR_CONFIG_HEURISTICS_OFF:
		return FR_HEURISTICS_OFF;
	}
	return FR_HEURISTICS_ASSETS;
}

struct fr_identity_rules fr_cached_identity_rules(const struct fr_config_cache *settings)
{
	return (struct fr_identity_rules){.cookies = fr_canonical_cookie_rules(settings),
	                                  .is_credential = fr_teach_is_credential};
}

struct fr_gate_rules fr_cached_gate_rules(const struct fr_config_cache *settings)
{
	return (struct fr_gate_rules){.ttl_s = settings->ttl_ms / 1000,
	                              .heuristics = heuristics_of(settings),
	                              .identity = fr_cached_identity_rules(settings)};
}
