#include "http/priority.h"

#include <string.h>

/* Digits of an integer, and before the point of a decimal (RFC 8941 §3.3). */
#define INTEGER_DIGITS 15u
#define DECIMAL_DIGITS 12u
#define FRACTION_DIGITS 3u

enum kind { KIND_BOOLEAN, KIND_INTEGER, KIND_OTHER };

struct item {
	enum kind kind;
	int64_t n; /* of a boolean or integer */
};

struct cursor {
	const char *p, *end;
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

static bool at(const struct cursor *c, char what)
{
	return c->p < c->end && *c->p == what;
}

static bool take(struct cursor *c, char what)
{
	if (!at(c, what))
		return false;
	c->p++;
	return true;
}

static void skip(struct cursor *c, const char *set)
{
	while (c->p < c->end && *c->p && strchr(set, *c->p))
		c->p++;
}

static bool parse_key(struct cursor *c, struct fr_str *key)
{
	const char *from = c->p;

	if (c->p == c->end || (!is_lower(*c->p) && *c->p != '*'))
		return false;
	while (c->p < c->end && *c->p &&
	       (is_lower(*c->p) || is_digit(*c->p) || strchr("_-.*", *c->p)))
		c->p++;
	*key = fr_str_make(from, (size_t)(c->p - from));
	return true;
}

static bool parse_number(struct cursor *c, struct item *out)
{
	bool negative = take(c, '-');
	size_t digits = 0, fraction = 0;
	int64_t n = 0;

	for (; c->p < c->end && is_digit(*c->p); c->p++) {
		if (++digits > INTEGER_DIGITS)
			return false;
		n = n * 10 + (*c->p - '0');
	}
	if (digits == 0)
		return false;
	*out = (struct item){KIND_INTEGER, negative ? -n : n};
	if (!take(c, '.'))
		return true;
	for (; c->p < c->end && is_digit(*c->p); c->p++)
		fraction++;
	out->kind = KIND_OTHER;
	return digits <= DECIMAL_DIGITS && fraction && fraction <= FRACTION_DIGITS;
}

static bool parse_string(struct cursor *c)
{
	for (c->p++; c->p < c->end; c->p++) {
		if (*c->p == '"') {
			c->p++;
			return true;
		}
		if (*c->p < 0x20 || *c->p > 0x7e)
			return false;
		if (*c->p == '\\' && (++c->p == c->end || (*c->p != '"' && *c->p != '\\')))
			return false;
	}
	return false;
}

static bool parse_bytes(struct cursor *c)
{
	for (c->p++; c->p < c->end && *c->p != ':'; c->p++)
		if (!is_alpha(*c->p) && !is_digit(*c->p) && (!*c->p || !strchr("+/=", *c->p)))
			return false;
	return take(c, ':');
}

static bool parse_token(struct cursor *c)
{
	while (c->p < c->end && *c->p &&
	       (is_alpha(*c->p) || is_digit(*c->p) || strchr("!#$%&'*+-.^_`|~:/", *c->p)))
		c->p++;
	return true;
}

static bool parse_bare(struct cursor *c, struct item *out)
{
	*out = (struct item){.kind = KIND_OTHER};
	if (c->p == c->end)
		return false;
	if (*c->p == '-' || is_digit(*c->p))
		return parse_number(c, out);
	if (*c->p == '"')
		return parse_string(c);
	if (*c->p == ':')
		return parse_bytes(c);
	if (*c->p == '*' || is_alpha(*c->p))
		return parse_token(c);
	if (!take(c, '?') || (!at(c, '0') && !at(c, '1')))
		return false;
	*out = (struct item){KIND_BOOLEAN, *c->p++ == '1'};
	return true;
}

static bool parse_parameters(struct cursor *c)
{
	struct fr_str key;
	struct item ignored;

	while (take(c, ';')) {
		skip(c, " ");
		if (!parse_key(c, &key) || (take(c, '=') && !parse_bare(c, &ignored)))
			return false;
	}
	return true;
}

static bool parse_inner_list(struct cursor *c)
{
	struct item ignored;

	c->p++;
	for (;;) {
		skip(c, " ");
		if (take(c, ')'))
			return true;
		if (!parse_bare(c, &ignored) || !parse_parameters(c))
			return false;
		if (!at(c, ' ') && !at(c, ')'))
			return false;
	}
}

/* What stands behind a key; alone it means true. */
static bool parse_value(struct cursor *c, struct item *out)
{
	*out = (struct item){KIND_BOOLEAN, 1};
	if (take(c, '=')) {
		if (!at(c, '(')) {
			if (!parse_bare(c, out))
				return false;
		} else {
			out->kind = KIND_OTHER;
			if (!parse_inner_list(c))
				return false;
		}
	}
	return parse_parameters(c);
}

static void apply(struct fr_str key, const struct item *item, struct fr_priority *p)
{
	if (fr_str_is(key, "u") && item->kind == KIND_INTEGER && item->n >= 0 &&
	    item->n <= (int64_t)FR_URGENCY_LOWEST)
		p->urgency = (uint8_t)item->n;
	else if (fr_str_is(key, "i") && item->kind == KIND_BOOLEAN)
		p->incremental = item->n != 0;
}

int fr_priority_parse(struct fr_str value, struct fr_priority *p)
{
	struct cursor c = {value.p, value.p + value.len};
	struct fr_priority found = *p;
	struct fr_str key;
	struct item item;

	if (value.len == 0)
		return 0;
	skip(&c, " ");
	while (c.p < c.end) {
		if (!parse_key(&c, &key) || !parse_value(&c, &item))
			return FR_ERR_SYNTAX;
		apply(key, &item, &found);
		skip(&c, " \t");
		if (c.p == c.end)
			break;
		if (!take(&c, ','))
			return FR_ERR_SYNTAX;
		skip(&c, " \t");
		if (c.p == c.end)
			return FR_ERR_SYNTAX; /* nothing behind the comma */
	}
	*p = found;
	return 0;
}

bool fr_priority_merge(const struct fr_fields *f, struct fr_priority *p)
{
	const struct fr_field *field = NULL;
	bool any = false;

	while ((field = fr_fields_next(f, FR_FIELD_PRIORITY, field))) {
		any = true;
		(void)!fr_priority_parse(field->value, p);
	}
	return any;
}
