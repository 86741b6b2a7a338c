/* Tells whether a browser may reuse a response without asking (RFC 9111 §4.2, for a
 * private cache, right after the response came). A response to a 103 is taken from the
 * HTTP cache, so it must be reusable. No I/O, no clock. */
#ifndef FR_LAB_MEASUREMENT_FRESHNESS_H
#define FR_LAB_MEASUREMENT_FRESHNESS_H

#include "http/fields.h"

bool fr_is_reusable(const struct fr_fields *response);

#endif
