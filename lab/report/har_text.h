/* Repairs JSON as tools write it into HAR files: with a byte order mark, in UTF-16, with
 * invalid UTF-8, lone surrogates, \u0000 and NaN. The text is repaired (U+FFFD, null)
 * before a strict parser reads it. No I/O. */
#ifndef FR_LAB_REPORT_HAR_TEXT_H
#define FR_LAB_REPORT_HAR_TEXT_H

#include <jansson.h>

#include "base/str.h"

/* New reference; NULL: it is not JSON even so. error (may be NULL) says where. */
json_t *fr_har_parse(struct fr_str text, json_error_t *error);

#endif
