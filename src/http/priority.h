/* The Priority field and the value of PRIORITY_UPDATE frames (RFC 9218 §4, §5):
 * a dictionary of structured fields (RFC 8941 §3.2), of which `u` and `i`
 * matter and the rest is skipped. Hostile input; no allocation. */
#ifndef FR_HTTP_PRIORITY_H
#define FR_HTTP_PRIORITY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "http/fields.h"

#define FR_URGENCY_HIGHEST 0u
#define FR_URGENCY_DEFAULT 3u
#define FR_URGENCY_LOWEST 7u

struct fr_priority {
	uint8_t urgency;  /* 0 (first) to 7 */
	bool incremental; /* of use in parts: shares with others of its urgency */
};

/* What is in force when nothing was said (RFC 9218 §4.1, §4.2). */
static inline struct fr_priority fr_priority_default(void)
{
	return (struct fr_priority){.urgency = FR_URGENCY_DEFAULT};
}

/* Changes in *p what `value` names; a member of a wrong type or out of range
 * says nothing. 0; FR_ERR_SYNTAX if it is no dictionary: *p is untouched. */
int fr_priority_parse(struct fr_str value, struct fr_priority *p) FR_MUST_USE;
/* The same of all Priority fields, in their order. True if there was one. */
bool fr_priority_merge(const struct fr_fields *f, struct fr_priority *p);

#endif
