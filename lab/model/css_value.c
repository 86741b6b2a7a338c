/* Lists of CSS; numbers and lengths, with the sums of calc(), min(), max() and clamp(). */
#include <stdlib.h>

#include "base/err.h"
#include "lab/model/media.h"

/* A number with a unit that browsers take for lengths; the default em. */
#define EM_PIXELS 16.0
/* calc() in calc() ... */
#define MAX_DEPTH 8u

bool fr_css_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

struct fr_str fr_css_strip(struct fr_str s)
{
	while (s.len && fr_css_is_space(s.p[0]))
		s = fr_str_sub(s, 1, s.len);
	while (s.len && fr_css_is_space(s.p[s.len - 1]))
		s = fr_str_sub(s, 0, s.len - 1);
	return s;
}

static bool is_one_of(const char *list, char c)
{
	return c && strchr(list, c);
}

static bool closes(const char *open, char c)
{
	return (c == ')' && is_one_of(open, '(')) || (c == ']' && is_one_of(open, '[')) ||
	       (c == '}' && is_one_of(open, '{'));
}

size_t fr_css_find(struct fr_str s, size_t from, const char *stops, const char *open)
{
	size_t depth = 0;
	char quote = 0;

	for (size_t i = from; i < s.len; i++) {
		char c = s.p[i];

		if (c == '\\')
			i++;
		else if (quote)
			quote = c == quote || c == '\n' ? 0 : quote;
		else if (!depth && is_one_of(stops, c))
			return i;
		else if (c == '"' || c == '\'')
			quote = c;
		else if (is_one_of(open, c))
			depth++;
		else if (depth && closes(open, c))
			depth--;
	}
	return s.len;
}

bool fr_css_next_item(struct fr_str *rest, struct fr_str *item)
{
	size_t end = fr_css_find(*rest, 0, ",", "([");

	if (!rest->len)
		return false;
	*item = fr_css_strip(fr_str_sub(*rest, 0, end));
	*rest = fr_str_sub(*rest, end + 1, rest->len);
	return true;
}

bool fr_css_number(struct fr_str s, double *out, struct fr_str *unit)
{
	char text[32];
	char *end;
	double v;
	size_t n = s.len < sizeof text - 1 ? s.len : sizeof text - 1;

	/* strtod reads more than CSS has: hexadecimal, inf, nan */
	if (!n || !strchr("+-.0123456789", s.p[0]))
		return false;
	memcpy(text, s.p, n);
	text[n] = '\0';
	for (size_t i = 0; i < n; i++)
		if (text[i] == 'x' || text[i] == 'X' || text[i] == 'i' || text[i] == 'n')
			text[i] = ' ';
	v = strtod(text, &end);
	if (end == text)
		return false;
	*out = v;
	*unit = fr_css_strip(fr_str_sub(s, (size_t)(end - text), s.len));
	return true;
}

static bool pixels_of(double v, struct fr_str unit, double *pixels)
{
	static const struct {
		const char *name;
		double pixels;
	} units[] = {
		{"px", 1},
		{"em", EM_PIXELS},
		{"rem", EM_PIXELS},
		{"ch", EM_PIXELS / 2},
		{"ex", EM_PIXELS / 2},
		{"lh", EM_PIXELS * 1.2},
		{"rlh", EM_PIXELS * 1.2},
		{"in", 96},
		{"cm", 96 / 2.54},
		{"mm", 96 / 25.4},
		{"q", 96 / 101.6},
		{"pt", 96.0 / 72},
		{"pc", 16},
		{"vw", FR_MARKUP_WIDTH / 100.0},
		{"vh", FR_MARKUP_HEIGHT / 100.0},
		{"vi", FR_MARKUP_WIDTH / 100.0},
		{"vb", FR_MARKUP_HEIGHT / 100.0},
		{"vmin", FR_MARKUP_HEIGHT / 100.0},
		{"vmax", FR_MARKUP_WIDTH / 100.0},
	};

	/* dvw, svh, lvmin: a window has no bars that come and go */
	if (unit.len == 3 && strchr("dslDSL", unit.p[0]) && (unit.p[1] == 'v' || unit.p[1] == 'V'))
		unit = fr_str_sub(unit, 1, unit.len);
	for (size_t i = 0; i < FR_ARRAY_LEN(units); i++)
		if (fr_str_iis(unit, units[i].name)) {
			*pixels = v * units[i].pixels;
			return true;
		}
	return false;
}

/* --- sums --- */

struct sum {
	struct fr_str rest;
	unsigned depth;
};

static bool add_up(struct sum *s, double *out);

static void skip_space(struct sum *s)
{
	s->rest = fr_css_strip(s->rest);
}

static bool take_char(struct sum *s, char c)
{
	skip_space(s);
	if (!s->rest.len || s->rest.p[0] != c)
		return false;
	s->rest = fr_str_sub(s->rest, 1, s->rest.len);
	return true;
}

/* The arguments of min(), max() and clamp(), as far as ")". */
static bool take_arguments(struct sum *s, struct fr_str name, double *out)
{
	double v[3] = {0}, low, high;
	size_t n = 0;

	do {
		double x;

		if (!add_up(s, &x))
			return false;
		if (n == 0)
			low = high = x;
		low = x < low ? x : low;
		high = x > high ? x : high;
		if (n < FR_ARRAY_LEN(v))
			v[n] = x;
		n++;
	} while (take_char(s, ','));
	if (!take_char(s, ')'))
		return false;
	if (fr_str_iis(name, "min"))
		*out = low;
	else if (fr_str_iis(name, "max"))
		*out = high;
	else if (fr_str_iis(name, "clamp") && n == 3)
		*out = v[1] > v[2] ? (v[2] > v[0] ? v[2] : v[0]) : (v[1] > v[0] ? v[1] : v[0]);
	else
		return (*out = v[0], n == 1 && (!name.len || fr_str_iis(name, "calc")));
	return true;
}

static bool take_function(struct sum *s, double *out)
{
	size_t n = fr_str_find(s->rest, '(');
	struct fr_str name = fr_str_sub(s->rest, 0, n);
	bool ok;

	if (n == s->rest.len || s->depth == MAX_DEPTH)
		return false;
	s->rest = fr_str_sub(s->rest, n + 1, s->rest.len);
	s->depth++;
	ok = take_arguments(s, name, out);
	s->depth--;
	return ok;
}

/* A length in pixels, or a plain number. */
static bool take_value(struct sum *s, double *out)
{
	struct fr_str after, unit;
	size_t n = 0;

	skip_space(s);
	if (!fr_css_number(s->rest, out, &after))
		return take_function(s, out);
	/* what follows begins at once with a unit, or there is none */
	s->rest = fr_str_sub(s->rest, (size_t)(after.p - s->rest.p), s->rest.len);
	while (n < after.len && fr_char_is(after.p[n], FR_CH_ALPHA))
		n++;
	unit = fr_str_sub(after, 0, n);
	s->rest = fr_str_sub(after, n, after.len);
	return !unit.len || pixels_of(*out, unit, out);
}

static bool take_product(struct sum *s, double *out)
{
	double v;

	if (!take_value(s, out))
		return false;
	for (;;) {
		if (take_char(s, '*')) {
			if (!take_value(s, &v))
				return false;
			*out *= v;
		} else if (take_char(s, '/')) {
			if (!take_value(s, &v) || v == 0)
				return false;
			*out /= v;
		} else {
			return true;
		}
	}
}

static bool add_up(struct sum *s, double *out)
{
	double v;

	if (!take_product(s, out))
		return false;
	for (;;) {
		if (take_char(s, '+')) {
			if (!take_product(s, &v))
				return false;
			*out += v;
		} else if (take_char(s, '-')) {
			if (!take_product(s, &v))
				return false;
			*out -= v;
		} else {
			return true;
		}
	}
}

bool fr_css_length(struct fr_str s, double *pixels)
{
	struct sum sum = {.rest = fr_css_strip(s)};
	double v;

	if (!add_up(&sum, &v) || fr_css_strip(sum.rest).len)
		return false;
	*pixels = v;
	return true;
}
