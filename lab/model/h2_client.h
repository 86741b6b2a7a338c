/* One HTTP/2 connection seen from the client, over libnghttp2: for the
 * measuring client of the tools (and later HTTP/2 origins). Accepts pushes.
 * No I/O, no clock: bytes in, events out; feed and drain as in session.h. */
#ifndef FR_LAB_MODEL_H2_CLIENT_H
#define FR_LAB_MODEL_H2_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "http/message.h"

struct fr_h2_client;

struct fr_h2_client_events {
	/* Fields of a response head (status >= 200) or informational one; borrowed
	 * for the call. */
	void (*on_response)(void *user, int32_t stream_id, const struct fr_response *resp,
	                    bool end);
	void (*on_informational)(void *user, int32_t stream_id, const struct fr_response *resp);
	void (*on_data)(void *user, int32_t stream_id, const uint8_t *data, size_t len);
	/* code NO_ERROR: complete. */
	void (*on_close)(void *user, int32_t stream_id, uint32_t code);
	/* A promise on `parent_id`; return false to refuse it (RST_STREAM CANCEL).
	 * NULL event: push is disabled in SETTINGS. */
	bool (*on_push)(void *user, int32_t parent_id, int32_t promised_id,
	                const struct fr_request *req);
};

/* window_bytes: receive windows of stream and connection. Never NULL. */
struct fr_h2_client *fr_h2_client_new(const struct fr_h2_client_events *events, void *user,
                                      uint32_t window_bytes);
void fr_h2_client_free(struct fr_h2_client **c);
int fr_h2_client_feed(struct fr_h2_client *c, const uint8_t *data, size_t len) FR_MUST_USE;
int fr_h2_client_drain(struct fr_h2_client *c, struct fr_buf *out) FR_MUST_USE;
/* A request without a body, with at most FR_H2_CLIENT_MAX_FIELDS fields.
 * Returns the stream id (> 0) or FR_ERR_NOMEM, FR_ERR_CLOSED. */
#define FR_H2_CLIENT_MAX_FIELDS 32u
int32_t fr_h2_client_request(struct fr_h2_client *c, const struct fr_request *req) FR_MUST_USE;
void fr_h2_client_goaway(struct fr_h2_client *c);

#endif
