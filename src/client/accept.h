/* Decides which sockets become connections: within the limits of memory, descriptors, and
 * connections in all and from one address. */
#ifndef FR_CLIENT_ACCEPT_H
#define FR_CLIENT_ACCEPT_H

#include "client/clients.h"
#include "config/config.h"

/* Takes an accepted socket. Refuses (closes) it past the limits. On the worker's thread,
 * while it has a configuration. */
void fr_client_accept(struct fr_clients *all, int fd, const struct fr_config_listener *listener);

#endif
