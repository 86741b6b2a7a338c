/* Runs a worker's loop; carries out the server's commands; ends it when it is empty. */
#include "server/worker_thread.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "client/client.h"
#include "client/listener.h"
#include "client/shedding.h"
#include "exchange/exchange.h"
#include "server/stages.h"
#include "stages/cache/fill.h"
#include "stages/compression/recode.h"
#include "stages/compression/twin.h"

static const uint8_t allowed[] = {
	[FR_WORKER_RUNNING] = FR_BIT(FR_WORKER_DRAINING),
	[FR_WORKER_DRAINING] = FR_BIT(FR_WORKER_CUT),
	[FR_WORKER_CUT] = 0,
};

static void set_state(struct fr_worker_thread *t, enum fr_worker_state to)
{
	FR_ASSERT(allowed[t->state] & FR_BIT(to));
	t->state = to;
	t->worker.is_draining = true;
}

/* --- configurations --- */

static const struct fr_config_listener *find_listener(const struct fr_config *config,
                                                      const struct fr_listener *l)
{
	for (size_t i = 0; i < config->n_listeners; i++)
		if (fr_listener_is(l, &config->listeners[i]))
			return &config->listeners[i];
	return NULL;
}

/* Keeps the listeners that are still configured, closes the others. The old
 * configuration must still be there. */
static void update_listeners(struct fr_worker_thread *t, const struct fr_config *config)
{
	struct fr_listener *l = t->clients.listeners, *next;

	for (; l; l = next) {
		const struct fr_config_listener *same = find_listener(config, l);

		next = fr_listener_next(l);
		if (same)
			fr_listener_set_config(l, same);
		else
			fr_listener_close(l);
	}
}

static void apply(struct fr_worker_thread *t, struct fr_shared *shared, struct fr_listen_fd *fds,
                  size_t n)
{
	struct fr_generation *old = t->worker.gen;

	update_listeners(t, shared->config);
	t->worker.gen = fr_generation_new(&t->worker, shared);
	for (size_t i = 0; i < n; i++)
		(void)fr_listener_new(&t->clients, fds[i].fd, fds[i].config);
	if (!old)
		return;
	fr_generation_retire(old);
	fr_generation_unref(&old);
}

/* --- the end --- */

static void close_listeners(struct fr_worker_thread *t)
{
	while (t->clients.listeners)
		fr_listener_close(t->clients.listeners);
}

/* The admin interface stays reachable, so that it can say "not ready". */
static void close_listeners_of_sites(struct fr_worker_thread *t)
{
	struct fr_listener *l = t->clients.listeners, *next;

	for (; l; l = next) {
		next = fr_listener_next(l);
		if (!fr_listener_is_admin(l))
			fr_listener_close(l);
	}
}

static void cut_clients(struct fr_worker_thread *t)
{
	struct fr_client *c, *next;

	for (c = t->clients.first; c; c = next) {
		next = c->next;
		if (c->state != FR_CLIENT_CLOSING)
			fr_client_cut(c, true);
	}
}

static void end_if_empty(struct fr_worker_thread *t)
{
	if (t->state == FR_WORKER_RUNNING || t->worker.n_clients > t->clients.n_admin)
		return;
	if (!t->is_empty) {
		t->is_empty = true;
		fr_loop_timer_stop(t->worker.loop, &t->drain_timer);
		t->on_empty(t->on_ended_user);
	}
	/* the admin interface answers until the last worker is empty: its sockets share
	 * a port, and who closes one resets what waits there */
	if (!t->may_end)
		return;
	/* who only looks on is not waited for */
	close_listeners(t);
	if (t->worker.n_clients) {
		cut_clients(t);
		return;
	}
	/* nobody is left who waits for them */
	if (t->worker.fills.n) {
		fr_fills_cut(&t->worker);
		return;
	}
	fr_recodes_cut(&t->worker);
	if (t->worker.twin_jobs.n) {
		fr_twin_jobs_cut(&t->worker);
		return;
	}
	fr_generation_unref(&t->worker.gen);
	fr_memory_unwatch(&t->worker.memory);
	fr_loop_stop(t->worker.loop);
}

static void cut_all(struct fr_worker_thread *t)
{
	struct fr_client *c, *next;

	set_state(t, FR_WORKER_CUT);
	fr_loop_timer_stop(t->worker.loop, &t->drain_timer);
	close_listeners(t);
	for (c = t->clients.first; c; c = next) {
		next = c->next;
		fr_client_cut(c, true);
	}
}

static void drain_due(struct fr_timer *timer, void *user)
{
	struct fr_worker_thread *t = user;

	(void)timer;
	fr_count_add(&t->worker.counters, FR_COUNT_TIMEOUT_DRAIN, t->worker.n_clients);
	cut_all(t);
}

static void drain_all(struct fr_worker_thread *t)
{
	struct fr_client *c, *next;

	/* first: what is accepted by closing is drained as well */
	close_listeners_of_sites(t);
	set_state(t, FR_WORKER_DRAINING);
	if (t->worker.gen) /* else stopped before it served anything */
		fr_loop_timer_set(t->worker.loop, &t->drain_timer,
		                  t->worker.gen->config->timeouts.drain_ms);
	for (c = t->clients.first; c; c = next) {
		next = c->next;
		if (!c->conn.is_admin)
			fr_client_drain(c);
	}
	end_if_empty(t);
}

/* --- commands --- */

static void on_wake(void *user)
{
	struct fr_worker_thread *t = user;
	struct fr_shared *shared;
	struct fr_listen_fd *fds;
	size_t n;
	bool stop, cut, finish;

	(void)pthread_mutex_lock(&t->lock);
	shared = t->next_shared;
	fds = t->next_fds;
	n = t->n_next_fds;
	stop = t->stop_asked;
	cut = t->cut_asked;
	finish = t->finish_asked;
	t->finish_asked = false;
	t->next_shared = NULL;
	t->next_fds = NULL;
	t->n_next_fds = 0;
	(void)pthread_mutex_unlock(&t->lock);
	fr_wakeups_run(&t->worker.wakeups);
	if (shared) {
		apply(t, shared, fds, n);
		fr_shared_unref(&shared);
		free(fds);
		(void)pthread_mutex_lock(&t->lock);
		t->applied++;
		(void)pthread_cond_signal(&t->applied_cond);
		(void)pthread_mutex_unlock(&t->lock);
	}
	if (stop && t->state == FR_WORKER_RUNNING)
		drain_all(t);
	if (cut && t->state == FR_WORKER_DRAINING)
		cut_all(t);
	if (finish) {
		t->may_end = true;
		end_if_empty(t);
	}
}

/* The last thing to go ends a drain. */
static void on_gone(void *user)
{
	end_if_empty(user);
}

unsigned fr_worker_thread_offer(struct fr_worker_thread *t, struct fr_shared *shared,
                                const struct fr_listen_fd *fds, size_t n)
{
	unsigned want;

	fr_shared_ref(shared);
	(void)pthread_mutex_lock(&t->lock);
	want = t->applied + 1;
	t->next_shared = shared;
	t->next_fds = fr_calloc(n, sizeof *fds);
	if (n)
		memcpy(t->next_fds, fds, n * sizeof *fds);
	t->n_next_fds = n;
	fr_loop_wake(t->worker.loop);
	(void)pthread_mutex_unlock(&t->lock);
	return want;
}

void fr_worker_thread_configure(struct fr_worker_thread *t, struct fr_shared *shared,
                                const struct fr_listen_fd *fds, size_t n)
{
	unsigned want = fr_worker_thread_offer(t, shared, fds, n);

	(void)pthread_mutex_lock(&t->lock);
	while (t->applied != want)
		(void)pthread_cond_wait(&t->applied_cond, &t->lock);
	(void)pthread_mutex_unlock(&t->lock);
}

void fr_worker_thread_stop(struct fr_worker_thread *t)
{
	(void)pthread_mutex_lock(&t->lock);
	t->cut_asked = t->stop_asked;
	t->stop_asked = true;
	fr_loop_wake(t->worker.loop);
	(void)pthread_mutex_unlock(&t->lock);
}

void fr_worker_thread_finish(struct fr_worker_thread *t)
{
	(void)pthread_mutex_lock(&t->lock);
	t->finish_asked = true;
	fr_loop_wake(t->worker.loop);
	(void)pthread_mutex_unlock(&t->lock);
}

/* --- life --- */

static void *run(void *user)
{
	struct fr_worker_thread *t = user;

	fr_wakeups_set_thread(&t->worker.wakeups);
	fr_crash_thread_begin("worker", (int)t->worker.index);
	fr_crash_thread_notes(t->worker.activity);
	fr_loop_run(t->worker.loop);
	fr_crash_thread_end();
	t->on_ended(t->on_ended_user);
	return NULL;
}

int fr_worker_thread_new(unsigned index, struct fr_admission *admission, struct fr_memory *memory,
                         void (*on_empty)(void *user), void *user, struct fr_worker_thread **out)
{
	struct fr_worker_thread *t = fr_calloc(1, sizeof *t);

	t->on_empty = on_empty;
	t->on_ended_user = user;
	if (fr_worker_init(&t->worker, index, admission, on_wake, t) < 0) {
		free(t);
		return FR_ERR_IO;
	}
	t->worker.rows = &fr_server_rows;
	t->worker.on_fill_ended = on_gone;
	t->clients = (struct fr_clients){.worker = &t->worker, .on_closed = on_gone, .user = t};
	fr_timer_init(&t->drain_timer, drain_due, t);
	(void)pthread_mutex_init(&t->lock, NULL);
	(void)pthread_cond_init(&t->applied_cond, NULL);
	fr_memory_watch(&t->worker.memory, memory, index, t->worker.loop, &fr_shedding,
	                &t->clients);
	*out = t;
	return 0;
}

int fr_worker_thread_start(unsigned index, struct fr_admission *admission, struct fr_memory *memory,
                           void (*on_empty)(void *user), void (*on_ended)(void *user), void *user,
                           struct fr_worker_thread **out)
{
	struct fr_worker_thread *t;

	if (fr_worker_thread_new(index, admission, memory, on_empty, user, &t) < 0)
		return FR_ERR_IO;
	t->on_ended = on_ended;
	if (pthread_create(&t->thread, NULL, run, t) != 0) {
		fr_memory_unwatch(&t->worker.memory);
		fr_loop_stop(t->worker.loop);
		(void)fr_worker_thread_free(&t);
		return FR_ERR_IO;
	}
	*out = t;
	return 0;
}

size_t fr_worker_thread_free(struct fr_worker_thread **tp)
{
	struct fr_worker_thread *t = *tp;
	size_t live;

	fr_exchange_free_list(&t->worker.free_exchanges);
	fr_fills_free_list(&t->worker.fills.free);
	live = fr_worker_fini(&t->worker);
	(void)pthread_mutex_destroy(&t->lock);
	(void)pthread_cond_destroy(&t->applied_cond);
	free(t);
	*tp = NULL;
	return live;
}

size_t fr_worker_thread_join(struct fr_worker_thread **t)
{
	(void)pthread_join((*t)->thread, NULL);
	return fr_worker_thread_free(t);
}
