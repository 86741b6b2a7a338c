/* What a proxy changes in a message on its way (RFC 9110 §7.6): the request
 * that the origin gets, the response that the client gets, and responses of
 * our own. No I/O; everything is made in the exchange's arena. */
#ifndef FR_EXCHANGE_PROXY_H
#define FR_EXCHANGE_PROXY_H

#include "exchange/exchange.h"

/* Fills ex->to_origin.req from ex->req, which is canonical: see exchange/canonical.h, with
 * its errors. */
int fr_proxy_request(struct fr_exchange *ex) FR_MUST_USE;

/* Edits a response's fields for the client: hop-by-hop and framing fields
 * removed, a missing Date added; no Via, which a gateway need not add (RFC 9110
 * §7.6.3): Cache-Status names us where it matters. date: for the former, must outlive
 * the response. Errors as above; a response that fails is malformed. */
int fr_proxy_response(struct fr_response *resp, struct fr_str date) FR_MUST_USE;

/* Makes a small response of our own in ex->resp and its body; text: in the
 * arena, or static. 0 or FR_ERR_NOMEM. */
int fr_proxy_own_response(struct fr_exchange *ex, int status, const char *type, struct fr_str text,
                          struct fr_str date) FR_MUST_USE;

#endif
