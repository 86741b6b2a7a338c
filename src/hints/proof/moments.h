/* Number, mean and spread of values, one value at a time (Welford), and those of two sets
 * together (Chan, Golub, LeVeque): sums of many loads, of several workers or edges, lose no
 * digits. Used by hints/proof. No I/O, no clock. */
#ifndef FR_HINTS_PROOF_MOMENTS_H
#define FR_HINTS_PROOF_MOMENTS_H

#include <stdbool.h>

/* {0}: no values. */
struct fr_moments {
	double n;    /* values */
	double mean; /* of them */
	double m2;   /* sum of the squared distances from the mean */
};

/* x: finite. */
void fr_moments_add(struct fr_moments *m, double x);
/* Adds all values of `other`. */
void fr_moments_merge(struct fr_moments *m, const struct fr_moments *other);
/* Could values have given these? For what was read from elsewhere. */
bool fr_moments_are_valid(const struct fr_moments *m);

#endif
