/* From a record to one line of the access log: JSON (one object a line),
 * combined, or custom. Whatever clients and origins send, the result is one line,
 * and JSON is valid. No I/O; used by the workers, each with its own clock. */
#ifndef FR_OBSERVE_ACCESS_FORMAT_H
#define FR_OBSERVE_ACCESS_FORMAT_H

#include "config/log_fields.h"
#include "observe/record.h"

/* Of one string that a client or origin chose; the rest is left out. */
#define FR_ACCESS_VALUE_MAX 2048u
/* Of a line. Links of a plan that do not fit are counted ("plan_cut"). */
#define FR_ACCESS_LINE_MAX 196608u

struct fr_access_clock { /* what was printed last, as most lines share a second */
	int64_t second;
	char iso[20];    /* "2026-11-24T23:39:27"; valid if second was set */
	char common[28]; /* "24/Nov/2026:23:39:27 +0000" */
};

/* Writes a line with its end of line into out, which has room for
 * FR_ACCESS_LINE_MAX. config->format is not OFF. Returns the bytes. */
size_t fr_access_format(const struct fr_config_access_log *config, struct fr_access_clock *clock,
                        const struct fr_record *r, char *out);

#endif
