/* HTTP dates (RFC 9110 §5.6.7): writes IMF-fixdate, reads all three forms. */
#ifndef FR_HTTP_DATE_H
#define FR_HTTP_DATE_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define FR_HTTP_DATE_BYTES 30 /* "Sun, 06 Nov 1994 08:49:37 GMT" with its NUL */

/* seconds since 1970; years 1970 to 9999. out: FR_HTTP_DATE_BYTES or more. */
void fr_http_date_format(int64_t seconds, char *out);

/* now_s: to place the two-digit years of RFC 850. 0 or FR_ERR_SYNTAX. */
int fr_http_date_parse(struct fr_str text, int64_t now_s, int64_t *out) FR_MUST_USE;

#endif
