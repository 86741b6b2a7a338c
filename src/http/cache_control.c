#include "http/cache_control.h"

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

	if (!has_value || names.len == 0 || *n == FR_CC_MAX_NAME_LISTS) {
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

	for (size_t i = 0; i < FR_COUNT(numbers); i++)
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
	for (size_t i = 0; i < FR_COUNT(switches); i++)
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

void fr_cache_control_read(const struct fr_fields *f, struct fr_cache_control *out)
{
	const struct fr_field *field = NULL;

	init(out);
	while ((field = fr_fields_next(f, FR_FIELD_CACHE_CONTROL, field))) {
		struct fr_str rest = field->value, item;

		out->flags |= FR_CC_PRESENT;
		while (fr_str_next_item(&rest, &item)) {
			struct fr_str name, value;
			bool has_value;

			split(item, &name, &value, &has_value);
			take_directive(out, name, value, has_value);
		}
	}
}

/* --- RFC 9213: a dictionary of RFC 8941 §3.2, as far as directives need it --- */

static bool is_key(struct fr_str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];
		bool lower = (c >= 'a' && c <= 'z') || c == '*';

		if (!lower &&
		    (i == 0 || !((c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.')))
			return false;
	}
	return s.len > 0;
}

static bool is_number(struct fr_str s)
{
	size_t i = s.len && s.p[0] == '-', dots = 0;

	if (i == s.len)
		return false;
	for (; i < s.len; i++) {
		if (s.p[i] == '.')
			dots++;
		else if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	}
	return dots <= 1 && s.p[s.len - 1] != '.';
}

static bool is_string(struct fr_str s)
{
	if (s.len < 2 || s.p[0] != '"' || s.p[s.len - 1] != '"')
		return false;
	for (size_t i = 1; i + 1 < s.len; i++) {
		if (s.p[i] == '\\' && (++i + 1 >= s.len || (s.p[i] != '"' && s.p[i] != '\\')))
			return false;
		if (s.p[i] < 0x20 || s.p[i] > 0x7e)
			return false;
	}
	return true;
}

static bool is_token(struct fr_str s)
{
	if (s.len == 0 || !(fr_char_is(s.p[0], FR_CH_ALPHA) || s.p[0] == '*'))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!fr_char_is(s.p[i], FR_CH_TCHAR) && s.p[i] != ':' && s.p[i] != '/')
			return false;
	return true;
}

/* Parameters of a member are allowed and mean nothing here. */
static bool is_member(struct fr_str item, struct fr_str *name, struct fr_str *value,
                      bool *has_value)
{
	struct fr_str bare = fr_str_sub(item, 0, fr_str_find(item, ';'));
	size_t eq = fr_str_find(bare, '=');

	*name = fr_str_sub(bare, 0, eq);
	*has_value = eq < bare.len;
	*value = fr_str_sub(bare, eq + 1, bare.len);
	if (!is_key(*name))
		return false;
	return !*has_value || is_number(*value) || is_string(*value) || is_token(*value) ||
	       fr_str_is(*value, "?1") || fr_str_is(*value, "?0");
}

/* Numbers must be integers here; other types make the directive invalid, and
 * an invalid directive is ignored (RFC 9213 §2.1). */
static void take_member(struct fr_cache_control *cc, struct fr_str name, struct fr_str value,
                        bool has_value)
{
	int64_t seconds = fr_delta_seconds(value);
	struct fr_cache_control one;

	if (has_value && fr_str_is(value, "?0"))
		return;
	init(&one);
	if (take_number_directive(&one, name, value, has_value) && seconds < 0)
		return;
	if (has_value && fr_str_is(value, "?1"))
		has_value = false;
	take_directive(cc, name, value, has_value);
}

void fr_cdn_cache_control_read(const struct fr_fields *f, struct fr_cache_control *out)
{
	const struct fr_field *field = NULL;

	init(out);
	while ((field = fr_fields_next(f, FR_FIELD_CDN_CACHE_CONTROL, field))) {
		struct fr_str rest = field->value, item;

		while (fr_str_next_item(&rest, &item)) {
			struct fr_str name, value;
			bool has_value;

			if (!is_member(item, &name, &value, &has_value)) {
				init(out);
				return;
			}
			out->flags |= FR_CC_PRESENT;
			take_member(out, name, value, has_value);
		}
	}
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
