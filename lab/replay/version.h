/* Versions in the URLs of assets: a hash in the name ("app.3f2a9c.css"), a number with dots
 * ("jquery-3.6.0.min.js"), a value of the query ("style.css?ver=6.1.9"). What they stand
 * for is replaced by a star, as links of rules have it, so that the name survives an
 * update. A pure function of the text. */
#ifndef FR_LAB_REPLAY_VERSION_H
#define FR_LAB_REPLAY_VERSION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* A target, or a URL with its scheme and host (which have no version). Writes it with stars
 * and a NUL into out (cap bytes; cut if that is too little). Returns whether it has any. */
bool fr_version_star(struct fr_str target, char *out, size_t cap);

#endif
