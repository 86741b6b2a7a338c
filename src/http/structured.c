/* Reads dictionaries of structured fields (RFC 9651) member by member. */
#include "http/structured.h"

#include <string.h>

/* Digits of an integer, and before and after the point of a decimal (RFC 9651 §3.3). */
#define INTEGER_DIGITS 15u
#define DECIMAL_DIGITS 12u
#define FRACTION_DIGITS 3u

struct item {
	enum fr_sf_type type;
	int64_t n;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_alpha(char c)
{
	return is_lower((char)(c | 0x20));
}

/* strchr would find the NUL at the set's end. */
static bool is_of(char c, const char *set)
{
	return c && strchr(set, c);
}

static bool at(const struct fr_sf_dictionary *d, char what)
{
	return d->p < d->end && *d->p == what;
}

static bool take(struct fr_sf_dictionary *d, char what)
{
	if (!at(d, what))
		return false;
	d->p++;
	return true;
}

static void skip(struct fr_sf_dictionary *d, const char *set)
{
	while (d->p < d->end && is_of(*d->p, set))
		d->p++;
}

static bool parse_key(struct fr_sf_dictionary *d, struct fr_str *key)
{
	const char *from = d->p;

	if (d->p == d->end || (!is_lower(*d->p) && *d->p != '*'))
		return false;
	while (d->p < d->end && (is_lower(*d->p) || is_digit(*d->p) || is_of(*d->p, "_-.*")))
		d->p++;
	*key = fr_str_make(from, (size_t)(d->p - from));
	return true;
}

static bool parse_number(struct fr_sf_dictionary *d, struct item *out)
{
	bool negative = take(d, '-');
	size_t digits = 0, fraction = 0;
	int64_t n = 0;

	for (; d->p < d->end && is_digit(*d->p); d->p++) {
		if (++digits > INTEGER_DIGITS)
			return false;
		n = n * 10 + (*d->p - '0');
	}
	if (digits == 0)
		return false;
	*out = (struct item){FR_SF_INTEGER, negative ? -n : n};
	if (!take(d, '.'))
		return true;
	for (; d->p < d->end && is_digit(*d->p); d->p++)
		fraction++;
	*out = (struct item){FR_SF_DECIMAL, 0};
	return digits <= DECIMAL_DIGITS && fraction && fraction <= FRACTION_DIGITS;
}

static bool parse_string(struct fr_sf_dictionary *d)
{
	for (d->p++; d->p < d->end; d->p++) {
		if (*d->p == '"') {
			d->p++;
			return true;
		}
		if (*d->p < 0x20 || *d->p > 0x7e)
			return false;
		if (*d->p == '\\' && (++d->p == d->end || (*d->p != '"' && *d->p != '\\')))
			return false;
	}
	return false;
}

static bool parse_bytes(struct fr_sf_dictionary *d)
{
	for (d->p++; d->p < d->end && *d->p != ':'; d->p++)
		if (!is_alpha(*d->p) && !is_digit(*d->p) && !is_of(*d->p, "+/="))
			return false;
	return take(d, ':');
}

static bool parse_token(struct fr_sf_dictionary *d)
{
	while (d->p < d->end &&
	       (is_alpha(*d->p) || is_digit(*d->p) || is_of(*d->p, "!#$%&'*+-.^_`|~:/")))
		d->p++;
	return true;
}

static bool parse_date(struct fr_sf_dictionary *d, struct item *out)
{
	d->p++;
	if (!parse_number(d, out) || out->type != FR_SF_INTEGER)
		return false;
	out->type = FR_SF_DATE;
	return true;
}

/* %"...", with octets beyond ASCII as % and two digits in lower case. What they
 * decode to is nobody's concern here. */
static bool parse_display_string(struct fr_sf_dictionary *d)
{
	d->p++;
	if (!take(d, '"'))
		return false;
	for (; d->p < d->end && *d->p != '"'; d->p++) {
		if (*d->p < 0x20 || *d->p > 0x7e)
			return false;
		if (*d->p != '%')
			continue;
		for (int i = 0; i < 2; i++)
			if (++d->p == d->end || !(is_digit(*d->p) || is_of(*d->p, "abcdef")))
				return false;
	}
	return take(d, '"');
}

static bool parse_boolean(struct fr_sf_dictionary *d, struct item *out)
{
	d->p++;
	if (!at(d, '0') && !at(d, '1'))
		return false;
	*out = (struct item){FR_SF_BOOLEAN, *d->p++ == '1'};
	return true;
}

static bool parse_bare(struct fr_sf_dictionary *d, struct item *out)
{
	if (d->p == d->end)
		return false;
	if (*d->p == '-' || is_digit(*d->p))
		return parse_number(d, out);
	if (is_alpha(*d->p) || *d->p == '*') {
		*out = (struct item){FR_SF_TOKEN, 0};
		return parse_token(d);
	}
	switch (*d->p) {
	case '"':
		*out = (struct item){FR_SF_STRING, 0};
		return parse_string(d);
	case ':':
		*out = (struct item){FR_SF_BYTES, 0};
		return parse_bytes(d);
	case '?':
		return parse_boolean(d, out);
	case '@':
		return parse_date(d, out);
	case '%':
		*out = (struct item){FR_SF_DISPLAY_STRING, 0};
		return parse_display_string(d);
	default:
		return false;
	}
}

static bool parse_parameters(struct fr_sf_dictionary *d)
{
	struct fr_str key;
	struct item ignored;

	while (take(d, ';')) {
		skip(d, " ");
		if (!parse_key(d, &key) || (take(d, '=') && !parse_bare(d, &ignored)))
			return false;
	}
	return true;
}

static bool parse_inner_list(struct fr_sf_dictionary *d)
{
	struct item ignored;

	d->p++;
	for (;;) {
		skip(d, " ");
		if (take(d, ')'))
			return true;
		if (!parse_bare(d, &ignored) || !parse_parameters(d))
			return false;
		if (!at(d, ' ') && !at(d, ')'))
			return false;
	}
}

/* What follows a key; a key alone means true. */
static bool parse_value(struct fr_sf_dictionary *d, struct fr_sf_member *out)
{
	struct item item = {FR_SF_BOOLEAN, 1};
	const char *from = d->p;

	if (take(d, '=')) {
		from = d->p;
		if (at(d, '(')) {
			item = (struct item){FR_SF_INNER_LIST, 0};
			if (!parse_inner_list(d))
				return false;
		} else if (!parse_bare(d, &item)) {
			return false;
		}
	}
	out->type = item.type;
	out->n = item.n;
	out->raw = fr_str_make(from, (size_t)(d->p - from));
	return parse_parameters(d);
}

void fr_sf_dictionary_init(struct fr_sf_dictionary *d, struct fr_str value)
{
	static const char empty[] = "";
	const char *p = value.len ? value.p : empty;

	*d = (struct fr_sf_dictionary){.p = p, .end = p + value.len};
	skip(d, " ");
}

int fr_sf_next(struct fr_sf_dictionary *d, struct fr_sf_member *out)
{
	struct fr_sf_member m;

	if (d->is_begun) {
		skip(d, " \t");
		if (d->p == d->end)
			return 0;
		if (!take(d, ','))
			return FR_ERR_SYNTAX;
		skip(d, " \t");
	} else if (d->p == d->end) {
		return 0;
	}
	/* nothing after a comma is no key either */
	if (!parse_key(d, &m.key) || !parse_value(d, &m))
		return FR_ERR_SYNTAX;
	d->is_begun = true;
	*out = m;
	return 1;
}

int fr_sf_read(const struct fr_fields *f, enum fr_field_id id, fr_sf_visit visit, void *ctx)
{
	bool is_one = fr_fields_count(f, id) == 1;
	const struct fr_field *line = NULL;
	struct fr_sf_member m;
	int n = 0;

	while ((line = fr_fields_next(f, id, line))) {
		struct fr_sf_dictionary d;
		int rc;

		fr_sf_dictionary_init(&d, line->value);
		/* joined with its neighbours it is a comma without a member */
		if (d.p == d.end && !is_one)
			return FR_ERR_SYNTAX;
		while ((rc = fr_sf_next(&d, &m)) > 0) {
			visit(ctx, &m);
			n++;
		}
		if (rc < 0)
			return rc;
	}
	return n;
}

struct fr_str fr_sf_string(const struct fr_sf_member *m)
{
	if (m->type != FR_SF_STRING || m->raw.len < 2)
		return (struct fr_str){0};
	return fr_str_sub(m->raw, 1, m->raw.len - 1);
}
