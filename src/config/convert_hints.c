/* Hints: the groups sites[].hints, sites[].rules and hint_memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/config_priv.h"
#include "http/link.h"

/* Arena for checking one Link value. */
#define CHECK_BYTES 65536u

#define X(...) FR_SETTING_ROW(fr_raw_hints, fr_config_hints, __VA_ARGS__)
static const struct fr_setting hints_settings[] = {FR_SETTINGS_HINTS(X)};
#undef X
#define X(...) FR_SETTING_ROW(fr_raw_hint_memory, fr_config_hint_memory, __VA_ARGS__)
static const struct fr_setting hint_memory_settings[] = {FR_SETTINGS_HINT_MEMORY(X)};
#undef X

void fr_hints_default(struct fr_config_hints *out)
{
	fr_settings_default(hints_settings, FR_ARRAY_LEN(hints_settings), out);
	out->early_hints = FR_EARLY_HINTS_AUTO;
	out->timing_debug = true;
	out->timing_percent = 0;
}

static void take_early_hints(const struct fr_source *s, const char *path, const char *text,
                             struct fr_config_hints *out)
{
	static const char *const modes[] = {[FR_EARLY_HINTS_AUTO] = "auto",
	                                    [FR_EARLY_HINTS_ALWAYS] = "always",
	                                    [FR_EARLY_HINTS_OFF] = "off"};
	size_t mode = 0;

	if (fr_setting_word(s, path, text, modes, FR_ARRAY_LEN(modes), &mode) == 0)
		out->early_hints = (enum fr_early_hints)mode;
}

/* "off", "debug", or a share of pages like "10%". */
static void take_server_timing(const struct fr_source *s, const char *path, const char *text,
                               struct fr_config_hints *out)
{
	struct fr_str t = fr_str_from(text);
	uint64_t percent = 0;

	if (fr_str_is(t, "off") || fr_str_is(t, "debug")) {
		out->timing_debug = fr_str_is(t, "debug");
		out->timing_percent = 0;
		return;
	}
	if (!fr_str_ends(t, FR_STR("%")) ||
	    fr_str_to_u64(fr_str_sub(t, 0, t.len - 1), &percent) < 0 || percent > 100) {
		fr_config_complain(s, path, "expected off, debug or 0%% to 100%%, not '%s'", text);
		return;
	}
	out->timing_debug = true;
	out->timing_percent = (uint32_t)percent;
}

void fr_hints_take(const struct fr_source *s, const char *path, const struct fr_raw_hints *raw,
                   struct fr_config_hints *out)
{
	char key[120];

	if (!raw)
		return;
	fr_settings_apply(s, path, hints_settings, FR_ARRAY_LEN(hints_settings), raw, out);
	fr_lists_take(FR_LISTS_HINTS_GROUP, raw, out);
	(void)snprintf(key, sizeof key, "%s.early_hints", path);
	if (raw->early_hints)
		take_early_hints(s, key, raw->early_hints, out);
	(void)snprintf(key, sizeof key, "%s.server_timing", path);
	if (raw->server_timing)
		take_server_timing(s, key, raw->server_timing, out);
}

/* One or more links, each of a relation that hints know, and nothing else. *links: how many. */
static bool is_link_value(const char *text, size_t *links)
{
	struct fr_str rest = fr_str_from(text);
	struct fr_arena arena;
	struct fr_link link;
	size_t bad = 0, n = 0, unknown = 0;

	fr_arena_init(&arena, CHECK_BYTES);
	while (fr_link_next(&arena, &rest, &link, &bad)) {
		n++;
		unknown += link.rels == 0;
	}
	fr_arena_fini(&arena);
	*links = n;
	return n && !bad && !unknown;
}

/* A link with a star, whose name of today is found in traffic. */
static void take_pattern(const struct fr_source *s, const char *key, const char *link,
                         size_t n_links, struct fr_config_site *site)
{
	struct fr_str pattern = fr_config_link_pattern(link);

	if (!pattern.p)
		return;
	if (n_links > 1 || pattern.p[0] != '/' || fr_str_starts(pattern, FR_STR("//"))) {
		fr_config_complain(s, key,
		                   "a link with a star names one path of the site itself, not '%s'",
		                   link);
		return;
	}
	for (size_t i = 0; i < site->n_patterns; i++)
		if (fr_str_is(pattern, site->patterns[i]))
			return;
	if (site->n_patterns == FR_CONFIG_MAX_PATTERNS) {
		fr_config_complain(s, key, "more than %u different links with a star in one site",
		                   FR_CONFIG_MAX_PATTERNS);
		return;
	}
	if (!site->patterns)
		site->patterns = fr_calloc(FR_CONFIG_MAX_PATTERNS, sizeof *site->patterns);
	site->patterns[site->n_patterns++] = fr_str_dup(pattern);
}

static void take_rule(const struct fr_source *s, const char *path, const struct fr_raw_rule *raw,
                      struct fr_config_site *site)
{
	struct fr_config_rule *rule = &site->rules[site->n_rules++];
	char key[120];
	size_t n;

	(void)snprintf(key, sizeof key, "%s.path", path);
	if (!raw->path || (raw->path[0] != '/' && raw->path[0] != '*'))
		fr_config_complain(s, key, "a path begins with '/' or '*'");
	else
		rule->path = fr_config_dup_pattern(raw->path);
	if (raw->path && !rule->path)
		fr_config_complain(s, key, FR_CONFIG_AMBIGUOUS, raw->path);
	(void)snprintf(key, sizeof key, "%s.links", path);
	if (raw->links_count == 0)
		fr_config_complain(s, key, "at least one link is needed");
	for (unsigned i = 0; i < raw->links_count; i++) {
		(void)snprintf(key, sizeof key, "%s.links[%u]", path, i);
		if (is_link_value(raw->links[i], &n))
			take_pattern(s, key, raw->links[i], n, site);
		else
			fr_config_complain(s, key,
			                   "expected a link like \"</app.css>; rel=preload; "
			                   "as=style\", not '%s'",
			                   raw->links[i]);
	}
	rule->links = fr_config_dup_names(raw->links, raw->links_count);
	rule->n_links = raw->links_count;
}

void fr_rules_take(const struct fr_source *s, const char *path, const struct fr_raw_site *raw,
                   struct fr_config_site *site)
{
	site->rules = fr_calloc(raw->rules_count, sizeof *site->rules);
	for (unsigned i = 0; i < raw->rules_count; i++) {
		char key[80];

		(void)snprintf(key, sizeof key, "%s.rules[%u]", path, i);
		take_rule(s, key, &raw->rules[i], site);
	}
}

void fr_hint_memory_take(const struct fr_source *s, const struct fr_raw_hint_memory *raw,
                         struct fr_config_hint_memory *out)
{
	fr_settings_default(hint_memory_settings, FR_ARRAY_LEN(hint_memory_settings), out);
	if (!raw)
		return;
	out->no_file = raw->file && strcmp(raw->file, "none") == 0;
	if (raw->file && !out->no_file)
		out->file = fr_config_dup_path(s, raw->file);
	fr_settings_apply(s, "hint_memory", hint_memory_settings,
	                  FR_ARRAY_LEN(hint_memory_settings), raw, out);
}
