/* Finds the line of a key in the YAML text, for error messages. */
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "config/config_priv.h"

/* The child of a mapping by key, or of a sequence by index; NULL if none. *line: where it is
 * written. */
static yaml_node_t *child(yaml_document_t *doc, yaml_node_t *node, const char *step, size_t len,
                          unsigned *line)
{
	if (node->type == YAML_SEQUENCE_NODE && step[0] == '[') {
		long index = strtol(step + 1, NULL, 10);
		yaml_node_item_t *items = node->data.sequence.items.start;

		if (index < 0 || index >= node->data.sequence.items.top - items)
			return NULL;
		node = yaml_document_get_node(doc, items[index]);
		*line = (unsigned)node->start_mark.line + 1;
		return node;
	}
	if (node->type != YAML_MAPPING_NODE)
		return NULL;
	for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top;
	     p++) {
		yaml_node_t *key = yaml_document_get_node(doc, p->key);

		if (key && key->type == YAML_SCALAR_NODE && key->data.scalar.length == len &&
		    memcmp(key->data.scalar.value, step, len) == 0) {
			*line = (unsigned)key->start_mark.line + 1;
			return yaml_document_get_node(doc, p->value);
		}
	}
	return NULL;
}

static unsigned walk(yaml_document_t *doc, const char *path)
{
	yaml_node_t *node = yaml_document_get_root_node(doc);
	unsigned line = 1;

	while (node) {
		size_t len;

		path += *path == '.';
		if (!*path)
			break;
		len = *path == '[' ? strcspn(path, "]") + 1 : strcspn(path, ".[");
		node = child(doc, node, path, len, &line);
		path += len;
	}
	return line;
}

unsigned fr_config_locate(const char *text, size_t len, const char *path)
{
	yaml_parser_t parser;
	yaml_document_t doc;
	unsigned line = 0;

	if (!yaml_parser_initialize(&parser))
		return 0;
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	if (yaml_parser_load(&parser, &doc)) {
		line = walk(&doc, path);
		yaml_document_delete(&doc);
	}
	yaml_parser_delete(&parser);
	return line;
}
