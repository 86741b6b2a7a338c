/* The registry of sites: counters by name that outlive a reload of the configuration. */
#include "observe/site_stats.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "observe/counters.h"

struct entry {
	char name[FR_SITE_NAME_BYTES];
	struct fr_site_stats *stats; /* owned; one for each worker */
};

struct fr_site_registry {
	pthread_mutex_t lock;
	size_t workers, n;
	struct entry entries[FR_SITES_MAX + 1]; /* the last one: "other" */
};

void fr_site_stats_add(struct fr_site_stats *s, const struct fr_record *r)
{
	fr_counter_bump(&s->sent_bytes, r->sent_bytes);
	if (r->is_push)
		return;
	fr_counter_bump(&s->requests, 1);
	if (r->cache == FR_CACHE_RESULT_HIT || r->cache == FR_CACHE_RESULT_STALE)
		fr_counter_bump(&s->hits, 1);
	if (r->status >= 500)
		fr_counter_bump(&s->errors, 1);
	if (r->is_page)
		fr_counter_bump(&s->pages, 1);
	if (r->purpose)
		fr_counter_bump(&s->prefetches, 1);
}

struct fr_site_registry *fr_site_registry_new(size_t workers)
{
	struct fr_site_registry *r = fr_calloc(1, sizeof *r);

	r->workers = workers;
	(void)pthread_mutex_init(&r->lock, NULL);
	return r;
}

void fr_site_registry_free(struct fr_site_registry **rp)
{
	struct fr_site_registry *r = *rp;

	if (!r)
		return;
	for (size_t i = 0; i < r->n; i++)
		free(r->entries[i].stats);
	(void)pthread_mutex_destroy(&r->lock);
	free(r);
	*rp = NULL;
}

struct fr_site_stats *fr_site_registry_get(struct fr_site_registry *r, const char *name,
                                           size_t worker)
{
	struct fr_site_stats *found;
	size_t i = 0;

	(void)pthread_mutex_lock(&r->lock);
	while (i < r->n && i < FR_SITES_MAX &&
	       strncmp(r->entries[i].name, name, FR_SITE_NAME_BYTES - 1) != 0)
		i++;
	if (i == r->n) {
		(void)snprintf(r->entries[i].name, FR_SITE_NAME_BYTES, "%.263s",
		               i == FR_SITES_MAX ? "other" : name);
		r->entries[i].stats = fr_calloc(r->workers, sizeof(struct fr_site_stats));
		r->n++;
	}
	found = &r->entries[i].stats[worker];
	(void)pthread_mutex_unlock(&r->lock);
	return found;
}

size_t fr_site_registry_collect(struct fr_site_registry *r, struct fr_site_sum *out)
{
	size_t n;

	(void)pthread_mutex_lock(&r->lock);
	n = r->n;
	for (size_t i = 0; i < n; i++) {
		out[i] = (struct fr_site_sum){0};
		memcpy(out[i].name, r->entries[i].name, sizeof out[i].name);
		for (size_t w = 0; w < r->workers; w++) {
			struct fr_site_stats *from = &r->entries[i].stats[w];

#define X(name) out[i].name += atomic_load_explicit(&from->name, memory_order_relaxed);
			FR_SITE_FIGURE_TABLE(X)
#undef X
		}
	}
	(void)pthread_mutex_unlock(&r->lock);
	return n;
}
