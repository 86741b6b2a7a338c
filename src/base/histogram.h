/* Times counted in fixed buckets, from a tenth of a millisecond to a minute.
 * One thread writes, any reads; sums are made on reading. */
#ifndef FR_BASE_HISTOGRAM_H
#define FR_BASE_HISTOGRAM_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define FR_HISTOGRAM_BUCKETS 18u

/* Upper bounds in microseconds, ascending; what is longer counts in one more. */
extern const uint32_t fr_histogram_bounds_us[FR_HISTOGRAM_BUCKETS];

struct fr_histogram {
	_Atomic uint64_t counts[FR_HISTOGRAM_BUCKETS + 1]; /* not cumulative */
	_Atomic uint64_t sum_us;
};

struct fr_histogram_sum {
	uint64_t counts[FR_HISTOGRAM_BUCKETS + 1];
	uint64_t sum_us;
};

void fr_histogram_add(struct fr_histogram *h, uint64_t us);
void fr_histogram_collect(struct fr_histogram *from, struct fr_histogram_sum *to);
/* The same for a sum of one thread, or under its lock; and of another one. */
void fr_histogram_sum_add(struct fr_histogram_sum *h, uint64_t us);
void fr_histogram_sum_merge(struct fr_histogram_sum *h, const struct fr_histogram_sum *from);
uint64_t fr_histogram_count(const struct fr_histogram_sum *h);
/* About the time that `share` (0 to 1) of all took at most, by the buckets, in
 * microseconds; 0 without any. */
uint64_t fr_histogram_quantile(const struct fr_histogram_sum *h, double share);

#endif
