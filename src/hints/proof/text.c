/* fr_proof_text of proof.h: figures in words. */
#include <math.h>
#include <stdio.h>

#include "hints/proof/proof.h"
#include "hints/proof/sequence.h"
#include "hints/proof/subject.h"
#include "hints/proof/trial.h"

/* "1,840" */
static const char *thousands(double n, char out[32])
{
	uint64_t v = (uint64_t)n;

	if (v < 1000)
		(void)snprintf(out, 32, "%u", (unsigned)v);
	else if (v < 1000000)
		(void)snprintf(out, 32, "%u,%03u", (unsigned)(v / 1000), (unsigned)(v % 1000));
	else
		(void)snprintf(out, 32, "%llu million", (unsigned long long)(v / 1000000));
	return out;
}

/* Per cent, rounded: what a gain or a loss is in words. */
static int percent(double gain)
{
	return (int)lround(fr_sequence_share(gain) * 100);
}

static const char *name_of(enum fr_metric m)
{
	switch (m) {
	case FR_METRIC_PAINT:
		return "first paint";
	case FR_METRIC_COMPLETE:
		return "page complete";
	case FR_METRIC_FIRST_BYTE:
		return "first byte";
	case FR_METRIC_COUNT:
		break;
	}
	return "?";
}

static void write_gain(enum fr_metric m, const struct fr_gain *g, char *out)
{
	char loads[32];
	int of = percent(g->of.gain), low = percent(g->low), high = percent(g->high);

	(void)thousands(g->of.n_with + g->of.n_without, loads);
	if (g->low > 0)
		(void)snprintf(out, FR_PROOF_TEXT_BYTES,
		               "%s %d %% sooner, between %d and %d, from %s loads", name_of(m), of,
		               low, high, loads);
	else if (g->high < 0)
		(void)snprintf(out, FR_PROOF_TEXT_BYTES,
		               "%s %d %% later, between %d and %d, from %s loads", name_of(m), -of,
		               -high, -low, loads);
	else
		(void)snprintf(out, FR_PROOF_TEXT_BYTES,
		               "%s: no difference shown yet, between %d %% later and %d %% sooner, "
		               "from %s loads",
		               name_of(m), -low, high, loads);
}

const char *fr_proof_text(const struct fr_proof_row *row, char out[FR_PROOF_TEXT_BYTES])
{
	enum fr_metric m = row->has_witness ? FR_METRIC_PAINT : FR_METRIC_COMPLETE;
	const struct fr_gain *g = &row->gain[m];

	if (row->state == FR_TRIAL_NEW)
		(void)snprintf(out, FR_PROOF_TEXT_BYTES,
		               "not compared yet: %u of %u loads with hints", row->begin,
		               FR_SUBJECT_BEGIN_LOADS);
	else if (row->state == FR_TRIAL_NONE)
		(void)snprintf(out, FR_PROOF_TEXT_BYTES, "no hints: %s with them",
		               fr_harm_str(row->harm));
	else if (g->of.t > 0)
		write_gain(m, g, out);
	else
		(void)snprintf(out, FR_PROOF_TEXT_BYTES,
		               "too few loads: %.0f with hints, %.0f without", g->of.n_with,
		               g->of.n_without);
	return out;
}
