/* Finds the nearest known word by edit distance: letters added, left out, changed, or two
 * neighbours swapped. Case does not count, and '-' is '_'. */
#include "base/suggest.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

/* A third of the word may be wrong: more is another word. */
#define LETTERS_PER_FAULT 3u

static char plain(char c)
{
	return c == '-' ? '_' : fr_ascii_lower(c);
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Optimal string alignment distance. Both words have at most FR_SUGGEST_MAX_BYTES. */
static unsigned distance(const char *a, size_t na, const char *b, size_t nb)
{
	unsigned rows[3][FR_SUGGEST_MAX_BYTES + 1];
	unsigned *before = rows[0], *last = rows[1], *now = rows[2];

	for (size_t k = 0; k <= nb; k++)
		last[k] = (unsigned)k;
	for (size_t i = 1; i <= na; i++) {
		unsigned *spare = before;

		now[0] = (unsigned)i;
		for (size_t k = 1; k <= nb; k++) {
			bool same = plain(a[i - 1]) == plain(b[k - 1]);

			now[k] = least(last[k - 1] + !same, least(last[k], now[k - 1]) + 1);
			if (i > 1 && k > 1 && plain(a[i - 1]) == plain(b[k - 2]) &&
			    plain(a[i - 2]) == plain(b[k - 1]))
				now[k] = least(now[k], before[k - 2] + 1);
		}
		before = last;
		last = now;
		now = spare;
	}
	return last[nb];
}

void fr_suggest_begin(struct fr_suggest *s, const char *word)
{
	*s = (struct fr_suggest){.word = word};
}

void fr_suggest_offer(struct fr_suggest *s, const char *known)
{
	size_t n = strlen(s->word), k = strlen(known);
	unsigned d, most;

	if (n == 0 || n > FR_SUGGEST_MAX_BYTES || k > FR_SUGGEST_MAX_BYTES)
		return;
	most = (unsigned)(n > k ? n : k) / LETTERS_PER_FAULT;
	d = distance(s->word, n, known, k);
	if (d > (most ? most : 1) || d >= k || (s->best && d >= s->distance))
		return;
	s->best = known;
	s->distance = d;
}

const char *fr_suggest_words(const struct fr_suggest *s, char out[FR_SUGGEST_TEXT_BYTES])
{
	out[0] = '\0';
	if (s->best)
		(void)snprintf(out, FR_SUGGEST_TEXT_BYTES, "; did you mean '%s'?", s->best);
	return out;
}
