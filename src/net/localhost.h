/* Names of this machine (RFC 6761 §6.3): "localhost" and what is below it. No resolver is asked for
 * them, and /etc/hosts need not have them. */
#ifndef FR_NET_LOCALHOST_H
#define FR_NET_LOCALHOST_H

#include <stdbool.h>

bool fr_is_localhost(const char *host);

/* What to give to getaddrinfo for a host, with a service beside it: NULL for this machine, whose
 * loopback addresses it then gives without asking anybody; else host itself. */
const char *fr_localhost_node(const char *host);

#endif
