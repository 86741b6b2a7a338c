/* Places a load by its client's device and round trip. */
#include "hints/proof/strata.h"

#define FIRST_STEP_US 250u

/* Half steps of a factor of two. */
static unsigned step_of(uint64_t rtt_us)
{
	uint64_t bound = FIRST_STEP_US;
	unsigned step = 0;

	while (step + 2 < FR_STRATA_RTT_STEPS && rtt_us >= bound * 2) {
		bound *= 2;
		step += 2;
	}
	if (step + 1 < FR_STRATA_RTT_STEPS && rtt_us >= bound + bound / 5 * 2)
		step++;
	return step;
}

static void halve(struct fr_rtt_steps *s)
{
	for (unsigned i = 0; i < FR_STRATA_RTT_STEPS; i++)
		s->n[i] /= 2;
}

unsigned fr_strata_of(struct fr_rtt_steps *s, bool is_mobile, uint64_t rtt_us)
{
	unsigned step = step_of(rtt_us);
	uint32_t below = 0, all = 0;
	unsigned quartile;

	for (unsigned i = 0; i < FR_STRATA_RTT_STEPS; i++) {
		all += s->n[i];
		if (i < step)
			below += s->n[i];
	}
	quartile = all ? below * FR_STRATA_QUARTILES / all : 0;
	if (quartile >= FR_STRATA_QUARTILES)
		quartile = FR_STRATA_QUARTILES - 1;
	if (all >= FR_STRATA_RTT_MAX)
		halve(s);
	s->n[step]++;
	return (is_mobile ? FR_STRATA_QUARTILES : 0) + quartile;
}
