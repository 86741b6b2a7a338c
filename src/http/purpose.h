/* Why a request is made, as far as its client says: for a person who sees the response, or
 * ahead of that (Sec-Purpose, and the fields of older browsers); and whether the client wants
 * to save data (Save-Data). No I/O. */
#ifndef FR_HTTP_PURPOSE_H
#define FR_HTTP_PURPOSE_H

#include <stdbool.h>

#include "http/fields.h"

#define FR_PURPOSE_TABLE(X)                                                                        \
	X(VIEW, "")               /* nothing else is said */                                       \
	X(PREFETCH, "prefetch")   /* to be kept for a navigation that may come */                  \
	X(PRERENDER, "prerender") /* the page is rendered out of sight, and may be shown */
enum fr_purpose {
#define X(id, text) FR_PURPOSE_##id,
	FR_PURPOSE_TABLE(X)
#undef X
};
const char *fr_purpose_str(enum fr_purpose p);

/* By Sec-Purpose (a token with parameters, RFC 9651); without it Purpose and X-Purpose
 * ("prefetch", "preview") and X-Moz ("prefetch"). A malformed Sec-Purpose says nothing. */
enum fr_purpose fr_purpose_of(const struct fr_fields *req);

/* Save-Data: on. */
bool fr_saves_data(const struct fr_fields *req);

#endif
