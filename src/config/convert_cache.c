/* The cache of a site or path: the group sites[].cache. */
#include <stdio.h>

#include "config/config_priv.h"

#define X(...) FR_SETTING_ROW(fr_raw_cache, fr_config_cache, __VA_ARGS__)
static const struct fr_setting cache_settings[] = {FR_SETTINGS_CACHE(X)};
#undef X

static const char *const heuristics_words[] = {[FR_CONFIG_HEURISTICS_ASSETS] = "assets",
                                               [FR_CONFIG_HEURISTICS_ALL] = "all",
                                               [FR_CONFIG_HEURISTICS_OFF] = "off"};

void fr_site_cache_default(struct fr_config_cache *out)
{
	fr_settings_default(cache_settings, FR_ARRAY_LEN(cache_settings), out);
	out->heuristics = FR_CONFIG_HEURISTICS_ASSETS;
}

void fr_site_cache_take(const struct fr_source *s, const char *path, const struct fr_raw_cache *raw,
                        struct fr_config_cache *out)
{
	char key[120];
	size_t word;

	if (!raw)
		return;
	fr_settings_apply(s, path, cache_settings, FR_ARRAY_LEN(cache_settings), raw, out);
	fr_lists_take(FR_LISTS_CACHE_GROUP, raw, out);
	(void)snprintf(key, sizeof key, "%s.heuristics", path);
	if (raw->heuristics && fr_setting_word(s, key, raw->heuristics, heuristics_words,
	                                       FR_ARRAY_LEN(heuristics_words), &word) == 0)
		out->heuristics = (enum fr_config_heuristics)word;
}
