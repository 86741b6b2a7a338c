/* The files that a profile is written to. */
#ifndef FR_LAB_PROFILE_OUTPUT_H
#define FR_LAB_PROFILE_OUTPUT_H

#include "lab/profile/options.h"

/* Can the files be written? Asked before anything is measured. Returns an fr_exit; what
 * failed has been said. */
int fr_profile_output_check(const struct fr_profile_options *o);
/* Writes what the options ask for, and the summary to standard output unless
 * JSON goes there. Returns an fr_exit; what failed has been said. */
int fr_profile_output(const struct fr_profile_options *o, const struct fr_profile *p);

#endif
