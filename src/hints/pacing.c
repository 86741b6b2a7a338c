/* Computes what fits on a path before a page that is due, from what TCP knows of the path. */
#include "hints/pacing.h"

static uint64_t min_of(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

void fr_pacing_expect(struct fr_pacing *p, uint64_t now_ms, uint32_t think_ms, size_t links)
{
	p->is_due = think_ms != 0;
	p->due_ms = now_ms + think_ms;
	p->page_bytes = FR_PACING_PAGE_BYTES + links * FR_PACING_LINK_BYTES;
}

void fr_pacing_end(struct fr_pacing *p)
{
	p->is_due = false;
}

/* Bytes that may be on their way now without a queue that the page, which comes in
 * left_ms, would have to wait in: what the link carries until then, and what it holds by
 * itself. Half of what it holds: a measured rate is too high as often as too low. */
static uint64_t without_queue(struct fr_pacing *p, const struct fr_budget_path *path,
                              uint64_t left_ms)
{
	struct fr_budget_path idle = *path;
	uint64_t n;

	if (path->delivery_rate_bytes_per_s)
		p->rate_bytes_per_s = path->delivery_rate_bytes_per_s;
	idle.delivery_rate_bytes_per_s = p->rate_bytes_per_s;
	idle.unsent_bytes = idle.in_flight_bytes = 0;
	n = fr_budget_idle_bytes(&idle, 0);
	if (p->rate_bytes_per_s)
		n /= 2;
	return left_ms ? n + fr_budget_idle_bytes(&idle, (uint32_t)left_ms) : n;
}

uint64_t fr_pacing_room(struct fr_pacing *p, const struct fr_budget_path *path, uint64_t now_ms,
                        const struct fr_pacing_output *out)
{
	uint64_t rtt_ms = path->rtt_us / 1000, left = less(p->due_ms, now_ms);
	uint64_t busy = path->in_flight_bytes + path->unsent_bytes;
	uint64_t most = out->chunk_bytes;

	if (!p->is_due || now_ms > p->due_ms + rtt_ms)
		return most;
	most = min_of(most, less(without_queue(p, path, left), busy));
	/* the page comes before what is sent now has been acknowledged */
	if (left <= rtt_ms)
		most = min_of(most, less(path->cwnd_bytes, busy + p->page_bytes));
	/* small packets count like full ones in the window */
	most -= most % out->packet_bytes;
	return path->unsent_bytes < FR_PACING_UNSENT_BYTES ? most : 0;
}
