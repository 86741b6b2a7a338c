/* One HTTP/2 connection of a page load: requests as a browser writes them, and
 * its events told to the page (page.h). No I/O and no clock: bytes and times
 * in, bytes out. */
#ifndef FR_LAB_MODEL_WIRE_H
#define FR_LAB_MODEL_WIRE_H

#include "base/buf.h"
#include "lab/model/page.h"

struct fr_wire;

/* page and load: borrowed. accept_push: SETTINGS_ENABLE_PUSH. Never NULL. */
struct fr_wire *fr_wire_new(struct fr_page *page, struct fr_measurement *load, bool accept_push);
void fr_wire_free(struct fr_wire **w);
/* Asks for entry i of the load on this connection; leaves with the next drain. */
bool fr_wire_request(struct fr_wire *w, size_t i);
/* Negative: the peer broke the protocol. The page's events come from within. */
int fr_wire_feed(struct fr_wire *w, const uint8_t *data, size_t len, uint64_t now_us) FR_MUST_USE;
/* Bytes to be sent; negative: they do not fit. */
int fr_wire_drain(struct fr_wire *w, struct fr_buf *out) FR_MUST_USE;
/* Requests and pushes that have not ended. */
size_t fr_wire_open(const struct fr_wire *w);
/* The connection is gone: what has not ended fails. */
void fr_wire_gone(struct fr_wire *w, uint64_t now_us);
void fr_wire_goaway(struct fr_wire *w);

#endif
