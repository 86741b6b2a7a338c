/* Reads YAML by libyaml's events, and says in words of our own what it refuses. libyaml's
 * texts name its grammar ("did not find expected '-' indicator"), not the mistake. */
#include "config/yaml_fault.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/err.h"

/* libyaml's problem, in which context ("": any), and what it means. The first that fits. */
static const struct {
	const char *problem, *context, *words;
} meanings[] = {
	{"alphabetic or numeric", "alias",
         "a value that begins with '*' needs quotes: \"*.example.org\""},
	{"alphabetic or numeric", "anchor", "a value that begins with '&' needs quotes"},
	{"mapping values are not allowed", "",
         "a ':' in a wrong place: two keys in one line, a line that is indented too far, or a "
         "value with ': ' that needs quotes"},
	{"could not find expected ':'", "", "a line without ':': KEY: VALUE is expected"},
	{"did not find expected key", "",
         "this line does not belong to the lines before it: is it indented as they are?"},
	{"did not find expected '-'", "",
         "an entry of a list is expected: is the line indented as the entry before, and does it "
         "begin with '- '?"},
	{"block sequence entries are not allowed", "",
         "a '- ' in a wrong place: an entry of a list has a line of its own below its key"},
	{"unexpected end of stream", "quoted", "a quote is not closed"},
	{"unexpected document indicator", "quoted", "a quote is not closed"},
	{"did not find expected ',' or ']'", "",
         "a list in [ ] is not closed, or a ',' is missing"},
	{"did not find expected ',' or '}'", "",
         "a group in { } is not closed, or a ',' is missing"},
	{"did not find expected node content", "",
         "a value is expected here; in [ ] and { } there is one between two commas"},
	{"escape character", "",
         "a '\\' in \"...\" that YAML does not know: write '\\\\', or use '...'"},
	{"undefined alias", "", "a value that begins with '*' needs quotes: \"*.example.org\""},
	{"", "tag", "a value that begins with '!' needs quotes"},
	{"tag", "", "a value that begins with '!' needs quotes"},
	{"document start", "", "a line that belongs to no key; or a '%' that needs quotes"},
	{"directive", "", "a line that begins with '%' needs quotes"},
	{"control characters", "", "a control character; the file must be plain text"},
	{"UTF-8", "", "bytes that are not UTF-8"},
	{"UTF-16", "", "bytes that are not UTF-8"},
	{"Unicode", "", "bytes that are not UTF-8"},
};

static bool has(const char *text, const char *part)
{
	return text ? strstr(text, part) != NULL : *part == '\0';
}

static unsigned line_at(const char *text, size_t offset)
{
	unsigned line = 1;

	for (size_t i = 0; i < offset && text[i]; i++)
		line += text[i] == '\n';
	return line;
}

static void say(struct fr_yaml_fault *out, unsigned line, const char *words)
{
	out->line = line;
	(void)snprintf(out->text, sizeof out->text, "%s", words);
}

/* A tab in the white space that begins this line. */
static bool has_tab(const char *text, unsigned line)
{
	size_t n;

	for (; line > 1; line--) {
		text = strchr(text, '\n');
		if (!text)
			return false;
		text++;
	}
	n = strspn(text, " \t");
	return memchr(text, '\t', n) && text[n] && text[n] != '\n' && text[n] != '#';
}

/* What may not begin a plain value. */
static bool explain_first_character(const char *text, const yaml_parser_t *p,
                                    struct fr_yaml_fault *out)
{
	char c = has(p->problem, "cannot start any token") ? text[p->problem_mark.index] : '\0';

	if (c == '\0')
		return false;
	out->line = (unsigned)p->problem_mark.line + 1;
	if (c == '\t')
		say(out, out->line, "a tab; YAML is indented with spaces only");
	else
		(void)snprintf(out->text, sizeof out->text,
		               "a value that begins with '%c' needs quotes", c);
	return true;
}

static void explain(const char *text, const yaml_parser_t *p, struct fr_yaml_fault *out)
{
	unsigned line = p->error == YAML_READER_ERROR ? line_at(text, p->problem_offset)
	                                              : (unsigned)p->problem_mark.line + 1;

	for (unsigned at = line; at > 0 && at + 2 > line; at--)
		if (has_tab(text, at)) {
			say(out, at, "a tab; YAML is indented with spaces only");
			return;
		}
	if (explain_first_character(text, p, out))
		return;
	for (size_t i = 0; i < FR_ARRAY_LEN(meanings); i++)
		if (has(p->problem, meanings[i].problem) &&
		    (!*meanings[i].context || has(p->context, meanings[i].context))) {
			/* where a quote, bracket or key begins, not where what lacks was noticed */
			bool is_open = has(p->problem, "end of stream") ||
			               has(p->problem, "',' or") || has(p->problem, "':'");

			if (is_open && p->context)
				line = (unsigned)p->context_mark.line + 1;
			say(out, line, meanings[i].words);
			return;
		}
	say(out, line, "not YAML: lines are KEY: VALUE, lists begin their entries with '- '");
}

/* What is YAML, but not used here. */
static bool is_refused(const yaml_event_t *e, unsigned *documents, struct fr_yaml_fault *out)
{
	unsigned line = (unsigned)e->start_mark.line + 1;

	if (e->type == YAML_ALIAS_EVENT)
		(void)snprintf(out->text, sizeof out->text,
		               "'*%.60s' would repeat another part of the file, which is not "
		               "supported; a value that begins with '*' needs quotes",
		               (const char *)e->data.alias.anchor);
	else if (e->type == YAML_DOCUMENT_START_EVENT && ++*documents > 1)
		say(out, line, "a second document begins ('---'); only one is read");
	else
		return false;
	out->line = line;
	return true;
}

void fr_yaml_fault_find(const char *text, size_t len, struct fr_yaml_fault *out)
{
	yaml_parser_t parser;
	yaml_event_t event;
	unsigned documents = 0;
	bool done = false;

	*out = (struct fr_yaml_fault){0};
	if (!yaml_parser_initialize(&parser)) {
		say(out, 1, "out of memory");
		return;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	while (!done) {
		if (!yaml_parser_parse(&parser, &event)) {
			explain(text, &parser, out);
			break;
		}
		done = event.type == YAML_STREAM_END_EVENT || is_refused(&event, &documents, out);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
}
