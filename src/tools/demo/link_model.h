/* One direction of an emulated link, as numbers: a serialiser with a rate, a
 * delay, and a sender that begins with a small window and doubles it every
 * round trip (RFC 6928, RFC 5681 slow start) up to what the link holds. No
 * I/O and no clock: times are passed in, in microseconds, so that a test can
 * say to the microsecond what must come out.
 *
 *   send -> window -> serialiser (rate) -> delay -> due; ack comes back a delay later
 */
#ifndef FR_TOOLS_DEMO_LINK_MODEL_H
#define FR_TOOLS_DEMO_LINK_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FR_LINK_PACKET_BYTES 1448u /* payload of a full TCP segment */
#define FR_LINK_INITIAL_PACKETS 10u
#define FR_LINK_MAX_PACKETS 4096u /* under way at once; more wait at the sender */

struct fr_link_packet {
	uint64_t due_us; /* arrives */
	uint64_t ack_us; /* the sender knows */
	uint32_t len;
};

struct fr_link_model {
	uint64_t rate_bps;                    /* bits a second; 0: no limit */
	uint64_t delay_us;                    /* one way */
	uint64_t free_us;                     /* when the serialiser is idle */
	size_t window, in_flight, max_window; /* bytes */
	struct fr_link_packet *ring;          /* owned; FR_LINK_MAX_PACKETS */
	size_t first, n, delivered;           /* delivered: of the n, those handed out */
};

void fr_link_model_init(struct fr_link_model *l, uint64_t rate_bps, uint64_t delay_us);
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
