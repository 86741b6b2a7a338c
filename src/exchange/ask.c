/* Asking the origin, as stages: the limit for each client, and the fetch. */
#include "exchange/ask.h"

#include "exchange/exchange.h"
#include "exchange/whose.h"

static enum fr_step take_place(struct fr_exchange *ex, void **slot)
{
	(void)slot;
	if (fr_whose_take_place(ex))
		return FR_STEP_NEXT;
	fr_exchange_turn_away(ex);
	return FR_STEP_REFUSED;
}

static enum fr_step ask_origin(struct fr_exchange *ex, void **slot)
{
	(void)slot;
	fr_exchange_fetch(ex);
	return FR_STEP_TAKEN;
}

const struct fr_stage fr_quota_stage = {.name = "quota", .request = take_place};
const struct fr_stage fr_origin_stage = {.name = "origin", .request = ask_origin};
