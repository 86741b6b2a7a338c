/* A listening port of the kernel's choice on loopback, on one loop: for the
 * demo's origin and relay. */
#ifndef FR_TOOLS_DEMO_PORT_H
#define FR_TOOLS_DEMO_PORT_H

#include "net/loop.h"

struct fr_listen_port;

/* on_accept owns the descriptor it is given. 0 or FR_ERR_IO. */
int fr_listen_port_new(struct fr_loop *l, void (*on_accept)(void *user, int fd), void *user,
                       struct fr_listen_port **out) FR_MUST_USE;
uint16_t fr_listen_port_number(const struct fr_listen_port *p);
void fr_listen_port_close(struct fr_listen_port **p);

#endif
