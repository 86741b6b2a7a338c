/* May a browser use a response again without asking, just after it came? What came early by a
 * 103 is taken from the HTTP cache, so it must be. The rule is the edge's (http/lifetime.h). No
 * I/O, no clock: it is now what the response's Date says. */
#ifndef FR_LAB_MEASUREMENT_FRESHNESS_H
#define FR_LAB_MEASUREMENT_FRESHNESS_H

#include "http/fields.h"

bool fr_is_reusable(const struct fr_fields *response);

#endif
