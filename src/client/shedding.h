/* Chooses the connections to close when memory or descriptors run out: idle ones first, then
 * those that hold most and read least. Used on the worker's thread. */
#ifndef FR_CLIENT_SHEDDING_H
#define FR_CLIENT_SHEDDING_H

#include <stdbool.h>

#include "client/clients.h"
#include "net/memory_limit.h"

/* For fr_memory_watch; user: the struct fr_clients. */
extern const struct fr_memory_part_ops fr_shedding;

/* Closes the connection that has waited for a request longest; false: there is none. */
bool fr_shed_idle(struct fr_clients *all);

#endif
