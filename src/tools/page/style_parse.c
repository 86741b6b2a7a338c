#include <stdlib.h>

#include "tools/page/markup.h"
#include "tools/page/media.h"
#include "tools/page/style_priv.h"

/* @media in @supports in @layer ... */
#define MAX_DEPTH 8u

struct fr_str fr_css_unquote(struct fr_str s)
{
	s = fr_str_trim(s);
	if (s.len >= 2 && (s.p[0] == '"' || s.p[0] == '\'') && s.p[s.len - 1] == s.p[0])
		s = fr_str_sub(s, 1, s.len - 1);
	return s;
}

bool fr_css_next_url(struct fr_str css, size_t *at, struct fr_str *url)
{
	for (size_t i = *at; i + 4 < css.len; i++) {
		size_t end;

		if ((css.p[i] != 'u' && css.p[i] != 'U') ||
		    !fr_str_istarts(fr_str_sub(css, i, css.len), FR_STR("url(")))
			continue;
		end = i + 4;
		while (end < css.len && fr_css_is_space(css.p[end]))
			end++;
		/* a quoted one may hold brackets */
		if (end < css.len && (css.p[end] == '"' || css.p[end] == '\''))
			end += 1 + fr_str_find(fr_str_sub(css, end + 1, css.len), css.p[end]);
		end += fr_str_find(fr_str_sub(css, end, css.len), ')');
		*url = fr_css_unquote(fr_css_strip(fr_str_sub(css, i + 4, end)));
		*at = end;
		return true;
	}
	return false;
}

unsigned fr_css_weight(struct fr_str value)
{
	for (size_t i = 0; i < value.len; i++) {
		struct fr_str rest = fr_str_sub(value, i, value.len);
		bool starts = i == 0 || fr_css_is_space(value.p[i - 1]) || value.p[i - 1] == ',';

		if (!starts)
			continue;
		if (fr_str_istarts(rest, FR_STR("bold")))
			return 700;
		if (rest.len >= 3 && rest.p[0] >= '1' && rest.p[0] <= '9' && rest.p[1] >= '0' &&
		    rest.p[1] <= '9' && rest.p[2] >= '0' && rest.p[2] <= '9' &&
		    (rest.len == 3 || !fr_char_is(rest.p[3], FR_CH_ALPHA | FR_CH_DIGIT)))
			return (unsigned)(rest.p[0] - '0') * 100 +
			       (unsigned)(rest.p[1] - '0') * 10 + (unsigned)(rest.p[2] - '0');
	}
	return 0;
}

/* --- taking what was found --- */

/* Room for one more; false: the limit, or no memory. */
static bool grow(void **list, size_t n, size_t *cap, size_t item_bytes, size_t most)
{
	size_t more = *cap ? 2 * *cap : 64;
	void *v;

	if (n < *cap)
		return true;
	if (n >= most)
		return false;
	more = more < most ? more : most;
	v = fr_try_realloc(*list, more * item_bytes);
	if (!v)
		return false;
	*list = v;
	*cap = more;
	return true;
}

static void add_rule(struct fr_styles *s, struct css_rule r)
{
	void *list = s->rules;

	if (!grow(&list, s->n_rules, &s->cap_rules, sizeof r, FR_STYLE_MAX_RULES))
		return;
	s->rules = list;
	s->rules[s->n_rules++] = r;
}

static void add_face(struct fr_styles *s, struct css_face f)
{
	void *list = s->faces;

	if (!f.url.len || !f.family.len ||
	    !grow(&list, s->n_faces, &s->cap_faces, sizeof f, FR_STYLE_MAX_FACES))
		return;
	s->faces = list;
	s->faces[s->n_faces++] = f;
}

/* Takes "name: value" off a block. */
static bool next_declaration(struct fr_str *rest, struct fr_str *name, struct fr_str *value)
{
	size_t end, depth = 0, colon;
	char quote = 0;

	*rest = fr_css_strip(*rest);
	if (!rest->len)
		return false;
	for (end = 0; end < rest->len; end++) {
		char c = rest->p[end];

		if (quote) {
			quote = c == quote ? 0 : quote;
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (c == '(') {
			depth++;
		} else if (c == ')' && depth) {
			depth--;
		} else if (c == ';' && !depth) {
			break;
		}
	}
	colon = fr_str_find(*rest, ':');
	colon = colon < end ? colon : end;
	*name = fr_css_strip(fr_str_sub(*rest, 0, colon));
	*value = fr_css_strip(fr_str_sub(*rest, colon + 1, end));
	*rest = fr_str_sub(*rest, end + 1, rest->len);
	return true;
}

/* The first source of a face that browsers can use, which is what they load. */
static struct fr_str choose_source(struct fr_str src)
{
	static const char *const old[] = {".eot", ".svg"};
	struct fr_str url;
	size_t at = 0;

	while (fr_css_next_url(src, &at, &url)) {
		struct fr_str path = fr_str_sub(url, 0, fr_str_find(url, '?'));
		bool usable = true;

		path = fr_str_sub(path, 0, fr_str_find(path, '#'));
		for (size_t i = 0; i < FR_COUNT(old); i++)
			usable &= !fr_str_ends(path, fr_str_from(old[i]));
		if (usable)
			return fr_str_istarts(url, FR_STR("data:")) ? (struct fr_str){NULL, 0}
			                                            : url;
	}
	return (struct fr_str){NULL, 0};
}

static bool has_latin(struct fr_str range)
{
	struct fr_str item;

	while (fr_str_next_item(&range, &item)) {
		size_t dash = fr_str_find(item, '-');
		struct fr_str low = fr_str_sub(item, 2, dash);
		char text[16];

		if (!fr_str_istarts(item, FR_STR("u+")) || low.len >= sizeof text)
			continue;
		memcpy(text, low.p, low.len);
		text[low.len] = '\0';
		if (strtoul(text, NULL, 16) <= 'a' &&
		    dash < item.len) /* a range with the letters */
			return true;
	}
	return false;
}

static void on_face(struct fr_styles *s, int sheet, struct fr_str block)
{
	struct css_face f = {.least = 400, .most = 400, .is_latin = true, .sheet = sheet};
	struct fr_str name, value, source;

	while (next_declaration(&block, &name, &value)) {
		if (fr_str_iis(name, "font-family")) {
			f.family = fr_css_unquote(value);
		} else if (fr_str_iis(name, "src")) {
			/* a second src is for browsers that know it: it wins */
			source = choose_source(value);
			f.url = source.len ? source : f.url;
		} else if (fr_str_iis(name, "font-weight")) {
			f.least = f.most = fr_css_weight(value) ? fr_css_weight(value) : 400;
			if (fr_str_find(value, ' ') < value.len)
				f.most = fr_css_weight(
					fr_str_sub(value, fr_str_find(value, ' '), value.len));
		} else if (fr_str_iis(name, "font-style")) {
			f.is_italic = !fr_str_istarts(value, FR_STR("normal"));
		} else if (fr_str_iis(name, "unicode-range")) {
			f.is_latin = has_latin(value);
		}
	}
	add_face(s, f);
}

static bool names_font(struct fr_str property)
{
	for (size_t i = 0; i + 4 <= property.len; i++)
		if (fr_str_istarts(fr_str_sub(property, i, property.len), FR_STR("font")) ||
		    fr_str_istarts(fr_str_sub(property, i, property.len), FR_STR("family")))
			return true;
	return false;
}

static void on_declaration(struct fr_styles *s, struct css_rule *r, struct fr_str name,
                           struct fr_str value)
{
	size_t at = 0;

	if (fr_str_istarts(name, FR_STR("--"))) {
		struct css_rule p = {.selector = r->selector, .property = name, .value = value};

		if (names_font(name))
			add_rule(s, p);
		return;
	}
	if (fr_str_iis(name, "font-family") || fr_str_iis(name, "font"))
		r->family = value;
	if (fr_str_iis(name, "font-weight") || fr_str_iis(name, "font"))
		r->weight = fr_css_weight(value) ? fr_css_weight(value) : r->weight;
	if (fr_str_iis(name, "font-style"))
		r->is_italic = fr_str_istarts(value, FR_STR("italic"));
	for (struct fr_str url; fr_css_next_url(value, &at, &url);) {
		struct css_rule p = {.selector = r->selector, .url = url, .sheet = r->sheet};

		if (url.len && url.p[0] != '#' && !fr_str_istarts(url, FR_STR("data:")))
			add_rule(s, p);
	}
}

static void on_block(struct fr_styles *s, int sheet, struct fr_str selector, struct fr_str block)
{
	struct css_rule r = {.selector = selector, .sheet = sheet};
	struct fr_str name, value;

	while (next_declaration(&block, &name, &value))
		on_declaration(s, &r, name, value);
	if (r.family.len || r.weight || r.is_italic)
		add_rule(s, r);
}

/* --- structure --- */

/* Where the block that begins at css[0] == '{' ends: the offset of its '}'. */
static size_t block_end(struct fr_str css)
{
	size_t depth = 0;
	char quote = 0;

	for (size_t i = 0; i < css.len; i++) {
		char c = css.p[i];

		if (c == '\\')
			i++;
		else if (quote)
			quote = c == quote || c == '\n' ? 0 : quote;
		else if (c == '"' || c == '\'')
			quote = c;
		else if (c == '{')
			depth++;
		else if (c == '}' && --depth == 0)
			return i;
	}
	return css.len;
}

static void on_import(struct fr_styles *s, int sheet, struct fr_str text)
{
	struct fr_str url = {NULL, 0};
	size_t at = 0, n;

	text = fr_css_strip(text);
	if (fr_str_istarts(text, FR_STR("url("))) {
		if (!fr_css_next_url(text, &at, &url))
			return;
		text = fr_str_sub(text, at + 1, text.len);
	} else if (text.len > 2 && (text.p[0] == '"' || text.p[0] == '\'')) {
		n = fr_str_find(fr_str_sub(text, 1, text.len), text.p[0]);
		url = fr_str_sub(text, 1, n + 1);
		text = fr_str_sub(text, n + 2, text.len);
	}
	text = fr_css_strip(text);
	if (fr_str_istarts(text, FR_STR("layer")) || fr_str_istarts(text, FR_STR("supports")))
		text = FR_STR("");
	if (url.len && fr_media_applies(text))
		s->events.on_import(s->user, sheet, url);
}

static void parse(struct fr_styles *s, int sheet, struct fr_str css, unsigned depth);

static void on_at_block(struct fr_styles *s, int sheet, struct fr_str head, struct fr_str block,
                        unsigned depth)
{
	if (fr_str_istarts(head, FR_STR("@font-face"))) {
		on_face(s, sheet, block);
	} else if (fr_str_istarts(head, FR_STR("@media"))) {
		if (fr_media_applies(fr_css_strip(fr_str_sub(head, 6, head.len))) &&
		    depth < MAX_DEPTH)
			parse(s, sheet, block, depth + 1);
	} else if ((fr_str_istarts(head, FR_STR("@supports")) ||
	            fr_str_istarts(head, FR_STR("@layer")) ||
	            fr_str_istarts(head, FR_STR("@container"))) &&
	           depth < MAX_DEPTH) {
		parse(s, sheet, block, depth + 1);
	}
}

/* The end of what is before a block or a semicolon: strings and brackets skipped. */
static size_t head_end(struct fr_str css)
{
	size_t depth = 0;
	char quote = 0;

	for (size_t i = 0; i < css.len; i++) {
		char c = css.p[i];

		if (c == '\\')
			i++;
		else if (quote)
			quote = c == quote ? 0 : quote;
		else if (c == '"' || c == '\'')
			quote = c;
		else if (c == '(')
			depth++;
		else if (c == ')' && depth)
			depth--;
		else if (c == '{' || c == '}' || (c == ';' && !depth))
			return i;
	}
	return css.len;
}

static void parse(struct fr_styles *s, int sheet, struct fr_str css, unsigned depth)
{
	for (css = fr_css_strip(css); css.len; css = fr_css_strip(css)) {
		size_t head = head_end(css), end;
		struct fr_str text = fr_css_strip(fr_str_sub(css, 0, head));

		if (head == css.len || css.p[head] != '{') {
			if (fr_str_istarts(text, FR_STR("@import")))
				on_import(s, sheet, fr_str_sub(text, 7, text.len));
			css = fr_str_sub(css, head + 1, css.len);
			continue;
		}
		end = head + block_end(fr_str_sub(css, head, css.len));
		if (text.len && text.p[0] == '@')
			on_at_block(s, sheet, text, fr_str_sub(css, head + 1, end), depth);
		else
			on_block(s, sheet, text, fr_str_sub(css, head + 1, end));
		css = fr_str_sub(css, end + 1, css.len);
	}
}

void fr_styles_parse(struct fr_styles *s, int sheet, struct fr_str css)
{
	parse(s, sheet, css, 0);
}
