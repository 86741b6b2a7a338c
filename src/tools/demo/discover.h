/* What a page needs, found the way a browser finds it: in the HTML while it
 * arrives (libxml2's push parser), and in style sheets once they are there
 * (fonts behind url()). No I/O. */
#ifndef FR_TOOLS_DEMO_DISCOVER_H
#define FR_TOOLS_DEMO_DISCOVER_H

#include "base/str.h"
#include "hints/plan.h"

struct fr_discover;

/* url: as written; blocking: rendering waits for it. Borrowed for the call. */
typedef void fr_discover_found(void *user, struct fr_str url, enum fr_as as, bool blocking);

struct fr_discover *fr_discover_new(fr_discover_found *found, void *user);
void fr_discover_free(struct fr_discover **d);
/* More of the page; found is called from within. end: that was all. */
void fr_discover_html(struct fr_discover *d, const uint8_t *data, size_t len, bool end);
/* A whole style sheet. */
void fr_discover_css(struct fr_str css, fr_discover_found *found, void *user);

#endif
