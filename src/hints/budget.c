/* Computes how many bytes a connection can carry while it would idle. */
#include "hints/budget.h"

#define US_PER_S 1000000u
/* Windows beyond this do not matter: the rate is the limit long before. */
#define MAX_WINDOW_BYTES (1ull << 30)
#define MAX_RATE_BYTES_PER_S (1ull << 37)

static uint64_t min_of(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* What the link carries. A rate measured while no queue stood was set by our
 * window, a round trip ago: the next window is twice that. */
static uint64_t link_rate(const struct fr_budget_path *p, uint64_t min_rtt_us)
{
	uint64_t rate = min_of(p->delivery_rate_bytes_per_s, MAX_RATE_BYTES_PER_S);

	if (rate == 0)
		return FR_BUDGET_UNKNOWN_RATE_BYTES_PER_S;
	return p->rtt_us > min_rtt_us + min_rtt_us / 8 ? rate : 2 * rate;
}

/* Bytes of windows that double each round trip, the last one in part. */
static uint64_t windows(uint64_t cwnd, uint64_t rtt_us, uint64_t think_us, uint64_t enough)
{
	uint64_t sum = 0;

	while (think_us >= rtt_us && sum < enough) {
		sum += cwnd;
		cwnd = min_of(2 * cwnd, MAX_WINDOW_BYTES);
		think_us -= rtt_us;
	}
	/* the loop ended with less than a round trip left, or with enough */
	return sum < enough ? min_of(sum + cwnd * think_us / rtt_us, enough) : enough;
}

uint64_t fr_budget_idle_bytes(const struct fr_budget_path *p, uint32_t think_ms)
{
	uint64_t rtt_us = min_of(p->rtt_us, 60ull * US_PER_S);
	uint64_t min_rtt_us = p->min_rtt_us && p->min_rtt_us < rtt_us ? p->min_rtt_us : rtt_us;
	uint64_t cwnd = min_of(p->cwnd_bytes, MAX_WINDOW_BYTES);
	uint64_t rate = link_rate(p, min_rtt_us), busy, carried, think_us;

	busy = min_of(p->unsent_bytes, MAX_WINDOW_BYTES) +
	       min_of(p->in_flight_bytes, MAX_WINDOW_BYTES);
	if (rtt_us == 0 || think_ms == 0) {
		/* an unknown rate must not count as slow: one window is no risk */
		carried = cwnd;
		if (rtt_us && p->delivery_rate_bytes_per_s)
			carried = min_of(cwnd, rate * min_rtt_us / US_PER_S);
	} else {
		think_us = 1000ull * min_of(think_ms, FR_BUDGET_MAX_THINK_MS);
		carried = rate * think_us / US_PER_S;
		/* in rounds of the path without our own queue */
		carried = windows(cwnd, min_rtt_us, think_us, carried);
	}
	return carried > busy ? carried - busy : 0;
}
