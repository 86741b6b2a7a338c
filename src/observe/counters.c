/* Names of counters, and their sums over workers. */
#include "observe/counters.h"

const char *fr_counter_name(enum fr_counter id)
{
	static const char *const names[] = {
#define X(id, name, ...) #name,
		FR_GAUGE_TABLE(X) FR_COUNTER_TABLE(X)
#undef X
	};

	return (unsigned)id < FR_COUNTER_COUNT ? names[id] : "?";
}

void fr_counters_sum(const struct fr_counters *from, uint64_t *sums)
{
	for (size_t i = 0; i < FR_COUNTER_COUNT; i++)
		sums[i] += atomic_load_explicit(&from->v[i], memory_order_relaxed);
	for (size_t i = 0; i < FR_COUNTERS_EXTRA; i++)
		sums[FR_COUNTER_COUNT + i] +=
			atomic_load_explicit(&from->extra[i], memory_order_relaxed);
}
