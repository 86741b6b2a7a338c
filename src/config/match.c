/* Which site, which hint settings and which rules a request gets. */
#include <string.h>

#include "config/config_priv.h"

/* Beside the pattern, in the arena that it is read in. */
#define PATTERN_SLACK_BYTES 65536u

/* How well a pattern matches: 0 not at all, more for a longer wildcard, most
 * for the exact name. */
static size_t match(const char *pattern, struct fr_str host)
{
	struct fr_str p = fr_str_from(pattern);

	if (fr_str_eq(p, host))
		return SIZE_MAX;
	if (fr_str_is(p, "*"))
		return 1;
	if (p.len > 2 && p.p[0] == '*') {
		struct fr_str suffix = fr_str_sub(p, 1, p.len); /* with its dot */

		if (host.len > suffix.len && fr_str_ends(host, suffix))
			return p.len;
	}
	return 0;
}

const struct fr_config_site *fr_config_find_site(const struct fr_config *c, struct fr_str host)
{
	const struct fr_config_site *best = NULL;
	size_t best_score = 0;

	for (size_t s = 0; s < c->n_sites; s++)
		for (size_t h = 0; h < c->sites[s].n_hosts; h++) {
			size_t score = match(c->sites[s].hosts[h], host);

			if (score > best_score) {
				best = &c->sites[s];
				best_score = score;
			}
		}
	return best;
}

char *fr_config_dup_pattern(const char *text)
{
	size_t len = strlen(text);
	struct fr_arena arena;
	struct fr_url_path path;
	char *copy = NULL;

	fr_arena_init(&arena, len + PATTERN_SLACK_BYTES);
	if (fr_url_path_read(&arena, fr_str_make(text, len), &path) == 0 && !path.is_ambiguous)
		copy = fr_str_dup(path.text);
	fr_arena_fini(&arena);
	return copy;
}

/* On segment borders: "/a" has "/a" and "/a/b", not "/ab". An encoded '?' is one,
 * too: servers that decode first end the path there. */
static bool has_prefix(struct fr_str path, struct fr_str prefix)
{
	if (!fr_str_starts(path, prefix))
		return false;
	return path.len == prefix.len || prefix.p[prefix.len - 1] == '/' ||
	       path.p[prefix.len] == '/' || path.p[prefix.len] == '?';
}

/* '*' stands for any characters, also none. On a mismatch the last star takes
 * one more: at most len(pattern) * len(path) steps. */
static bool matches(struct fr_str pattern, struct fr_str path)
{
	size_t p = 0, t = 0, star = SIZE_MAX, from = 0;

	while (t < path.len) {
		if (p < pattern.len && pattern.p[p] == '*') {
			star = p++;
			from = t;
		} else if (p < pattern.len && pattern.p[p] == path.p[t]) {
			p++;
			t++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++from;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.p[p] == '*')
		p++;
	return p == pattern.len;
}

struct fr_str fr_config_link_pattern(const char *link)
{
	struct fr_str s = fr_str_from(link), target;
	size_t open = fr_str_find(s, '<');

	target = fr_str_sub(s, open + 1, s.len);
	target = fr_str_sub(target, 0, fr_str_find(target, '>'));
	return fr_str_find(target, '*') < target.len ? target : (struct fr_str){0};
}

bool fr_config_rule_matches(const struct fr_config_rule *rule, const struct fr_url_path *path)
{
	return !path->is_ambiguous && matches(fr_str_from(rule->path), path->text);
}

static const struct fr_config_path *find_path(const struct fr_config_site *site, struct fr_str path)
{
	for (size_t i = 0; i < site->n_paths; i++)
		if (has_prefix(path, fr_str_from(site->paths[i].prefix)))
			return &site->paths[i];
	return NULL;
}

const struct fr_config_hints *fr_config_find_hints(const struct fr_config_site *site,
                                                   const struct fr_url_path *path)
{
	static const struct fr_config_hints off = {.early_hints = FR_EARLY_HINTS_OFF};
	const struct fr_config_path *found;

	if (path->is_ambiguous)
		return &off;
	found = find_path(site, path->text);
	return found ? &found->hints : &site->hints;
}

const struct fr_config_compression *fr_config_find_compression(const struct fr_config_site *site,
                                                               const struct fr_url_path *path)
{
	static const struct fr_config_compression off = {.id = 1};
	const struct fr_config_path *found;

	/* it may be the one path whose pages must not be compressed */
	if (path->is_ambiguous && site->n_paths)
		return &off;
	found = path->is_ambiguous ? NULL : find_path(site, path->text);
	return found ? &found->compression : &site->compression;
}

const struct fr_config_cache *fr_config_find_cache(const struct fr_config_site *site,
                                                   const struct fr_url_path *path)
{
	static const struct fr_config_cache off = {.enabled = false};
	const struct fr_config_path *found;

	if (path->is_ambiguous)
		return &off;
	found = find_path(site, path->text);
	return found ? &found->cache : &site->cache;
}
