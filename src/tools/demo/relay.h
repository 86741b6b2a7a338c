/* A TCP relay on loopback that makes what passes through it as slow as a
 * mobile link (link_model.h does the arithmetic). One connection at a time is
 * all that the demo needs; more are served, each with a link of its own. */
#ifndef FR_TOOLS_DEMO_RELAY_H
#define FR_TOOLS_DEMO_RELAY_H

#include "net/loop.h"

struct fr_relay_network {
	const char *name;
	uint32_t down_kbit, up_kbit; /* 0: no limit */
	uint32_t rtt_ms;
};

struct fr_relay;

/* Listens on a port of the kernel's choice and connects to 127.0.0.1:to_port.
 * 0 or FR_ERR_IO. */
int fr_relay_new(struct fr_loop *l, uint16_t to_port, const struct fr_relay_network *network,
                 struct fr_relay **out) FR_MUST_USE;
uint16_t fr_relay_port(const struct fr_relay *r);
/* Closes all; memory goes when the last handle has closed. Clears the pointer. */
void fr_relay_close(struct fr_relay **r);

#endif
