/* Statistics that need no assumption about how times are distributed: median
 * and quartiles of a sample; the shift between two samples by Hodges and
 * Lehmann (the median of all differences), with the exact confidence interval
 * that follows from the Mann-Whitney test. No I/O; the same input gives the same output. */
#ifndef FR_LAB_MEASUREMENT_STATS_H
#define FR_LAB_MEASUREMENT_STATS_H

#include <stdbool.h>
#include <stddef.h>

#define FR_STATS_CONFIDENCE 95 /* percent */
/* Values of one sample; more are not looked at. */
#define FR_STATS_MAX 200u

struct fr_spread {
	size_t n;
	double median, low, high; /* low, high: quartiles */
};

struct fr_shift {
	double estimate;  /* of b - a */
	double low, high; /* confidence interval */
	/* the samples are large enough for an interval (four each): else low and
	 * high are the extremes of the differences */
	bool is_certain;
	bool is_different; /* certain, and 0 is outside of the interval */
};

/* n may be 0: all zero. values: not changed. */
struct fr_spread fr_stats_spread(const double *values, size_t n);
struct fr_shift fr_stats_shift(const double *a, size_t n_a, const double *b, size_t n_b);

#endif
