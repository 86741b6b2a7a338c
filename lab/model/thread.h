/* A browser's main thread as a queue of jobs that run one at a time. No clock: times are
 * passed in, in microseconds. A job begins when it was posted and the jobs before it have
 * ended; its effects come at its end.
 *
 *   post -> waiting -> [begins: its cost is asked] -> [ends] -> take
 *
 * Used by the page model (page.h). */
#ifndef FR_LAB_MODEL_THREAD_H
#define FR_LAB_MODEL_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Jobs that wait at once. The page model posts at most two for an entry, and a
 * handful for the page. */
#define FR_THREAD_MAX_JOBS 4096u

struct fr_thread_job {
	unsigned kind; /* the caller's */
	size_t arg;    /* likewise */
	uint64_t posted_us;
};

struct fr_thread {
	struct fr_thread_job *jobs; /* owned; FR_THREAD_MAX_JOBS, as a ring */
	size_t first, n;
	bool is_busy;     /* the first has begun */
	uint64_t free_us; /* when the last one ended; busy: when the first will end */
};

void fr_thread_init(struct fr_thread *t);
void fr_thread_fini(struct fr_thread *t);
void fr_thread_post(struct fr_thread *t, unsigned kind, size_t arg, uint64_t now_us);
/* The job posted last if it has not begun and is of that kind (its arg may be
 * changed until the next call of fr_thread_take); else NULL. */
struct fr_thread_job *fr_thread_last(struct fr_thread *t, unsigned kind);
/* Does a job of that kind wait that has not begun? */
bool fr_thread_has(const struct fr_thread *t, unsigned kind);
/* Takes a job that has ended by now: true, with the time of its end. cost: what
 * a job that begins takes, in microseconds. Call it again until it says false. */
bool fr_thread_take(struct fr_thread *t, uint64_t now_us,
                    uint64_t (*cost)(void *user, const struct fr_thread_job *j), void *user,
                    struct fr_thread_job *out, uint64_t *end_us);
/* When the job under way ends; UINT64_MAX: none is. */
uint64_t fr_thread_next(const struct fr_thread *t);

#endif
