/* The thread that takes records from the workers' queues, makes lines of them and writes
 * them. */
#include "observe/access_log.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "config/config.h"
#include "config/log_fields.h"
#include "observe/access_file.h"
#include "observe/access_format.h"
#include "observe/access_queue.h"

/* How often dropped lines are spoken of. */
#define SAY_MS 1000u

enum rest { AWAKE, GATHERING, IDLE };

struct fr_access_log {
	struct fr_access_queue *queues; /* owned */
	size_t n;
	pthread_t thread;
	int wake_fd;      /* owned */
	_Atomic int rest; /* enum rest: whether workers need to wake the thread */
	/* the thread's */
	struct fr_access_file file;
	struct fr_config *config;        /* reference; NULL: none */
	struct fr_access_format *format; /* owned, of config; NULL: none */
	struct fr_access_item *item;     /* owned */
	uint64_t lost_at_end, dropped_said, said_ms;
	/* commands, under the lock */
	pthread_mutex_t lock;
	struct fr_config *next_config; /* reference; NULL: no change */
	int next_fd;
	bool reopen_asked, stop_asked;
};

/* --- workers --- */

static void wake(struct fr_access_log *log)
{
	(void)eventfd_write(log->wake_fd, 1);
}

void fr_access_log_put(struct fr_access_log *log, size_t i, const struct fr_record *records,
                       size_t n)
{
	int want = fr_access_queue_put(&log->queues[i], records, n) ? GATHERING : IDLE;

	/* ordered after what was put, as the thread sets `rest` before it looks into
	 * the queues for the last time: one of the two sees the other's */
	if (atomic_load(&log->rest) >= want && atomic_exchange(&log->rest, AWAKE) != AWAKE)
		wake(log);
}

/* --- writing --- */

/* Makes lines of one queue's records up to its mark, as far as there is room. */
static void make_lines(struct fr_access_log *log, struct fr_access_queue *q)
{
	char *to;

	while (fr_access_queue_is_before_mark(q) && (to = fr_access_file_room(&log->file)) &&
	       fr_access_queue_next(q, log->item))
		fr_access_file_add(&log->file, fr_access_format_line(log->format, log->item, to));
	fr_access_queue_give_back(q);
}

/* Under the lock: what is put after fr_access_log_use is for the file that it names,
 * even if the thread has not taken that over yet. */
static void throw_away(struct fr_access_log *log)
{
	(void)pthread_mutex_lock(&log->lock);
	for (size_t i = 0; !log->next_config && i < log->n; i++)
		(void)fr_access_queue_clear(&log->queues[i]);
	(void)pthread_mutex_unlock(&log->lock);
}

/* Writes what is there when it begins, however much comes meanwhile: a command must not
 * wait for a moment without requests. False: some of it could not be written. */
static bool write_all(struct fr_access_log *log, bool *wrote)
{
	if (!log->format) {
		throw_away(log);
		return true;
	}
	for (size_t i = 0; i < log->n; i++)
		fr_access_queue_mark(&log->queues[i]);
	for (;;) {
		if (!fr_access_file_write(&log->file))
			return false;
		for (size_t i = 0; i < log->n; i++)
			make_lines(log, &log->queues[i]);
		if (fr_access_file_is_empty(&log->file))
			return true;
		*wrote = true;
	}
}

static bool is_empty(struct fr_access_log *log)
{
	for (size_t i = 0; i < log->n; i++)
		if (!fr_access_queue_is_empty(&log->queues[i]))
			return false;
	return true;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Now and then, not for each. True: there is more to say. */
static bool say_dropped(struct fr_access_log *log, bool at_end)
{
	uint64_t dropped = log->lost_at_end;

	for (size_t i = 0; i < log->n; i++)
		dropped += atomic_load_explicit(&log->queues[i].dropped, memory_order_relaxed);
	if (dropped == log->dropped_said)
		return false;
	if (!at_end && now_ms() - log->said_ms < SAY_MS)
		return true;
	log->said_ms = now_ms();
	FR_LOG(WARN, "access", "%llu lines were dropped: they came faster than they were written",
	       (unsigned long long)(dropped - log->dropped_said));
	log->dropped_said = dropped;
	return false;
}

/* --- the thread --- */

/* config: reference, taken over. */
static void change(struct fr_access_log *log, struct fr_config *config, int fd)
{
	const struct fr_config_access_log *c = &config->access_log;
	bool wrote;

	/* what was put before is written in the old format; without one, it is for the new */
	if (log->format)
		(void)write_all(log, &wrote);
	fr_access_format_free(&log->format);
	if (log->config)
		fr_config_unref(&log->config);
	log->config = config;
	if (c->format != FR_LOG_OFF)
		log->format = fr_access_format_new(c);
	if (fd != FR_ACCESS_LOG_SAME_FILE)
		fr_access_file_use(&log->file, c->format == FR_LOG_OFF ? NULL : c->file, fd);
}

static void reopen(struct fr_access_log *log)
{
	bool wrote;

	if (!log->format)
		return;
	(void)write_all(log, &wrote);
	if (fr_access_file_reopen(&log->file))
		FR_LOG(INFO, "access", "%s was opened again", log->file.name);
}

/* Does what was asked for; true: to stop. */
static bool take_commands(struct fr_access_log *log)
{
	struct fr_config *config;
	bool reopen_asked, stop;
	int fd;

	(void)pthread_mutex_lock(&log->lock);
	config = log->next_config;
	fd = log->next_fd;
	reopen_asked = log->reopen_asked;
	stop = log->stop_asked;
	log->next_config = NULL;
	log->reopen_asked = false;
	(void)pthread_mutex_unlock(&log->lock);
	if (config)
		change(log, config, fd);
	if (reopen_asked)
		reopen(log);
	return stop;
}

static void wait_for_work(struct fr_access_log *log, int timeout_ms)
{
	struct pollfd p[2] = {{.fd = log->wake_fd, .events = POLLIN},
	                      {.fd = fr_access_file_wait_fd(&log->file), .events = POLLOUT}};
	eventfd_t count;

	(void)poll(p, 2, timeout_ms);
	if (p[0].revents & POLLIN)
		(void)eventfd_read(log->wake_fd, &count);
}

static void finish(struct fr_access_log *log)
{
	uint64_t until = now_ms() + FR_ACCESS_LOG_CLOSE_MS;
	bool wrote;

	while (!write_all(log, &wrote) && now_ms() < until)
		wait_for_work(log, FR_ACCESS_LOG_RETRY_MS);
	log->lost_at_end = fr_access_file_lines(&log->file);
	for (size_t i = 0; i < log->n; i++)
		log->lost_at_end += fr_access_queue_clear(&log->queues[i]);
	(void)say_dropped(log, true);
}

static void *run(void *user)
{
	struct fr_access_log *log = user;

	for (;;) {
		bool wrote = false, all, more;

		atomic_store(&log->rest, AWAKE);
		if (take_commands(log))
			break;
		all = write_all(log, &wrote);
		more = say_dropped(log, false);
		/* first say that we rest, then look once more, so that no line is missed */
		atomic_store(&log->rest, !all ? AWAKE : wrote ? GATHERING : IDLE);
		if (all && !wrote && !is_empty(log))
			continue;
		if (!all) /* nobody can help by waking us */
			wait_for_work(log, FR_ACCESS_LOG_RETRY_MS);
		else
			wait_for_work(log, wrote  ? FR_ACCESS_LOG_GATHER_MS
			                   : more ? (int)SAY_MS
			                          : -1);
	}
	finish(log);
	return NULL;
}

/* --- commands --- */

void fr_access_log_use(struct fr_access_log *log, struct fr_config *config, int fd)
{
	fr_config_ref(config);
	(void)pthread_mutex_lock(&log->lock);
	if (log->next_config) { /* overtaken */
		fr_config_unref(&log->next_config);
		if (fd == FR_ACCESS_LOG_SAME_FILE)
			fd = log->next_fd;
		else if (log->next_fd > STDOUT_FILENO)
			close(log->next_fd);
	}
	log->next_config = config;
	log->next_fd = fd;
	(void)pthread_mutex_unlock(&log->lock);
	wake(log);
}

void fr_access_log_reopen(struct fr_access_log *log)
{
	(void)pthread_mutex_lock(&log->lock);
	log->reopen_asked = true;
	(void)pthread_mutex_unlock(&log->lock);
	wake(log);
}

void fr_access_log_stats(struct fr_access_log *log, struct fr_access_log_stats *out)
{
	const struct fr_access_file *f = &log->file;

	*out = (struct fr_access_log_stats){
		.written_bytes = atomic_load_explicit(&f->written_bytes, memory_order_relaxed),
		.errors = atomic_load_explicit(&f->errors, memory_order_relaxed),
		.waiting_bytes = atomic_load_explicit(&f->waiting_bytes, memory_order_relaxed),
		.is_failing = atomic_load_explicit(&f->is_failing, memory_order_relaxed)};
	for (size_t i = 0; i < log->n; i++) {
		struct fr_access_queue *q = &log->queues[i];
		uint64_t taken = atomic_load_explicit(&q->taken, memory_order_acquire);

		out->lines += atomic_load_explicit(&q->lines, memory_order_relaxed);
		out->dropped += atomic_load_explicit(&q->dropped, memory_order_relaxed);
		out->waiting_bytes += atomic_load(&q->put) - taken;
	}
}

/* --- life --- */

static void free_all(struct fr_access_log *log)
{
	for (size_t i = 0; i < log->n; i++)
		fr_access_queue_fini(&log->queues[i]);
	free(log->queues);
	fr_access_file_fini(&log->file);
	fr_access_format_free(&log->format);
	if (log->config)
		fr_config_unref(&log->config);
	free(log->item);
	if (log->wake_fd >= 0)
		close(log->wake_fd);
	(void)pthread_mutex_destroy(&log->lock);
	free(log);
}

static int start(struct fr_access_log *log)
{
	sigset_t all, old;
	int rc;

	/* signals are the main thread's */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&log->thread, NULL, run, log);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

int fr_access_log_new(size_t n, size_t buffer_bytes, struct fr_access_log **out)
{
	struct fr_access_log *log = fr_calloc(1, sizeof *log);

	(void)pthread_mutex_init(&log->lock, NULL);
	fr_access_file_init(&log->file);
	log->item = fr_malloc(sizeof *log->item);
	log->n = n;
	log->queues = aligned_alloc(FR_CACHE_LINE, n * sizeof *log->queues);
	FR_ASSERT(log->queues);
	for (size_t i = 0; i < n; i++)
		fr_access_queue_init(&log->queues[i], buffer_bytes);
	log->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (log->wake_fd < 0 || start(log) != 0) {
		free_all(log);
		return FR_ERR_IO;
	}
	*out = log;
	return 0;
}

void fr_access_log_free(struct fr_access_log **lp)
{
	struct fr_access_log *log = *lp;

	if (!log)
		return;
	(void)pthread_mutex_lock(&log->lock);
	log->stop_asked = true;
	(void)pthread_mutex_unlock(&log->lock);
	wake(log);
	(void)pthread_join(log->thread, NULL);
	if (log->next_config) {
		fr_config_unref(&log->next_config);
		if (log->next_fd > STDOUT_FILENO)
			close(log->next_fd);
	}
	free_all(log);
	*lp = NULL;
}
