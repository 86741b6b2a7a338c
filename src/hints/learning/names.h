/* What names tell: the version in an asset's name, the templates that a page's path belongs to,
 * and the parts of a page's path that its own assets have in their names. Pure functions of
 * text, which may be hostile.
 *
 *   /a/main.3f2a9b1c.css   version "3f2a9b1c": one family, /a/main.STAR.css
 *   /shoes/red-42.html     templates /shoes/STAR.html, then /STAR/STAR.html
 *   /img/42/hero.jpg       of that page: /img/<the last part of its last segment>/hero.jpg
 *
 * A VERSION is six or more hex digits or eight or more characters of base64url that look
 * random, at the end of a name before its extension, or the value of v= or ver=. A picture
 * whose name is nothing else has none: it is somebody's.
 *
 * TEMPLATES go from the most specific one: the last segment generalised, then the last two, and
 * so on. Digits stay apart from words, extensions and names of parameters are kept. */
#ifndef FR_HINTS_LEARNING_NAMES_H
#define FR_HINTS_LEARNING_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "hints/plan.h"

/* Longer targets have neither versions, nor templates, nor slots. */
#define FR_NAME_MAX_BYTES 512u
#define FR_NAME_MAX_SEGMENTS 8u
#define FR_NAME_TEMPLATES 4u
/* A version that is longer is none. */
#define FR_NAME_VERSION_MAX_BYTES 64u

/* Where in target the version is. False: it has none. */
bool fr_name_version(struct fr_str target, enum fr_as as, size_t *at, size_t *len);

struct fr_name_template {
	char text[FR_NAME_MAX_BYTES + 32];
	size_t len;
	unsigned first_free; /* the first segment that is generalised */
};
/* Of a page's target, the most specific one first. Returns how many: 0 for "/", and for what
 * is too long or too deep. */
size_t fr_name_templates(struct fr_str page, struct fr_name_template out[FR_NAME_TEMPLATES]);

/* The asset's target with the page's own parts as marks, in out. Only parts from the segment
 * first_free on, and values of the query. False: it has none, or it does not fit. */
bool fr_name_abstract(struct fr_str page, unsigned first_free, struct fr_str asset,
                      char out[FR_NAME_MAX_BYTES], size_t *len);
/* The reverse, for another page of the template. False: the page has no such part. */
bool fr_name_concrete(struct fr_str page, struct fr_str pattern, char out[FR_NAME_MAX_BYTES],
                      size_t *len);
bool fr_name_is_pattern(struct fr_str text);

#endif
