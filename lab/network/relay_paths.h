/* Tells an edge the figures of a relay's emulated links. The edge's own sockets are on
 * loopback, where the kernel measures no round trip and a wide window, and the edge bounds
 * what it sends early by both. The relay sets the figures; the edge's threads look them up
 * by the port of their peer.
 *
 *   relay (one thread): set, freeze and thaw, drop    edge (its workers): the source, any thread */
#ifndef FR_LAB_NETWORK_RELAY_PATHS_H
#define FR_LAB_NETWORK_RELAY_PATHS_H

#include "lab/network/link_model.h"
#include "net/transport.h"

/* Connections at once that are known; of others the kernel tells. */
#define FR_RELAY_MAX_PATHS 256u

struct fr_relay_paths;

/* Never NULL. Outlives its relays, and the edges that were given its source. */
struct fr_relay_paths *fr_relay_paths_new(void);
void fr_relay_paths_free(struct fr_relay_paths **p);
/* For fr_config.path_source. Borrowed from p. */
const struct fr_path_source *fr_relay_paths_source(const struct fr_relay_paths *p);

/* The link from the edge to the client, as it is now. port: of the relay's socket fd to
 * the edge, which stays open until fr_relay_paths_drop; -1: what waits in it is not asked. */
void fr_relay_paths_set(struct fr_relay_paths *p, uint16_t port, int fd,
                        const struct fr_link_model *down);
/* The same in two steps: between them readers wait. */
void fr_relay_paths_freeze(struct fr_relay_paths *p);
void fr_relay_paths_thaw(struct fr_relay_paths *p, uint16_t port, int fd,
                         const struct fr_link_model *down);
void fr_relay_paths_drop(struct fr_relay_paths *p, uint16_t port);

#endif
