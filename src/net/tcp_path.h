/* TCP_INFO of a socket, apart from net/transport*.c: the kernel's header has more of
 * struct tcp_info than the C library's, and the two cannot be included together. */
#ifndef FR_NET_TCP_PATH_H
#define FR_NET_TCP_PATH_H

#include "net/transport.h"

/* See fr_transport_path; unsent_bytes is the kernel's alone. 0 or FR_ERR_IO. */
int fr_tcp_path(int fd, struct fr_path *out) FR_MUST_USE;

#endif
