/* Counts, splits and bounds. */
#include "hints/learning/estimate.h"

#include <math.h>

#define Z 1.645       /* one-sided 95 % */
#define Z2_SPLIT 6.63 /* two-sided 99 % */

void fr_pair_scale(struct fr_pair *p, uint64_t num, uint64_t den)
{
	p->k = (uint16_t)(p->k * num / den);
	p->n = (uint16_t)(p->n * num / den);
}

void fr_pair_add(struct fr_pair *p, bool is_needed, unsigned weight)
{
	const unsigned most = FR_COUNT_WINDOW * FR_COUNT_UNIT;

	if (p->n + weight > most)
		fr_pair_scale(p, most - weight, p->n);
	p->n = (uint16_t)(p->n + weight);
	if (is_needed)
		p->k = (uint16_t)(p->k + weight);
}

struct sums {
	double k, n;
};

static bool matches(uint64_t cell, uint64_t visitor, uint8_t facets)
{
	for (unsigned i = 0; i < FR_FACETS; i++)
		if ((facets & 1u << i) && fr_facet(cell, i) != fr_facet(visitor, i))
			return false;
	return true;
}

static struct sums sum(const uint64_t *cells, const struct fr_pair *pairs, size_t n,
                       uint64_t visitor, uint8_t facets)
{
	struct sums s = {0};

	for (size_t i = 0; i < n; i++)
		if (matches(cells[i], visitor, facets)) {
			s.k += pairs[i].k;
			s.n += pairs[i].n;
		}
	s.k /= FR_COUNT_UNIT;
	s.n /= FR_COUNT_UNIT;
	return s;
}

/* How much the loads with the visitor's value differ from the rest: z squared. */
static double difference(struct sums all, struct sums same)
{
	double rest_k = all.k - same.k, rest_n = all.n - same.n, p, d;

	if (same.n < 1 || rest_n < 1)
		return 0;
	p = all.k / all.n;
	if (p <= 0 || p >= 1)
		return 0;
	d = same.k / same.n - rest_k / rest_n;
	return d * d / (p * (1 - p) * (1 / same.n + 1 / rest_n));
}

struct fr_estimate fr_estimate_cells(const uint64_t *cells, const struct fr_pair *pairs, size_t n,
                                     uint64_t visitor, uint8_t only)
{
	uint8_t used = only;
	struct sums all = sum(cells, pairs, n, visitor, used);

	for (;;) {
		double strongest = Z2_SPLIT;
		unsigned best = FR_FACETS;

		if (all.k <= 0 || all.k >= all.n)
			break;
		for (unsigned i = 0; i < FR_FACETS; i++) {
			double z2;

			if (used & 1u << i)
				continue;
			z2 = difference(all,
			                sum(cells, pairs, n, visitor, (uint8_t)(used | 1u << i)));
			if (z2 > strongest) {
				strongest = z2;
				best = i;
			}
		}
		if (best == FR_FACETS)
			break;
		used |= (uint8_t)(1u << best);
		all = sum(cells, pairs, n, visitor, used);
	}
	return (struct fr_estimate){.k = all.k, .n = all.n, .facets = used};
}

static double bound(double k, double n, double sign)
{
	double p = k / n, z2 = Z * Z;
	double middle = p + z2 / (2 * n);
	double half = Z * sqrt(p * (1 - p) / n + z2 / (4 * n * n));

	return (middle + sign * half) / (1 + z2 / n);
}

double fr_estimate_lower(double k, double n)
{
	if (n <= 0)
		return 0;
	return bound(k < n ? k : n, n, -1);
}

double fr_estimate_upper(double k, double n)
{
	if (n <= 0)
		return 1;
	return bound(k < n ? k : n, n, 1);
}
