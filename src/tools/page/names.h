/* The element names, classes and ids of a page, as a Bloom filter: whether a
 * style rule can apply is asked of it. False positives (a rule taken to apply
 * that does not) are rare: below 1 % for 5,000 names. No I/O. */
#ifndef FR_TOOLS_PAGE_NAMES_H
#define FR_TOOLS_PAGE_NAMES_H

#include "base/str.h"

#define FR_NAMES_BITS 65536u

struct fr_names {
	uint64_t bits[FR_NAMES_BITS / 64];
};

/* kind: '<' element (lower case), 't' element that begins with text, '.' class, '#' id. */
void fr_names_add(struct fr_names *n, char kind, struct fr_str name);
bool fr_names_has(const struct fr_names *n, char kind, struct fr_str name);

#endif
