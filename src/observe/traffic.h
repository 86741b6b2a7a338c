/* The most requested pages and assets, with the outcomes of their hints and pushes: one
 * table per worker, of bounded size. A new name replaces the least requested one only
 * after several requests, so a scan of names does not displace what matters. URLs are kept
 * without their query. */
#ifndef FR_OBSERVE_TRAFFIC_H
#define FR_OBSERVE_TRAFFIC_H

#include "base/histogram.h"
#include "observe/record.h"

/* In one worker's table; multiples of FR_TRAFFIC_WAYS. */
#define FR_TRAFFIC_PAGES 256u
#define FR_TRAFFIC_ASSETS 1024u
#define FR_TRAFFIC_WAYS 8u
/* Links kept of one page; the rest is only in the log. */
#define FR_TRAFFIC_LINKS 32u
/* Longer names are cut. */
#define FR_TRAFFIC_NAME_BYTES 200u
#define FR_TRAFFIC_LINK_BYTES 120u
/* Shown at most. */
#define FR_TRAFFIC_TOP_PAGES 50u
#define FR_TRAFFIC_TOP_ASSETS 100u

struct fr_traffic_link { /* of one page, over its loads */
	char url[FR_TRAFFIC_LINK_BYTES];
	enum fr_as as;
	int64_t last_us;            /* of the last load: when it was asked for, since 1970 */
	enum fr_hint_source source; /* as of that load */
	enum fr_delivery delivery;
	enum fr_reason reason;
	uint64_t loads;                        /* of the page, with this link */
	uint64_t delivered[FR_DELIVERY_SLOTS]; /* by delivery */
	uint64_t ends[FR_END_COUNT];           /* of its pushes */
	uint64_t pushed_bytes, wasted_bytes;
	uint64_t requests; /* by clients, with the page as Referer; pushes not among them */
};

struct fr_traffic_page {
	char name[FR_TRAFFIC_NAME_BYTES]; /* "host/path" */
	uint64_t loads, errors, hits;     /* errors: 4xx, 5xx, not completed */
	uint64_t duration_us, max_us;     /* sum, of all loads; of the longest */
	uint64_t first_byte_us;           /* sum */
	struct fr_histogram_sum first_bytes;
	int64_t last_us; /* of the last load: when it was asked for, since 1970 */
	int last_status;
	struct fr_plan_learning learning; /* of that load */
	size_t n_links;
	struct fr_traffic_link links[FR_TRAFFIC_LINKS];
};

struct fr_traffic_asset {
	char name[FR_TRAFFIC_NAME_BYTES];
	uint64_t requests, errors, hits; /* asked for by clients */
	uint64_t ends[FR_END_COUNT];     /* pushes, by outcome */
	uint64_t sent_bytes, pushed_bytes, wasted_bytes;
	uint64_t duration_us;
};

struct fr_traffic;

struct fr_traffic *fr_traffic_new(uint64_t seed);
void fr_traffic_free(struct fr_traffic **t);
/* By the worker: n exchanges that have ended. */
void fr_traffic_add(struct fr_traffic *t, const struct fr_record *records, size_t n);

/* The top of several tables together. */
struct fr_traffic_top {
	struct fr_traffic_page *pages;   /* owned; most loads first */
	struct fr_traffic_asset *assets; /* owned; most used first */
	size_t n_pages, n_assets;
};
/* Any thread. */
void fr_traffic_collect(struct fr_traffic *const *tables, size_t n, struct fr_traffic_top *out);
void fr_traffic_top_fini(struct fr_traffic_top *top);

#endif
