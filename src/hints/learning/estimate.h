/* Shares with their certainty: counts of loads in which an asset was needed, kept apart by what
 * tells visitors apart, and the bound that decisions are made by. Pure arithmetic.
 *
 * FACETS. Eight bytes say what kind of visitor a load had: the device, whether data is to be
 * saved, and the values of cookies that have few (an A/B test). 0 is a value like others.
 * Counts are kept for each combination that occurs (a cell). An estimate pools all cells but
 * where a facet makes a significant difference (two-proportion test, p < 0.01): then only cells
 * with the visitor's value count, and so on with what is left, the strongest facet first.
 *
 * Counts are in sixteenths of a load, so that they can age. */
#ifndef FR_HINTS_LEARNING_ESTIMATE_H
#define FR_HINTS_LEARNING_ESTIMATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FR_COUNT_UNIT 16u
/* About as many loads are remembered: each further one takes 0.5 % of the others' weight. */
#define FR_COUNT_WINDOW 200u
#define FR_FACETS 8u

struct fr_pair { /* needed in k of n */
	uint16_t k, n;
};

/* Adds a load's evidence of that weight (in units). */
void fr_pair_add(struct fr_pair *p, bool is_needed, unsigned weight);
/* Multiplies both by num/den, at most 1. */
void fr_pair_scale(struct fr_pair *p, uint64_t num, uint64_t den);

/* A facet's value of the eight. */
static inline unsigned fr_facet(uint64_t facets, unsigned i)
{
	return (unsigned)(facets >> 8 * i) & 0xffu;
}

/* What an estimate rests on, in loads. */
struct fr_estimate {
	double k, n;
	uint8_t facets; /* bit i: only loads with the visitor's value of facet i count */
};

/* pairs: of one asset, one for each cell. only: facets that are to count whether they make a
 * difference here or not. */
struct fr_estimate fr_estimate_cells(const uint64_t *cells, const struct fr_pair *pairs, size_t n,
                                     uint64_t visitor, uint8_t only);

/* One-sided 95 % Wilson bounds of k in n; 0 and 1 without any. */
double fr_estimate_lower(double k, double n);
double fr_estimate_upper(double k, double n);

#endif
