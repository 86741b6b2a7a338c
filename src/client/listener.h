/* One listening socket of one worker: accepts in bounded batches, pauses when
 * the process is out of descriptors, and takes what is already in its queue
 * before it closes, so that no connection is lost by a drain. */
#ifndef FR_CLIENT_LISTENER_H
#define FR_CLIENT_LISTENER_H

#include "client/clients.h"
#include "config/config.h"

struct fr_listener;

/* In the worker's list; NULL: the system has no room for it (logged). fd is owned from
 * here on. all: borrowed. config: borrowed, see fr_listener_set_config. */
struct fr_listener *fr_listener_new(struct fr_clients *all, int fd,
                                    const struct fr_config_listener *config);
/* After a reload: the same listener in the new configuration. */
void fr_listener_set_config(struct fr_listener *l, const struct fr_config_listener *config);
/* Does it listen where this one says, in the same way? */
bool fr_listener_is(const struct fr_listener *l, const struct fr_config_listener *config);
/* Accepts what waits, closes the socket; freed behind. */
void fr_listener_close(struct fr_listener *l);

/* In the worker's list. */
bool fr_listener_is_admin(const struct fr_listener *l);
struct fr_listener *fr_listener_next(const struct fr_listener *l);

#endif
