/* A network of real packets: two network namespaces of our own, a TUN device
 * in each, and a thread that carries packets from one to the other with a
 * delay, a rate, a queue and losses. TCP at both ends is the kernel's. Needs
 * root, or the capabilities to make namespaces and devices.
 *
 *   client's namespace, 192.0.2.2 [tun] -> rate, queue, delay -> [tun] 192.0.2.1, server's
 *
 * Nothing else is in them, and nothing outlives the process. A socket belongs
 * to the namespace that its thread was in when it was made; threads and
 * processes begin in that of their maker. */
#ifndef FR_LAB_NETWORK_PACKET_H
#define FR_LAB_NETWORK_PACKET_H

#include <stdbool.h>

#include "base/err.h"
#include "lab/network/network.h"

enum fr_packet_side { FR_PACKET_SERVER, FR_PACKET_CLIENT };

struct fr_packet;

/* 0; FR_ERR_REFUSED without the rights for it, FR_ERR_IO, with *why filled
 * (cap bytes) and nothing left. */
int fr_packet_new(const struct fr_network *network, struct fr_packet **out, char *why,
                  size_t cap) FR_MUST_USE;
void fr_packet_free(struct fr_packet **p);

/* "192.0.2.1" and "192.0.2.2" */
const char *fr_packet_address(enum fr_packet_side side);
/* The calling thread goes into that namespace, and back. p may be NULL: nothing happens. */
void fr_packet_enter(struct fr_packet *p, enum fr_packet_side side);
void fr_packet_leave(struct fr_packet *p);

#endif
