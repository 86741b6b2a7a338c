/* The target of a profile and the paths to it: the relays that emulate the network, the
 * edges in front of an origin, the namespaces of packet emulation. It knows for every host
 * and port of a page where a client connects. */
#ifndef FR_LAB_PROFILE_TARGET_H
#define FR_LAB_PROFILE_TARGET_H

#include <sys/socket.h>

#include "lab/profile/options.h"
#include "net/loop.h"
#include "net/tls.h"

/* Different hosts and ports of one page that are connected to. */
#define FR_TARGET_MAX_ROUTES 64u

struct fr_target;

/* options: borrowed. Looks names up, starts edges: blocks. 0, or negative with
 * *why filled (cap bytes). */
int fr_target_new(struct fr_loop *l, const struct fr_profile_options *options,
                  struct fr_target **out, char *why, size_t cap) FR_MUST_USE;
/* Edges are stopped and waited for; the rest closes with the loop. Returns the
 * number of objects that edges left over: 0. t may be NULL. */
size_t fr_target_close(struct fr_target *t);
/* When the loop has ended: the memory that its handles used. */
void fr_target_free(struct fr_target **t);

/* Where to connect for that host and port in this variant. direct: past the
 * emulated network, for warming up. 0, or negative: nowhere. Looks the name
 * up at the first time (blocks). */
int fr_target_route(struct fr_target *t, enum fr_variant v, const char *host, uint16_t port,
                    bool direct, struct sockaddr_storage *to) FR_MUST_USE;
/* Is that a name that a client looks up? Not behind --origin, whose edges are known. */
bool fr_target_is_name(const struct fr_target *t, const char *host);
/* Between loads: the emulated line is idle, losses begin anew with this seed. */
void fr_target_reset(struct fr_target *t, uint64_t seed);
/* Offers h2. Borrowed. */
struct fr_tls_client *fr_target_tls(const struct fr_target *t);
/* The certificate that browsers are to trust (PEM), "" if the system's authorities do. */
const char *fr_target_certificate(const struct fr_target *t);
/* What connecting takes on the emulated network and no clock of ours sees. */
uint64_t fr_target_connect_us(const struct fr_target *t);
/* Around the making of client sockets and processes; nothing without packets. */
void fr_target_enter(struct fr_target *t);
void fr_target_leave(struct fr_target *t);

#endif
