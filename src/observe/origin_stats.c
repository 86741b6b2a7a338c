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
	struct fr_origin_last last;
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
	for (size_t i = 0; i < r->n; i++) {
		(void)pthread_mutex_destroy(&r->entries[i].last.lock);
		free(r->entries[i].stats);
	}
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
		(void)pthread_mutex_init(&r->entries[i].last.lock, NULL);
		r->entries[i].stats = fr_calloc(r->workers, sizeof(struct fr_origin_stats));
		for (size_t w = 0; w < r->workers; w++) {
			r->entries[i].stats[w].sloppy = &r->entries[i].sloppy;
			r->entries[i].stats[w].causes = r->entries[i].causes;
			r->entries[i].stats[w].last = &r->entries[i].last;
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
}

static void add_failures(struct fr_origin_sum *to, struct entry *from)
{
	to->is_failing = atomic_load_explicit(&from->last.is_failing, memory_order_relaxed);
	for (size_t i = 0; i < FR_ORIGIN_CAUSES; i++) {
		to->causes[i] = load(&from->causes[i].count);
		to->cause_names[i] = atomic_load(&from->causes[i].name);
	}
	(void)pthread_mutex_lock(&from->last.lock);
	to->last_failure_s = from->last.at_s;
	memcpy(to->last_failure, from->last.text, sizeof to->last_failure);
	(void)pthread_mutex_unlock(&from->last.lock);
}

void fr_origin_stats_failed(struct fr_origin_stats *s, unsigned cause, const char *name,
                            const char *words, uint64_t now_s)
{
	fr_count_stat(&s->failed, 1);
	if (!s->last || cause >= FR_ORIGIN_CAUSES)
		return;
	atomic_store(&s->causes[cause].name, name);
	(void)atomic_fetch_add_explicit(&s->causes[cause].count, 1, memory_order_relaxed);
	atomic_store_explicit(&s->last->is_failing, true, memory_order_relaxed);
	(void)pthread_mutex_lock(&s->last->lock);
	s->last->at_s = now_s;
	(void)snprintf(s->last->text, sizeof s->last->text, "%s", words);
	(void)pthread_mutex_unlock(&s->last->lock);
}

void fr_origin_stats_answered(struct fr_origin_stats *s, uint64_t first_byte_us)
{
	fr_count_stat(&s->first_byte_us, first_byte_us);
	fr_count_stat(&s->answers, 1);
	/* read first: all workers share it */
	if (s->last && atomic_load_explicit(&s->last->is_failing, memory_order_relaxed))
		atomic_store_explicit(&s->last->is_failing, false, memory_order_relaxed);
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
		add_failures(&out[i], &r->entries[i]);
	}
	(void)pthread_mutex_unlock(&r->lock);
	return n;
}
