/* The typical load of each variant as HAR 1.2, for the tools of browsers. A page for each
 * variant. Data without a HAR field is in fields that begin with an underscore, as HAR
 * requires. */
#ifndef FR_LAB_REPORT_HAR_H
#define FR_LAB_REPORT_HAR_H

#include <jansson.h>

#include "lab/measurement/series.h"

/* New reference. */
json_t *fr_profile_to_har(const struct fr_profile *p);

/* Entries that are looked at; what comes after them in the file is left out. */
#define FR_HAR_MAX_ENTRIES 20000u

/* Fills an uninitialised load from a HAR of any tool: the first page in it that
 * was loaded, without the redirects that led there. 0, or FR_ERR_SYNTAX with
 * nothing to free and a reason in *why (static). */
int fr_measurement_from_har(const json_t *har, struct fr_measurement *out,
                            const char **why) FR_MUST_USE;

#endif
