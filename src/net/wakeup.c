/* Wakes of one thread by others, and by itself. Declared in net/wakeup.h. */
#include "net/wakeup.h"

#include <stdlib.h>

#include "base/mem.h"

static void unref(struct fr_wakeup *n)
{
	if (atomic_fetch_sub_explicit(&n->refs, 1, memory_order_acq_rel) == 1)
		free(n);
}

/* On its own thread a note needs no lock and no system call. */
static void wake(struct fr_watcher *w)
{
	struct fr_wakeup *n = FR_CONTAINER(w, struct fr_wakeup, watcher);
	struct fr_wakeup_queue *q = n->queue;

	if (atomic_exchange_explicit(&n->is_posted, true, memory_order_acq_rel))
		return;
	atomic_fetch_add_explicit(&n->refs, 1, memory_order_relaxed);
	if (pthread_equal(pthread_self(), q->thread)) {
		n->next = q->own;
		q->own = n;
		fr_loop_flush_later(q->loop, &q->task);
		return;
	}
	(void)pthread_mutex_lock(&q->lock);
	n->next = q->posted;
	q->posted = n;
	(void)pthread_mutex_unlock(&q->lock);
	fr_loop_wake(q->loop);
}

struct fr_wakeup *fr_wakeup_new(struct fr_wakeup_queue *q, void (*run)(void *user), void *user)
{
	struct fr_wakeup *n = fr_calloc(1, sizeof *n);

	n->watcher.wake = wake;
	atomic_init(&n->refs, 1);
	n->queue = q;
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

static void run_list(struct fr_wakeup *list)
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

static void drop_list(struct fr_wakeup *list)
{
	while (list) {
		struct fr_wakeup *n = list;

		list = n->next;
		unref(n);
	}
}

static void run_own(void *user)
{
	struct fr_wakeup_queue *q = user;
	struct fr_wakeup *list = q->own;

	q->own = NULL;
	run_list(list);
}

void fr_wakeups_init(struct fr_wakeup_queue *q, struct fr_loop *loop)
{
	*q = (struct fr_wakeup_queue){.loop = loop, .task = {.run = run_own, .user = q}};
	q->thread = pthread_self();
	(void)pthread_mutex_init(&q->lock, NULL);
}

void fr_wakeups_set_thread(struct fr_wakeup_queue *q)
{
	q->thread = pthread_self();
}

void fr_wakeups_run(struct fr_wakeup_queue *q)
{
	struct fr_wakeup *list;

	(void)pthread_mutex_lock(&q->lock);
	list = q->posted;
	q->posted = NULL;
	(void)pthread_mutex_unlock(&q->lock);
	run_list(list);
}

void fr_wakeups_fini(struct fr_wakeup_queue *q)
{
	drop_list(q->posted);
	drop_list(q->own);
	(void)pthread_mutex_destroy(&q->lock);
}
