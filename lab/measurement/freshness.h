/* Tells whether a browser may reuse a response without asking, right after it came. A
 * response to a 103 is taken from the HTTP cache, so it must be reusable. The rule is the
 * edge's (http/lifetime.h). No I/O, no clock: the time is the response's Date. */
#ifndef FR_LAB_MEASUREMENT_FRESHNESS_H
#define FR_LAB_MEASUREMENT_FRESHNESS_H

#include "http/fields.h"

bool fr_is_reusable(const struct fr_fields *response);
/* The same for fields as text: "name: value\n"... (fr_fields_text). */
bool fr_is_reusable_text(const char *response);

#endif
