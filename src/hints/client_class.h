/* Kinds of clients that treat pushes alike, told by User-Agent: what is learned from one
 * (advice.h) counts for its kind. A client with a false User-Agent gets the pushes of the
 * kind that it claims to be, nothing more. No I/O. */
#ifndef FR_HINTS_CLIENT_CLASS_H
#define FR_HINTS_CLIENT_CLASS_H

#include "base/str.h"

/* Appended to, never reordered: the numbers are persisted. */
#define FR_CLIENT_CLASS_TABLE(X)                                                                   \
	X(OTHER, "other") /* also clients without a User-Agent, such as Node's http2 by default */ \
	X(CHROMIUM, "chromium")                                                                    \
	X(FIREFOX, "firefox")                                                                      \
	X(SAFARI, "safari") /* and every browser on iOS */                                         \
	X(NODE, "node")                                                                            \
	X(JAVA, "java")                                                                            \
	X(CURL, "curl")                                                                            \
	X(NGHTTP, "nghttp")
enum fr_client_class {
#define X(id, text) FR_CLIENT_CLASS_##id,
	FR_CLIENT_CLASS_TABLE(X)
#undef X
		FR_CLIENT_CLASS_COUNT
};

/* Bytes of a User-Agent that are looked at: bounds the work for a long one. */
#define FR_CLIENT_CLASS_MAX_BYTES 512u

enum fr_client_class fr_client_class_of(struct fr_str user_agent);
const char *fr_client_class_str(enum fr_client_class c);

#endif
