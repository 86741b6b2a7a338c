/* Asking the origin, as stages: the limit for each client, and the fetch. */
#include "exchange/ask.h"

#include "exchange/exchange.h"
#include "observe/counters.h"

static enum fr_step check_quota(struct fr_exchange *ex, void **slot)
{
	(void)slot;
	if (ex->client->origin_requests < ex->gen->config->limits.origin_requests_per_client)
		return FR_STEP_NEXT;
	fr_count(&ex->worker->counters, FR_COUNT_LIMIT_ORIGIN_REQUESTS);
	fr_exchange_turn_away(ex);
	return FR_STEP_REFUSED;
}

static enum fr_step ask_origin(struct fr_exchange *ex, void **slot)
{
	(void)slot;
	fr_exchange_fetch(ex);
	return FR_STEP_TAKEN;
}

const struct fr_stage fr_quota_stage = {.name = "quota", .request = check_quota};
const struct fr_stage fr_origin_stage = {.name = "origin", .request = ask_origin};
