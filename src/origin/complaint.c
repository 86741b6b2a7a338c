/* Which failures are worth a line, and when. */
#include "origin/complaint.h"

#include <stdio.h>

#include "base/log.h"

#define X(name, status, counter, text) +1
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
                 const struct fr_request *req, enum fr_fetch_error e, const char *cause,
                 uint64_t now_s)
{
	uint64_t before = 0;
	char more[80] = "";

	if (!stats->causes || !is_of_origin(e) || !is_due(&stats->causes[e], now_s, &before))
		return;
	if (before)
		(void)snprintf(more, sizeof more, " (and %llu times more since this was last said)",
		               (unsigned long long)before);
	FR_LOG(WARN, "origin", "%s: %.*s %.*s: %s%s%s%s", origin, FR_STR_ARG(req->method_text),
	       FR_STR_ARG(req->target), fr_fetch_error_str(e), *cause ? ": " : "", cause, more);
}
