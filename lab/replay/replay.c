/* Sends a measured load again in model time, with some assets early. */
#include "lab/replay/replay.h"

#include <stdlib.h>

#include "base/mem.h"
#include "lab/network/link_model.h"

#define NEVER UINT64_MAX
/* Of a response's head and frames. */
#define HEAD_BYTES 150u
#define PAGE_HEAD_BYTES 16384u
/* Of all assets together, as they are sent again: files may claim anything. */
#define MOST_BYTES (UINT64_C(64) << 20)
/* A load that would take longer is not worth to be told apart. */
#define LIMIT_US (UINT64_C(600) * 1000000)

struct item {              /* of one entry */
	uint64_t ready_us; /* the server can send it; NEVER: not asked for yet */
	uint64_t done_us;
	size_t unsent, unarrived;
	unsigned rank;
	bool is_needed;
};

struct sent { /* in the order of sending */
	size_t item, len;
};

struct replay {
	const struct fr_measurement *load; /* borrowed */
	struct item *items;                /* owned */
	struct sent *queue;                /* owned */
	size_t first, n, cap;
	struct fr_link_line line;
	struct fr_link_model link;
	uint64_t half_us; /* of a round trip */
	uint64_t now_us;
	size_t left; /* needed items that have not arrived */
};

static bool is_needed(const struct fr_measurement_entry *e)
{
	return (e->flags & FR_ENTRY_NEEDED) &&
	       !(e->flags & (FR_ENTRY_CROSS_ORIGIN | FR_ENTRY_SKIPPED | FR_ENTRY_LAZY));
}

/* The head of the page goes first, then what blocks, then the page, then the
 * rest; a page that is hardly more than its head is taken for one. */
static unsigned rank_of(const struct fr_measurement_entry *e, size_t i)
{
	if (i == 0)
		return e->bytes <= PAGE_HEAD_BYTES ? 0 : 2;
	if (e->flags & FR_ENTRY_BLOCKING)
		return e->as == FR_AS_STYLE ? 0 : 1;
	return e->as == FR_AS_FONT || e->as == FR_AS_STYLE ? 3 : 4 + e->urgency;
}

static void enqueue(struct replay *r, size_t item, size_t len)
{
	if (r->n == r->cap) {
		r->cap = r->cap ? 2 * r->cap : 1024;
		r->queue = fr_try_realloc(r->queue, r->cap * sizeof *r->queue);
		FR_ASSERT(r->queue); /* a few bytes for each packet of a measured load */
	}
	r->queue[r->n++] = (struct sent){item, len};
}

/* The first ready item of the best rank; -1: none. */
static long next_item(const struct replay *r)
{
	long best = -1;

	for (size_t i = 0; i < r->load->n; i++) {
		const struct item *it = &r->items[i];

		if (it->unsent && it->ready_us <= r->now_us &&
		    (best < 0 || it->rank < r->items[best].rank))
			best = (long)i;
	}
	return best;
}

static void send_all(struct replay *r)
{
	size_t room;
	long i;

	while ((room = fr_link_model_room(&r->link, r->now_us)) > 0 && (i = next_item(r)) >= 0) {
		struct item *it = &r->items[i];
		size_t n = it->unsent < FR_LINK_PACKET_BYTES ? it->unsent : FR_LINK_PACKET_BYTES;

		n = n < room ? n : room;
		fr_link_model_send(&r->link, r->now_us, n);
		it->unsent -= n;
		enqueue(r, (size_t)i, n);
	}
}

static bool is_there(const struct replay *r, int i)
{
	return i < 0 || r->items[i].done_us;
}

/* What it names is asked for now, unless that is on its way: a style sheet that
 * came early is read once the page has a use for it. */
static void arrived(struct replay *r, size_t i)
{
	r->items[i].done_us = r->now_us;
	r->left -= r->items[i].is_needed;
	for (size_t k = 1; k < r->load->n; k++) {
		struct item *it = &r->items[k];

		if (it->is_needed && it->ready_us == NEVER && is_there(r, 0) &&
		    is_there(r, r->load->entries[k].parent))
			it->ready_us = r->now_us + r->half_us;
	}
}

static void receive(struct replay *r)
{
	size_t bytes = fr_link_model_deliver(&r->link, r->now_us);

	while (bytes && r->first < r->n) {
		struct sent *s = &r->queue[r->first];
		size_t n = bytes < s->len ? bytes : s->len;
		struct item *it = &r->items[s->item];

		s->len -= n;
		bytes -= n;
		it->unarrived -= n;
		if (!it->unarrived && !it->done_us)
			arrived(r, s->item);
		if (!s->len)
			r->first++;
	}
}

static uint64_t next_time(const struct replay *r)
{
	uint64_t next = fr_link_model_next(&r->link);

	for (size_t i = 0; i < r->load->n; i++)
		if (r->items[i].unsent && r->items[i].ready_us > r->now_us &&
		    r->items[i].ready_us < next)
			next = r->items[i].ready_us;
	return next;
}

static void init(struct replay *r, const struct fr_measurement *load, const struct fr_network *n,
                 uint64_t think_us, const bool *early, enum fr_delivery how)
{
	uint64_t room = MOST_BYTES;

	*r = (struct replay){.load = load, .half_us = (uint64_t)n->rtt_ms * 500};
	r->items = fr_calloc(load->n ? load->n : 1, sizeof *r->items);
	r->line.rate_bps = (uint64_t)n->down_kbit * 1000;
	fr_link_model_init(&r->link, &r->line, r->half_us);
	for (size_t i = 0; i < load->n; i++) {
		const struct fr_measurement_entry *e = &load->entries[i];
		struct item *it = &r->items[i];

		it->is_needed = is_needed(e);
		it->ready_us = NEVER;
		if (it->is_needed) {
			it->unsent = it->unarrived =
				HEAD_BYTES + (e->bytes < room ? e->bytes : room);
			room -= it->unsent - HEAD_BYTES;
		}
		it->rank = rank_of(e, i);
		r->left += it->is_needed;
		if (it->is_needed && i && early && early[i])
			/* with the page's request, or when the 103 has been answered */
			it->ready_us = how == FR_DELIVERY_PUSH ? r->half_us : 3 * r->half_us;
	}
	if (load->n)
		r->items[0].ready_us = r->half_us + think_us;
}

static struct fr_replay_result result_of(const struct replay *r)
{
	struct fr_replay_result out = {0};

	for (size_t i = 0; i < r->load->n; i++) {
		uint64_t done = r->items[i].done_us;

		if (!r->items[i].is_needed)
			continue;
		if ((i == 0 || (r->load->entries[i].flags & FR_ENTRY_BLOCKING)) &&
		    done > out.render_us)
			out.render_us = done;
		if (r->load->entries[i].as == FR_AS_FONT && done > out.text_us)
			out.text_us = done;
		if (done > out.complete_us)
			out.complete_us = done;
	}
	if (out.text_us < out.render_us)
		out.text_us = out.render_us;
	return out;
}

struct fr_replay_result fr_replay(const struct fr_measurement *load,
                                  const struct fr_network *network, uint64_t think_us,
                                  const bool *early, enum fr_delivery how)
{
	struct fr_replay_result out;
	struct replay r;

	init(&r, load, network, think_us, early, how);
	while (r.left && r.now_us < LIMIT_US) {
		receive(&r);
		send_all(&r);
		if (next_time(&r) == NEVER)
			break; /* what names the rest failed */
		r.now_us = next_time(&r);
	}
	out = result_of(&r);
	fr_link_model_fini(&r.link);
	free(r.items);
	free(r.queue);
	return out;
}

uint64_t fr_replay_think(const struct fr_measurement *load, const struct fr_network *network)
{
	const struct fr_measurement_conn *c = load->n_conns ? &load->conns[0] : NULL;
	uint64_t asked = c ? c->secured_us : 0, rtt = (uint64_t)network->rtt_ms * 1000, first;

	if (!load->n)
		return 0;
	/* TCP took a round trip of the path that the load was measured on */
	if (c && c->resolved_us && c->connected_us > c->resolved_us &&
	    c->connected_us <= c->secured_us)
		rtt = c->connected_us - c->resolved_us;
	first = load->entries[0].first_us;
	if (asked < load->entries[0].start_us)
		asked = load->entries[0].start_us;
	return first > asked + rtt ? first - asked - rtt : 0;
}
