/* The registry of origins: counters by name that outlive a reload of the configuration. */
#include "observe/origin_stats.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct entry {
	char name[264];
	struct fr_origin_stats *stats; /* owned; one for each worker */
	_Atomic uint32_t sloppy;       /* what these point to */
	struct fr_origin_cause causes[FR_ORIGIN_CAUSES];
};

struct fr_origin_registry {
	pthread_mutex_t lock;
	size_t workers, n;
	struct entry entries[FR_ORIGINS_MAX + 1]; /* the last one: "other" */
};

struct fr_origin_registry *fr_origin_registry_new(size_t workers)
{
	struct fr_origin_registry *r = fr_calloc(1, sizeof *r);

	r->workers = workers;
	(void)pthread_mutex_init(&r->lock, NULL);
	return r;
}

void fr_origin_registry_free(struct fr_origin_registry **rp)
{
	struct fr_origin_registry *r = *rp;

	if (!r)
		return;
	for (size_t i = 0; i < r->n; i++)
		free(r->entries[i].stats);
	(void)pthread_mutex_destroy(&r->lock);
	free(r);
	*rp = NULL;
}

struct fr_origin_stats *fr_origin_registry_get(struct fr_origin_registry *r, const char *name,
                                               size_t worker)
{
	struct fr_origin_stats *found;
	size_t i = 0;

	(void)pthread_mutex_lock(&r->lock);
	while (i < r->n && i < FR_ORIGINS_MAX &&
	       strncmp(r->entries[i].name, name, sizeof r->entries[i].name - 1) != 0)
		i++;
	if (i == r->n) {
		(void)snprintf(r->entries[i].name, sizeof r->entries[i].name, "%.263s",
		               i == FR_ORIGINS_MAX ? "other" : name);
		r->entries[i].stats = fr_calloc(r->workers, sizeof(struct fr_origin_stats));
		for (size_t w = 0; w < r->workers; w++) {
			r->entries[i].stats[w].sloppy = &r->entries[i].sloppy;
			r->entries[i].stats[w].causes = r->entries[i].causes;
		}
		r->n++;
	}
	found = &r->entries[i].stats[worker];
	(void)pthread_mutex_unlock(&r->lock);
	return found;
}

static uint64_t load(const _Atomic uint64_t *v)
{
	return atomic_load_explicit(v, memory_order_relaxed);
}

static void add(struct fr_origin_sum *to, const struct fr_origin_stats *from)
{
	to->connections += load(&from->connections);
	to->idle += load(&from->idle);
	to->waiting += load(&from->waiting);
	to->requests += load(&from->requests);
	to->failed += load(&from->failed);
	to->errors += load(&from->errors);
	to->first_byte_us += load(&from->first_byte_us);
	to->answers += load(&from->answers);
	if (load(&from->last_failure_s) > to->last_failure_s)
		to->last_failure_s = load(&from->last_failure_s);
}

size_t fr_origin_registry_collect(struct fr_origin_registry *r, struct fr_origin_sum *out)
{
	size_t n;

	(void)pthread_mutex_lock(&r->lock);
	n = r->n;
	for (size_t i = 0; i < n; i++) {
		out[i] = (struct fr_origin_sum){0};
		memcpy(out[i].name, r->entries[i].name, sizeof out[i].name);
		for (size_t w = 0; w < r->workers; w++)
			add(&out[i], &r->entries[i].stats[w]);
	}
	(void)pthread_mutex_unlock(&r->lock);
	return n;
}
