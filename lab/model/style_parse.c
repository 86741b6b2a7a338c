/* Reads style sheets into imports, fonts and pictures with the selectors that they
 * depend on. */
#include <stdlib.h>

#include "lab/model/markup.h"
#include "lab/model/media.h"
#include "lab/model/style_priv.h"
#include "lab/model/usable.h"

/* @media in @supports in @layer ... */
#define MAX_DEPTH 8u

struct fr_str fr_css_unquote(struct fr_str s)
{
	s = fr_str_trim(s);
	if (s.len >= 2 && (s.p[0] == '"' || s.p[0] == '\'') && s.p[s.len - 1] == s.p[0])
		s = fr_str_sub(s, 1, s.len - 1);
	return s;
}

/* The first url() at or after *at; *at moves past it. Without quotes. False: none. */
static bool next_css_url(struct fr_str css, size_t *at, struct fr_str *url)
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

/* A URL without its escapes: "b\\.png", "\\62 .png". */
static struct fr_str without_escapes(struct fr_styles *s, struct fr_str url)
{
	char *out;
	size_t n = 0;

	if (fr_str_find(url, '\\') == url.len)
		return url;
	out = fr_arena_alloc(&s->arena, url.len + 1);
	for (size_t i = 0; out && i < url.len; i++) {
		unsigned v = 0, digits = 0;

		if (url.p[i] != '\\' || i + 1 == url.len) {
			out[n++] = url.p[i];
			continue;
		}
		while (digits < 6 && i + 1 < url.len && fr_char_is(url.p[i + 1], FR_CH_HEX)) {
			char c = fr_ascii_lower(url.p[++i]);

			v = v * 16 + (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
			digits++;
		}
		if (!digits)
			out[n++] = url.p[++i];
		else if (v && v < 0x80)
			out[n++] = (char)v;
		if (digits && i + 1 < url.len && fr_css_is_space(url.p[i + 1]))
			i++;
	}
	return out ? fr_str_make(out, n) : url;
}

/* Where the bracket that opens at `at` closes; s.len: it never does. */
static size_t brackets_end(struct fr_str s, size_t at)
{
	return fr_css_find(s, at + 1, ")", "(");
}

/* 100..900 for a font-weight or a font shorthand; 0: none. */
static unsigned css_weight(struct fr_str value)
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
	size_t end, colon;

	*rest = fr_css_strip(*rest);
	if (!rest->len)
		return false;
	end = fr_css_find(*rest, 0, ";", "(");
	colon = fr_str_find(*rest, ':');
	colon = colon < end ? colon : end;
	*name = fr_css_strip(fr_str_sub(*rest, 0, colon));
	*value = fr_css_strip(fr_str_sub(*rest, colon + 1, end));
	*rest = fr_str_sub(*rest, end + 1, rest->len);
	return true;
}

/* What function(...) has in its brackets, without quotes; empty: it is not there. */
static struct fr_str argument_of(struct fr_str s, const char *function)
{
	struct fr_str name = fr_str_from(function);

	for (size_t i = 0; i + name.len < s.len; i++) {
		struct fr_str rest = fr_str_sub(s, i, s.len);

		if (fr_str_istarts(rest, name) && rest.p[name.len] == '(')
			return fr_css_unquote(fr_css_strip(
				fr_str_sub(rest, name.len + 1, brackets_end(rest, name.len))));
	}
	return (struct fr_str){NULL, 0};
}

/* By its name a format of old browsers. */
static bool is_old(struct fr_str url)
{
	url = fr_str_sub(url, 0, fr_str_find(url, '?'));
	url = fr_str_sub(url, 0, fr_str_find(url, '#'));
	return fr_str_ends(url, FR_STR(".eot")) || fr_str_ends(url, FR_STR(".svg"));
}

/* The first source of a face that browsers can use, which is what they load. */
static struct fr_str choose_source(struct fr_styles *s, struct fr_str src)
{
	struct fr_str item, url;

	while (fr_css_next_item(&src, &item)) {
		size_t at = 0;

		if (!next_css_url(item, &at, &url))
			continue;
		item = fr_str_sub(item, at, item.len);
		if (is_old(url) ||
		    !fr_font_is_usable(argument_of(item, "format"), argument_of(item, "tech")))
			continue;
		return fr_str_istarts(url, FR_STR("data:")) ? (struct fr_str){NULL, 0}
		                                            : without_escapes(s, url);
	}
	return (struct fr_str){NULL, 0};
}

static void on_face(struct fr_styles *s, int sheet, struct fr_str block)
{
	struct css_face f = {.least = 400, .most = 400, .sheet = sheet};
	struct fr_str name, value, source;

	while (next_declaration(&block, &name, &value)) {
		if (fr_str_iis(name, "font-family")) {
			f.family = fr_css_unquote(value);
		} else if (fr_str_iis(name, "src")) {
			/* a second src is for browsers that know it: it wins */
			source = choose_source(s, value);
			f.url = source.len ? source : f.url;
		} else if (fr_str_iis(name, "font-weight")) {
			f.least = f.most = css_weight(value) ? css_weight(value) : 400;
			if (fr_str_find(value, ' ') < value.len)
				f.most = css_weight(
					fr_str_sub(value, fr_str_find(value, ' '), value.len));
		} else if (fr_str_iis(name, "font-style")) {
			f.is_italic = !fr_str_istarts(value, FR_STR("normal"));
		} else if (fr_str_iis(name, "unicode-range")) {
			f.range = value;
		}
	}
	add_face(s, f);
}

/* The candidate of an image-set() that one pixel a pixel takes; its arguments. A
 * string is a URL there, too. */
static struct fr_str choose_image(struct fr_str set)
{
	struct fr_str best = {NULL, 0};
	size_t from = 0, depth = 0;

	for (size_t i = 0; i <= set.len; i++) {
		char c = i < set.len ? set.p[i] : ',';
		struct fr_str item, url = {NULL, 0};
		size_t at = 0;

		depth += c == '(';
		depth -= depth && c == ')';
		if (i < set.len && (c != ',' || depth))
			continue;
		item = fr_css_strip(fr_str_sub(set, from, i));
		from = i + 1;
		if (!fr_image_type_is_usable(argument_of(item, "type")))
			continue;
		if (item.len && (item.p[0] == '"' || item.p[0] == '\''))
			url = fr_str_sub(item, 1,
			                 1 + fr_str_find(fr_str_sub(item, 1, item.len), item.p[0]));
		else if (!next_css_url(item, &at, &url))
			continue;
		if (!best.len || fr_str_ends(item, FR_STR(" 1x")) ||
		    fr_str_ends(item, FR_STR(" 1dppx")))
			best = url;
		if (fr_str_ends(item, FR_STR(" 1x")) || fr_str_ends(item, FR_STR(" 1dppx")))
			break;
	}
	return best;
}

bool fr_styles_next_picture(struct fr_styles *s, struct fr_str value, size_t *at,
                            struct fr_str *url)
{
	for (size_t i = *at; i < value.len; i++) {
		struct fr_str rest = fr_str_sub(value, i, value.len);
		bool found = true;
		size_t end;

		if (fr_str_istarts(rest, FR_STR("url("))) {
			*at = i;
			found = next_css_url(value, at, url);
		} else if (fr_str_istarts(rest, FR_STR("image-set("))) {
			end = brackets_end(rest, strlen("image-set"));
			*url = choose_image(fr_str_sub(rest, strlen("image-set("), end));
			*at = i + end;
		} else {
			continue;
		}
		if (found)
			*url = without_escapes(s, *url);
		return found;
	}
	return false;
}

static bool may_be_picture(struct fr_str property)
{
	static const char *const parts[] = {"background", "mask",    "border-image",
	                                    "list-style", "content", "-webkit-mask"};

	for (size_t i = 0; i < FR_ARRAY_LEN(parts); i++)
		if (fr_str_istarts(property, fr_str_from(parts[i])))
			return true;
	return false;
}

static size_t find_var(struct fr_str value)
{
	for (size_t i = 0; i + 4 < value.len; i++)
		if (fr_str_istarts(fr_str_sub(value, i, value.len), FR_STR("var(")))
			return i;
	return value.len;
}

static void on_declaration(struct fr_styles *s, struct css_rule *r, struct fr_str name,
                           struct fr_str value)
{
	size_t at = 0;

	if (fr_str_starts(name, FR_STR("--"))) {
		add_rule(s, (struct css_rule){.selector = r->selector,
		                              .property = name,
		                              .value = value,
		                              .sheet = r->sheet});
		return;
	}
	if (fr_str_iis(name, "font-family") || fr_str_iis(name, "font")) {
		r->family = value;
		r->is_shorthand = fr_str_iis(name, "font");
	}
	if (fr_str_iis(name, "font-weight") || fr_str_iis(name, "font"))
		r->weight = css_weight(value) ? css_weight(value) : r->weight;
	if (fr_str_iis(name, "font-style"))
		r->is_italic = fr_str_istarts(value, FR_STR("italic"));
	if (may_be_picture(name) && find_var(value) < value.len)
		add_rule(s, (struct css_rule){
				    .selector = r->selector, .uses = value, .sheet = r->sheet});
	for (struct fr_str url; fr_styles_next_picture(s, value, &at, &url);) {
		struct css_rule p = {.selector = r->selector, .url = url, .sheet = r->sheet};

		if (url.len && url.p[0] != '#' && !fr_str_istarts(url, FR_STR("data:")))
			add_rule(s, p);
	}
}

/* --- structure --- */

/* Where the block that begins at css[0] == '{' ends: the offset of its '}'. */
static size_t block_end(struct fr_str css)
{
	return fr_css_find(css, 1, "}", "{");
}

/* What a block stands in. */
struct scope {
	int sheet;
	unsigned depth;
	bool applies;           /* of what does not, only imports count */
	struct fr_str selector; /* of the rule around it; empty at the top */
};

/* "layer", "layer(x)", "supports(display: grid)": without it. */
static struct fr_str skip_function(struct fr_str s, const char *name)
{
	size_t n = strlen(name);

	if (!fr_str_istarts(s, fr_str_from(name)))
		return s;
	if (n < s.len && s.p[n] == '(')
		n = brackets_end(s, n) + 1;
	return fr_css_strip(fr_str_sub(s, n, s.len));
}

/* What function(...) at the beginning of s has in its brackets; empty: it is not there. */
static struct fr_str leading_argument(struct fr_str s, const char *function)
{
	return fr_str_istarts(s, fr_str_from(function)) ? argument_of(s, function)
	                                                : (struct fr_str){NULL, 0};
}

static void on_import(struct fr_styles *s, const struct scope *scope, struct fr_str text)
{
	struct fr_str url = {NULL, 0}, condition;
	size_t at = 0, n;

	text = fr_css_strip(text);
	if (fr_str_istarts(text, FR_STR("url("))) {
		if (!next_css_url(text, &at, &url))
			return;
		text = fr_str_sub(text, at + 1, text.len);
	} else if (text.len > 2 && (text.p[0] == '"' || text.p[0] == '\'')) {
		n = fr_str_find(fr_str_sub(text, 1, text.len), text.p[0]);
		url = fr_str_sub(text, 1, n + 1);
		text = fr_str_sub(text, n + 2, text.len);
	}
	text = skip_function(fr_css_strip(text), "layer");
	condition = leading_argument(text, "supports");
	text = skip_function(text, "supports");
	if (url.len && (!condition.len || fr_supports_judge(condition) != FR_MEDIA_NO))
		s->events.on_import(s->user, scope->sheet, without_escapes(s, url),
		                    scope->applies && fr_media_applies(text));
}

static void parse(struct fr_styles *s, const struct scope *scope, struct fr_str css);

/* Nested rules (CSS Nesting): the names of both selectors must be there. A list
 * around it is left out, which may make a rule apply that does not. */
static struct fr_str nested_selector(struct fr_styles *s, struct fr_str outer, struct fr_str inner)
{
	const struct fr_str parts[] = {outer, FR_STR(" "), inner};
	struct fr_str both;

	if (!outer.len || fr_str_find(outer, ',') < outer.len ||
	    fr_str_find(inner, ',') < inner.len ||
	    fr_arena_concat(&s->arena, parts, FR_ARRAY_LEN(parts), &both) < 0)
		return inner;
	return both;
}

static void on_at_block(struct fr_styles *s, const struct scope *scope, struct fr_str head,
                        struct fr_str block)
{
	static const char *const groups[] = {"@layer", "@container", "@scope", "@starting-style"};
	struct scope inner = *scope;

	inner.depth++;
	if (fr_str_istarts(head, FR_STR("@font-face"))) {
		on_face(s, scope->sheet, block);
	} else if (fr_str_istarts(head, FR_STR("@media"))) {
		if (fr_media_applies(fr_css_strip(fr_str_sub(head, 6, head.len))))
			parse(s, &inner, block);
	} else if (fr_str_istarts(head, FR_STR("@supports"))) {
		if (fr_supports_judge(fr_str_sub(head, 9, head.len)) != FR_MEDIA_NO)
			parse(s, &inner, block);
	}
	for (size_t i = 0; i < FR_ARRAY_LEN(groups); i++)
		if (fr_str_istarts(head, fr_str_from(groups[i])))
			parse(s, &inner, block);
}

/* The end of what is before a block or a semicolon: strings and brackets skipped. */
static size_t head_end(struct fr_str css)
{
	/* no bracket keeps a block from beginning */
	size_t block = fr_css_find(css, 0, "{}", "");

	return fr_css_find(fr_str_sub(css, 0, block), 0, ";", "(");
}

static void on_block(struct fr_styles *s, const struct scope *scope, struct fr_str head,
                     struct fr_str block)
{
	struct scope inner = *scope;

	if (head.len && head.p[0] == '@') {
		on_at_block(s, scope, head, block);
		return;
	}
	inner.depth++;
	inner.selector = nested_selector(s, scope->selector, head);
	parse(s, &inner, block);
}

/* A statement that ends without a block: an import, or a declaration of the rule
 * around it. */
static void on_statement(struct fr_styles *s, const struct scope *scope, struct css_rule *r,
                         const bool *imports, struct fr_str text)
{
	struct fr_str name, value;

	if (fr_str_istarts(text, FR_STR("@import"))) {
		if (*imports)
			on_import(s, scope, fr_str_sub(text, 7, text.len));
	} else if (scope->selector.len && next_declaration(&text, &name, &value)) {
		on_declaration(s, r, name, value);
	}
}

/* Is the "{" at css[head] part of a custom property's value? */
static bool is_custom_property(struct fr_str text)
{
	return fr_str_starts(text, FR_STR("--")) && fr_str_find(text, ':') < text.len;
}

static void parse(struct fr_styles *s, const struct scope *scope, struct fr_str css)
{
	struct css_rule r = {.selector = scope->selector, .sheet = scope->sheet};
	bool imports = scope->depth == 0; /* they stand before all rules */

	if (scope->depth > MAX_DEPTH)
		return;
	for (css = fr_css_strip(css); css.len; css = fr_css_strip(css)) {
		size_t head = head_end(css), end;
		struct fr_str text = fr_css_strip(fr_str_sub(css, 0, head));

		if (head == css.len || css.p[head] != '{') {
			on_statement(s, scope, &r, &imports, text);
			css = fr_str_sub(css, head + 1, css.len);
			continue;
		}
		end = head + block_end(fr_str_sub(css, head, css.len));
		imports = false;
		if (!is_custom_property(text) && scope->applies)
			on_block(s, scope, text, fr_str_sub(css, head + 1, end));
		css = fr_str_sub(css, end + 1, css.len);
	}
	if (r.family.len || r.weight || r.is_italic)
		add_rule(s, r);
}

void fr_styles_parse(struct fr_styles *s, int sheet, struct fr_str css, bool applies)
{
	struct scope top = {.sheet = sheet, .applies = applies};

	parse(s, &top, css);
}

void fr_styles_parse_declarations(struct fr_styles *s, struct fr_str css)
{
	/* a selector that names nothing holds always */
	struct scope rule = {.depth = 1, .applies = true, .selector = FR_STR(":style")};

	parse(s, &rule, css);
}
