/* Pools strata of log times, and bounds the pooled difference at all times. */
#include "hints/proof/sequence.h"

#include <math.h>

/* t at which the sequence is narrowest, for a spread of 1: 400 loads, a fifth held out. */
#define TUNED_AT (400.0 * 0.2 * 0.8)
/* ln-terms of the optimal r for alpha = 0.05: 2 ln(1/a) + ln(1 + 2 ln(1/a)). */
#define TUNED_TERMS 7.936
/* Loads' worth of the spread of all loads that an arm's spread begins with, and of the arm's
 * that a stratum's begins with. */
#define PRIOR_OF_ARM 10.0
#define PRIOR_OF_STRATUM 20.0
/* Times that never differ prove nothing: no spread is taken to be below this. */
#define MIN_VARIANCE 1e-6

/* --- spreads --- */

struct spread {
	double m2, df; /* sum of squares within strata, degrees of freedom */
};

static void add_spread(struct spread *s, const struct fr_moments *m)
{
	if (m->n < 2)
		return;
	s->m2 += m->m2;
	s->df += m->n - 1;
}

/* The variance of s, where little is known that of `prior`. */
static double shrink(const struct spread *s, double prior, double weight)
{
	return (s->m2 + weight * prior) / (s->df + weight);
}

struct arms {
	struct spread with, without;
	double var_with, var_without;
};

static double measure(const struct fr_stratum *v, size_t n, struct arms *out)
{
	struct spread all;
	double var;

	for (size_t i = 0; i < n; i++) {
		add_spread(&out->with, &v[i].with);
		add_spread(&out->without, &v[i].without);
	}
	all = (struct spread){.m2 = out->with.m2 + out->without.m2,
	                      .df = out->with.df + out->without.df};
	var = all.df > 0 ? all.m2 / all.df : 0;
	if (var < MIN_VARIANCE)
		var = MIN_VARIANCE;
	out->var_with = shrink(&out->with, var, PRIOR_OF_ARM);
	out->var_without = shrink(&out->without, var, PRIOR_OF_ARM);
	return var;
}

/* The variance of a stratum's mean in one arm. */
static double variance_of_mean(const struct fr_moments *m, double of_arm)
{
	struct spread s = {0};

	add_spread(&s, m);
	return shrink(&s, of_arm, PRIOR_OF_STRATUM) / m->n;
}

/* --- the estimate --- */

void fr_sequence_estimate(const struct fr_stratum *v, size_t n, struct fr_estimate *out)
{
	struct fr_estimate e = {0};
	struct arms arms = {0};
	double sum = 0;

	e.spread = sqrt(measure(v, n, &arms));
	for (size_t i = 0; i < n; i++) {
		const struct fr_stratum *s = &v[i];
		double w;

		e.n_with += s->with.n;
		e.n_without += s->without.n;
		if (s->with.n < 1 || s->without.n < 1)
			continue;
		w = 1 / (variance_of_mean(&s->with, arms.var_with) +
		         variance_of_mean(&s->without, arms.var_without));
		e.t += w;
		sum += w * (s->without.mean - s->with.mean);
	}
	if (e.t > 0)
		e.gain = sum / e.t;
	if (e.n_with < FR_SEQUENCE_MIN_LOADS || e.n_without < FR_SEQUENCE_MIN_LOADS)
		e.t = 0;
	*out = e;
}

/* --- bounds: in units of the spread, so that r is one for all pages --- */

static double mixture(void)
{
	return TUNED_AT / TUNED_TERMS;
}

double fr_sequence_radius(const struct fr_estimate *e, double alpha)
{
	double r = mixture();
	double t = e->t * e->spread * e->spread;

	if (t <= 0)
		return INFINITY;
	return e->spread * sqrt((t + r) * log((t + r) / (r * alpha * alpha))) / t;
}

double fr_sequence_radius_above(const struct fr_estimate *e, double alpha)
{
	double r = mixture();
	double t = e->t * e->spread * e->spread;

	if (t <= 0)
		return INFINITY;
	return e->spread * sqrt(2 * (t + r) * log(1 + sqrt((t + r) / r) / (2 * alpha))) / t;
}

double fr_sequence_share(double gain)
{
	return -expm1(-gain);
}
