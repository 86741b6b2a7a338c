#include "server/worker.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/probes.h"
#include "client/client.h"
#include "client/listener.h"
#include "http/date.h"
#include "server/memory.h"
#include "server/stages.h"
#include "server/wakeup.h"
#include "stages/cache/fill.h"

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
static void update_listeners(struct fr_worker *w, const struct fr_config *config)
{
	struct fr_listener *l = w->listeners, *next;

	for (; l; l = next) {
		const struct fr_config_listener *same = find_listener(config, l);

		next = fr_listener_next(l);
		if (same)
			fr_listener_set_config(l, same);
		else
			fr_listener_close(l);
	}
}

static void apply(struct fr_worker *w, struct fr_shared *shared, struct fr_listen_fd *fds, size_t n)
{
	struct fr_generation *old = w->gen;

	update_listeners(w, shared->config);
	w->gen = fr_generation_new(w, shared);
	for (size_t i = 0; i < n; i++)
		(void)fr_listener_new(w, fds[i].fd, fds[i].config);
	if (!old)
		return;
	fr_generation_retire(old);
	fr_generation_unref(&old);
}

/* --- the end --- */

static void close_listeners(struct fr_worker *w)
{
	while (w->listeners)
		fr_listener_close(w->listeners);
}

/* The admin interface stays reachable, so that it can say "not ready". */
static void close_listeners_of_sites(struct fr_worker *w)
{
	struct fr_listener *l = w->listeners, *next;

	for (; l; l = next) {
		next = fr_listener_next(l);
		if (!fr_listener_is_admin(l))
			fr_listener_close(l);
	}
}

static void cut_clients(struct fr_worker *w)
{
	struct fr_client *c, *next;

	for (c = w->clients; c; c = next) {
		next = c->next;
		if (c->state != FR_CLIENT_CLOSING)
			fr_client_cut(c, true);
	}
}

static void end_if_empty(struct fr_worker *w)
{
	if (w->state == FR_WORKER_RUNNING || w->n_clients > w->n_admin)
		return;
	if (!w->is_empty) {
		w->is_empty = true;
		fr_loop_timer_stop(w->loop, &w->drain_timer);
		w->on_empty(w->on_ended_user);
	}
	/* the admin interface answers until the last worker is empty: its sockets share
	 * a port, and who closes one resets what waits there */
	if (!w->may_end)
		return;
	/* who only looks on is not waited for */
	close_listeners(w);
	if (w->n_clients) {
		cut_clients(w);
		return;
	}
	/* nobody is left who waits for them */
	if (w->n_fills) {
		fr_fills_cut(w);
		return;
	}
	fr_generation_unref(&w->gen);
	fr_memory_unwatch(w);
	fr_loop_stop(w->loop);
}

static void cut_all(struct fr_worker *w)
{
	struct fr_client *c, *next;

	w->state = FR_WORKER_CUT;
	close_listeners(w);
	for (c = w->clients; c; c = next) {
		next = c->next;
		fr_client_cut(c, true);
	}
}

static void drain_due(struct fr_timer *t, void *user)
{
	struct fr_worker *w = user;

	(void)t;
	fr_count_add(&w->counters, FR_COUNT_TIMEOUT_DRAIN, w->n_clients);
	cut_all(w);
}

static void drain_all(struct fr_worker *w)
{
	struct fr_client *c, *next;

	/* first: what is accepted by closing is drained as well */
	close_listeners_of_sites(w);
	w->state = FR_WORKER_DRAINING;
	if (w->gen) /* else stopped before it served anything */
		fr_loop_timer_set(w->loop, &w->drain_timer, w->gen->config->timeouts.drain_ms);
	for (c = w->clients; c; c = next) {
		next = c->next;
		if (!c->is_admin)
			fr_client_drain(c);
	}
	end_if_empty(w);
}

/* --- commands --- */

static void on_wake(void *user)
{
	struct fr_worker *w = user;
	struct fr_shared *shared;
	struct fr_listen_fd *fds;
	struct fr_wakeup *notes;
	size_t n;
	bool stop, cut, finish;

	(void)pthread_mutex_lock(&w->lock);
	shared = w->next_shared;
	fds = w->next_fds;
	n = w->n_next_fds;
	stop = w->stop_asked;
	cut = w->cut_asked;
	finish = w->finish_asked;
	w->finish_asked = false;
	notes = w->notes;
	w->notes = NULL;
	w->next_shared = NULL;
	w->next_fds = NULL;
	w->n_next_fds = 0;
	(void)pthread_mutex_unlock(&w->lock);
	fr_wakeups_run(notes);
	if (shared) {
		apply(w, shared, fds, n);
		fr_shared_unref(&shared);
		free(fds);
		(void)pthread_mutex_lock(&w->lock);
		w->applied++;
		(void)pthread_cond_signal(&w->applied_cond);
		(void)pthread_mutex_unlock(&w->lock);
	}
	if (stop && w->state == FR_WORKER_RUNNING)
		drain_all(w);
	if (cut && w->state == FR_WORKER_DRAINING)
		cut_all(w);
	if (finish) {
		w->may_end = true;
		end_if_empty(w);
	}
}

static void run_own_notes(void *user)
{
	struct fr_worker *w = user;
	struct fr_wakeup *list = w->own_notes;

	w->own_notes = NULL;
	fr_wakeups_run(list);
}

void fr_worker_fill_ended(struct fr_worker *w)
{
	end_if_empty(w);
}

unsigned fr_worker_offer(struct fr_worker *w, struct fr_shared *shared,
                         const struct fr_listen_fd *fds, size_t n)
{
	unsigned want;

	fr_shared_ref(shared);
	(void)pthread_mutex_lock(&w->lock);
	want = w->applied + 1;
	w->next_shared = shared;
	w->next_fds = fr_calloc(n, sizeof *fds);
	if (n)
		memcpy(w->next_fds, fds, n * sizeof *fds);
	w->n_next_fds = n;
	fr_loop_wake(w->loop);
	(void)pthread_mutex_unlock(&w->lock);
	return want;
}

void fr_worker_configure(struct fr_worker *w, struct fr_shared *shared,
                         const struct fr_listen_fd *fds, size_t n)
{
	unsigned want = fr_worker_offer(w, shared, fds, n);

	(void)pthread_mutex_lock(&w->lock);
	while (w->applied != want)
		(void)pthread_cond_wait(&w->applied_cond, &w->lock);
	(void)pthread_mutex_unlock(&w->lock);
}

void fr_worker_stop(struct fr_worker *w)
{
	(void)pthread_mutex_lock(&w->lock);
	w->cut_asked = w->stop_asked;
	w->stop_asked = true;
	fr_loop_wake(w->loop);
	(void)pthread_mutex_unlock(&w->lock);
}

void fr_worker_finish(struct fr_worker *w)
{
	(void)pthread_mutex_lock(&w->lock);
	w->finish_asked = true;
	fr_loop_wake(w->loop);
	(void)pthread_mutex_unlock(&w->lock);
}

/* --- life --- */

static void *run(void *user)
{
	struct fr_worker *w = user;

	fr_crash_thread_begin("worker", (int)w->index);
	fr_loop_run(w->loop);
	fr_crash_thread_end();
	w->on_ended(w->on_ended_user);
	return NULL;
}

int fr_worker_new(unsigned index, struct fr_admission *admission, struct fr_memory *memory,
                  void (*on_empty)(void *user), void *user, struct fr_worker **out)
{
	struct fr_worker *w = fr_calloc(1, sizeof *w);

	w->index = index;
	w->admission = admission;
	w->memory = memory;
	w->on_empty = on_empty;
	w->on_ended_user = user;
	w->thread = pthread_self();
	fr_random_bytes(&w->seed, sizeof w->seed);
	fr_recorder_init(&w->observer, w);
	fr_timer_init(&w->drain_timer, drain_due, w);
	w->notes_task = (struct fr_task){.run = run_own_notes, .user = w};
	if (fr_loop_new(on_wake, w, &w->loop) < 0) {
		free(w);
		return FR_ERR_IO;
	}
	fr_loop_count_turns(w->loop, &w->observer.metrics.loop_turn);
	w->rows = &fr_server_rows;
	w->activity = fr_crash_slot(index);
	if (!w->activity)
		w->activity = &w->own_activity;
	fr_loop_note_idle(w->loop, &w->activity->stage, FR_ACTIVITY_IDLE);
	(void)pthread_mutex_init(&w->lock, NULL);
	(void)pthread_cond_init(&w->applied_cond, NULL);
	fr_memory_watch(w);
	*out = w;
	return 0;
}

int fr_worker_start(unsigned index, struct fr_admission *admission, struct fr_memory *memory,
                    void (*on_empty)(void *user), void (*on_ended)(void *user), void *user,
                    struct fr_worker **out)
{
	struct fr_worker *w;

	if (fr_worker_new(index, admission, memory, on_empty, user, &w) < 0)
		return FR_ERR_IO;
	w->on_ended = on_ended;
	if (pthread_create(&w->thread, NULL, run, w) != 0) {
		fr_memory_unwatch(w);
		fr_loop_stop(w->loop);
		(void)fr_worker_free(&w);
		return FR_ERR_IO;
	}
	*out = w;
	return 0;
}

size_t fr_worker_free(struct fr_worker **wp)
{
	struct fr_worker *w = *wp;
	uint64_t live = 0;

	fr_wakeups_drop(w->notes);
	fr_wakeups_drop(w->own_notes);
	fr_exchange_free_list(&w->free_exchanges);
	fr_fills_free_list(&w->free_fills);
	fr_recorder_fini(&w->observer);
	fr_pool_fini(&w->pool);
	fr_block_pool_fini(&w->body_blocks);
	fr_loop_free(&w->loop);
	for (int i = 0; i < FR_GAUGE_COUNT; i++)
		live += w->counters.v[i];
	(void)pthread_mutex_destroy(&w->lock);
	(void)pthread_cond_destroy(&w->applied_cond);
	free(w);
	*wp = NULL;
	return (size_t)live;
}

size_t fr_worker_join(struct fr_worker **w)
{
	(void)pthread_join((*w)->thread, NULL);
	return fr_worker_free(w);
}

struct fr_str fr_worker_date(struct fr_worker *w)
{
	struct timespec now;

	/* the coarse clock costs no system call and is off by a tick at most */
	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	if (now.tv_sec != w->date_s) {
		w->date_s = now.tv_sec;
		fr_http_date_format(now.tv_sec, w->date);
	}
	return fr_str_from(w->date);
}

void fr_worker_client_opened(struct fr_worker *w, struct fr_client *c)
{
	c->next = w->clients;
	c->pprev = &w->clients;
	if (c->next)
		c->next->pprev = &c->next;
	w->clients = c;
	c->serial = ++w->clients_seen;
	FR_PROBE3(connection_open, w->index, (uintptr_t)c, c->is_tls);
	w->n_clients++;
	w->n_admin += c->is_admin;
}

void fr_worker_client_closed(struct fr_worker *w, struct fr_client *c)
{
	*c->pprev = c->next;
	if (c->next)
		c->next->pprev = c->pprev;
	FR_PROBE3(connection_close, w->index, (uintptr_t)c, c->exchanges);
	w->n_clients--;
	w->n_admin -= c->is_admin;
	end_if_empty(w);
}
