/* One direction of a connection over an emulated link, as numbers: a line with a rate that
 * several connections may share, a delay, losses, and a sender that begins with a small
 * window and doubles it every round trip (RFC 6928, RFC 5681 slow start) up to what the
 * link and its queue hold. No I/O and no clock: times are passed in, in microseconds, so
 * that a test can say to the microsecond what must come out.
 *
 *   send -> window -> line (rate, shared) -> delay -> due; ack comes back a delay later
 *
 * A lost packet is sent again when the sender learns of it, a round trip later; later
 * packets wait for it (TCP delivers in order), and the window is halved. */
#ifndef FR_LAB_NETWORK_LINK_MODEL_H
#define FR_LAB_NETWORK_LINK_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FR_LINK_PACKET_BYTES 1448u /* payload of a full TCP segment */
#define FR_LINK_INITIAL_PACKETS 10u
#define FR_LINK_MAX_PACKETS 4096u /* under way at once; more wait at the sender */
#define FR_LINK_LOSS_UNIT 1000000u

/* The line itself. Zeroed but for rate and loss. */
struct fr_link_line {
	uint64_t rate_bps; /* bits a second; 0: no limit */
	uint64_t free_us;  /* when it is idle */
	uint32_t loss;     /* packets lost of FR_LINK_LOSS_UNIT */
	uint64_t random;   /* state; any seed: losses are the same for the same seed */
};

struct fr_link_packet {
	uint64_t due_us; /* arrives */
	uint64_t ack_us; /* the sender knows */
	uint32_t len;
};

struct fr_link_model {
	struct fr_link_line *line;            /* borrowed */
	uint64_t delay_us;                    /* one way */
	size_t window, in_flight, max_window; /* bytes */
	size_t threshold;                     /* slow start up to here */
	uint64_t recovered_us;                /* a loss before then halves nothing more */
	uint64_t last_due_us;
	struct fr_link_packet *ring; /* owned; FR_LINK_MAX_PACKETS */
	size_t first, n, delivered;  /* delivered: of the n, those handed out */
};

void fr_link_model_init(struct fr_link_model *l, struct fr_link_line *line, uint64_t delay_us);
void fr_link_model_fini(struct fr_link_model *l);

/* How many bytes the sender may send now. */
size_t fr_link_model_room(struct fr_link_model *l, uint64_t now_us);
/* Sends up to that many. */
void fr_link_model_send(struct fr_link_model *l, uint64_t now_us, size_t len);
/* Bytes that have arrived since the last call. */
size_t fr_link_model_deliver(struct fr_link_model *l, uint64_t now_us);
/* When something happens next; UINT64_MAX: nothing is under way. */
uint64_t fr_link_model_next(const struct fr_link_model *l);

#endif
