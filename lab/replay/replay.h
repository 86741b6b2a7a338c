/* Computes what hints would do to a measured page: it sends the load's assets, with their
 * sizes, ranks and dependencies, again over the link model in model time, some of them
 * early. The result is the expected gain. No I/O, no clock; the same input gives the same
 * answer.
 *
 *   page asked -> [thinks] -> page -> its assets -> assets of its style sheets -> ...
 *            \-> early ones: at once (push), or asked for a round trip later (103)
 *
 * Bytes leave in the order of rank over one connection with slow start. */
#ifndef FR_LAB_REPLAY_REPLAY_H
#define FR_LAB_REPLAY_REPLAY_H

#include "lab/measurement/measurement.h"
#include "lab/network/network.h"

struct fr_replay_result { /* microseconds since the page was asked for */
	uint64_t render_us, complete_us;
	uint64_t text_us; /* can be drawn, and the fonts of its text are there */
};

/* early: for each entry of the load, is it sent early? NULL: none. think_us:
 * what the server takes for the page. how: FR_DELIVERY_PUSH or _EARLY_HINTS. */
struct fr_replay_result fr_replay(const struct fr_measurement *load,
                                  const struct fr_network *network, uint64_t think_us,
                                  const bool *early, enum fr_delivery how);
/* The server's time for the page, out of a load measured on that network. */
uint64_t fr_replay_think(const struct fr_measurement *load, const struct fr_network *network);

#endif
