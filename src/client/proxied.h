/* Connections that begin with a PROXY header (listen[].proxy_protocol): who may open one, and
 * what the header changes: whose connection it is, as what it counts, and its scheme. */
#ifndef FR_CLIENT_PROXIED_H
#define FR_CLIENT_PROXIED_H

#include "client/client.h"

/* May that peer speak for others on this listener? Otherwise it is refused: counted, and said
 * once a minute. True for a listener without headers. */
bool fr_proxied_admits(struct fr_clients *all, const struct fr_party *peer,
                       const struct fr_config_listener *listener);
/* The connection begins with a header. False: no memory. */
bool fr_proxied_expect(struct fr_client *c);
/* Bytes of it, as of struct fr_transport_handler.on_header. */
int fr_proxied_take(struct fr_client *c, const uint8_t *data, size_t len, size_t *used) FR_MUST_USE;
/* The header is not waited for any more. NULL is allowed in c->header. */
void fr_proxied_drop(struct fr_client *c);

#endif
