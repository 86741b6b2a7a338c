/* A lexer of JavaScript that knows enough to find imports. */
#include "lab/model/module_scan.h"

#include <string.h>

/* `${ ... }` in a template in ... */
#define MAX_TEMPLATES 32u

struct scan {
	struct fr_str rest;
	char before;     /* the last character that is no white space; 0: none */
	unsigned braces; /* open in the current substitution of a template */
	unsigned outer[MAX_TEMPLATES];
	unsigned templates;
};

static bool is_name(char c)
{
	return fr_char_is(c, FR_CH_ALPHA | FR_CH_DIGIT) || c == '_' || c == '$' ||
	       (unsigned char)c >= 0x80;
}

static void skip(struct scan *s, size_t n)
{
	s->rest = fr_str_sub(s->rest, n, s->rest.len);
}

static bool starts(const struct scan *s, const char *text)
{
	return fr_str_starts(s->rest, fr_str_from(text));
}

static void skip_comment(struct scan *s)
{
	if (starts(s, "//")) {
		skip(s, fr_str_find(s->rest, '\n'));
		return;
	}
	for (skip(s, 2); s->rest.len && !starts(s, "*/");)
		skip(s, 1);
	skip(s, 2);
}

/* Over white space and comments. */
static void skip_blank(struct scan *s)
{
	while (s->rest.len) {
		if (starts(s, "//") || starts(s, "/*"))
			skip_comment(s);
		else if ((unsigned char)s->rest.p[0] <= ' ')
			skip(s, 1);
		else
			return;
	}
}

/* A string of quotes; what is in it. */
static struct fr_str take_string(struct scan *s)
{
	char quote = s->rest.p[0];
	struct fr_str inner;
	size_t i = 1;

	while (i < s->rest.len && s->rest.p[i] != quote && s->rest.p[i] != '\n')
		i += s->rest.p[i] == '\\' ? 2 : 1;
	inner = fr_str_sub(s->rest, 1, i);
	skip(s, i + 1);
	s->before = quote;
	return inner;
}

/* The text of a template, as far as its end or the next "${". */
static void skip_template(struct scan *s)
{
	size_t i = 0;

	while (i < s->rest.len && s->rest.p[i] != '`') {
		if (s->rest.p[i] == '$' && i + 1 < s->rest.len && s->rest.p[i + 1] == '{' &&
		    s->templates < MAX_TEMPLATES) {
			s->outer[s->templates++] = s->braces;
			s->braces = 0;
			s->before = '{';
			skip(s, i + 2);
			return;
		}
		i += s->rest.p[i] == '\\' ? 2 : 1;
	}
	s->before = '`';
	skip(s, i + 1);
}

/* A "/" here begins a regular expression: no value stands before it. */
static bool is_regexp(const struct scan *s)
{
	return !s->before || strchr("(,=:[!&|?{};+-*%<>~^\n", s->before);
}

static void skip_regexp(struct scan *s)
{
	bool in_class = false;
	size_t i = 1;

	for (; i < s->rest.len && s->rest.p[i] != '\n'; i++) {
		char c = s->rest.p[i];

		if (c == '\\')
			i++;
		else if (c == '[')
			in_class = true;
		else if (c == ']')
			in_class = false;
		else if (c == '/' && !in_class)
			break;
	}
	s->before = ')';
	skip(s, i + 1);
}

static struct fr_str take_name(struct scan *s)
{
	struct fr_str name;
	size_t n = 0;

	while (n < s->rest.len && is_name(s->rest.p[n]))
		n++;
	name = fr_str_sub(s->rest, 0, n);
	skip(s, n);
	return name;
}

/* with { type: "json" }: what is imported. */
static enum fr_as take_attributes(struct scan *s)
{
	struct scan ahead = *s;
	struct fr_str name;
	size_t end;

	skip_blank(&ahead);
	name = take_name(&ahead);
	if (!fr_str_is(name, "with") && !fr_str_is(name, "assert"))
		return FR_AS_SCRIPT;
	end = fr_str_find(ahead.rest, '}');
	for (size_t i = 0; i < end; i++) {
		struct fr_str rest = fr_str_sub(ahead.rest, i + 1, end);

		if (ahead.rest.p[i] != '"' && ahead.rest.p[i] != '\'')
			continue;
		if (fr_str_starts(rest, FR_STR("css")))
			return FR_AS_STYLE;
		if (fr_str_starts(rest, FR_STR("json")))
			return FR_AS_FETCH;
	}
	return FR_AS_SCRIPT;
}

/* Behind "import" or "export": names, braces, "*" and commas as far as the specifier.
 * False: there is none. */
static bool take_clause(struct scan *s, bool is_export, struct fr_str *specifier)
{
	bool from = !is_export;

	for (skip_blank(s); s->rest.len; skip_blank(s)) {
		char c = s->rest.p[0];

		if ((c == '"' || c == '\'') && from) {
			*specifier = take_string(s);
			return true;
		}
		if (is_name(c)) {
			struct fr_str name = take_name(s);

			/* export const x, export default ...: no clause */
			if (is_export && !from && !fr_str_is(name, "from") &&
			    !fr_str_is(name, "as") && s->before != '{' && s->before != '*' &&
			    s->before != ',')
				return false;
			from |= fr_str_is(name, "from");
		} else if (c == '{' || c == '}' || c == ',' || c == '*') {
			s->before = c;
			skip(s, 1);
		} else if (c == '"' || c == '\'') {
			(void)take_string(s); /* export {x as "y"} */
		} else {
			return false;
		}
	}
	return false;
}

static void on_word(struct scan *s,
                    void (*on_import)(void *user, struct fr_str specifier, enum fr_as as),
                    void *user)
{
	char before = s->before;
	struct fr_str name = take_name(s), specifier;
	bool is_export = fr_str_is(name, "export");
	struct scan clause = *s;

	/* a word such as return stands before a regular expression */
	s->before = fr_str_is(name, "return") || fr_str_is(name, "typeof") ? '(' : 'a';
	if (before == '.' || (!is_export && !fr_str_is(name, "import")))
		return;
	clause.before = ' ';
	if (!take_clause(&clause, is_export, &specifier))
		return;
	s->rest = clause.rest;
	s->before = '"';
	on_import(user, specifier, take_attributes(s));
}

void fr_module_scan(struct fr_str script,
                    void (*on_import)(void *user, struct fr_str specifier, enum fr_as as),
                    void *user)
{
	struct scan s = {.rest = script};

	for (skip_blank(&s); s.rest.len; skip_blank(&s)) {
		char c = s.rest.p[0];

		if (is_name(c)) {
			on_word(&s, on_import, user);
		} else if (c == '"' || c == '\'') {
			(void)take_string(&s);
		} else if (c == '`') {
			skip(&s, 1);
			skip_template(&s);
		} else if (c == '/' && is_regexp(&s)) {
			skip_regexp(&s);
		} else if (c == '}' && !s.braces && s.templates) {
			s.braces = s.outer[--s.templates];
			skip(&s, 1);
			skip_template(&s);
		} else {
			s.braces += c == '{';
			s.braces -= c == '}' && s.braces;
			s.before = c;
			skip(&s, 1);
		}
	}
}
