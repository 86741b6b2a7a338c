#include "server/wakeup.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"
#include "server/worker.h"

static void unref(struct fr_wakeup *n)
{
	if (atomic_fetch_sub_explicit(&n->refs, 1, memory_order_acq_rel) == 1)
		free(n);
}

/* On its own thread a note needs no lock and no system call. */
static void wake(struct fr_watcher *w)
{
	struct fr_wakeup *n = FR_CONTAINER(w, struct fr_wakeup, watcher);
	struct fr_worker *worker = n->worker;

	if (atomic_exchange_explicit(&n->is_posted, true, memory_order_acq_rel))
		return;
	atomic_fetch_add_explicit(&n->refs, 1, memory_order_relaxed);
	if (pthread_equal(pthread_self(), worker->thread)) {
		n->next = worker->own_notes;
		worker->own_notes = n;
		fr_loop_flush_later(worker->loop, &worker->notes_task);
		return;
	}
	(void)pthread_mutex_lock(&worker->lock);
	n->next = worker->notes;
	worker->notes = n;
	(void)pthread_mutex_unlock(&worker->lock);
	fr_loop_wake(worker->loop);
}

struct fr_wakeup *fr_wakeup_new(struct fr_worker *w, void (*run)(void *user), void *user)
{
	struct fr_wakeup *n = fr_calloc(1, sizeof *n);

	n->watcher.wake = wake;
	atomic_init(&n->refs, 1);
	n->worker = w;
	n->run = run;
	n->user = user;
	return n;
}

void fr_wakeup_close(struct fr_wakeup **np)
{
	struct fr_wakeup *n = *np;

	*np = NULL;
	if (!n)
		return;
	FR_ASSERT(!n->watcher.pprev);
	n->user = NULL;
	unref(n);
}

void fr_wakeups_run(struct fr_wakeup *list)
{
	while (list) {
		struct fr_wakeup *n = list;

		list = n->next;
		atomic_store_explicit(&n->is_posted, false, memory_order_release);
		if (n->user)
			n->run(n->user);
		unref(n);
	}
}

void fr_wakeups_drop(struct fr_wakeup *list)
{
	while (list) {
		struct fr_wakeup *n = list;

		list = n->next;
		unref(n);
	}
}
