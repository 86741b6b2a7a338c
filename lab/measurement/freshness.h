/* May a browser use a response again without asking? (RFC 9111 §4.2 for a
 * private cache, just after the response came.) What came early by a 103 is
 * taken from the HTTP cache, so it must be. No I/O, no clock. */
#ifndef FR_LAB_MEASUREMENT_FRESHNESS_H
#define FR_LAB_MEASUREMENT_FRESHNESS_H

#include "http/fields.h"

bool fr_is_reusable(const struct fr_fields *response);

#endif
