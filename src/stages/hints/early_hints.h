/* 103 Early Hints (RFC 8297; design: delivery `early-hints`): who gets one, what
 * is in it, and that there is one at most. Browsers act on the first 103 of a
 * navigation over HTTP/2 only, so everything known goes into it, and what comes
 * later stays in the response. It names only what a browser can reuse: an asset
 * known not to be fresh when it arrives would be fetched twice. */
#ifndef FR_STAGES_HINTS_EARLY_HINTS_H
#define FR_STAGES_HINTS_EARLY_HINTS_H

#include "exchange/exchange.h"

/* Sends what the plan has still open in a 103, as far as rules and the idle
 * link allow; nothing if there is no such hint or a 103 was sent. origin: its own
 * 103, whose policy may travel along; NULL: this one is ours alone. */
void fr_early_hints_plan(struct fr_exchange *page, const struct fr_response *origin);

/* Passes the origin's own 103 on to a client that gets none of ours, once. */
void fr_early_hints_relay(struct fr_exchange *page, const struct fr_response *origin);

#endif
