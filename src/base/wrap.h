/* Breaks text into lines for people: between words, never within one. Pure. */
#ifndef FR_BASE_WRAP_H
#define FR_BASE_WRAP_H

#include "base/str.h"

/* What is printed for people fits into a terminal of this width, whoever reads it. */
#define FR_WRAP_COLUMNS 80u

/* The next line: the words of *rest that fit into that many columns (characters of UTF-8), at
 * least one. *rest moves past it and the spaces after it. Borrowed from *rest; empty at the
 * end. */
struct fr_str fr_wrap_next(struct fr_str *rest, size_t columns);

/* Cuts text in its middle to at most width bytes, 8 or more: hosts begin alike, and the names of
 * files end alike. At a character of UTF-8. Changes text in place. */
void fr_wrap_shorten(char *text, size_t width);

#endif
