/* A proxy between the edge and the profiled origin. It passes bytes both ways, and delays
 * each request for a page (an Accept that begins with text/html) by the think time. Of
 * HTTP/1.1 it reads only the end of a request's head. */
#ifndef FR_LAB_PROFILE_FRONT_H
#define FR_LAB_PROFILE_FRONT_H

#include <sys/socket.h>

#include "net/loop.h"

/* Of a request and its body that wait at once. */
#define FR_FRONT_HELD_BYTES (1u << 20)

struct fr_front;

/* listen_fd: owned, also on failure; -1: any port on loopback. 0 or FR_ERR_IO. */
int fr_front_new(struct fr_loop *l, int listen_fd, const struct sockaddr_storage *origin,
                 uint32_t think_ms, struct fr_front **out) FR_MUST_USE;
uint16_t fr_front_port(const struct fr_front *f);
void fr_front_close(struct fr_front **f);

#endif
