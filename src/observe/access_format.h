/* Formats a record as one line of the access log: JSON (one object per line), combined, or
 * custom. Whatever clients and origins send, the result is one line, and JSON is valid. No
 * I/O; used by the log's writer.
 *
 * Most lines repeat parts of an earlier one: the second, and the fields of the client
 * side. The text of both is kept for the next line. */
#ifndef FR_OBSERVE_ACCESS_FORMAT_H
#define FR_OBSERVE_ACCESS_FORMAT_H

#include "config/log_fields.h"
#include "observe/access_queue.h"

/* Of a line. Links of a plan that do not fit are counted ("plan_cut"). */
#define FR_ACCESS_LINE_MAX 196608u

struct fr_access_format;

/* config: borrowed for its life; its format is not OFF. */
struct fr_access_format *fr_access_format_new(const struct fr_config_access_log *config);
void fr_access_format_free(struct fr_access_format **f);

/* Writes a line with its end of line into out, which has room for
 * FR_ACCESS_LINE_MAX. Returns the bytes. */
size_t fr_access_format_line(struct fr_access_format *f, const struct fr_access_item *item,
                             char *out);

#endif
