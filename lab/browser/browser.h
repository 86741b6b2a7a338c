/* A real Chromium as the engine: one process for each variant, driven through
 * its debugging pipe, a context of its own for each load, so that nothing is
 * cached and no connection is kept. Its network log becomes a fr_measurement
 * (netlog.h). Versions before 106 accept push, later ones act on 103. */
#ifndef FR_LAB_BROWSER_BROWSER_H
#define FR_LAB_BROWSER_BROWSER_H

#include "lab/profile/target.h"

/* A page that has not loaded by then is given up. */
#define FR_BROWSER_LIMIT_MS 90000u
/* Nothing under way for so long behind the load event: the load is over. */
#define FR_BROWSER_QUIET_MS 300u

struct fr_browser;

/* Starts the first process; on_ready, not from within, with NULL, or with what
 * is wrong. All borrowed. Never NULL. */
struct fr_browser *fr_browser_start(struct fr_loop *l, const struct fr_profile_options *options,
                                    struct fr_target *target,
                                    void (*on_ready)(void *user, const char *problem), void *user);
/* "Chrome/156.0.8078.79", once it is ready. */
const char *fr_browser_name(const struct fr_browser *b);
/* load is initialised by this; on_done comes once, not from within. film:
 * takes pictures of the page on its way, which costs time of the processor. */
void fr_browser_load(struct fr_browser *b, const char *url, enum fr_variant v, bool film,
                     struct fr_measurement *load, void (*on_done)(void *user), void *user);
/* The load under way fails now. */
void fr_browser_cancel(struct fr_browser *b);
/* Ends it; its processes' memory goes when they have. Clears the pointer. */
void fr_browser_close(struct fr_browser **b);

#endif
