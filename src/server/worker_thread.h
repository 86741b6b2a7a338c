/* One worker's thread: it runs the loop in which exchanges and connections live
 * (exchange/worker.h), and does what the server tells it by commands that wake the loop:
 * take over a configuration, drain, end.
 *
 *   RUNNING -> DRAINING -> CUT */
#ifndef FR_SERVER_WORKER_THREAD_H
#define FR_SERVER_WORKER_THREAD_H

#include <pthread.h>

#include "client/clients.h"
#include "exchange/worker.h"

enum fr_worker_state {
	FR_WORKER_RUNNING,
	FR_WORKER_DRAINING, /* no new connections; old ones are being ended */
	FR_WORKER_CUT       /* everything left is closed */
};

/* A listening socket handed to a worker. */
struct fr_listen_fd {
	int fd;                                  /* owned by the worker from the command on */
	const struct fr_config_listener *config; /* borrowed from the shared configuration */
};

struct fr_worker_thread {
	enum fr_worker_state state;
	pthread_t thread;
	struct fr_worker worker;
	struct fr_clients clients;
	struct fr_timer drain_timer;
	bool is_empty, may_end; /* of a drain: see fr_worker_thread_start */
	/* commands, under the lock */
	pthread_mutex_t lock;
	struct fr_shared *next_shared; /* reference; NULL: none */
	struct fr_listen_fd *next_fds; /* owned */
	size_t n_next_fds;
	unsigned applied; /* configurations taken over so far */
	pthread_cond_t applied_cond;
	bool stop_asked, cut_asked, finish_asked;
	/* when the thread ends */
	void (*on_empty)(void *user);
	void (*on_ended)(void *user);
	void *on_ended_user; /* borrowed */
};

/* Makes a worker without a thread: the caller runs its loop, as the fuzz targets do.
 * It serves nothing before the first fr_worker_thread_offer. on_empty: told to stop, and
 * without clients but those of the admin interface; it waits for fr_worker_thread_finish
 * then. 0 or FR_ERR_IO. */
int fr_worker_thread_new(unsigned index, struct fr_admission *admission, struct fr_memory *memory,
                         void (*on_empty)(void *user), void *user,
                         struct fr_worker_thread **out) FR_MUST_USE;
/* Frees one whose loop has ended. Returns the sum of its live-object gauges. */
size_t fr_worker_thread_free(struct fr_worker_thread **w);
/* Makes a worker and starts its thread. on_empty, on_ended: called on that
 * thread. 0 or FR_ERR_IO. */
int fr_worker_thread_start(unsigned index, struct fr_admission *admission, struct fr_memory *memory,
                           void (*on_empty)(void *user), void (*on_ended)(void *user), void *user,
                           struct fr_worker_thread **out) FR_MUST_USE;
/* Gives a configuration and the sockets of its new listeners (those that the
 * worker has already, by text, are not among them; those that are no longer configured
 * are closed). The worker takes it over in its next turn. Returns how many it has taken
 * over then (see `applied`). Thread-safe. */
unsigned fr_worker_thread_offer(struct fr_worker_thread *w, struct fr_shared *shared,
                                const struct fr_listen_fd *fds, size_t n);
/* The same; waits until the worker uses it. Not on the worker's own thread. */
void fr_worker_thread_configure(struct fr_worker_thread *w, struct fr_shared *shared,
                                const struct fr_listen_fd *fds, size_t n);
/* Drain; again: cut. Thread-safe. */
void fr_worker_thread_stop(struct fr_worker_thread *w);
/* All workers are empty: the thread ends. Thread-safe. */
void fr_worker_thread_finish(struct fr_worker_thread *w);
/* Waits for the thread, frees. Returns the sum of its live-object gauges. */
size_t fr_worker_thread_join(struct fr_worker_thread **w);

#endif
