/* Figures of each origin, kept by its name over reloads: one set for each worker, written
 * by its thread alone. The number of names is bounded; further origins share one called
 * "other". */
#ifndef FR_OBSERVE_ORIGIN_STATS_H
#define FR_OBSERVE_ORIGIN_STATS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Origins that are told apart. */
#define FR_ORIGINS_MAX 128u

/* Ways to fail that are told apart (the errors of origin/fetch.h). */
#define FR_ORIGIN_CAUSES 16u

/* One way in which an origin fails, over all workers. */
struct fr_origin_cause {
	_Atomic uint64_t next_s;    /* the log says it again from then on; wall clock */
	_Atomic uint64_t untold;    /* failures since it said so */
	_Atomic uint64_t count;     /* failures of all time */
	_Atomic(const char *) name; /* "connect"; static; NULL: never happened */
};

/* Bytes of a failure in words. */
#define FR_ORIGIN_FAILURE_BYTES 320u

/* The last failure of an origin, over all workers. */
struct fr_origin_last {
	pthread_mutex_t lock;               /* of the two that follow */
	char text[FR_ORIGIN_FAILURE_BYTES]; /* in words; "": never */
	uint64_t at_s;                      /* wall clock */
	_Atomic bool is_failing;            /* since then it has not answered */
};

struct fr_origin_stats {
	_Atomic uint64_t connections, idle, waiting; /* gauges: open, of those unused; requests */
	_Atomic uint64_t requests, failed, errors;   /* errors: answered with 5xx */
	_Atomic uint64_t first_byte_us, answers;     /* sum of times to a head, of how many */
	/* The origin's, of all workers; borrowed from the registry: kinds of faults in its
	 * responses that were borne, a bit for each. NULL: nobody wants to know. */
	_Atomic uint32_t *sloppy;
	struct fr_origin_cause *causes; /* likewise: FR_ORIGIN_CAUSES of them */
	struct fr_origin_last *last;    /* likewise */
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
	bool is_failing;         /* the last thing heard of it is a failure */
	uint64_t last_failure_s; /* wall clock; 0: never */
	char last_failure[FR_ORIGIN_FAILURE_BYTES];
	uint64_t causes[FR_ORIGIN_CAUSES];         /* failures of each */
	const char *cause_names[FR_ORIGIN_CAUSES]; /* static; NULL: never happened */
};

/* It failed: in which way (below FR_ORIGIN_CAUSES), what that is called (static), and in words.
 * now_s: the wall clock. */
void fr_origin_stats_failed(struct fr_origin_stats *s, unsigned cause, const char *name,
                            const char *words, uint64_t now_s);
/* It answered, so many microseconds after it was asked. */
void fr_origin_stats_answered(struct fr_origin_stats *s, uint64_t first_byte_us);

struct fr_origin_registry;

struct fr_origin_registry *fr_origin_registry_new(size_t workers);
void fr_origin_registry_free(struct fr_origin_registry **r);
/* Stays valid until the registry is freed. Any thread. */
struct fr_origin_stats *fr_origin_registry_get(struct fr_origin_registry *r, const char *name,
                                               size_t worker);
/* Sums over workers, at most FR_ORIGINS_MAX + 1; returns how many. Any thread. */
size_t fr_origin_registry_collect(struct fr_origin_registry *r, struct fr_origin_sum *out);

#endif
