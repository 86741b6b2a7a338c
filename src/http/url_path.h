/* The form of a path that an operator's rules match: one spelling for all paths that an
 * origin reads as the same. Requests and cache keys use the target as it came, never this
 * form. No I/O. */
#ifndef FR_HTTP_URL_PATH_H
#define FR_HTTP_URL_PATH_H

#include <stdbool.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

struct fr_url_path {
	/* Octets decoded, dot segments removed, repeated slashes merged, parameters of
	 * segments (";x=1") left out. Not for sending. */
	struct fr_str text;
	/* Origins may read it in several ways: it holds a dot segment, a backslash, an
	 * encoded slash, backslash or control, a malformed or overlong escape, or one of
	 * these encoded twice. `text` is one reading of it. */
	bool is_ambiguous;
};

/* Of a target in origin-form; what follows '?' does not count. text is borrowed
 * from the target where that has this form already, else in the arena. Another
 * target than a path ("*") is taken as it is. 0 or FR_ERR_NOMEM. */
int fr_url_path_read(struct fr_arena *a, struct fr_str target, struct fr_url_path *out) FR_MUST_USE;

/* The value of two hexadecimal digits at p, or negative; left: how much is there. */
int fr_hex_octet(const char *p, size_t left);

#endif
