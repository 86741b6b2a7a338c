/* Walks over the Cookie fields once and compares each name with the lists. */
#include "cache/cookies.h"

#include <string.h>

#include "http/cookie.h"

/* Patterns begin with a letter, or with '*': the first characters tell most apart. */
static bool matches(const char *pattern, struct fr_str name)
{
	struct fr_str p;
	bool from_any = *pattern == '*', to_any;

	if (!from_any && (name.len == 0 || *pattern != *name.p))
		return false;
	p = fr_str_from(pattern + from_any);
	to_any = p.len > 0 && p.p[p.len - 1] == '*';
	p = fr_str_sub(p, 0, p.len - to_any);
	if (!from_any)
		return to_any ? fr_str_starts(name, p) : fr_str_eq(name, p);
	if (!to_any)
		return fr_str_ends(name, p);
	for (size_t i = 0; i + p.len <= name.len; i++)
		if (memcmp(name.p + i, p.p, p.len) == 0)
			return true;
	return false;
}

static bool is_among(const char *const *list, size_t n, struct fr_str name)
{
	for (size_t i = 0; i < n; i++)
		if (matches(list[i], name))
			return true;
	return false;
}

#define X(name) name,
static const char *const bypass_defaults[] = {FR_COOKIES_BYPASS_TABLE(X)};
static const char *const ignored_defaults[] = {FR_COOKIES_IGNORED_TABLE(X)};
#undef X

static bool is_listed(const struct fr_cookie_names *names, const char *const *defaults,
                      size_t n_defaults, struct fr_str name)
{
	if (!names->v)
		return is_among(defaults, n_defaults, name);
	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->v[i], FR_COOKIES_DEFAULT) == 0
		            ? is_among(defaults, n_defaults, name)
		            : matches(names->v[i], name))
			return true;
	return false;
}

static struct fr_str without_prefix(struct fr_str name)
{
	static const char *const prefixes[] = {"__Host-", "__Secure-"};

	for (size_t i = 0; i < FR_ARRAY_LEN(prefixes); i++)
		if (fr_str_starts(name, fr_str_from(prefixes[i])))
			return fr_str_sub(name, strlen(prefixes[i]), name.len);
	return name;
}

static bool is_bypass(const struct fr_cookie_rules *rules, struct fr_str name)
{
	return is_listed(&rules->bypass, bypass_defaults, FR_ARRAY_LEN(bypass_defaults), name);
}

static bool is_ignored(const struct fr_cookie_rules *rules, struct fr_str name)
{
	return is_listed(&rules->ignored, ignored_defaults, FR_ARRAY_LEN(ignored_defaults), name);
}

static enum fr_cookies judge_one(const struct fr_cookie_rules *rules, struct fr_str name)
{
	if (is_bypass(rules, name))
		return FR_COOKIES_BYPASS;
	return rules->ignores_all || is_ignored(rules, name) ? FR_COOKIES_NONE : FR_COOKIES_COUNT;
}

/* As the lists compare it. */
static struct fr_str name_of(struct fr_str one)
{
	return without_prefix(fr_str_trim(fr_str_sub(one, 0, fr_str_find(one, '='))));
}

/* "a=1; b=2" as far as the first one to bypass; *left: how many more are looked at. */
static enum fr_cookies judge_field(const struct fr_cookie_rules *rules, struct fr_str rest,
                                   unsigned *left)
{
	enum fr_cookies most = FR_COOKIES_NONE;
	struct fr_str one;

	while (most != FR_COOKIES_BYPASS && fr_cookie_next(&rest, &one)) {
		enum fr_cookies now;

		if ((*left)-- == 0)
			return FR_COOKIES_BYPASS;
		now = judge_one(rules, name_of(one));
		most = now > most ? now : most;
	}
	return most;
}

enum fr_cookies fr_cookies_judge(const struct fr_fields *req, const struct fr_cookie_rules *rules)
{
	const struct fr_field *f = NULL;
	enum fr_cookies most = FR_COOKIES_NONE;
	unsigned left = FR_COOKIES_MAX;

	if (!fr_fields_get(req, FR_FIELD_COOKIE))
		return FR_COOKIES_NONE;
	while (most != FR_COOKIES_BYPASS && (f = fr_fields_next(req, FR_FIELD_COOKIE, f))) {
		enum fr_cookies now = judge_field(rules, f->value, &left);

		most = now > most ? now : most;
	}
	return most;
}

/* --- the request without those that are ignored --- */

struct kept {
	struct fr_str v[FR_COOKIES_MAX];
	size_t n, lines, ignored;
};

/* False: it stays as it is. */
static bool sort_out(const struct fr_fields *req, const struct fr_cookie_rules *rules,
                     struct kept *k)
{
	const struct fr_field *f = NULL;
	struct fr_str rest, one;

	while ((f = fr_fields_next(req, FR_FIELD_COOKIE, f))) {
		k->lines++;
		rest = f->value;
		while (fr_cookie_next(&rest, &one)) {
			struct fr_str name = name_of(one);

			if (k->n + k->ignored == FR_COOKIES_MAX || is_bypass(rules, name))
				return false;
			if (is_ignored(rules, name))
				k->ignored++;
			else
				k->v[k->n++] = one;
		}
	}
	return k->ignored || k->lines > 1;
}

static int join_cookies(struct fr_arena *a, const struct kept *k, struct fr_str *out)
{
	size_t len = 0, at = 0;
	char *p;

	for (size_t i = 0; i < k->n; i++)
		len += k->v[i].len + 2;
	p = fr_arena_alloc(a, len + 1);
	if (!p)
		return FR_ERR_NOMEM;
	for (size_t i = 0; i < k->n; i++) {
		if (i) {
			memcpy(p + at, "; ", 2);
			at += 2;
		}
		memcpy(p + at, k->v[i].p, k->v[i].len);
		at += k->v[i].len;
	}
	*out = fr_str_make(p, at);
	return 0;
}

int fr_cookies_strip(struct fr_arena *a, struct fr_fields *req, const struct fr_cookie_rules *rules)
{
	struct kept k;
	struct fr_str value;
	uint16_t flags;

	if (!fr_fields_get(req, FR_FIELD_COOKIE))
		return 0;
	k.n = k.lines = k.ignored = 0;
	if (!sort_out(req, rules, &k))
		return 0;
	flags = fr_fields_get(req, FR_FIELD_COOKIE)->flags;
	if (k.n && join_cookies(a, &k, &value) < 0)
		return FR_ERR_NOMEM;
	(void)fr_fields_remove(req, FR_FIELD_COOKIE);
	if (k.n == 0)
		return 0;
	if (fr_fields_add_id(req, FR_FIELD_COOKIE, value) < 0)
		return FR_ERR_NOMEM;
	fr_fields_get_mut(req, FR_FIELD_COOKIE)->flags = flags;
	return 0;
}
