/* How one worker's thread tells another that something changed: a watcher
 * (cache/body.h) whose wake, from any thread, makes `run` happen on the thread
 * that made it, at the end of a turn, once for any number of wakes.
 * Reference-counted: its owner, and the queue while it is in there. */
#ifndef FR_NET_WAKEUP_H
#define FR_NET_WAKEUP_H

#include <pthread.h>

#include "cache/body.h"
#include "net/loop.h"

struct fr_wakeup;

/* What is to run on one thread. Embedded in what has the thread's loop. */
struct fr_wakeup_queue {
	struct fr_loop *loop; /* borrowed; is woken for what other threads post */
	pthread_t thread;
	struct fr_task task;
	struct fr_wakeup *own; /* owned: posted by the thread itself */
	pthread_mutex_t lock;
	struct fr_wakeup *posted; /* owned: by other threads, under the lock */
};

struct fr_wakeup {
	struct fr_watcher watcher; /* to be registered with a body or flight */
	_Atomic uint32_t refs;
	_Atomic bool is_posted;
	struct fr_wakeup_queue *queue; /* borrowed */
	struct fr_wakeup *next;        /* in the queue */
	void (*run)(void *user);
	void *user; /* borrowed; NULL when closed. Queue's thread only */
};

/* Never NULL. */
struct fr_wakeup *fr_wakeup_new(struct fr_wakeup_queue *q, void (*run)(void *user), void *user);
/* No `run` any more; clears the pointer. The watcher must be registered nowhere. */
void fr_wakeup_close(struct fr_wakeup **n);

/* Of a loop that the calling thread runs, for now. */
void fr_wakeups_init(struct fr_wakeup_queue *q, struct fr_loop *loop);
/* The calling thread runs the loop from here on. Before anything is posted. */
void fr_wakeups_set_thread(struct fr_wakeup_queue *q);
/* Runs what other threads posted: to be called when they have woken the loop. */
void fr_wakeups_run(struct fr_wakeup_queue *q);
/* Drops what was not run. Nothing is posted any more. */
void fr_wakeups_fini(struct fr_wakeup_queue *q);

#endif
