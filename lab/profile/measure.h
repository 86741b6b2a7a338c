/* A whole measurement: loop, target, browser, run, signals. For the commands
 * profile and advise. */
#ifndef FR_LAB_PROFILE_MEASURE_H
#define FR_LAB_PROFILE_MEASURE_H

#include "lab/profile/options.h"

/* Measures what the options say; blocks until it is done or interrupted by
 * SIGINT or SIGTERM. out: uninitialised; the caller frees it whatever is
 * returned: an fr_exit, FR_EXIT_OK if at least one load succeeded. What failed
 * has been said on stderr as of the command `name`. */
int fr_measure(const struct fr_profile_options *o, const char *name, struct fr_profile *out);

#endif
