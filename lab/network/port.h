/* A listening port of the kernel's choice on loopback, on one loop: for the
 * tools' relays and the demo's origin. */
#ifndef FR_LAB_NETWORK_PORT_H
#define FR_LAB_NETWORK_PORT_H

#include "net/loop.h"

struct fr_listen_port;

/* on_accept owns the descriptor it is given. fd: a socket that listens already
 * (owned also on failure), or -1. 0 or FR_ERR_IO. */
int fr_listen_port_new(struct fr_loop *l, int fd, void (*on_accept)(void *user, int fd), void *user,
                       struct fr_listen_port **out) FR_MUST_USE;
/* A socket that listens on address ("127.0.0.1"), any port; -1: cannot. */
int fr_listen_port_open(const char *address);
uint16_t fr_listen_port_number(const struct fr_listen_port *p);
void fr_listen_port_close(struct fr_listen_port **p);

#endif
