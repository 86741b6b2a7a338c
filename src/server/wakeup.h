/* How one worker's thread tells another that something changed: a watcher
 * (cache/body.h) whose wake, from any thread, makes `run` happen on the worker
 * that made the note, at the end of a turn, once for any number of wakes.
 * Reference-counted: its owner, and the worker's queue while it is in there. */
#ifndef FR_SERVER_WAKEUP_H
#define FR_SERVER_WAKEUP_H

#include "cache/body.h"

struct fr_worker;

struct fr_wakeup {
	struct fr_watcher watcher; /* to be registered with a body or flight */
	_Atomic uint32_t refs;
	_Atomic bool is_posted;
	struct fr_worker *worker; /* borrowed */
	struct fr_wakeup *next;   /* in the worker's queue */
	void (*run)(void *user);
	void *user; /* borrowed; NULL when closed. Worker's thread only */
};

/* Never NULL. */
struct fr_wakeup *fr_wakeup_new(struct fr_worker *w, void (*run)(void *user), void *user);
/* No `run` any more; clears the pointer. The watcher must be registered nowhere. */
void fr_wakeup_close(struct fr_wakeup **n);

/* For the worker: takes the notes in its queue and runs them; drops them. */
void fr_wakeups_run(struct fr_wakeup *list);
void fr_wakeups_drop(struct fr_wakeup *list);

#endif
