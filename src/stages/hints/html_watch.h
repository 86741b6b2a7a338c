/* A look at HTML that passes: its body is scanned (hints/scan.h) for what the page
 * needs, and that is remembered for the next load. The bytes are only read:
 * nothing is delayed, changed or broken. A page that brought nothing new is not
 * scanned again for hints.html_interval. What a load may teach is the same as for
 * Link fields (stages/hints/lesson.h). */
#ifndef FR_STAGES_HINTS_HTML_WATCH_H
#define FR_STAGES_HINTS_HTML_WATCH_H

#include "stages/hints/learn.h"

struct fr_html_watch;

/* A GET was answered with resp, whose body follows. NULL: it is not scanned.
 * settings and site: of ex's generation, which whoever holds the tap keeps. */
struct fr_html_watch *fr_html_watch_new(const struct fr_exchange *ex, const struct fr_request *req,
                                        const struct fr_response *resp);
/* A piece of the body, as the origin sent it. */
void fr_html_watch_feed(struct fr_html_watch *t, const void *data, size_t len);
/* The body is complete: what was found is remembered. plan: of the page's exchange,
 * if it is still there; else NULL. Frees. NULL is allowed. */
void fr_html_watch_end(struct fr_html_watch **t, struct fr_plan *plan);
/* It broke off: nothing is learned. Frees. NULL is allowed. */
void fr_html_watch_drop(struct fr_html_watch **t);

#endif
