/* One entry of a HAR as part of a page load: when it began, its destination, and whether a
 * hint could name it. Reads what browsers write in addition to HAR 1.2 (fields with an
 * underscore, Sec-Fetch-*), and works without it. No I/O. */
#ifndef FR_LAB_REPORT_HAR_ENTRY_H
#define FR_LAB_REPORT_HAR_ENTRY_H

#include <jansson.h>

#include "hints/plan.h"

struct fr_har_entry {
	const json_t *json;   /* borrowed */
	const char *url;      /* borrowed; absolute, http or https */
	const char *page;     /* borrowed; its pageref, "" if none */
	double start_ms;      /* since 1970; NaN: it does not say */
	size_t index;         /* in the file */
	enum fr_as as;        /* FR_AS_UNKNOWN: nothing that a hint can name */
	bool is_get;          /* what is sent otherwise cannot be preloaded */
	bool is_redirect;     /* 3xx with a target */
	bool is_ok;           /* 2xx or 304 */
	bool is_cors;         /* asked for with CORS */
	bool is_top_document; /* as far as it says */
};

/* False: nothing of a page load (no object, no web address). */
bool fr_har_entry_read(const json_t *entry, size_t index, struct fr_har_entry *out);
/* Part of the load that a page waits for; false: beacons, favicons, sockets,
 * preflights, prefetches, and all that is not GET. */
bool fr_har_entry_counts(const struct fr_har_entry *e);
/* What named it, as an absolute URL: the initiator, else the referer. "" unknown. */
const char *fr_har_initiator(const struct fr_har_entry *e);
/* Where a redirect leads, as it is written: an absolute or relative URL. "" unknown. */
struct fr_str fr_har_redirect(const struct fr_har_entry *e);
/* Does it say whether rendering waits for it? 1: yes; 0: no; negative: it says nothing. */
int fr_har_is_blocking(const struct fr_har_entry *e);
/* Does it say that it is for another medium, as print.css? */
bool fr_har_is_idle(const struct fr_har_entry *e);
/* Bytes of the body as they were sent, as well as it says. */
uint64_t fr_har_bytes(const struct fr_har_entry *e);
/* Was the body larger before it was sent? Some tools leave Content-Encoding out. */
bool fr_har_is_compressed(const struct fr_har_entry *e);
/* A time of `timings` in milliseconds; 0: not there, or -1. */
double fr_har_timing(const struct fr_har_entry *e, const char *name);

#endif
