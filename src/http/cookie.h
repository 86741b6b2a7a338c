/* The Cookie field (RFC 6265 §5.4) by one cookie after the other. No I/O. */
#ifndef FR_HTTP_COOKIE_H
#define FR_HTTP_COOKIE_H

#include "base/str.h"

/* Takes the next "a=1" off a list, with the white space around it cut off; empty ones are
 * skipped. False: there is none. */
bool fr_cookie_next(struct fr_str *rest, struct fr_str *one);

#endif
