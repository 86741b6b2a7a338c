/* Opens listening sockets: one for each worker and Internet address
 * (SO_REUSEPORT: the kernel spreads connections), one shared by all for a
 * Unix socket. Where a parent process opens them, the server takes them from a
 * struct fr_sockets instead. */
#ifndef FR_CLIENT_SOCKETS_H
#define FR_CLIENT_SOCKETS_H

#include "config/config.h"

/* Fills fds[0..n-1]. port: in, what to bind (0: any); out, what was bound.
 * 0; FR_ERR_IO with *why filled and nothing left open. */
int fr_sockets_open(const struct fr_config_listener *l, int *fds, size_t n, uint16_t *port,
                    struct fr_config_problem *why) FR_MUST_USE;
/* Sockets that another process opened for the listeners of a configuration. */
struct fr_sockets {
	size_t n_listeners, n_workers;
	int *fds;        /* owned: those of listener 0, of listener 1, ...; -1: none */
	uint16_t *ports; /* owned */
};
/* Without sockets yet. */
void fr_sockets_init(struct fr_sockets *s, size_t n_listeners, size_t n_workers);
/* One more for that listener; fd is owned from here on. 0; FR_ERR_INVALID: closed. */
int fr_sockets_put(struct fr_sockets *s, size_t listener, int fd) FR_MUST_USE;
/* All those of a listener: the caller's. 0; FR_ERR_IO with *why filled: it has none. */
int fr_sockets_take(struct fr_sockets *s, size_t i, const struct fr_config_listener *l, int *fds,
                    uint16_t *port, struct fr_config_problem *why) FR_MUST_USE;
/* Closes those that nobody took. */
void fr_sockets_fini(struct fr_sockets *s);

/* Removes a Unix socket's file. */
void fr_sockets_remove(const char *path);

#endif
