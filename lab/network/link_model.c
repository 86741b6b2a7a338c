/* The arithmetic of an emulated link: when a packet leaves, arrives, is lost, is
 * acknowledged. */
#include "lab/network/link_model.h"

#include <stdlib.h>

#include "base/mem.h"

/* IP and TCP headers, which the rate carries as well. */
#define PACKET_OVERHEAD_BYTES 52u
/* A queue holds so much however slow the line is. */
#define MIN_MAX_WINDOW 65536u

void fr_link_model_init(struct fr_link_model *l, struct fr_link_line *line, uint64_t delay_us)
{
	uint64_t holds = line->rate_bps / 8 * (2 * delay_us) / 1000000;

	*l = (struct fr_link_model){.line = line, .delay_us = delay_us, .threshold = SIZE_MAX / 2};
	l->window = (size_t)FR_LINK_INITIAL_PACKETS * FR_LINK_PACKET_BYTES;
	/* what is in the pipe, and twice as much in the queue before it */
	l->max_window = line->rate_bps ? (size_t)(3 * holds) : SIZE_MAX / 2;
	if (l->max_window < MIN_MAX_WINDOW)
		l->max_window = MIN_MAX_WINDOW;
	l->ring = fr_calloc(FR_LINK_MAX_PACKETS, sizeof *l->ring);
}

void fr_link_model_fini(struct fr_link_model *l)
{
	free(l->ring);
	l->ring = NULL;
}

static struct fr_link_packet *packet(const struct fr_link_model *l, size_t i)
{
	return &l->ring[(l->first + i) % FR_LINK_MAX_PACKETS];
}

/* Acknowledgements open the window by what they acknowledge (slow start), past
 * the threshold by a packet a round trip. */
static void take_acks(struct fr_link_model *l, uint64_t now_us)
{
	while (l->n && l->delivered && packet(l, 0)->ack_us <= now_us) {
		uint32_t len = packet(l, 0)->len;

		l->in_flight -= len;
		l->window += l->window < l->threshold
		                     ? len
		                     : (size_t)len * FR_LINK_PACKET_BYTES / l->window;
		if (l->window > l->max_window)
			l->window = l->max_window;
		l->first = (l->first + 1) % FR_LINK_MAX_PACKETS;
		l->n--;
		l->delivered--;
	}
}

size_t fr_link_model_room(struct fr_link_model *l, uint64_t now_us)
{
	size_t slots;

	take_acks(l, now_us);
	if (l->in_flight >= l->window)
		return 0;
	slots = (FR_LINK_MAX_PACKETS - l->n) * FR_LINK_PACKET_BYTES;
	return l->window - l->in_flight < slots ? l->window - l->in_flight : slots;
}

/* splitmix64: the same losses for the same seed. */
static bool is_lost(struct fr_link_line *line)
{
	uint64_t z = (line->random += UINT64_C(0x9e3779b97f4a7c15));

	if (!line->loss)
		return false;
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (z ^ (z >> 31)) % FR_LINK_LOSS_UNIT < line->loss;
}

static void occupy(struct fr_link_line *line, uint64_t now_us, uint32_t len)
{
	if (line->free_us < now_us)
		line->free_us = now_us;
	if (line->rate_bps)
		line->free_us +=
			(uint64_t)(len + PACKET_OVERHEAD_BYTES) * 8 * 1000000 / line->rate_bps;
}

static void lose(struct fr_link_model *l, uint64_t now_us)
{
	uint64_t round = 2 * l->delay_us;

	if (now_us < l->recovered_us)
		return;
	l->recovered_us = now_us + round;
	l->window =
		l->window / 2 > 2 * FR_LINK_PACKET_BYTES ? l->window / 2 : 2 * FR_LINK_PACKET_BYTES;
	l->threshold = l->window;
}

static void send_packet(struct fr_link_model *l, uint64_t now_us, uint32_t len)
{
	struct fr_link_packet *p = packet(l, l->n);

	occupy(l->line, now_us, len);
	p->len = len;
	p->due_us = l->line->free_us + l->delay_us;
	if (is_lost(l->line)) {
		lose(l, now_us);
		/* the sender learns of it from later packets, and sends again */
		p->due_us += 2 * l->delay_us;
	}
	if (p->due_us < l->last_due_us)
		p->due_us = l->last_due_us;
	l->last_due_us = p->due_us;
	p->ack_us = p->due_us + l->delay_us;
	l->n++;
	l->in_flight += len;
}

void fr_link_model_send(struct fr_link_model *l, uint64_t now_us, size_t len)
{
	FR_ASSERT(len <= fr_link_model_room(l, now_us));
	while (len) {
		uint32_t n = len < FR_LINK_PACKET_BYTES ? (uint32_t)len : FR_LINK_PACKET_BYTES;

		send_packet(l, now_us, n);
		len -= n;
	}
}

size_t fr_link_model_deliver(struct fr_link_model *l, uint64_t now_us)
{
	size_t bytes = 0;

	while (l->delivered < l->n && packet(l, l->delivered)->due_us <= now_us)
		bytes += packet(l, l->delivered++)->len;
	take_acks(l, now_us);
	return bytes;
}

uint64_t fr_link_model_next(const struct fr_link_model *l)
{
	uint64_t due = l->delivered < l->n ? packet(l, l->delivered)->due_us : UINT64_MAX;
	uint64_t ack = l->n && l->delivered ? packet(l, 0)->ack_us : UINT64_MAX;

	return due < ack ? due : ack;
}
