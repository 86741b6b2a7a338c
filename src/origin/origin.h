/* An origin as one worker sees it: a set of endpoints (the addresses of its host) with a
 * protocol, and the pool of connections to them. Fetches (origin/fetch.h) are made through
 * it. A request takes an idle connection (the one used last, so that the others can age),
 * or a new one, or waits for one when max_connections are open. Then the address that
 * holds least is served first, and a request that stalls, or whose address holds most,
 * makes way (origin/share.h). One loop owns it. */
#ifndef FR_ORIGIN_ORIGIN_H
#define FR_ORIGIN_ORIGIN_H

#include "config/config.h"
#include "net/loop.h"
#include "net/tls.h"
#include "observe/counters.h"
#include "observe/origin_stats.h"

struct fr_origin;

struct fr_origin_limits {
	size_t response_fields_bytes; /* head and trailers, each */
	size_t response_fields_count;
	size_t output_bytes;           /* request bytes waiting for the origin's socket */
	uint32_t tunnel_ms;            /* after a 101: nothing moved either way */
	struct fr_origin_stats *stats; /* borrowed, outlives the origin */
	uint64_t seed;                 /* of the hash of clients' addresses */
};

/* config, counters: borrowed, must outlive the origin. tls: a reference is
 * taken; NULL for plain HTTP. Never NULL. */
struct fr_origin *fr_origin_new(struct fr_loop *l, const struct fr_config_origin *config,
                                struct fr_tls_client *tls, const struct fr_origin_limits *limits,
                                struct fr_counters *counters);
/* All fetches must have ended. Idle connections are closed; memory is freed
 * when the last has closed, after the call. `config` is not used any more,
 * `counters` until then. Clears the pointer. */
void fr_origin_close(struct fr_origin **o);

/* Closes all idle connections now (drain). Those in use are closed when their
 * fetch ends. */
void fr_origin_drain(struct fr_origin *o);

#endif
