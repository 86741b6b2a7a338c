/* Histograms with fixed buckets, added to by one thread and read by any. */
#include "base/histogram.h"

const uint32_t fr_histogram_bounds_us[FR_HISTOGRAM_BUCKETS] = {
	100,    250,    500,    1000,    2500,    5000,    10000,    25000,    50000,
	100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000, 30000000, 60000000};

/* One writer: a load and a store are enough. */
static void bump(_Atomic uint64_t *v, uint64_t n)
{
	atomic_store_explicit(v, atomic_load_explicit(v, memory_order_relaxed) + n,
	                      memory_order_relaxed);
}

static size_t bucket_of(uint64_t us)
{
	size_t i = 0;

	while (i < FR_HISTOGRAM_BUCKETS && us > fr_histogram_bounds_us[i])
		i++;
	return i;
}

void fr_histogram_add(struct fr_histogram *h, uint64_t us)
{
	bump(&h->counts[bucket_of(us)], 1);
	bump(&h->sum_us, us);
}

void fr_histogram_sum_add(struct fr_histogram_sum *h, uint64_t us)
{
	h->counts[bucket_of(us)]++;
	h->sum_us += us;
}

void fr_histogram_sum_merge(struct fr_histogram_sum *h, const struct fr_histogram_sum *from)
{
	for (size_t i = 0; i <= FR_HISTOGRAM_BUCKETS; i++)
		h->counts[i] += from->counts[i];
	h->sum_us += from->sum_us;
}

void fr_histogram_collect(struct fr_histogram *from, struct fr_histogram_sum *to)
{
	for (size_t i = 0; i <= FR_HISTOGRAM_BUCKETS; i++)
		to->counts[i] += atomic_load_explicit(&from->counts[i], memory_order_relaxed);
	to->sum_us += atomic_load_explicit(&from->sum_us, memory_order_relaxed);
}

uint64_t fr_histogram_count(const struct fr_histogram_sum *h)
{
	uint64_t n = 0;

	for (size_t i = 0; i <= FR_HISTOGRAM_BUCKETS; i++)
		n += h->counts[i];
	return n;
}

uint64_t fr_histogram_quantile(const struct fr_histogram_sum *h, double share)
{
	double rank = share * (double)fr_histogram_count(h), before = 0;

	if (fr_histogram_count(h) == 0)
		return 0;
	for (size_t i = 0; i < FR_HISTOGRAM_BUCKETS; i++) {
		double n = (double)h->counts[i];
		double low = i ? fr_histogram_bounds_us[i - 1] : 0;

		if (n > 0 && before + n >= rank)
			return (uint64_t)(low + (fr_histogram_bounds_us[i] - low) *
			                                (rank > before ? (rank - before) / n : 0));
		before += n;
	}
	return fr_histogram_bounds_us[FR_HISTOGRAM_BUCKETS - 1];
}
