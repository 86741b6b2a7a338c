#include "tools/demo/link_model.h"

#include <stdlib.h>

#include "base/mem.h"

/* IP and TCP headers, which the rate carries as well. */
#define PACKET_OVERHEAD_BYTES 52u

void fr_link_model_init(struct fr_link_model *l, uint64_t rate_bps, uint64_t delay_us)
{
	uint64_t holds = rate_bps / 8 * (2 * delay_us) / 1000000;

	*l = (struct fr_link_model){.rate_bps = rate_bps, .delay_us = delay_us};
	l->window = (size_t)FR_LINK_INITIAL_PACKETS * FR_LINK_PACKET_BYTES;
	/* what is in the pipe, and as much again in the queue before it */
	l->max_window = rate_bps ? (size_t)(2 * holds) : SIZE_MAX / 2;
	if (l->max_window < l->window)
		l->max_window = l->window;
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

/* Acknowledgements open the window by what they acknowledge: slow start. */
static void take_acks(struct fr_link_model *l, uint64_t now_us)
{
	while (l->n && l->delivered && packet(l, 0)->ack_us <= now_us) {
		uint32_t len = packet(l, 0)->len;

		l->in_flight -= len;
		l->window += len;
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

static void send_packet(struct fr_link_model *l, uint64_t now_us, uint32_t len)
{
	struct fr_link_packet *p = packet(l, l->n);
	uint64_t start = l->free_us > now_us ? l->free_us : now_us;

	l->free_us = start;
	if (l->rate_bps)
		l->free_us += (uint64_t)(len + PACKET_OVERHEAD_BYTES) * 8 * 1000000 / l->rate_bps;
	p->len = len;
	p->due_us = l->free_us + l->delay_us;
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
