/* One request to an origin and its response, over HTTP/1.1. It has one owner (an exchange
 * or a cache fill). The owner gives the request, writes its body, takes the response, may
 * pause it, and may cancel it at any time.
 *
 * WAITING (for addresses or a free connection) -> CONNECTING -> SENDING (head sent, response
 * awaited) -> RECEIVING (response head seen) -> DONE; TUNNEL instead of RECEIVING after a
 * 101. DONE from anywhere on failure or cancel.
 *
 * A request on a pooled connection that the origin has closed is repeated once on a new
 * connection, if its method is idempotent and it has no body (RFC 9110 §9.2.2, RFC 9112
 * §9.3.1).
 *
 * No event comes from within fr_fetch_start. After on_end or on_failed the fetch is gone:
 * the owner drops its pointer. */
#ifndef FR_ORIGIN_FETCH_H
#define FR_ORIGIN_FETCH_H

#include <stdbool.h>

#include "http/message.h"
#include "origin/origin.h"

/* Interim responses that an origin may send for one request. */
#define FR_FETCH_MAX_INFORMATIONAL 16u

/* Why a fetch failed: name, its label in figures, status for the client, counter, text. */
#define FR_FETCH_ERROR_TABLE(X)                                                                    \
	X(DNS, "dns", 502, ORIGIN_FAILED, "the origin's name cannot be resolved")                  \
	X(CONNECT, "connect", 502, ORIGIN_FAILED, "the origin cannot be reached")                  \
	X(TLS, "tls", 502, ORIGIN_FAILED, "TLS with the origin failed")                            \
	X(CLOSED, "closed", 502, ORIGIN_FAILED,                                                    \
	  "the origin closed the connection without an answer")                                    \
	X(MALFORMED, "malformed", 502, ORIGIN_MALFORMED, "the origin's response is malformed")     \
	X(TRUNCATED, "truncated", 502, ORIGIN_TRUNCATED, "the origin's response was cut short")    \
	X(TIMEOUT_CONNECT, "timeout_connect", 504, ORIGIN_TIMEOUTS,                                \
	  "no connection to the origin in time")                                                   \
	X(TIMEOUT_QUEUE, "timeout_queue", 504, ORIGIN_TIMEOUTS,                                    \
	  "no connection to the origin became free in time")                                       \
	X(TIMEOUT_RESPONSE, "timeout_response", 504, ORIGIN_TIMEOUTS,                              \
	  "the origin did not answer in time")                                                     \
	X(TIMEOUT_BODY, "timeout_body", 504, ORIGIN_TIMEOUTS,                                      \
	  "the origin stopped sending or reading")                                                 \
	X(TIMEOUT_TUNNEL, "timeout_tunnel", 504, TIMEOUT_TUNNEL, "nothing moved in the tunnel")    \
	X(BUSY, "busy", 503, LIMIT_ORIGIN_WAITING, "too many requests wait for the origin")        \
	X(EVICTED, "evicted", 503, LIMIT_ORIGIN_SHARE,                                             \
	  "others wait, and hold less of the origin's connections")                                \
	X(REQUEST, "request", 500, ORIGIN_FAILED, "the request cannot be written")

enum fr_fetch_error {
#define X(name, label, status, counter, text) FR_FETCH_##name,
	FR_FETCH_ERROR_TABLE(X)
#undef X
};
const char *fr_fetch_error_str(enum fr_fetch_error e);
/* Its label in figures: "connect". */
const char *fr_fetch_error_label(enum fr_fetch_error e);
int fr_fetch_error_status(enum fr_fetch_error e);

struct fr_fetch;

struct fr_fetch_handler {
	/* A 1xx other than 101; borrowed for the call. */
	void (*on_informational)(void *user, const struct fr_response *resp);
	/* The final head is in the response given at start. A 101 makes the rest
	 * a tunnel: bytes both ways by on_body and fr_fetch_write. */
	void (*on_head)(void *user);
	void (*on_body)(void *user, const uint8_t *data, size_t len);
	/* The response is complete. trailers: in the arena, may be empty. */
	void (*on_end)(void *user, const struct fr_fields *trailers);
	/* Why in words: fr_fetch_failure, until it returns. */
	void (*on_failed)(void *user, enum fr_fetch_error e);
	/* fr_fetch_can_write has become true. */
	void (*on_can_write)(void *user);
};

/* The client's address as net/admission.h counts it, 16 bytes. */
struct fr_asker {
	uint8_t address[16];
};

/* req and resp are borrowed until the fetch ends; what is received goes into
 * `arena`. req's fields are sent as they are. asker: copied. Never NULL. */
struct fr_fetch *fr_fetch_start(struct fr_origin *o, const struct fr_request *req,
                                const struct fr_asker *asker, struct fr_arena *arena,
                                struct fr_response *resp, const struct fr_fetch_handler *h,
                                void *user);

/* Another owner from now on: at the response's head. */
void fr_fetch_set_handler(struct fr_fetch *f, const struct fr_fetch_handler *h, void *user);

/* May request body bytes be written now? False until connected and while
 * earlier ones wait for the socket. */
bool fr_fetch_can_write(const struct fr_fetch *f);
/* Body (or tunnel) bytes; only while can_write. An ending fetch ignores them. */
void fr_fetch_write(struct fr_fetch *f, const void *data, size_t len);
/* The request body is complete. trailers: NULL or sent if the body is chunked.
 * In a tunnel: our side has ended. */
void fr_fetch_end(struct fr_fetch *f, const struct fr_fields *trailers);

/* Back-pressure on the response body. While paused no idle time runs. */
void fr_fetch_pause(struct fr_fetch *f);
void fr_fetch_resume(struct fr_fetch *f);

/* Ends it without further events; its connection is closed if a response is
 * still due. Clears the pointer; NULL is allowed. */
void fr_fetch_cancel(struct fr_fetch **f);

/* During on_failed: "the origin cannot be reached: 127.0.0.1:1: connection refused". In the
 * fetch's arena; empty if that is full, or for NULL. */
struct fr_str fr_fetch_failure(const struct fr_fetch *f);

/* "127.0.0.1:8080" or "" before a connection; for logs. Borrowed. */
const char *fr_fetch_detail(const struct fr_fetch *f);

#endif
