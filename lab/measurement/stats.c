/* Quantiles, the Hodges-Lehmann estimate and its exact interval. */
#include "lab/measurement/stats.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Linear between neighbours (type 7 of Hyndman and Fan). */
static double quantile(const double *sorted, size_t n, double q)
{
	double at = q * (double)(n - 1);
	size_t i = (size_t)at;

	if (i + 1 >= n)
		return sorted[n - 1];
	return sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]);
}

struct fr_spread fr_stats_spread(const double *values, size_t n)
{
	double v[FR_STATS_MAX];

	n = n < FR_STATS_MAX ? n : FR_STATS_MAX;
	if (!n)
		return (struct fr_spread){0};
	memcpy(v, values, n * sizeof *v);
	qsort(v, n, sizeof *v, compare);
	return (struct fr_spread){.n = n,
	                          .median = quantile(v, n, 0.5),
	                          .low = quantile(v, n, 0.25),
	                          .high = quantile(v, n, 0.75)};
}

/* The largest k for which P(U < k) <= the error allowed at one end, U being the
 * Mann-Whitney statistic of samples of n and m. Its distribution is the
 * Gaussian binomial coefficient: the product of (1 - q^(n+i)) / (1 - q^i). */
static size_t critical(size_t n, size_t m)
{
	size_t top = n * m, k = 0;
	double *c = fr_calloc(top + 1, sizeof *c), total = 0, sum = 0;

	c[0] = 1;
	for (size_t i = 1; i <= m; i++) {
		for (size_t u = top; u >= n + i; u--)
			c[u] -= c[u - n - i];
		for (size_t u = i; u <= top; u++)
			c[u] += c[u - i];
	}
	for (size_t u = 0; u <= top; u++)
		total += c[u];
	while (k <= top && sum + c[k] <= total * (100 - FR_STATS_CONFIDENCE) / 200.0)
		sum += c[k++];
	free(c);
	return k;
}

struct fr_shift fr_stats_shift(const double *a, size_t n_a, const double *b, size_t n_b)
{
	struct fr_shift s = {0};
	size_t n, k;
	double *d;

	n_a = n_a < FR_STATS_MAX ? n_a : FR_STATS_MAX;
	n_b = n_b < FR_STATS_MAX ? n_b : FR_STATS_MAX;
	n = n_a * n_b;
	if (!n)
		return s;
	d = fr_calloc(n, sizeof *d);
	for (size_t i = 0; i < n; i++)
		d[i] = b[i % n_b] - a[i / n_b];
	qsort(d, n, sizeof *d, compare);
	s.estimate = quantile(d, n, 0.5);
	k = critical(n_a, n_b);
	s.is_certain = k > 0;
	k = k ? k - 1 : 0;
	s.low = d[k];
	s.high = d[n - 1 - k];
	s.is_different = s.is_certain && (s.low > 0 || s.high < 0);
	free(d);
	return s;
}
