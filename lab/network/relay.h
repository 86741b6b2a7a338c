/* A TCP relay on loopback that makes what passes through it as slow as a network is
 * (link_model.h does the arithmetic). It reads from a sender only what the emulated
 * sender's window has room for, so that what a server holds back (TCP_NOTSENT_LOWAT,
 * priorities) stays there. Connections of one relay, and of all relays that share a line
 * pair, share its rate. */
#ifndef FR_LAB_NETWORK_RELAY_H
#define FR_LAB_NETWORK_RELAY_H

#include <sys/socket.h>

#include "lab/network/link_model.h"
#include "lab/network/network.h"
#include "lab/network/relay_paths.h"
#include "net/loop.h"

struct fr_relay_lines { /* the network, shared by relays; owned by the caller */
	struct fr_network network;
	struct fr_link_line down, up;
	struct fr_relay_paths *paths; /* is told how the links are; borrowed; NULL: nobody is */
};

struct fr_relay;

/* paths: NULL. */
void fr_relay_lines_init(struct fr_relay_lines *lines, const struct fr_network *network,
                         uint64_t seed);
/* Connections under way are over: the lines are idle, losses begin anew. */
void fr_relay_lines_reset(struct fr_relay_lines *lines, uint64_t seed);

/* Listens on `listen_fd` (owned; -1: a port of the kernel's choice on loopback)
 * and connects to `to`. lines: borrowed until the relay is closed. 0 or FR_ERR_IO. */
int fr_relay_new(struct fr_loop *l, int listen_fd, const struct sockaddr_storage *to,
                 struct fr_relay_lines *lines, struct fr_relay **out) FR_MUST_USE;
uint16_t fr_relay_port(const struct fr_relay *r);
/* Closes all; memory goes when the last handle has closed. Clears the pointer. */
void fr_relay_close(struct fr_relay **r);

/* 127.0.0.1:port */
void fr_loopback_address(uint16_t port, struct sockaddr_storage *out);

#endif
