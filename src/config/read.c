/* Reads the configuration's YAML by its schema: fills a struct fr_raw with the texts, and
 * complains of each key and value that has no place in it. Declared in config/config_priv.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "config/config_priv.h"
#include "config/schema.h"
#include "config/yaml_fault.h"

#define MAX_PATH 256

struct reading {
	const struct fr_source *source;
	yaml_document_t doc;
};

/* A place in the file: its node, and its path for messages. */
struct place {
	yaml_node_t *node;
	char path[MAX_PATH];
};

static unsigned line_of(const yaml_node_t *node)
{
	return (unsigned)node->start_mark.line + 1;
}

static const char *text_of(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

/* Nothing was written after the colon, or null: as if the key were not there. */
static bool is_nothing(const yaml_node_t *node)
{
	const char *text;

	if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	text = text_of(node);
	return !*text || strcmp(text, "~") == 0 || strcmp(text, "null") == 0;
}

/* --- kinds --- */

static const char *expectation(enum fr_schema_kind kind)
{
	switch (kind) {
	case FR_SCHEMA_TEXT:
		return "expected one value";
	case FR_SCHEMA_GROUP:
		return "expected keys with values (KEY: VALUE)";
	case FR_SCHEMA_LIST:
		return "expected a list: [A, B], or lines that begin with '- '";
	}
	return "";
}

static void complain_of_kind(const struct reading *r, const struct place *p,
                             enum fr_schema_kind kind)
{
	const char *what = "";

	switch (p->node->type) {
	case YAML_SCALAR_NODE:
		fr_config_complain_at(r->source, line_of(p->node), p->path, p->path,
		                      "%s, not '%.60s'", expectation(kind), text_of(p->node));
		return;
	case YAML_SEQUENCE_NODE:
		what = ", not a list";
		break;
	case YAML_MAPPING_NODE:
		what = ", not keys with values";
		break;
	case YAML_NO_NODE:
		break;
	}
	fr_config_complain_at(r->source, line_of(p->node), p->path, p->path, "%s%s",
	                      expectation(kind), what);
}

static bool is_of_kind(const yaml_node_t *node, enum fr_schema_kind kind)
{
	switch (kind) {
	case FR_SCHEMA_TEXT:
		return node->type == YAML_SCALAR_NODE;
	case FR_SCHEMA_GROUP:
		return node->type == YAML_MAPPING_NODE;
	case FR_SCHEMA_LIST:
		return node->type == YAML_SEQUENCE_NODE;
	}
	return false;
}

/* --- unknown keys --- */

static const struct fr_schema *inner(const struct fr_schema *value)
{
	return value->kind == FR_SCHEMA_LIST ? value->entry : value;
}

/* Where in the schema a key of that name is: "sites[].origin". False: nowhere. */
static bool find_home(const struct fr_schema *group, const char *key, char *out, size_t cap)
{
	for (const struct fr_schema_field *f = group->fields; f->key; f++) {
		const struct fr_schema *v = inner(&f->value);
		char below[MAX_PATH];
		int n;

		if (strcmp(f->key, key) == 0) {
			(void)snprintf(out, cap, "%s", f->key);
			return true;
		}
		if (v->kind != FR_SCHEMA_GROUP || !find_home(v, key, below, sizeof below))
			continue;
		n = snprintf(out, cap, "%s%s.%s", f->key,
		             f->value.kind == FR_SCHEMA_LIST ? "[]" : "", below);
		return n > 0 && (size_t)n < cap;
	}
	return false;
}

static void complain_of_key(const struct reading *r, const struct place *group,
                            const yaml_node_t *key, const struct fr_schema *schema)
{
	char path[MAX_PATH + 64], meant[MAX_PATH + 64] = "", home[MAX_PATH];
	char words[FR_SUGGEST_TEXT_BYTES];
	const char *name = text_of(key), *joint = *group->path ? "." : "";
	struct fr_suggest s;

	fr_suggest_begin(&s, name);
	for (const struct fr_schema_field *f = schema->fields; f->key; f++)
		fr_suggest_offer(&s, f->key);
	(void)snprintf(path, sizeof path, "%s%s%.60s", group->path, joint, name);
	if (s.best)
		(void)snprintf(meant, sizeof meant, "%s%s%s", group->path, joint, s.best);
	if (!s.best && find_home(&fr_schema_root, name, home, sizeof home))
		fr_config_complain_at(r->source, line_of(key), path, "", "unknown key here; %s%s",
		                      strchr(home, '.') ? "there is " : "at the top there is ",
		                      home);
	else /* that what was meant is missing is no second fault */
		fr_config_complain_at(r->source, line_of(key), path, meant, "unknown key%s",
		                      fr_suggest_words(&s, words));
}

/* --- filling --- */

static void fill(struct reading *r, const struct place *p, const struct fr_schema *schema,
                 void *out);

static const struct fr_schema_field *find_field(const struct fr_schema *group, const char *key)
{
	for (const struct fr_schema_field *f = group->fields; f->key; f++)
		if (strcmp(f->key, key) == 0)
			return f;
	return NULL;
}

static void fill_list(struct reading *r, const struct place *p, const struct fr_schema_field *f,
                      void *group)
{
	const yaml_node_item_t *items = p->node->data.sequence.items.start;
	size_t n = (size_t)(p->node->data.sequence.items.top - items);
	const struct fr_schema *entry = f->value.entry;
	unsigned count;
	char *all;

	if (n > f->value.most) {
		fr_config_complain_at(r->source, line_of(p->node), p->path, "",
		                      "%zu entries; there may be %u", n, f->value.most);
		n = f->value.most;
	}
	count = (unsigned)n;
	all = fr_calloc(n + 1, entry->size);
	memcpy((char *)group + f->offset, &all, sizeof all);
	memcpy((char *)group + f->count_offset, &count, sizeof count);
	for (size_t i = 0; i < n; i++) {
		struct place at = {.node = yaml_document_get_node(&r->doc, items[i])};

		(void)snprintf(at.path, sizeof at.path, "%.*s[%zu]", MAX_PATH - 24, p->path, i);
		fill(r, &at, entry, all + i * entry->size);
	}
}

/* A pointer's worth of the group: made, set, and filled. */
static void fill_field(struct reading *r, const struct place *p, const struct fr_schema_field *f,
                       void *group)
{
	char *made;

	if (f->value.kind == FR_SCHEMA_TEXT) {
		fill(r, p, &f->value, (char *)group + f->offset);
		return;
	}
	if (is_nothing(p->node))
		return;
	if (!is_of_kind(p->node, f->value.kind)) {
		complain_of_kind(r, p, f->value.kind);
		return;
	}
	if (f->value.kind == FR_SCHEMA_LIST) {
		fill_list(r, p, f, group);
		return;
	}
	made = fr_calloc(1, f->value.size);
	memcpy((char *)group + f->offset, &made, sizeof made);
	fill(r, p, &f->value, made);
}

/* The line of an earlier key of the same name; 0: there is none. */
static unsigned earlier(struct reading *r, const yaml_node_t *group, const yaml_node_pair_t *pair,
                        const char *name)
{
	for (yaml_node_pair_t *q = group->data.mapping.pairs.start; q < pair; q++) {
		const yaml_node_t *key = yaml_document_get_node(&r->doc, q->key);

		if (key->type == YAML_SCALAR_NODE && strcmp(text_of(key), name) == 0)
			return line_of(key);
	}
	return 0;
}

static void fill_pair(struct reading *r, const struct place *p, const struct fr_schema *schema,
                      const yaml_node_pair_t *pair, void *out)
{
	const yaml_node_t *key = yaml_document_get_node(&r->doc, pair->key);
	struct place at = {.node = yaml_document_get_node(&r->doc, pair->value)};
	const struct fr_schema_field *f;
	unsigned line;

	if (key->type != YAML_SCALAR_NODE) {
		fr_config_complain_at(r->source, line_of(key), p->path, "",
		                      "a key is one word; { } and [ ] are values");
		return;
	}
	f = find_field(schema, text_of(key));
	if (!f) {
		complain_of_key(r, p, key, schema);
		return;
	}
	(void)snprintf(at.path, sizeof at.path, "%.*s%s%s", MAX_PATH - 64, p->path,
	               *p->path ? "." : "", f->key);
	line = earlier(r, p->node, pair, f->key);
	if (line)
		fr_config_complain_at(r->source, line_of(key), at.path, "",
		                      "is set twice; the first time in line %u", line);
	else
		fill_field(r, &at, f, out);
}

static void fill(struct reading *r, const struct place *p, const struct fr_schema *schema,
                 void *out)
{
	bool fits = is_of_kind(p->node, schema->kind);
	char *text;

	if (!fits)
		complain_of_kind(r, p, schema->kind);
	switch (schema->kind) {
	case FR_SCHEMA_TEXT: /* never NULL where something is written */
		text = fr_str_dup(fr_str_from(fits ? text_of(p->node) : ""));
		memcpy(out, &text, sizeof text);
		break;
	case FR_SCHEMA_GROUP:
		for (yaml_node_pair_t *pair = fits ? p->node->data.mapping.pairs.start : NULL;
		     fits && pair < p->node->data.mapping.pairs.top; pair++)
			fill_pair(r, p, schema, pair, out);
		break;
	case FR_SCHEMA_LIST: /* only as a field */
		break;
	}
}

int fr_raw_parse(const struct fr_source *source, struct fr_raw **out)
{
	struct reading r = {.source = source};
	struct fr_yaml_fault fault;
	struct place root = {.node = NULL};
	yaml_parser_t parser;

	*out = NULL;
	fr_yaml_fault_find(source->text, source->len, &fault);
	if (fault.line) {
		fr_config_complain_at(source, fault.line, "", "", "%s", fault.text);
		return FR_ERR_SYNTAX;
	}
	if (!yaml_parser_initialize(&parser))
		return FR_ERR_NOMEM;
	yaml_parser_set_input_string(&parser, (const unsigned char *)source->text, source->len);
	if (yaml_parser_load(&parser, &r.doc)) {
		root.node = yaml_document_get_root_node(&r.doc);
		if (root.node && root.node->type != YAML_MAPPING_NODE) {
			complain_of_kind(&r, &root, FR_SCHEMA_GROUP);
		} else if (root.node) {
			*out = fr_calloc(1, sizeof **out);
			fill(&r, &root, &fr_schema_root, *out);
		}
		yaml_document_delete(&r.doc);
	}
	yaml_parser_delete(&parser);
	if (!root.node)
		fr_config_complain_at(source, 1, "", "", "the file is empty");
	return *out ? 0 : FR_ERR_SYNTAX;
}

/* --- freeing --- */

static void release(const struct fr_schema *schema, void *at)
{
	char *text;

	if (schema->kind == FR_SCHEMA_TEXT) {
		memcpy(&text, at, sizeof text);
		free(text);
		return;
	}
	for (const struct fr_schema_field *f = schema->fields; f->key; f++) {
		char *member = (char *)at + f->offset, *below;
		unsigned count = 1;

		if (f->value.kind == FR_SCHEMA_TEXT) {
			release(&f->value, member);
			continue;
		}
		memcpy(&below, member, sizeof below);
		if (f->value.kind == FR_SCHEMA_LIST)
			memcpy(&count, (char *)at + f->count_offset, sizeof count);
		for (unsigned i = 0; below && i < count; i++)
			release(inner(&f->value), below + i * inner(&f->value)->size);
		free(below);
	}
}

void fr_raw_free(struct fr_raw **raw)
{
	if (*raw)
		release(&fr_schema_root, *raw);
	free(*raw);
	*raw = NULL;
}
