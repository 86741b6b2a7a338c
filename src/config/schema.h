/* The keys that the configuration may have, as data: read.c walks the file by it, and finds
 * what is unknown, of another kind, or misspelt. Private to src/config. */
#ifndef FR_CONFIG_SCHEMA_H
#define FR_CONFIG_SCHEMA_H

#include <stddef.h>

enum fr_schema_kind {
	FR_SCHEMA_TEXT,  /* one value; fills a char * */
	FR_SCHEMA_GROUP, /* keys with values; fills a struct */
	FR_SCHEMA_LIST   /* fills an array and an unsigned, its length */
};

struct fr_schema {
	enum fr_schema_kind kind;
	size_t size;                          /* bytes of what it fills */
	const struct fr_schema_field *fields; /* GROUP: the last has no key */
	const struct fr_schema *entry;        /* LIST */
	unsigned most;                        /* LIST: entries */
};

struct fr_schema_field {
	const char *key;
	size_t offset;       /* in the group's struct: of the text, or of the pointer to it */
	size_t count_offset; /* LIST: of the length */
	struct fr_schema value;
};

/* Fills a struct fr_raw. */
extern const struct fr_schema fr_schema_root;

#endif
