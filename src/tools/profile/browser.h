/* A real Chromium as the engine: started once, driven through its debugging
 * pipe, a context of its own for each load, so that nothing is cached and no
 * connection is kept. Its network log becomes a fr_load. Versions before 106
 * accept push, later ones act on 103. */
#ifndef FR_TOOLS_PROFILE_BROWSER_H
#define FR_TOOLS_PROFILE_BROWSER_H

#include "tools/profile/target.h"

struct fr_browser;

/* Starts it; on_ready with NULL, or with what is wrong (then close it). Blocks shortly. */
struct fr_browser *fr_browser_start(struct fr_loop *l, const struct fr_profile_options *options,
                                    struct fr_target *target,
                                    void (*on_ready)(void *user, const char *problem), void *user);
/* "Chromium 156.0.8078.79", once it is ready. */
const char *fr_browser_name(const struct fr_browser *b);
/* load is initialised by this; on_done comes once, not from within. */
void fr_browser_load(struct fr_browser *b, const char *url, enum fr_variant v, struct fr_load *load,
                     void (*on_done)(void *user), void *user);
/* The load under way fails now. */
void fr_browser_cancel(struct fr_browser *b);
/* Ends it; memory goes when its process has. Clears the pointer. */
void fr_browser_close(struct fr_browser **b);

#endif
