/* Decides how much a connection may send while one of its pages is due. Until the
 * response comes, the connection carries assets of the page. They must not stand before
 * the page: not in a queue of the link, not in the kernel, and not in the congestion
 * window. The kernel does not report acknowledgements as events, so the caller asks again
 * soon when output is held back.
 *
 *   too little is unsent, the window has room ---> a chunk of whole packets
 *   else                                      ---> nothing: output is held back
 *   no page is due, or it is a round trip late -> a chunk
 *
 * One page at a time: the last one that was announced. No I/O, no clock. */
#ifndef FR_HINTS_PACING_H
#define FR_HINTS_PACING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hints/budget.h"

/* Assets leave this much of the congestion window to the page's head and first bytes, and
 * to each link that its fields may have. Without it they wait a round trip. */
#define FR_PACING_PAGE_BYTES 3584u
/* A page that the window holds as a whole is kept room for as a whole: the asset that takes
 * its place costs it a round trip, and the asset may wait. Of its fields and frames: */
#define FR_PACING_FIELDS_BYTES 1024u
#define FR_PACING_LINK_BYTES 80u
/* The rate is taken from a burst of so much at least, and acknowledgements that come after a
 * pause of so long are no part of it. The kernel is asked every 4 ms. */
#define FR_PACING_BURST_MS 12u
#define FR_PACING_BURST_PACKETS 3u
#define FR_PACING_PAUSE_MS 25u
/* No more than this waits in the kernel meanwhile. The kernel appends to its last buffer
 * beyond TCP_NOTSENT_LOWAT. */
#define FR_PACING_UNSENT_BYTES 8192u

/* Acknowledgements of a burst that was sent at once: the link spread them, and so told its
 * rate, long before TCP believes in one. */
struct fr_pacing_burst {
	bool is_begun, is_over;
	uint64_t base_bytes; /* acknowledged before it */
	uint64_t end_bytes;  /* when so many are, it is over: later ones were paced */
	uint64_t first_ms, first_bytes, last_ms, last_bytes;
};

/* Of one connection. {0}: no page is due. */
struct fr_pacing {
	bool is_due;
	uint64_t due_ms;           /* when the page is expected */
	uint64_t page_bytes;       /* of the window, kept for its head */
	uint64_t whole_bytes;      /* kept for all of it, if the window holds that; 0: unknown */
	uint64_t rate_bytes_per_s; /* of the path, as last known; 0: never */
	struct fr_pacing_burst burst;
};

/* A page that was asked for. */
struct fr_pacing_page {
	uint32_t think_ms;   /* it is expected in; 0: unknown, output is not held back */
	size_t links;        /* that its fields may have */
	uint64_t body_bytes; /* of its body, as last seen; 0: unknown */
};
void fr_pacing_expect(struct fr_pacing *p, uint64_t now_ms, const struct fr_pacing_page *page);
/* The page came, or will not come. */
void fr_pacing_end(struct fr_pacing *p);

/* What the connection may send. */
struct fr_pacing_output {
	uint64_t chunk_bytes;  /* at most, in one go */
	uint64_t packet_bytes; /* what a packet carries; not 0 */
};
/* Returns how many bytes may be made into frames now; 0: output is held back. Remembers the
 * path's rate: while output is held back, the path shows none. */
uint64_t fr_pacing_room(struct fr_pacing *p, const struct fr_budget_path *path, uint64_t now_ms,
                        const struct fr_pacing_output *out);

#endif
