/* Which failures are worth a line, and when. */
#include "origin/complaint.h"

#include <stdio.h>

#include "base/log.h"
#include "http/h1.h"

#define X(name, label, status, counter, text) +1
_Static_assert(0 FR_FETCH_ERROR_TABLE(X) <= FR_ORIGIN_CAUSES, "a row for each error");
#undef X

/* A tunnel that nobody uses, and a request that cannot be written, say nothing of
 * the origin. */
static bool is_of_origin(enum fr_fetch_error e)
{
	return e != FR_FETCH_TIMEOUT_TUNNEL && e != FR_FETCH_REQUEST;
}

/* Whether it is our turn: of several workers that fail at once one speaks. *before: how
 * many failures were not told of. */
static bool is_due(struct fr_origin_cause *c, uint64_t now_s, uint64_t *before)
{
	uint64_t next = atomic_load_explicit(&c->next_s, memory_order_relaxed);

	if (now_s < next ||
	    !atomic_compare_exchange_strong(&c->next_s, &next, now_s + FR_COMPLAINT_INTERVAL_S)) {
		(void)atomic_fetch_add_explicit(&c->untold, 1, memory_order_relaxed);
		return false;
	}
	*before = atomic_exchange_explicit(&c->untold, 0, memory_order_relaxed);
	return true;
}

void fr_complain(const struct fr_origin_stats *stats, const char *origin,
                 const struct fr_request *req, enum fr_fetch_error e, struct fr_str words,
                 uint64_t now_s)
{
	uint64_t before = 0;
	char more[80] = "";

	if (!stats->causes || !is_of_origin(e) || !is_due(&stats->causes[e], now_s, &before))
		return;
	if (before)
		(void)snprintf(more, sizeof more, " (and %llu times more since this was last said)",
		               (unsigned long long)before);
	FR_LOG(WARN, "origin", "%s: %.*s %.*s: %.*s%s", origin, FR_STR_ARG(req->method_text),
	       FR_STR_ARG(req->target), FR_STR_ARG(words), more);
}

/* "one fault, another fault" of the bits. */
static void print_faults(char *out, size_t cap, uint32_t faults)
{
	size_t n = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < FR_H1_SLOPPY_COUNT && n < cap; i++)
		if (faults >> i & 1)
			n += (size_t)snprintf(out + n, cap - n, "%s%s", n ? ", " : "",
			                      fr_h1_sloppy_str(i));
}

void fr_complain_of_faults(const struct fr_origin_stats *stats, const char *origin,
                           const struct fr_request *req, uint32_t faults)
{
	uint32_t before;
	char text[512];

	if (!stats->sloppy)
		return;
	before = atomic_fetch_or_explicit(stats->sloppy, faults, memory_order_relaxed);
	if (!(faults & ~before))
		return;
	print_faults(text, sizeof text, faults & ~before);
	if (before)
		FR_LOG(DEBUG, "origin", "%s: faulty response read as meant: %s", origin, text);
	else
		FR_LOG(WARN, "origin",
		       "%s: the response to %.*s %.*s is faulty and was read as meant: %s. "
		       "Please mend the origin; this is said once for each origin",
		       origin, FR_STR_ARG(req->method_text), FR_STR_ARG(req->target), text);
}
