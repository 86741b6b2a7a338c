/* A page load in model time, for tests: the page model and its HTTP/2 client
 * on one end of an emulated link, the edge's HTTP/2 session with a scripted
 * site on the other. No sockets, no TLS, no clock: what happens when follows
 * from the link's numbers alone. */
#ifndef FR_UNIT_MODEL_SITE_H
#define FR_UNIT_MODEL_SITE_H

#include "lab/measurement/measurement.h"
#include "unit.h"

#define MODEL_MAX_NAMES 8

struct model_file {
	const char *path, *type, *body;
	size_t padding;                    /* bytes behind the body */
	uint64_t think_ms;                 /* before the answer */
	const char *link;                  /* Link field of the answer */
	const char *early;                 /* Link field of a 103, sent at once */
	const char *push[MODEL_MAX_NAMES]; /* promised at once */
	const char *cache_control;
	int status; /* 0: 200 */
};

struct model_network {
	uint64_t rate_bps; /* down; up has no limit */
	uint64_t delay_us; /* one way */
	uint32_t loss;
	unsigned cpu_percent; /* of the page's main thread */
};

/* Loads https://site/ to its end. accept_push and early_hints: of the client. */
void model_load(const struct model_file *files, size_t n, const struct model_network *network,
                bool accept_push, bool early_hints, struct fr_measurement *out);

/* The entry whose URL ends like that; fails the test if there is none. */
const struct fr_measurement_entry *model_entry(const struct fr_measurement *l, const char *path);

#endif
