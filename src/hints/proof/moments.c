/* Adds values to a mean and a sum of squares, without cancellation. */
#include "hints/proof/moments.h"

#include <math.h>

/* More than any edge serves, and few enough that doubles count them exactly. */
#define MAX_VALUES 1e12
/* Of logarithms: of no time that anybody waits. */
#define MAX_MEAN 100.0

void fr_moments_add(struct fr_moments *m, double x)
{
	double d = x - m->mean;

	m->n += 1;
	m->mean += d / m->n;
	m->m2 += d * (x - m->mean);
}

void fr_moments_merge(struct fr_moments *m, const struct fr_moments *other)
{
	double n = m->n + other->n;
	double d = other->mean - m->mean;

	if (other->n <= 0)
		return;
	m->mean += d * other->n / n;
	m->m2 += other->m2 + d * d * m->n * other->n / n;
	m->n = n;
}

bool fr_moments_are_valid(const struct fr_moments *m)
{
	if (!isfinite(m->n) || !isfinite(m->mean) || !isfinite(m->m2))
		return false;
	if (m->n < 0 || m->n > MAX_VALUES || floor(m->n) < m->n || fabs(m->mean) > MAX_MEAN)
		return false;
	return m->m2 >= 0 && m->m2 <= m->n * MAX_MEAN * MAX_MEAN && (m->n >= 2 || m->m2 <= 0);
}
