/* "Did you mean": the known word that is nearest to one that is not known. One rule for
 * commands, options, keys of the configuration and values that are words. */
#ifndef FR_BASE_SUGGEST_H
#define FR_BASE_SUGGEST_H

#include <stddef.h>

/* Longer words are not compared. */
#define FR_SUGGEST_MAX_BYTES 48u
/* What fr_suggest_words writes at most, NUL included. */
#define FR_SUGGEST_TEXT_BYTES (FR_SUGGEST_MAX_BYTES + 24u)

struct fr_suggest {
	const char *word;  /* borrowed: what was written */
	const char *best;  /* borrowed from the offers; NULL: none is near enough */
	unsigned distance; /* of best */
};

/* word: borrowed until the end. */
void fr_suggest_begin(struct fr_suggest *s, const char *word);
/* Offers a known word, borrowed. The first of the nearest wins. */
void fr_suggest_offer(struct fr_suggest *s, const char *known);
/* "; did you mean 'origin'?", or "" if nothing is near. Returns out. */
const char *fr_suggest_words(const struct fr_suggest *s, char out[FR_SUGGEST_TEXT_BYTES]);

#endif
