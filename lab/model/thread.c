/* The main thread's queue of jobs, in model time. */
#include "lab/model/thread.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"

void fr_thread_init(struct fr_thread *t)
{
	*t = (struct fr_thread){.jobs = fr_calloc(FR_THREAD_MAX_JOBS, sizeof *t->jobs)};
}

void fr_thread_fini(struct fr_thread *t)
{
	free(t->jobs);
	*t = (struct fr_thread){0};
}

static struct fr_thread_job *job_at(const struct fr_thread *t, size_t i)
{
	return &t->jobs[(t->first + i) % FR_THREAD_MAX_JOBS];
}

void fr_thread_post(struct fr_thread *t, unsigned kind, size_t arg, uint64_t now_us)
{
	FR_ASSERT(t->n < FR_THREAD_MAX_JOBS);
	*job_at(t, t->n++) = (struct fr_thread_job){kind, arg, now_us};
}

struct fr_thread_job *fr_thread_last(struct fr_thread *t, unsigned kind)
{
	struct fr_thread_job *j = t->n > (t->is_busy ? 1 : 0) ? job_at(t, t->n - 1) : NULL;

	return j && j->kind == kind ? j : NULL;
}

bool fr_thread_has(const struct fr_thread *t, unsigned kind)
{
	for (size_t i = t->is_busy ? 1 : 0; i < t->n; i++)
		if (job_at(t, i)->kind == kind)
			return true;
	return false;
}

bool fr_thread_take(struct fr_thread *t, uint64_t now_us,
                    uint64_t (*cost)(void *user, const struct fr_thread_job *j), void *user,
                    struct fr_thread_job *out, uint64_t *end_us)
{
	if (!t->n)
		return false;
	if (!t->is_busy) {
		const struct fr_thread_job *j = job_at(t, 0);

		t->free_us =
			(t->free_us > j->posted_us ? t->free_us : j->posted_us) + cost(user, j);
		t->is_busy = true;
	}
	if (t->free_us > now_us)
		return false;
	*out = *job_at(t, 0);
	*end_us = t->free_us;
	t->is_busy = false;
	t->first = (t->first + 1) % FR_THREAD_MAX_JOBS;
	t->n--;
	return true;
}

uint64_t fr_thread_next(const struct fr_thread *t)
{
	return t->is_busy ? t->free_us : UINT64_MAX;
}
