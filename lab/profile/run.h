/* Runs a measurement: warms up, then loads the page in each variant in turn, run after
 * run, so that changes over time affect all variants alike.
 *
 * WARMING -> RUNNING -> DONE; interrupted: DONE with what there is */
#ifndef FR_LAB_PROFILE_RUN_H
#define FR_LAB_PROFILE_RUN_H

#include "lab/profile/target.h"

/* Loads of each variant before the first that counts: an edge learns from
 * them what the page needs, and fills its cache. */
#define FR_RUN_WARM_UPS 3u

struct fr_browser;
struct fr_run;

/* profile: initialised; gets a series for each variant. browser: NULL for the
 * model. All borrowed until on_done, which comes once and not from within. */
struct fr_run *fr_run_start(struct fr_loop *l, const struct fr_profile_options *options,
                            struct fr_target *target, struct fr_browser *browser,
                            struct fr_profile *profile, void (*on_done)(void *user), void *user);
/* Ends with what has been measured; on_done comes soon. */
void fr_run_interrupt(struct fr_run *r);

#endif
