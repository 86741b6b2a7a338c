/* Reads Cache-Control and CDN-Cache-Control into one structure. Doubtful values are read
 * as the stricter ones. */
#include "http/cache_control.h"

#include <string.h>

#include "http/structured.h"

int64_t fr_delta_seconds(struct fr_str text)
{
	int64_t v = 0;

	if (text.len == 0)
		return -1;
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return -1;
		v = v * 10 + (text.p[i] - '0');
		if (v > FR_CC_MAX_SECONDS)
			v = FR_CC_MAX_SECONDS;
	}
	return v;
}

static void init(struct fr_cache_control *cc)
{
	*cc = (struct fr_cache_control){.max_age = FR_CC_ABSENT,
	                                .s_maxage = FR_CC_ABSENT,
	                                .stale_while_revalidate = FR_CC_ABSENT,
	                                .stale_if_error = FR_CC_ABSENT,
	                                .max_stale = FR_CC_ABSENT,
	                                .min_fresh = FR_CC_ABSENT};
}

/* Quotes around a number are wrong but common: senders must not, recipients
 * may accept them (RFC 9111 §5.2). */
static struct fr_str unquoted(struct fr_str v)
{
	if (v.len >= 2 && v.p[0] == '"' && v.p[v.len - 1] == '"')
		return fr_str_sub(v, 1, v.len - 1);
	return v;
}

static void take_number(int64_t *to, struct fr_str value)
{
	int64_t v = fr_delta_seconds(unquoted(value));

	if (v < 0)
		v = 0;
	if (*to == FR_CC_ABSENT || v < *to)
		*to = v;
}

static void take_names(struct fr_cache_control *cc, unsigned flag, struct fr_str *lists,
                       unsigned *n, struct fr_str value, bool has_value)
{
	struct fr_str names = unquoted(value);

	/* names that are written with escapes are not compared: all of it counts */
	if (!has_value || names.len == 0 || *n == FR_CC_MAX_NAME_LISTS ||
	    fr_str_find(names, '\\') < names.len) {
		cc->flags |= flag;
		return;
	}
	lists[(*n)++] = names;
}

static const struct {
	const char *name;
	unsigned flag;
} switches[] = {
	{"no-store", FR_CC_NO_STORE},
	{"public", FR_CC_PUBLIC},
	{"must-revalidate", FR_CC_MUST_REVALIDATE},
	{"proxy-revalidate", FR_CC_PROXY_REVALIDATE},
	{"must-understand", FR_CC_MUST_UNDERSTAND},
	{"only-if-cached", FR_CC_ONLY_IF_CACHED},
	{"immutable", FR_CC_IMMUTABLE},
};

static bool take_number_directive(struct fr_cache_control *cc, struct fr_str name,
                                  struct fr_str value, bool has_value)
{
	const struct {
		const char *name;
		int64_t *to;
	} numbers[] = {{"max-age", &cc->max_age},
	               {"s-maxage", &cc->s_maxage},
	               {"stale-while-revalidate", &cc->stale_while_revalidate},
	               {"stale-if-error", &cc->stale_if_error},
	               {"min-fresh", &cc->min_fresh}};

	for (size_t i = 0; i < FR_ARRAY_LEN(numbers); i++)
		if (fr_str_iis(name, numbers[i].name)) {
			take_number(numbers[i].to, value);
			return true;
		}
	if (!fr_str_iis(name, "max-stale"))
		return false;
	if (has_value)
		take_number(&cc->max_stale, value);
	else if (cc->max_stale == FR_CC_ABSENT)
		cc->max_stale = FR_CC_MAX_SECONDS;
	return true;
}

static void take_directive(struct fr_cache_control *cc, struct fr_str name, struct fr_str value,
                           bool has_value)
{
	if (take_number_directive(cc, name, value, has_value))
		return;
	if (fr_str_iis(name, "no-cache"))
		take_names(cc, FR_CC_NO_CACHE, cc->no_cache_names, &cc->n_no_cache_names, value,
		           has_value);
	else if (fr_str_iis(name, "private"))
		take_names(cc, FR_CC_PRIVATE, cc->private_names, &cc->n_private_names, value,
		           has_value);
	for (size_t i = 0; i < FR_ARRAY_LEN(switches); i++)
		if (fr_str_iis(name, switches[i].name))
			cc->flags |= switches[i].flag;
}

/* name[=value]; white space around "=" is not allowed, and not a reason to
 * miss a directive that forbids something: the name counts. */
static void split(struct fr_str item, struct fr_str *name, struct fr_str *value, bool *has_value)
{
	size_t eq = fr_str_find(item, '=');

	*name = fr_str_trim(fr_str_sub(item, 0, eq));
	*has_value = eq < item.len;
	*value = *has_value ? fr_str_sub(item, eq + 1, item.len) : (struct fr_str){0};
}

/* A quote that is not closed hides what follows it: nobody knows what the
 * sender meant to forbid. */
static bool has_open_quote(struct fr_str value)
{
	size_t i = fr_str_find(value, '"');
	bool is_open = false;

	for (; i < value.len; i++) {
		if (value.p[i] == '"')
			is_open = !is_open;
		else if (is_open && value.p[i] == '\\')
			i++;
	}
	return is_open;
}

void fr_cache_control_read(const struct fr_fields *f, struct fr_cache_control *out)
{
	const struct fr_field *field = NULL;

	init(out);
	while ((field = fr_fields_next(f, FR_FIELD_CACHE_CONTROL, field))) {
		struct fr_str rest = field->value, item;

		out->flags |= FR_CC_PRESENT;
		if (has_open_quote(rest))
			out->flags |= FR_CC_NO_STORE;
		while (fr_str_next_item(&rest, &item)) {
			struct fr_str name, value;
			bool has_value;

			split(item, &name, &value, &has_value);
			take_directive(out, name, value, has_value);
		}
	}
}

/* --- RFC 9213: a dictionary of structured fields --- */

enum { CDN_NUMBERS = 4, CDN_LISTS = 2, CDN_SWITCHES = 6 };

/* What a directive may be (RFC 9213 §2.1): the numbers first, then what may name
 * fields, then what only is there. */
static const struct {
	const char *name;
	unsigned flag;
	bool restricts; /* counts whatever its value is, but ?0 */
} cdn_directives[] = {
	{"max-age", 0, false},
	{"s-maxage", 0, false},
	{"stale-while-revalidate", 0, false},
	{"stale-if-error", 0, false},
	{"no-cache", FR_CC_NO_CACHE, true},
	{"private", FR_CC_PRIVATE, true},
	{"no-store", FR_CC_NO_STORE, true},
	{"must-revalidate", FR_CC_MUST_REVALIDATE, true},
	{"proxy-revalidate", FR_CC_PROXY_REVALIDATE, true},
	/* it may outweigh no-store */
	{"must-understand", FR_CC_MUST_UNDERSTAND, false},
	{"public", FR_CC_PUBLIC, false},
	{"immutable", FR_CC_IMMUTABLE, false},
};

_Static_assert(FR_ARRAY_LEN(cdn_directives) == CDN_NUMBERS + CDN_LISTS + CDN_SWITCHES,
               "each directive is of one kind");

/* The last member of each directive; a key is empty where there was none. */
struct cdn_members {
	struct fr_sf_member v[FR_ARRAY_LEN(cdn_directives)];
};

static void note_member(void *ctx, const struct fr_sf_member *m)
{
	struct cdn_members *all = ctx;

	for (size_t i = 0; i < FR_ARRAY_LEN(cdn_directives); i++)
		if (fr_str_is(m->key, cdn_directives[i].name))
			all->v[i] = *m;
}

static bool is_true(const struct fr_sf_member *m)
{
	return m->key.len && m->type == FR_SF_BOOLEAN && m->n;
}

/* A directive that allows counts with the type that it must have, one that
 * forbids with any. */
static void take_member(struct fr_cache_control *cc, size_t i, const struct fr_sf_member *m)
{
	int64_t *const numbers[CDN_NUMBERS] = {&cc->max_age, &cc->s_maxage,
	                                       &cc->stale_while_revalidate, &cc->stale_if_error};
	bool is_false = m->type == FR_SF_BOOLEAN && !m->n, has_names = m->type == FR_SF_STRING;

	if (m->key.len == 0 || is_false)
		return;
	if (i < CDN_NUMBERS) {
		if (m->type == FR_SF_INTEGER && m->n >= 0)
			*numbers[i] = m->n < FR_CC_MAX_SECONDS ? m->n : FR_CC_MAX_SECONDS;
	} else if (cdn_directives[i].flag == FR_CC_NO_CACHE) {
		take_names(cc, FR_CC_NO_CACHE, cc->no_cache_names, &cc->n_no_cache_names,
		           fr_sf_string(m), has_names);
	} else if (cdn_directives[i].flag == FR_CC_PRIVATE) {
		take_names(cc, FR_CC_PRIVATE, cc->private_names, &cc->n_private_names,
		           fr_sf_string(m), has_names);
	} else if (cdn_directives[i].restricts || is_true(m)) {
		cc->flags |= cdn_directives[i].flag;
	}
}

void fr_cdn_cache_control_read(const struct fr_fields *f, struct fr_cache_control *out)
{
	struct cdn_members all;

	init(out);
	if (!fr_fields_get(f, FR_FIELD_CDN_CACHE_CONTROL))
		return;
	memset(&all, 0, sizeof all);
	if (fr_sf_read(f, FR_FIELD_CDN_CACHE_CONTROL, note_member, &all) <= 0)
		return;
	out->flags |= FR_CC_PRESENT;
	for (size_t i = 0; i < FR_ARRAY_LEN(cdn_directives); i++)
		take_member(out, i, &all.v[i]);
}

bool fr_cc_names(const struct fr_str *lists, unsigned n, struct fr_str name)
{
	for (unsigned i = 0; i < n; i++) {
		struct fr_str rest = lists[i], item;

		while (fr_str_next_item(&rest, &item))
			if (fr_str_ieq(item, name))
				return true;
	}
	return false;
}
