/* Statistics of a profile, against values computed by hand. */
#include <math.h>

#include "lab/measurement/stats.h"
#include "unit.h"

static void about(double actual, double expected)
{
	if (fabs(actual - expected) > 1e-9)
		fail_msg("%g is not %g", actual, expected);
}

static void median_and_quartiles_are_those_of_the_sorted_values(void **state)
{
	const double v[] = {9, 1, 5, 3, 7};
	struct fr_spread s = fr_stats_spread(v, 5);

	(void)state;
	about(s.median, 5);
	about(s.low, 3);
	about(s.high, 7);
	s = fr_stats_spread(v, 2);
	about(s.median, 5);
	s = fr_stats_spread(v, 0);
	assert_int_equal(s.n, 0);
	about(s.median, 0);
}

static void a_shift_is_the_median_of_all_differences(void **state)
{
	const double a[] = {1, 2, 3, 4}, b[] = {11, 12, 13, 14};
	struct fr_shift s = fr_stats_shift(a, 4, b, 4);

	(void)state;
	about(s.estimate, 10);
	/* with four each only the extremes are certain: 2 of 70 arrangements */
	assert_true(s.is_certain);
	about(s.low, 7);
	about(s.high, 13);
	assert_true(s.is_different);
	s = fr_stats_shift(b, 4, a, 4);
	about(s.estimate, -10);
	assert_true(s.is_different);
}

static void the_interval_of_nine_runs_is_the_textbooks(void **state)
{
	double a[9], b[9], d[81];
	struct fr_shift s;
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < 9; i++) {
		a[i] = (double)(i * i);
		b[i] = 3 + (double)(i * 7 % 9) * 5;
	}
	s = fr_stats_shift(a, 9, b, 9);
	for (size_t i = 0; i < 81; i++) /* insertion sort */
	{
		double v = b[i % 9] - a[i / 9];
		size_t k = n++;

		for (; k && d[k - 1] > v; k--)
			d[k] = d[k - 1];
		d[k] = v;
	}
	/* Mann-Whitney, n = m = 9, two-sided 5 %: U = 17, so the 18th from each end */
	about(s.low, d[17]);
	about(s.high, d[81 - 18]);
	about(s.estimate, d[40]);
}

static void overlapping_samples_show_no_difference(void **state)
{
	const double a[] = {1, 5, 9, 13, 17}, b[] = {2, 6, 8, 14, 16};
	struct fr_shift s = fr_stats_shift(a, 5, b, 5);

	(void)state;
	assert_true(s.is_certain);
	assert_false(s.is_different);
	assert_true(s.low < 0 && s.high > 0);
}

static void three_runs_are_too_few_to_be_certain(void **state)
{
	const double a[] = {1, 2, 3}, b[] = {101, 102, 103};
	struct fr_shift s = fr_stats_shift(a, 3, b, 3);

	(void)state;
	about(s.estimate, 100);
	assert_false(s.is_certain);
	assert_false(s.is_different);
	s = fr_stats_shift(a, 0, b, 3);
	assert_false(s.is_certain);
}

static void large_samples_do_not_overflow(void **state)
{
	double a[FR_STATS_MAX], b[FR_STATS_MAX];
	struct fr_shift s;

	(void)state;
	for (size_t i = 0; i < FR_STATS_MAX; i++) {
		a[i] = (double)(i % 17);
		b[i] = (double)(i % 17) + 4;
	}
	s = fr_stats_shift(a, FR_STATS_MAX, b, FR_STATS_MAX);
	about(s.estimate, 4);
	assert_true(s.is_different);
	assert_true(s.low >= 2 && s.high <= 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(median_and_quartiles_are_those_of_the_sorted_values),
		cmocka_unit_test(a_shift_is_the_median_of_all_differences),
		cmocka_unit_test(the_interval_of_nine_runs_is_the_textbooks),
		cmocka_unit_test(overlapping_samples_show_no_difference),
		cmocka_unit_test(three_runs_are_too_few_to_be_certain),
		cmocka_unit_test(large_samples_do_not_overflow),
	};

	RUN(tests);
}
