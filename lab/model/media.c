/* Media queries: types, features of the window, and conditions of them (condition.h). */
#include "lab/model/media.h"
#include "base/err.h"
#include "lab/model/condition.h"

#include <math.h>

static enum fr_media if_true(bool is)
{
	return is ? FR_MEDIA_YES : FR_MEDIA_NO;
}

/* --- features --- */

enum kind { LENGTH, RATIO, RESOLUTION, NUMBER, WORD };

/* What the window is: a number, or a word (NULL: none, false in a boolean context). */
static const struct feature {
	const char *name;
	enum kind kind;
	double number;
	const char *word;
} features[] = {
	{"width", LENGTH, FR_MARKUP_WIDTH, NULL},
	{"height", LENGTH, FR_MARKUP_HEIGHT, NULL},
	{"device-width", LENGTH, FR_MARKUP_WIDTH, NULL},
	{"device-height", LENGTH, FR_MARKUP_HEIGHT, NULL},
	{"aspect-ratio", RATIO, (double)FR_MARKUP_WIDTH / FR_MARKUP_HEIGHT, NULL},
	{"device-aspect-ratio", RATIO, (double)FR_MARKUP_WIDTH / FR_MARKUP_HEIGHT, NULL},
	{"resolution", RESOLUTION, 1, NULL},
	{"-webkit-device-pixel-ratio", NUMBER, 1, NULL},
	{"color", NUMBER, 8, NULL},
	{"color-index", NUMBER, 0, NULL},
	{"monochrome", NUMBER, 0, NULL},
	{"grid", NUMBER, 0, NULL},
	{"-webkit-transform-3d", NUMBER, 1, NULL},
	{"horizontal-viewport-segments", NUMBER, 1, NULL},
	{"vertical-viewport-segments", NUMBER, 1, NULL},
	{"orientation", WORD, 0, "landscape"},
	{"hover", WORD, 0, "hover"},
	{"any-hover", WORD, 0, "hover"},
	{"pointer", WORD, 0, "fine"},
	{"any-pointer", WORD, 0, "fine"},
	{"prefers-color-scheme", WORD, 0, "light"},
	{"prefers-reduced-motion", WORD, 0, NULL},
	{"prefers-reduced-transparency", WORD, 0, NULL},
	{"prefers-reduced-data", WORD, 0, NULL},
	{"prefers-contrast", WORD, 0, NULL},
	{"forced-colors", WORD, 0, NULL},
	{"inverted-colors", WORD, 0, NULL},
	{"display-mode", WORD, 0, "browser"},
	{"scripting", WORD, 0, "enabled"},
	{"update", WORD, 0, "fast"},
	{"overflow-block", WORD, 0, "scroll"},
	{"overflow-inline", WORD, 0, "scroll"},
	{"scan", WORD, 0, NULL},
	{"color-gamut", WORD, 0, "srgb"},
	{"dynamic-range", WORD, 0, "standard"},
	{"video-dynamic-range", WORD, 0, "standard"},
};

static const struct feature *find(struct fr_str name)
{
	for (size_t i = 0; i < FR_ARRAY_LEN(features); i++)
		if (fr_str_iis(name, features[i].name))
			return &features[i];
	return NULL;
}

/* min-width, -webkit-min-device-pixel-ratio: *sign is -1 for min, 1 for max. */
static const struct feature *find_prefixed(struct fr_str name, int *sign)
{
	static const struct {
		const char *prefix;
		int sign;
	} prefixes[] = {{"min-", -1}, {"max-", 1}, {"-webkit-min-", -1}, {"-webkit-max-", 1}};
	char plain[64] = "-webkit-";

	for (size_t i = 0; i < FR_ARRAY_LEN(prefixes); i++) {
		struct fr_str prefix = fr_str_from(prefixes[i].prefix), rest;
		size_t at = i < 2 ? 0 : strlen("-webkit-");

		if (!fr_str_istarts(name, prefix))
			continue;
		rest = fr_str_sub(name, prefix.len, name.len);
		if (rest.len + at >= sizeof plain)
			return NULL;
		memcpy(plain + at, rest.p, rest.len);
		*sign = prefixes[i].sign;
		return find(fr_str_make(plain, at + rest.len));
	}
	return NULL;
}

static bool ratio_of(struct fr_str s, double *out)
{
	struct fr_str after;
	double low = 1;

	if (!fr_css_number(s, out, &after))
		return false;
	if (after.len && after.p[0] == '/') {
		if (!fr_css_number(fr_css_strip(fr_str_sub(after, 1, after.len)), &low, &after))
			return false;
		*out = low > 0 ? *out / low : INFINITY;
	}
	return after.len == 0;
}

static bool resolution_of(struct fr_str s, double *out)
{
	struct fr_str unit;

	if (!fr_css_number(s, out, &unit))
		return false;
	if (fr_str_iis(unit, "dpi"))
		*out /= 96;
	else if (fr_str_iis(unit, "dpcm"))
		*out /= 96 / 2.54;
	else if (!fr_str_iis(unit, "dppx") && !fr_str_iis(unit, "x"))
		return false;
	return true;
}

static bool value_of(const struct feature *f, struct fr_str s, double *out)
{
	struct fr_str rest;

	switch (f->kind) {
	case LENGTH:
		return fr_css_length(s, out);
	case RATIO:
		return ratio_of(s, out);
	case RESOLUTION:
		return resolution_of(s, out);
	case NUMBER:
		return fr_css_number(s, out, &rest) && !rest.len;
	case WORD:
		break;
	}
	return false;
}

/* (hover), (color): true unless it is none or zero. */
static enum fr_media in_boolean_context(const struct feature *f)
{
	return if_true(f->kind == WORD ? f->word != NULL : f->number != 0);
}

/* Words that mean the same as having no preference. */
static bool is_none(struct fr_str value)
{
	static const char *const words[] = {"no-preference", "none", "standard"};

	for (size_t i = 0; i < FR_ARRAY_LEN(words); i++)
		if (fr_str_iis(value, words[i]))
			return true;
	return false;
}

static enum fr_media is_word(const struct feature *f, struct fr_str value)
{
	if (f->word)
		return if_true(fr_str_iis(value, f->word));
	return if_true(is_none(value));
}

/* (name: value) */
static enum fr_media plain(struct fr_str name, struct fr_str value)
{
	const struct feature *f = find(name);
	int sign = 0;
	double v;

	if (!f)
		f = find_prefixed(name, &sign);
	if (!f)
		return FR_MEDIA_UNKNOWN;
	if (f->kind == WORD)
		return sign ? FR_MEDIA_UNKNOWN : is_word(f, value);
	if (!value_of(f, value, &v))
		return FR_MEDIA_UNKNOWN;
	if (sign < 0)
		return if_true(f->number >= v);
	return if_true(sign > 0 ? f->number <= v : f->number == v);
}

/* --- ranges: (400px <= width < 60rem), (width >= 48rem) --- */

/* Where a comparison begins in s, and how long it is; s.len: none. */
static size_t find_comparison(struct fr_str s, size_t from, size_t *len)
{
	size_t depth = 0;

	for (size_t i = from; i < s.len; i++) {
		depth += s.p[i] == '(';
		depth -= depth && s.p[i] == ')';
		if (depth || !strchr("<>=", s.p[i]))
			continue;
		*len = i + 1 < s.len && s.p[i + 1] == '=' ? 2 : 1;
		return i;
	}
	return s.len;
}

static bool holds(double a, struct fr_str op, double b)
{
	switch (op.p[0]) {
	case '<':
		return op.len > 1 ? a <= b : a < b;
	case '>':
		return op.len > 1 ? a >= b : a > b;
	default:
		return a == b;
	}
}

/* a op b, one of which is a feature's name. */
static enum fr_media compare(struct fr_str a, struct fr_str op, struct fr_str b)
{
	const struct feature *left = find(a), *right = find(b);
	double v;

	if (left && value_of(left, b, &v))
		return if_true(holds(left->number, op, v));
	if (right && value_of(right, a, &v))
		return if_true(holds(v, op, right->number));
	return FR_MEDIA_UNKNOWN;
}

static enum fr_media range(struct fr_str s, size_t at, size_t len)
{
	size_t second_len = 0, second = find_comparison(s, at + len, &second_len);
	struct fr_str a = fr_css_strip(fr_str_sub(s, 0, at)), op = fr_str_sub(s, at, at + len);
	struct fr_str b = fr_css_strip(fr_str_sub(s, at + len, second));

	if (second == s.len)
		return compare(a, op, b);
	return fr_media_both(compare(a, op, b),
	                     compare(b, fr_str_sub(s, second, second + second_len),
	                             fr_css_strip(fr_str_sub(s, second + second_len, s.len))));
}

static enum fr_media feature(struct fr_str s)
{
	size_t colon = fr_str_find(s, ':'), len = 0, at = find_comparison(s, 0, &len);
	const struct feature *f;

	if (at < s.len)
		return range(s, at, len);
	if (colon < s.len)
		return plain(fr_css_strip(fr_str_sub(s, 0, colon)),
		             fr_css_strip(fr_str_sub(s, colon + 1, s.len)));
	f = find(s);
	return f ? in_boolean_context(f) : FR_MEDIA_UNKNOWN;
}

/* --- queries --- */

/* "not screen and (...)", "only screen", "print". */
static enum fr_media typed(struct fr_str s)
{
	bool negated = fr_condition_take_word(&s, "not");
	enum fr_media m;
	struct fr_str type;

	if (!negated)
		(void)fr_condition_take_word(&s, "only");
	type = fr_condition_word(s);
	s = fr_css_strip(fr_str_sub(s, type.len, s.len));
	m = if_true(fr_str_iis(type, "all") || fr_str_iis(type, "screen"));
	if (fr_condition_take_word(&s, "and"))
		m = fr_media_both(m, fr_condition_judge(&s, false, feature));
	if (s.len)
		return FR_MEDIA_NO; /* a query that cannot be read is "not all" */
	return negated ? fr_media_opposite(m) : m;
}

static enum fr_media query(struct fr_str s)
{
	struct fr_str first = fr_condition_word(s), after;
	enum fr_media m;

	if (first.len && first.len < s.len && s.p[first.len] == '(')
		return FR_MEDIA_UNKNOWN; /* a function */
	after = fr_css_strip(fr_str_sub(s, first.len, s.len));
	/* without a type: it begins with a bracket, after "not" maybe */
	if (first.len && !(fr_str_iis(first, "not") && after.len && after.p[0] == '('))
		return typed(s);
	m = fr_condition_judge(&s, true, feature);
	return s.len ? FR_MEDIA_NO : m;
}

enum fr_media fr_media_judge(struct fr_str media)
{
	enum fr_media m = FR_MEDIA_NO;
	size_t from = 0, depth = 0;

	media = fr_css_strip(media);
	if (!media.len)
		return FR_MEDIA_YES;
	for (size_t i = 0; i <= media.len; i++) {
		char c = i < media.len ? media.p[i] : ',';

		depth += c == '(';
		depth -= depth && c == ')';
		if (i < media.len && (c != ',' || depth))
			continue;
		m = fr_media_either(m, query(fr_css_strip(fr_str_sub(media, from, i))));
		from = i + 1;
	}
	return m;
}

bool fr_media_applies(struct fr_str media)
{
	return fr_media_judge(media) != FR_MEDIA_NO;
}
