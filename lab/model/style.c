/* Decides which fonts and pictures of the style sheets the page takes. */
#include <stdlib.h>

#include "lab/model/media.h"
#include "lab/model/style_priv.h"

/* A custom property that names another, and so on. */
#define MAX_VARIABLES 4u
/* Different weights of one family that a page asks for. */
#define MAX_WEIGHTS 16u
/* Selectors that are compared in one layout; beyond them each counts for itself. */
#define MAX_COMPARED (1u << 22)

struct fr_styles *fr_styles_new(const struct fr_styles_events *events, void *user)
{
	struct fr_styles *s = fr_calloc(1, sizeof *s);

	s->events = *events;
	s->user = user;
	fr_arena_init(&s->arena, FR_STYLE_PAGE_BYTES + 65536);
	return s;
}

void fr_styles_free(struct fr_styles **sp)
{
	if (!*sp)
		return;
	fr_arena_fini(&(*sp)->arena);
	free((*sp)->rules);
	free((*sp)->faces);
	free(*sp);
	*sp = NULL;
}

/* Comments become nothing; strings keep what looks like one. */
static size_t drop_comments(char *text, size_t len)
{
	size_t n = 0;
	char quote = 0;

	for (size_t i = 0; i < len; i++) {
		if (!quote && text[i] == '/' && i + 1 < len && text[i + 1] == '*') {
			for (i += 2; i + 1 < len && !(text[i] == '*' && text[i + 1] == '/');)
				i++;
			i++;
			continue;
		}
		if (quote)
			quote = text[i] == quote || text[i] == '\n' ? 0 : quote;
		else if (text[i] == '"' || text[i] == '\'')
			quote = text[i];
		text[n++] = text[i];
	}
	return n;
}

void fr_styles_add(struct fr_styles *s, int sheet, struct fr_str css)
{
	char *text;

	if (css.len > FR_STYLE_SHEET_BYTES)
		return;
	text = fr_arena_alloc(&s->arena, css.len + 1);
	if (!text)
		return;
	memcpy(text, css.p ? css.p : "", css.len);
	fr_styles_parse(s, sheet, fr_str_make(text, drop_comments(text, css.len)));
}

/* --- does a rule ask for a family? --- */

static size_t find_text(struct fr_str s, struct fr_str what)
{
	for (size_t i = 0; i + what.len <= s.len; i++)
		if (fr_str_ieq(fr_str_sub(s, i, i + what.len), what))
			return i;
	return s.len;
}

/* A family after a generic one is never reached. */
static bool has_generic(struct fr_str s)
{
	static const char *const generic[] = {"serif",   "sans-serif", "monospace",   "system-ui",
	                                      "cursive", "fantasy",    "ui-monospace"};
	struct fr_str item;

	while (fr_str_next_item(&s, &item))
		for (size_t i = 0; i < FR_ARRAY_LEN(generic); i++)
			if (fr_str_iis(item, generic[i]))
				return true;
	return false;
}

static bool asks_for(const struct fr_styles *s, struct fr_str value, struct fr_str family,
                     unsigned depth)
{
	size_t at = find_text(value, family);

	if (at < value.len && !has_generic(fr_str_sub(value, 0, at)))
		return true;
	for (size_t i = 0; depth < MAX_VARIABLES && i + 4 < value.len; i++) {
		struct fr_str name;
		size_t n = 0;

		if (!fr_str_istarts(fr_str_sub(value, i, value.len), FR_STR("var(")))
			continue;
		name = fr_str_sub(value, i + 4, value.len);
		while (n < name.len && name.p[n] != ')' && name.p[n] != ',')
			n++;
		name = fr_str_trim(fr_str_sub(name, 0, n));
		for (size_t k = 0; k < s->n_rules; k++)
			if (s->rules[k].property.len && fr_str_eq(s->rules[k].property, name) &&
			    asks_for(s, s->rules[k].value, family, depth + 1))
				return true;
	}
	return false;
}

/* --- which faces --- */

struct wanted {
	unsigned weights[MAX_WEIGHTS];
	bool italics[MAX_WEIGHTS];
	size_t n;
	size_t compared;
};

static void want(struct wanted *w, unsigned weight, bool italic)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->weights[i] == weight && w->italics[i] == italic)
			return;
	if (w->n == MAX_WEIGHTS)
		return;
	w->weights[w->n] = weight;
	w->italics[w->n++] = italic;
}

static bool is_for_text(struct fr_str selector)
{
	static const char *const roots[] = {"body", "html", ":root", "*"};

	for (size_t i = 0; i < FR_ARRAY_LEN(roots); i++)
		if (find_text(selector, fr_str_from(roots[i])) < selector.len)
			return true;
	return false;
}

static bool lists(struct fr_str selectors, struct fr_str one, struct wanted *w)
{
	struct fr_str item;

	while (w->compared < MAX_COMPARED && fr_str_next_item(&selectors, &item)) {
		w->compared++;
		if (fr_str_eq(item, one))
			return true;
	}
	return false;
}

/* ".far, .fas {font-family: x}", ".fas {font-weight: 900}": what other rules
 * say on the weight of the same selectors. */
static void want_elsewhere(const struct fr_styles *s, const struct css_rule *r,
                           const struct fr_names *names, struct wanted *w)
{
	struct fr_str rest = r->selector, one;

	while (fr_str_next_item(&rest, &one)) {
		bool found = false;

		if (!fr_selector_applies(one, names))
			continue;
		for (size_t i = 0; i < s->n_rules; i++) {
			const struct css_rule *q = &s->rules[i];

			if (q->family.len || !q->weight || !lists(q->selector, one, w))
				continue;
			want(w, q->weight, r->is_italic);
			found = true;
		}
		if (!found)
			want(w, 400, r->is_italic);
	}
}

/* Is one of the selectors without a family of its own, so that it takes the text's? */
static bool is_of_text(const struct fr_styles *s, struct fr_str selectors, struct fr_str family,
                       const struct fr_names *names, struct wanted *w)
{
	struct fr_str one;

	while (fr_str_next_item(&selectors, &one)) {
		bool has_other = false;

		if (!fr_selector_applies(one, names))
			continue;
		for (size_t i = 0; i < s->n_rules && !has_other; i++)
			has_other = s->rules[i].family.len && lists(s->rules[i].selector, one, w) &&
			            !asks_for(s, s->rules[i].family, family, 0);
		if (!has_other)
			return true;
	}
	return false;
}

/* What the page wants of a family: what its rules say, and for the family of
 * the text also what rules say that name none. */
static void collect(const struct fr_styles *s, const struct fr_names *names, struct fr_str family,
                    struct wanted *w)
{
	bool is_text = false;

	for (size_t i = 0; i < s->n_rules; i++) {
		const struct css_rule *r = &s->rules[i];

		if (!r->family.len || !asks_for(s, r->family, family, 0) ||
		    !fr_selector_applies(r->selector, names))
			continue;
		if (r->weight)
			want(w, r->weight, r->is_italic);
		else
			want_elsewhere(s, r, names, w);
		is_text |= is_for_text(r->selector);
	}
	if (!is_text)
		return;
	for (size_t i = 0; i < s->n_rules; i++) {
		const struct css_rule *r = &s->rules[i];

		if (!r->family.len && r->weight && is_of_text(s, r->selector, family, names, w))
			want(w, r->weight, false);
	}
	if (fr_names_has(names, 't', FR_STR("b")) || fr_names_has(names, 't', FR_STR("strong")))
		want(w, 700, false);
	if (fr_names_has(names, 't', FR_STR("em")) || fr_names_has(names, 't', FR_STR("i")))
		want(w, 400, true);
}

static unsigned distance(const struct css_face *f, unsigned weight)
{
	if (weight < f->least)
		return f->least - weight;
	return weight > f->most ? weight - f->most : 0;
}

/* Takes hexadecimal digits off, and "?" for any digit: the lowest and the highest
 * number that they stand for. False: there are none, or too many. */
static bool take_hex(struct fr_str *s, uint32_t *low, uint32_t *high)
{
	size_t n = 0;

	*low = *high = 0;
	for (; n < s->len && n <= 6; n++) {
		char c = fr_ascii_lower(s->p[n]);
		const char *digits = "0123456789abcdef", *at = strchr(digits, c);

		if (c != '?' && !at)
			break;
		*low = *low << 4 | (uint32_t)(at ? at - digits : 0);
		*high = *high << 4 | (uint32_t)(at ? at - digits : 0xf);
	}
	*s = fr_str_sub(*s, n, s->len);
	return n >= 1 && n <= 6;
}

/* "U+26", "U+0-7F", "U+4??" */
static bool range_of(struct fr_str item, uint32_t *low, uint32_t *high)
{
	struct fr_str rest = fr_str_sub(item, 2, item.len);
	uint32_t ignored;

	if (!fr_str_istarts(item, FR_STR("u+")) || !take_hex(&rest, low, high))
		return false;
	if (rest.len && rest.p[0] == '-') {
		rest = fr_str_sub(rest, 1, rest.len);
		if (!take_hex(&rest, &ignored, high))
			return false;
	}
	return rest.len == 0;
}

/* Has the page a character of the face? Those of private use come from style sheets,
 * as icons do. */
static bool has_text_for(const struct css_face *f, const struct fr_names *names)
{
	struct fr_str rest = f->range, item;
	uint32_t low, high;

	if (!rest.len)
		return true;
	while (fr_str_next_item(&rest, &item)) {
		item = fr_css_strip(item);
		if (!range_of(item, &low, &high) || (low <= 0xf8ff && high >= 0xe000) ||
		    fr_names_has_character(names, low, high))
			return true;
	}
	return false;
}

static void report_nearest(struct fr_styles *s, const struct fr_names *names, struct fr_str family,
                           unsigned weight, bool italic)
{
	unsigned best = UINT32_MAX;
	bool has_italic = false;

	for (size_t i = 0; i < s->n_faces; i++)
		has_italic |= fr_str_ieq(s->faces[i].family, family) && s->faces[i].is_italic;
	italic &= has_italic; /* else the browser slants the upright one */
	for (size_t i = 0; i < s->n_faces; i++) {
		const struct css_face *f = &s->faces[i];

		if (fr_str_ieq(f->family, family) && f->is_italic == italic &&
		    distance(f, weight) < best)
			best = distance(f, weight);
	}
	for (size_t i = 0; i < s->n_faces; i++) {
		struct css_face *f = &s->faces[i];

		if (!fr_str_ieq(f->family, family) || f->is_italic != italic || f->is_reported ||
		    distance(f, weight) != best || !has_text_for(f, names))
			continue;
		f->is_reported = true;
		s->events.on_font(s->user, f->sheet, f->url);
	}
}

static bool is_first_of_family(const struct fr_styles *s, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (fr_str_ieq(s->faces[k].family, s->faces[i].family))
			return false;
	return true;
}

void fr_styles_apply(struct fr_styles *s, const struct fr_names *names)
{
	for (size_t i = 0; i < s->n_rules; i++) {
		struct css_rule *r = &s->rules[i];

		if (!r->url.len || r->is_reported || !fr_selector_applies(r->selector, names))
			continue;
		r->is_reported = true;
		s->events.on_picture(s->user, r->sheet, r->url);
	}
	for (size_t i = 0; i < s->n_faces; i++) {
		struct wanted w = {.n = 0};

		if (!is_first_of_family(s, i))
			continue;
		collect(s, names, s->faces[i].family, &w);
		for (size_t k = 0; k < w.n; k++)
			report_nearest(s, names, s->faces[i].family, w.weights[k], w.italics[k]);
	}
}
