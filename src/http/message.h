/* The heads of requests and responses, whatever the protocol (RFC 9110 §6). Bodies travel
 * separately, in pieces. Both codecs build them, both sides consume them. All bytes are
 * borrowed from the arena of the exchange that the message belongs to. No I/O. */
#ifndef FR_HTTP_MESSAGE_H
#define FR_HTTP_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "http/fields.h"

#define FR_METHOD_TABLE(X)                                                                         \
	X(GET, "GET")                                                                              \
	X(HEAD, "HEAD")                                                                            \
	X(POST, "POST")                                                                            \
	X(PUT, "PUT")                                                                              \
	X(DELETE, "DELETE")                                                                        \
	X(OPTIONS, "OPTIONS")                                                                      \
	X(TRACE, "TRACE")                                                                          \
	X(PATCH, "PATCH")                                                                          \
	X(CONNECT, "CONNECT")

enum fr_method {
	FR_METHOD_OTHER, /* any other token; the text says which */
#define X(name, text) FR_METHOD_##name,
	FR_METHOD_TABLE(X)
#undef X
};

enum fr_method fr_method_lookup(struct fr_str text);
/* RFC 9110 §9.2.1 and §9.2.2; false for FR_METHOD_OTHER. */
bool fr_method_is_safe(enum fr_method m);
bool fr_method_is_idempotent(enum fr_method m);

enum fr_version { FR_HTTP_1_0, FR_HTTP_1_1, FR_HTTP_2 };

struct fr_request {
	enum fr_method method;
	struct fr_str method_text;
	struct fr_str scheme;    /* "http" or "https" */
	struct fr_str authority; /* host[:port] as the client wrote it; may be empty in HTTP/1.0 */
	struct fr_str target;    /* origin-form: path and query, begins with '/'; or "*" */
	struct fr_fields fields; /* without pseudo-header fields; Host is not in it */
	enum fr_version version; /* of the client side */
	int64_t content_length;  /* -1: not declared */
	bool has_body;           /* a body follows the head, be it empty */
	bool expect_continue;    /* Expect: 100-continue */
	bool is_upgrade;         /* HTTP/1.1 Upgrade with Connection: upgrade */
	bool keep_alive;         /* HTTP/1.x: the client lets the connection persist */
	bool has_override;       /* a field names another method (http/trust.h) */
};

struct fr_response {
	int status; /* 100..999 */
	struct fr_fields fields;
	int64_t content_length;  /* -1: not declared */
	enum fr_version version; /* of the side it came from */
	bool keep_alive;         /* HTTP/1.x origin: the connection persists after it */
};

void fr_request_init(struct fr_request *r, struct fr_arena *arena);
void fr_response_init(struct fr_response *r, struct fr_arena *arena, int status);

/* Does it ask for less than the whole response, or only for a change? (RFC 9110 §13, §14) */
bool fr_request_is_conditional(const struct fr_request *r);

/* The standard reason phrase, "" if there is none (RFC 9110 §15). */
const char *fr_status_reason(int status);
/* 1xx, 204 and 304 never have content (RFC 9110 §6.4.1). */
bool fr_status_has_body(int status);

/* Removes hop-by-hop fields: the known ones (RFC 9110 §7.6.1), `te` and `upgrade`
 * with them, and of those that Connection names the ones that are not in
 * FR_FIELD_TABLE: no sender may take away what others decide by. Returns FR_ERR_SYNTAX,
 * with nothing removed, if Connection is not a list of tokens. */
int fr_fields_remove_hop_by_hop(struct fr_fields *f) FR_MUST_USE;

/* Reads Content-Length (RFC 9110 §8.6): *out is -1 if absent. Several fields
 * or list members are FR_ERR_SYNTAX, equal or not, as is anything but
 * digits up to INT64_MAX. */
int fr_content_length(const struct fr_fields *f, int64_t *out) FR_MUST_USE;

#endif
