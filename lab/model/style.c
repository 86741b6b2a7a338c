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

/* A copy without comments; p is NULL if there is no room. */
static struct fr_str keep(struct fr_styles *s, struct fr_str css)
{
	char *text =
		css.len <= FR_STYLE_SHEET_BYTES ? fr_arena_alloc(&s->arena, css.len + 1) : NULL;

	if (!text)
		return (struct fr_str){NULL, 0};
	memcpy(text, css.p ? css.p : "", css.len);
	return fr_str_make(text, drop_comments(text, css.len));
}

void fr_styles_add(struct fr_styles *s, int sheet, struct fr_str css, bool applies)
{
	css = keep(s, css);
	if (css.p)
		fr_styles_parse(s, sheet, css, applies);
}

void fr_styles_add_declarations(struct fr_styles *s, struct fr_str css)
{
	css = keep(s, css);
	if (css.p)
		fr_styles_parse_declarations(s, css);
}

/* --- does a rule ask for a family? --- */

static bool is_generic(struct fr_str family)
{
	static const char *const names[] = {
		"serif",        "sans-serif", "monospace",     "system-ui",  "cursive", "fantasy",
		"ui-monospace", "ui-serif",   "ui-sans-serif", "ui-rounded", "math",    "emoji"};

	for (size_t i = 0; i < FR_ARRAY_LEN(names); i++)
		if (fr_str_iis(family, names[i]))
			return true;
	return false;
}

/* The family at the end of "italic 700 1em/1.2 Family Name": what follows the size. */
static struct fr_str family_of_shorthand(struct fr_str item)
{
	size_t from = 0, depth = 0;

	for (size_t i = 0; i < item.len; i++) {
		size_t end;

		depth += item.p[i] == '(';
		depth -= depth && item.p[i] == ')';
		if (depth || !fr_css_is_space(item.p[i]))
			continue;
		/* a word with a digit is no part of a name without quotes */
		for (end = from; end < i; end++)
			if (fr_char_is(item.p[end], FR_CH_DIGIT) || item.p[end] == ')')
				return family_of_shorthand(
					fr_css_strip(fr_str_sub(item, i, item.len)));
		from = i + 1;
	}
	return item;
}

static bool asks_for(const struct fr_styles *s, struct fr_str value, struct fr_str family,
                     unsigned depth);

/* "var(--name, fallback)" */
static bool variable_asks_for(const struct fr_styles *s, struct fr_str value, struct fr_str family,
                              unsigned depth)
{
	struct fr_str rest = fr_str_sub(value, 4, value.len ? value.len - 1 : 0), name;
	bool is_set = false;

	if (depth == MAX_VARIABLES || !fr_css_next_item(&rest, &name))
		return false;
	for (size_t k = 0; k < s->n_rules; k++) {
		if (!s->rules[k].property.len || !fr_str_eq(s->rules[k].property, name))
			continue;
		is_set = true;
		if (asks_for(s, s->rules[k].value, family, depth + 1))
			return true;
	}
	return !is_set && asks_for(s, rest, family, depth + 1);
}

/* A family after a generic one is never reached. */
static bool asks_for(const struct fr_styles *s, struct fr_str value, struct fr_str family,
                     unsigned depth)
{
	struct fr_str item;

	while (fr_css_next_item(&value, &item)) {
		if (fr_str_istarts(item, FR_STR("var("))) {
			if (variable_asks_for(s, item, family, depth))
				return true;
			continue;
		}
		if (fr_str_ieq(fr_css_unquote(item), family))
			return true;
		if (is_generic(item))
			return false;
	}
	return false;
}

static bool rule_asks_for(const struct fr_styles *s, const struct css_rule *r, struct fr_str family)
{
	struct fr_str value = r->family;

	if (r->is_shorthand)
		value = family_of_shorthand(value);
	return asks_for(s, value, family, 0);
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

/* What the last part of a selector begins with: an element's name, ":root", "*". */
static struct fr_str subject_of(struct fr_str selector)
{
	size_t from = 0, n = 0;

	for (size_t i = 0; i < selector.len; i++)
		if (fr_css_is_space(selector.p[i]) || strchr(">+~", selector.p[i]))
			from = i + 1;
	selector = fr_str_sub(selector, from, selector.len);
	n = selector.len && strchr(":*", selector.p[0]) ? 1 : 0;
	while (n < selector.len && !strchr(".#[:", selector.p[n]))
		n++;
	return fr_str_sub(selector, 0, n);
}

enum text { OF_NONE, OF_PARAGRAPHS, OF_ALL };

/* Whose text takes the family: all of the page, or what stands in paragraphs. */
static enum text text_of(struct fr_str selectors)
{
	static const char *const roots[] = {"body", "html", ":root", ":host", "*"};
	static const char *const blocks[] = {"p",  "li",   "td",      "div",
	                                     "dd", "main", "article", "section"};
	enum text all = OF_NONE;
	struct fr_str one;

	while (fr_css_next_item(&selectors, &one)) {
		struct fr_str subject = subject_of(one);

		if (fr_str_iis_one_of(subject, roots, FR_ARRAY_LEN(roots)))
			return OF_ALL;
		if (fr_str_iis_one_of(subject, blocks, FR_ARRAY_LEN(blocks)))
			all = OF_PARAGRAPHS;
	}
	return all;
}

/* What browsers set such an element in. */
static unsigned own_weight(struct fr_str selector)
{
	static const char *const bold[] = {"h1", "h2", "h3", "h4", "h5", "h6", "b", "strong", "th"};

	return fr_str_iis_one_of(subject_of(selector), bold, FR_ARRAY_LEN(bold)) ? 700 : 400;
}

static bool lists(struct fr_str selectors, struct fr_str one, struct wanted *w)
{
	struct fr_str item;

	while (w->compared < MAX_COMPARED && fr_css_next_item(&selectors, &item)) {
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

	while (fr_css_next_item(&rest, &one)) {
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
			want(w, own_weight(one), r->is_italic);
	}
}

/* Is one of the selectors without a family of its own, so that it takes the text's? */
static bool is_of_text(const struct fr_styles *s, struct fr_str selectors, struct fr_str family,
                       const struct fr_names *names, struct wanted *w)
{
	struct fr_str one;

	while (fr_css_next_item(&selectors, &one)) {
		bool has_other = false;

		if (!fr_selector_applies(one, names))
			continue;
		for (size_t i = 0; i < s->n_rules && !has_other; i++)
			has_other = s->rules[i].family.len && lists(s->rules[i].selector, one, w) &&
			            !rule_asks_for(s, &s->rules[i], family);
		if (!has_other)
			return true;
	}
	return false;
}

/* Elements that browsers set in bold or slanted, and that stand in such text. */
static void want_emphasis(const struct fr_styles *s, struct fr_str family, enum text text,
                          const struct fr_names *names, struct wanted *w)
{
	static const char *const bold[] = {"b", "strong", "h1", "h2", "h3", "h4", "h5", "h6", "th"};
	static const char *const slanted[] = {"em", "i", "cite", "dfn", "var", "address"};
	size_t n = text == OF_ALL ? FR_ARRAY_LEN(bold) : 2;

	for (size_t i = 0; i < n; i++)
		if (fr_names_has(names, 't', fr_str_from(bold[i])) &&
		    is_of_text(s, fr_str_from(bold[i]), family, names, w))
			want(w, 700, false);
	for (size_t i = 0; i < (text == OF_ALL ? FR_ARRAY_LEN(slanted) : 2); i++)
		if (fr_names_has(names, 't', fr_str_from(slanted[i])))
			want(w, 400, true);
}

/* What the page wants of a family: what its rules say, and for the family of
 * the text also what rules say that name none. */
static void collect(const struct fr_styles *s, const struct fr_names *names, struct fr_str family,
                    struct wanted *w)
{
	enum text text = OF_NONE;

	for (size_t i = 0; i < s->n_rules; i++) {
		const struct css_rule *r = &s->rules[i];

		if (!r->family.len || !rule_asks_for(s, r, family) ||
		    !fr_selector_applies(r->selector, names))
			continue;
		if (r->weight)
			want(w, r->weight, r->is_italic);
		else
			want_elsewhere(s, r, names, w);
		if (text_of(r->selector) > text)
			text = text_of(r->selector);
	}
	for (size_t i = 0; text == OF_ALL && i < s->n_rules; i++) {
		const struct css_rule *r = &s->rules[i];

		if (!r->family.len && r->weight && is_of_text(s, r->selector, family, names, w))
			want(w, r->weight, false);
	}
	if (text != OF_NONE)
		want_emphasis(s, family, text, names, w);
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

/* Does a value have var(name) or var(name, ...)? */
static bool names_variable(struct fr_str value, struct fr_str name)
{
	for (size_t i = 0; i + name.len < value.len; i++)
		if (fr_str_starts(fr_str_sub(value, i, value.len), name) &&
		    (fr_css_is_space(value.p[i + name.len]) || strchr(",)", value.p[i + name.len])))
			return true;
	return false;
}

/* The pictures of the custom properties that a value names. */
static void report_variables(struct fr_styles *s, const struct fr_names *names, struct fr_str value,
                             unsigned depth)
{
	for (size_t i = 0; i < s->n_rules; i++) {
		struct css_rule *p = &s->rules[i];
		struct fr_str url;
		size_t at = 0;

		if (!p->property.len || p->is_reported || !names_variable(value, p->property) ||
		    !fr_selector_applies(p->selector, names))
			continue;
		p->is_reported = true;
		while (fr_styles_next_picture(s, p->value, &at, &url))
			if (url.len && url.p[0] != '#' && !fr_str_istarts(url, FR_STR("data:")))
				s->events.on_picture(s->user, p->sheet, url);
		if (depth < MAX_VARIABLES)
			report_variables(s, names, p->value, depth + 1);
	}
}

static void report_pictures(struct fr_styles *s, const struct fr_names *names)
{
	for (size_t i = 0; i < s->n_rules; i++) {
		struct css_rule *r = &s->rules[i];

		if ((!r->url.len && !r->uses.len) || r->is_reported ||
		    !fr_selector_applies(r->selector, names))
			continue;
		r->is_reported = true;
		if (r->url.len)
			s->events.on_picture(s->user, r->sheet, r->url);
		else
			report_variables(s, names, r->uses, 0);
	}
}

void fr_styles_apply(struct fr_styles *s, const struct fr_names *names)
{
	report_pictures(s, names);
	for (size_t i = 0; i < s->n_faces; i++) {
		struct wanted w = {.n = 0};

		if (!is_first_of_family(s, i))
			continue;
		collect(s, names, s->faces[i].family, &w);
		for (size_t k = 0; k < w.n; k++)
			report_nearest(s, names, s->faces[i].family, w.weights[k], w.italics[k]);
	}
}
