/* The element names, classes and ids of a page, as a Bloom filter: whether a
 * style rule can apply is asked of it. False positives (a rule taken to apply
 * that does not) are rare: below 1 % for 5,000 names. And the characters of its
 * text, which decide which parts of a font are loaded. No I/O. */
#ifndef FR_LAB_MODEL_NAMES_H
#define FR_LAB_MODEL_NAMES_H

#include "base/str.h"

#define FR_NAMES_BITS 65536u
/* Code points that are told apart; those beyond them count as one. */
#define FR_NAMES_CHARACTERS 0x20000u

struct fr_names {
	uint64_t bits[FR_NAMES_BITS / 64];
	uint64_t characters[FR_NAMES_CHARACTERS / 64];
	bool has_others;
};

/* kind: '<' element (lower case), 't' element that begins with text, '.' class, '#' id. */
void fr_names_add(struct fr_names *n, char kind, struct fr_str name);
bool fr_names_has(const struct fr_names *n, char kind, struct fr_str name);

/* Text of the page, as UTF-8; pieces end where characters do. */
void fr_names_add_text(struct fr_names *n, struct fr_str text);
/* Has its text a character from `low` to `high`? */
bool fr_names_has_character(const struct fr_names *n, uint32_t low, uint32_t high);

#endif
