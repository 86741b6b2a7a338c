#include "hints/proof/sequence.h"

#include <math.h>

#include "hints/proof_sim.h"
#include "unit.h"

#define STRATA 8u

static bool is_near(double a, double b)
{
	return fabs(a - b) <= 1e-9 * (1 + fabs(b));
}

/* --- moments --- */

static void moments_keep_their_digits_far_from_zero(void **state)
{
	struct fr_moments m = {0};

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		fr_moments_add(&m, 1e9 + (double)(i % 2));
	assert_true(is_near(m.mean, 1e9 + 0.5));
	assert_true(fabs(m.m2 - 250) < 1e-3);
}

static void moments_of_two_sets_are_those_of_all_values(void **state)
{
	struct sim sim = {7};
	struct fr_moments all = {0}, parts[3] = {0}, sum = {0};

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		double x = 5 + sim_normal(&sim);

		fr_moments_add(&all, x);
		fr_moments_add(&parts[i % 2], x); /* the third stays empty */
	}
	for (unsigned i = 0; i < 3; i++)
		fr_moments_merge(&sum, &parts[i]);
	assert_true(is_near(sum.n, all.n) && is_near(sum.mean, all.mean) &&
	            is_near(sum.m2, all.m2));
	assert_true(fr_moments_are_valid(&sum));
}

static void moments_that_no_values_give_are_refused(void **state)
{
	static const struct fr_moments bad[] = {
		{NAN, 0, 0}, {-1, 0, 0}, {1.5, 0, 0},   {2, INFINITY, 0}, {2, 0, -1},
		{2, 0, NAN}, {1, 0, 1},  {1e300, 0, 0}, {2, 1e9, 0},      {2, 0, 1e300},
	};
	struct fr_moments none = {0};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(fr_moments_are_valid(&bad[i]));
	assert_true(fr_moments_are_valid(&none));
}

/* --- the sequence --- */

static void nothing_is_said_of_few_loads(void **state)
{
	struct fr_stratum v = {0};
	struct fr_estimate e;

	(void)state;
	for (unsigned i = 0; i < FR_SEQUENCE_MIN_LOADS; i++) {
		fr_sequence_estimate(&v, 1, &e);
		assert_true(isinf(fr_sequence_radius(&e, 0.05)));
		assert_true(isinf(fr_sequence_radius_above(&e, 0.1)));
		fr_moments_add(&v.with, 4);
		fr_moments_add(&v.without, 5);
	}
	fr_sequence_estimate(&v, 1, &e);
	assert_true(fr_sequence_radius(&e, 0.05) < 1);
	assert_true(is_near(e.gain, 1));
}

static void the_bound_is_the_mixtures(void **state)
{
	/* spread 1, so that t and r are of one unit: r = 64 / 7.936 */
	struct fr_estimate e = {.t = 64, .spread = 1};
	double r = 64 / 7.936;

	(void)state;
	assert_true(is_near(fr_sequence_radius(&e, 0.05),
	                    sqrt((64 + r) * log((64 + r) / (r * 0.0025))) / 64));
	/* the interval of a fixed number of loads would be 1.96 / 8 = 0.245 */
	assert_true(fr_sequence_radius(&e, 0.05) > 0.36 && fr_sequence_radius(&e, 0.05) < 0.39);
	assert_true(fr_sequence_radius_above(&e, 0.1) < fr_sequence_radius(&e, 0.05));
}

static void a_gain_is_a_share_of_the_time(void **state)
{
	(void)state;
	assert_true(is_near(fr_sequence_share(log(1 / 0.8)), 0.2));
	assert_true(is_near(fr_sequence_share(log(1 / 1.2)), -0.2));
	assert_true(is_near(fr_sequence_share(0), 0));
}

/* Strata that differ by far more than the hints change nothing, also when one arm happens to
 * have more loads of the slow one. */
static void strata_are_compared_within_themselves(void **state)
{
	struct fr_stratum v[2] = {0};
	struct fr_estimate e;
	struct sim sim = {11};

	(void)state;
	for (unsigned i = 0; i < 4000; i++) {
		bool is_slow = i % 2, is_held = sim_uniform(&sim) < (is_slow ? 0.5 : 0.1);
		double x = (is_slow ? 8 : 5) + 0.2 * sim_normal(&sim) - (is_held ? 0 : 0.1);

		fr_moments_add(is_held ? &v[i % 2].without : &v[i % 2].with, x);
	}
	fr_sequence_estimate(v, 2, &e);
	assert_true(fabs(e.gain - 0.1) < 0.03);
	assert_true(fabs(e.spread - 0.2) < 0.02);
}

/* --- operating characteristics: seeds are fixed, so the shares are, too --- */

struct design {
	double gain, spread, held_out;
	unsigned loads, runs;
	double skew; /* of the times: 0: none */
};
struct found {
	double gains, losses, harms; /* share of the runs in which it was ever so */
};

static double noise(struct sim *sim, double skew)
{
	double x = sim_normal(sim);

	if (skew <= 0)
		return x;
	return (exp(skew * x) - exp(skew * skew / 2)) /
	       (exp(skew * skew / 2) * sqrt(expm1(skew * skew)));
}

static void one_run(const struct design *d, unsigned seed, struct found *out)
{
	struct fr_stratum v[STRATA] = {0};
	struct sim sim = {seed * 7919u + 13};
	bool gains = false, losses = false, harms = false;

	for (unsigned i = 0; i < d->loads; i++) {
		unsigned stratum = (unsigned)(sim_uniform(&sim) * sim_uniform(&sim) * STRATA);
		bool is_held = sim_uniform(&sim) < d->held_out;
		double x = 5 + 0.3 * stratum + d->spread * noise(&sim, d->skew);
		struct fr_estimate e;
		double radius;

		fr_moments_add(is_held ? &v[stratum].without : &v[stratum].with,
		               is_held ? x : x - d->gain);
		fr_sequence_estimate(v, STRATA, &e);
		radius = fr_sequence_radius(&e, 0.05);
		gains |= e.gain - radius > 0;
		losses |= e.gain + radius < 0;
		harms |= e.gain + fr_sequence_radius_above(&e, 0.1) < 0;
	}
	out->gains += gains ? 1.0 / d->runs : 0;
	out->losses += losses ? 1.0 / d->runs : 0;
	out->harms += harms ? 1.0 / d->runs : 0;
}

static struct found simulate(const struct design *d)
{
	struct found f = {0};

	for (unsigned i = 0; i < d->runs; i++)
		one_run(d, i, &f);
	print_message("gain %.3f, spread %.2f, %.0f %% held out, %u loads: gain %.3f, loss %.3f, "
	              "harm %.3f\n",
	              d->gain, d->spread, 100 * d->held_out, d->loads, f.gains, f.losses, f.harms);
	return f;
}

static void a_gain_of_a_fifth_is_decided_by_500_loads(void **state)
{
	struct found f = simulate(&(struct design){
		.gain = log(1 / 0.8), .spread = 0.4, .held_out = 0.2, .loads = 500, .runs = 400});

	(void)state;
	assert_true(f.gains >= 0.95);
	assert_true(f.losses <= 0.01 && f.harms <= 0.01);
}

static void looking_after_each_load_gives_few_false_alarms(void **state)
{
	struct found f = simulate(
		&(struct design){.spread = 0.4, .held_out = 0.2, .loads = 2000, .runs = 300});

	(void)state;
	assert_true(f.gains + f.losses <= 0.05);
	assert_true(f.harms <= 0.10);
}

static void also_with_a_tenth_held_out_and_much_noise(void **state)
{
	struct found f = simulate(
		&(struct design){.spread = 0.8, .held_out = 0.1, .loads = 2000, .runs = 300});

	(void)state;
	assert_true(f.gains + f.losses <= 0.05);
	assert_true(f.harms <= 0.10);
}

/* Log times have a longer tail towards slow loads. */
static void also_with_times_that_are_skewed(void **state)
{
	struct found f = simulate(&(struct design){
		.spread = 0.4, .held_out = 0.2, .loads = 2000, .runs = 300, .skew = 0.3});

	(void)state;
	assert_true(f.gains + f.losses <= 0.05);
	assert_true(f.harms <= 0.12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moments_keep_their_digits_far_from_zero),
		cmocka_unit_test(moments_of_two_sets_are_those_of_all_values),
		cmocka_unit_test(moments_that_no_values_give_are_refused),
		cmocka_unit_test(nothing_is_said_of_few_loads),
		cmocka_unit_test(the_bound_is_the_mixtures),
		cmocka_unit_test(a_gain_is_a_share_of_the_time),
		cmocka_unit_test(strata_are_compared_within_themselves),
		cmocka_unit_test(a_gain_of_a_fifth_is_decided_by_500_loads),
		cmocka_unit_test(looking_after_each_load_gives_few_false_alarms),
		cmocka_unit_test(also_with_a_tenth_held_out_and_much_noise),
		cmocka_unit_test(also_with_times_that_are_skewed),
	};

	RUN(tests);
}
