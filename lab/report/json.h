/* A profile as JSON (the schema is in docs/profile.md): what --json writes, the
 * report shows and advise reads. Times are milliseconds. */
#ifndef FR_LAB_REPORT_JSON_H
#define FR_LAB_REPORT_JSON_H

#include <jansson.h>

#include "lab/measurement/series.h"

#define FR_PROFILE_JSON_VERSION 1
/* A file that is read back is no larger. */
#define FR_PROFILE_JSON_BYTES (64u << 20)

/* New reference. */
json_t *fr_profile_to_json(const struct fr_profile *p);
json_t *fr_measurement_to_json(const struct fr_measurement *l);
/* Fills an uninitialised load from what fr_measurement_to_json made. 0, or
 * FR_ERR_SYNTAX with nothing to free. */
int fr_measurement_from_json(const json_t *j, const char *url,
                             struct fr_measurement *out) FR_MUST_USE;

#endif
