/* Computes how many bytes may be sent early: what a connection can carry while it would
 * idle because the origin is still making the page, and what will have left the
 * bottleneck's queue by the time the page comes. No I/O, no clock: the owner of the socket
 * fills in what TCP knows.
 *
 * The model: the window may double with each round trip (slow start), a window's bytes are
 * spread over their round trip, and nothing flows faster than the link. That speed is
 * known only from bytes that were delivered; until then FR_BUDGET_UNKNOWN_RATE_BYTES_PER_S
 * is assumed, so that a short round trip, which allows many doublings, promises no more
 * than a modest link carries. */
#ifndef FR_HINTS_BUDGET_H
#define FR_HINTS_BUDGET_H

#include <stdint.h>

/* 5 Mbit/s: of a link that has shown nothing yet. */
#define FR_BUDGET_UNKNOWN_RATE_BYTES_PER_S 625000u
/* A longer think time is not believed in. */
#define FR_BUDGET_MAX_THINK_MS 10000u

struct fr_budget_path {
	uint64_t rtt_us;     /* smoothed; 0: unknown */
	uint64_t min_rtt_us; /* 0: unknown */
	uint64_t cwnd_bytes;
	uint64_t unsent_bytes;              /* handed to the connection, not sent yet */
	uint64_t in_flight_bytes;           /* sent, not acknowledged */
	uint64_t acked_bytes;               /* acknowledged, since the connection began */
	uint64_t delivery_rate_bytes_per_s; /* 0: not known yet */
};

/* think_ms: until the page is expected; 0: unknown, which allows about
 * min(bandwidth x round trip, window). 0 when the connection is busy as it is. */
uint64_t fr_budget_idle_bytes(const struct fr_budget_path *p, uint32_t think_ms);

#endif
