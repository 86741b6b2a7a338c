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

void fr_pacing_expect(struct fr_pacing *p, uint64_t now_ms, const struct fr_pacing_page *page)
{
	uint64_t links = page->links * FR_PACING_LINK_BYTES;

	p->is_due = page->think_ms != 0;
	p->due_ms = now_ms + page->think_ms;
	p->page_bytes = FR_PACING_PAGE_BYTES + links;
	p->whole_bytes = page->body_bytes ? page->body_bytes + FR_PACING_FIELDS_BYTES + links : 0;
	p->burst = (struct fr_pacing_burst){.is_begun = false};
}

/* Of the window. */
static uint64_t kept_for_page(const struct fr_pacing *p, uint64_t cwnd_bytes)
{
	return p->whole_bytes && p->whole_bytes <= cwnd_bytes ? p->whole_bytes : p->page_bytes;
}

/* --- the rate --- */

static void follow_burst(struct fr_pacing_burst *b, const struct fr_budget_path *path,
                         uint64_t now_ms)
{
	uint64_t acked_bytes = path->acked_bytes;

	if (!b->is_begun) {
		b->is_begun = true;
		b->base_bytes = acked_bytes;
	}
	if (b->is_over || acked_bytes == b->base_bytes || acked_bytes == b->last_bytes)
		return;
	if (!b->first_bytes) {
		b->first_ms = b->last_ms = now_ms;
		b->first_bytes = b->last_bytes = acked_bytes;
		b->end_bytes = acked_bytes + path->in_flight_bytes;
		return;
	}
	b->is_over = now_ms - b->last_ms > FR_PACING_PAUSE_MS || acked_bytes >= b->end_bytes;
	if (now_ms - b->last_ms > FR_PACING_PAUSE_MS)
		return;
	b->last_ms = now_ms;
	b->last_bytes = acked_bytes < b->end_bytes ? acked_bytes : b->end_bytes;
}

/* 0: not known. */
static uint64_t burst_rate(const struct fr_pacing_burst *b, uint64_t packet_bytes)
{
	uint64_t ms = b->last_ms - b->first_ms, bytes = b->last_bytes - b->first_bytes;

	if (ms < FR_PACING_BURST_MS || bytes < FR_PACING_BURST_PACKETS * packet_bytes)
		return 0;
	return bytes * 1000 / ms;
}

void fr_pacing_end(struct fr_pacing *p)
{
	p->is_due = false;
}

/* Bytes that may be on their way now without a queue that the page, which comes in
 * left_ms, would have to wait in: what the link carries until then, and what it holds by
 * itself. Half of what it holds: a measured rate is too high as often as too low. */
static uint64_t without_queue(struct fr_pacing *p, const struct fr_budget_path *path,
                              uint64_t left_ms, uint64_t packet_bytes)
{
	struct fr_budget_path idle = *path;
	uint64_t n;

	if (path->delivery_rate_bytes_per_s)
		p->rate_bytes_per_s = path->delivery_rate_bytes_per_s;
	idle.delivery_rate_bytes_per_s = p->rate_bytes_per_s;
	if (!p->rate_bytes_per_s) {
		/* the burst itself stood in a queue: the rate is the link's */
		idle.delivery_rate_bytes_per_s = burst_rate(&p->burst, packet_bytes);
		if (idle.delivery_rate_bytes_per_s && idle.min_rtt_us)
			idle.rtt_us = 2 * idle.min_rtt_us;
	}
	idle.unsent_bytes = idle.in_flight_bytes = 0;
	n = fr_budget_idle_bytes(&idle, 0);
	if (idle.delivery_rate_bytes_per_s)
		n /= 2;
	return left_ms ? n + fr_budget_idle_bytes(&idle, (uint32_t)left_ms) : n;
}

uint64_t fr_pacing_room(struct fr_pacing *p, const struct fr_budget_path *path, uint64_t now_ms,
                        const struct fr_pacing_output *out)
{
	uint64_t rtt_ms = path->rtt_us / 1000, left = less(p->due_ms, now_ms);
	uint64_t busy = path->in_flight_bytes + path->unsent_bytes;
	uint64_t most = out->chunk_bytes;

	if (p->is_due)
		follow_burst(&p->burst, path, now_ms);
	if (!p->is_due || now_ms > p->due_ms + rtt_ms)
		return most;
	most = min_of(most, less(without_queue(p, path, left, out->packet_bytes), busy));
	/* what the window does not take now would leave in the page's last round trip */
	if (left <= 2 * rtt_ms)
		most = min_of(most, less(path->cwnd_bytes, busy));
	/* the page comes before what is sent now has been acknowledged */
	if (left <= rtt_ms)
		most = min_of(most,
		              less(path->cwnd_bytes, busy + kept_for_page(p, path->cwnd_bytes)));
	/* small packets count like full ones in the window */
	most -= most % out->packet_bytes;
	return path->unsent_bytes < FR_PACING_UNSENT_BYTES ? most : 0;
}
