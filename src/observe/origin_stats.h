/* Figures of each origin, kept by its name over reloads: one set for each worker, written
 * by its thread alone. The number of names is bounded; further origins share one called
 * "other". */
#ifndef FR_OBSERVE_ORIGIN_STATS_H
#define FR_OBSERVE_ORIGIN_STATS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* Origins that are told apart. */
#define FR_ORIGINS_MAX 128u

/* Ways to fail that are told apart (the errors of origin/fetch.h). */
#define FR_ORIGIN_CAUSES 16u

/* One way in which an origin fails, over all workers. */
struct fr_origin_cause {
	_Atomic uint64_t next_s; /* the log says it again from then on; wall clock */
	_Atomic uint64_t untold; /* failures since it said so */
};

struct fr_origin_stats {
	_Atomic uint64_t connections, idle, waiting; /* gauges: open, of those unused; requests */
	_Atomic uint64_t requests, failed, errors;   /* errors: answered with 5xx */
	_Atomic uint64_t first_byte_us, answers;     /* sum of times to a head, of how many */
	_Atomic uint64_t last_failure_s;             /* wall clock; 0: never */
	/* The origin's, of all workers; borrowed from the registry: kinds of faults in its
	 * responses that were borne, a bit for each. NULL: nobody wants to know. */
	_Atomic uint32_t *sloppy;
	struct fr_origin_cause *causes; /* likewise: FR_ORIGIN_CAUSES of them */
};

/* One writer. n: UINT64_MAX takes one away. */
static inline void fr_count_stat(_Atomic uint64_t *v, uint64_t n)
{
	atomic_store_explicit(v, atomic_load_explicit(v, memory_order_relaxed) + n,
	                      memory_order_relaxed);
}

struct fr_origin_sum {
	char name[264];
	uint64_t connections, idle, waiting, requests, failed, errors, first_byte_us, answers;
	uint64_t last_failure_s;
};

struct fr_origin_registry;

struct fr_origin_registry *fr_origin_registry_new(size_t workers);
void fr_origin_registry_free(struct fr_origin_registry **r);
/* Stays valid until the registry is freed. Any thread. */
struct fr_origin_stats *fr_origin_registry_get(struct fr_origin_registry *r, const char *name,
                                               size_t worker);
/* Sums over workers, at most FR_ORIGINS_MAX + 1; returns how many. Any thread. */
size_t fr_origin_registry_collect(struct fr_origin_registry *r, struct fr_origin_sum *out);

#endif
