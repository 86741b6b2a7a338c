/* Opens listening sockets: one for each worker and Internet address
 * (SO_REUSEPORT: the kernel spreads connections), one shared by all for a
 * Unix socket. */
#ifndef FR_EDGE_SOCKETS_H
#define FR_EDGE_SOCKETS_H

#include "config/config.h"

/* Fills fds[0..n-1]. port: in, what to bind (0: any); out, what was bound.
 * 0; FR_ERR_IO with *why filled and nothing left open. */
int fr_sockets_open(const struct fr_config_listener *l, int *fds, size_t n, uint16_t *port,
                    struct fr_config_problem *why) FR_MUST_USE;
/* Removes a Unix socket's file. */
void fr_sockets_remove(const char *path);

#endif
