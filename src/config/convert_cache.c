/* The cache of a site or path: the group sites[].cache. */
#include <stdio.h>

#include "config/config_priv.h"

#define X(...) FR_SETTING_ROW(fr_raw_cache, fr_config_cache, __VA_ARGS__)
static const struct fr_setting cache_settings[] = {FR_SETTINGS_CACHE(X)};
#undef X

static const char *const heuristics_words[] = {[FR_CONFIG_HEURISTICS_ASSETS] = "assets",
                                               [FR_CONFIG_HEURISTICS_ALL] = "all",
                                               [FR_CONFIG_HEURISTICS_OFF] = "off"};

static const char *const cookies_words[] = {
	[FR_CONFIG_COOKIES_CAUTIOUS] = "cautious", [FR_CONFIG_COOKIES_IGNORE] = "ignore"};

void fr_site_cache_default(struct fr_config_cache *out)
{
	fr_settings_default(cache_settings, FR_ARRAY_LEN(cache_settings), out);
	out->heuristics = FR_CONFIG_HEURISTICS_ASSETS;
	out->cookies = FR_CONFIG_COOKIES_CAUTIOUS;
}

/* The name of a cookie, with '*' at its ends only; "*" alone stands for every cookie. */
static bool is_cookie_pattern(const char *text)
{
	struct fr_str p = fr_str_from(text);

	if (fr_str_is(p, "*"))
		return true;
	if (fr_str_starts(p, FR_STR("*")))
		p = fr_str_sub(p, 1, p.len);
	if (fr_str_ends(p, FR_STR("*")))
		p = fr_str_sub(p, 0, p.len - 1);
	for (size_t i = 0; i < p.len; i++)
		if (p.p[i] <= ' ' || p.p[i] == 0x7f || p.p[i] == '*' || p.p[i] == ';' ||
		    p.p[i] == '=' || p.p[i] == ',')
			return false;
	return p.len > 0;
}

static void check_cookies(const struct fr_source *s, const char *path, const char *list,
                          char *const *names, size_t n)
{
	char key[120];

	for (size_t i = 0; i < n; i++) {
		(void)snprintf(key, sizeof key, "%s.%s[%zu]", path, list, i);
		if (!is_cookie_pattern(names[i]))
			(void)fr_config_complain(
				s, key,
				"expected the name of a cookie, with '*' only at its ends, or "
				"default, not '%s'",
				names[i]);
	}
}

static void take_words(const struct fr_source *s, const char *path, const struct fr_raw_cache *raw,
                       struct fr_config_cache *out)
{
	char key[120];
	size_t word;

	(void)snprintf(key, sizeof key, "%s.heuristics", path);
	if (raw->heuristics && fr_setting_word(s, key, raw->heuristics, heuristics_words,
	                                       FR_ARRAY_LEN(heuristics_words), &word) == 0)
		out->heuristics = (enum fr_config_heuristics)word;
	(void)snprintf(key, sizeof key, "%s.cookies", path);
	if (raw->cookies && fr_setting_word(s, key, raw->cookies, cookies_words,
	                                    FR_ARRAY_LEN(cookies_words), &word) == 0)
		out->cookies = (enum fr_config_cookies)word;
}

void fr_site_cache_take(const struct fr_source *s, const char *path, const struct fr_raw_cache *raw,
                        struct fr_config_cache *out)
{
	if (!raw)
		return;
	fr_settings_apply(s, path, cache_settings, FR_ARRAY_LEN(cache_settings), raw, out);
	fr_lists_take(FR_LISTS_CACHE_GROUP, raw, out);
	take_words(s, path, raw, out);
	/* what a path has from its site is checked there */
	if (raw->bypass_cookies)
		check_cookies(s, path, "bypass_cookies", out->bypass_cookies,
		              out->n_bypass_cookies);
	if (raw->ignore_cookies)
		check_cookies(s, path, "ignore_cookies", out->ignore_cookies,
		              out->n_ignore_cookies);
}
