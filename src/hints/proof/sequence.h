/* What hints gain, by comparing page loads with and without them, and how sure that is at any
 * time: a confidence sequence (normal mixture: Robbins 1970; Howard, Ramdas, McAuliffe,
 * Sekhon 2021). An ordinary interval that is looked at every 50 loads is wrong in a quarter
 * of all cases; this one is wrong in at most `alpha` of them, however often it is looked at.
 *
 * Times are compared by their logarithms, within strata (loads that are alike but for the
 * hints), and the strata are pooled by the inverse of their variances:
 *
 *   d = sum(w d) / sum(w)       w = 1 / (s1^2/n1 + s0^2/n0) of each stratum
 *   two sides   |d| t >= sqrt((t + r) ln((t + r) / (r alpha^2)))          t = sum(w)
 *   one side     -d t >= sqrt(2 (t + r) ln(1 + sqrt((t + r) / r) / (2 alpha)))
 *
 * r makes the sequence narrowest at 400 loads with a fifth of them held out. The spread of a
 * small stratum is mostly that of the others, since a few loads do not tell it. No I/O, no
 * clock. */
#ifndef FR_HINTS_PROOF_SEQUENCE_H
#define FR_HINTS_PROOF_SEQUENCE_H

#include <stddef.h>

#include "hints/proof/moments.h"

/* Nothing is said of fewer loads in either arm: the spread is not known yet. */
#define FR_SEQUENCE_MIN_LOADS 12u

/* Logarithms of times of loads that are alike. */
struct fr_stratum {
	struct fr_moments with, without; /* hints */
};

/* Strata pooled. All of logarithms: log(time without) - log(time with), so above zero is a
 * gain. */
struct fr_estimate {
	double n_with, n_without; /* loads */
	double gain;              /* 0 if nothing is known */
	double t;                 /* the inverse of its variance; 0: too few loads */
	double spread;            /* of one load's time within its stratum and arm */
};
void fr_sequence_estimate(const struct fr_stratum *v, size_t n, struct fr_estimate *out);

/* The gain lies within `gain` +- this, but for a chance of alpha over all looks; infinite if
 * nothing is known. */
double fr_sequence_radius(const struct fr_estimate *e, double alpha);
/* The gain is at most `gain` + this, but for a chance of alpha over all looks. */
double fr_sequence_radius_above(const struct fr_estimate *e, double alpha);

/* A gain in logarithms as the share of the time that is saved: 0.2 is a fifth sooner,
 * below zero is later. */
double fr_sequence_share(double gain);

#endif
