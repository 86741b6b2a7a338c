#include "observe/access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

#define CACHE_LINE 64
/* What poll() promises that a pipe takes without blocking (POSIX: at least 512). */
#define PIPE_BYTES 4096u
/* How often dropped lines are spoken of. */
#define SAY_MS 1000u

/* Bytes from one worker to the writer: positions only grow; data[pos % cap].
 *
 *   | free | written: done | waiting lines | free |
 *          taken                           put           */
struct queue {
	_Alignas(CACHE_LINE) _Atomic uint64_t put;   /* the worker's */
	uint64_t taken_seen;                         /* the worker's last look at `taken` */
	_Atomic uint64_t lines, dropped;             /* the worker's */
	uint8_t *data;                               /* owned */
	size_t cap;                                  /* a power of two */
	_Alignas(CACHE_LINE) _Atomic uint64_t taken; /* the writer's; begins a line */
	size_t done;                                 /* the writer's: written beyond `taken` */
};

enum rest { AWAKE, GATHERING, IDLE };

struct fr_access_log {
	struct queue *queues; /* owned */
	size_t n;
	pthread_t thread;
	int wake_fd;      /* owned */
	_Atomic int rest; /* enum rest: whether workers need to wake the thread */
	_Atomic uint64_t written_bytes, errors;
	_Atomic bool is_failing;
	/* the thread's */
	char *file;         /* owned; NULL: none */
	int fd;             /* owned unless standard output; -1: not open */
	struct queue *torn; /* has a line that is written in part; NULL: none */
	uint64_t dropped_said, said_ms;
	/* commands, under the lock */
	pthread_mutex_t lock;
	char *next_file; /* owned */
	int next_fd;
	bool has_next, reopen_asked, stop_asked;
};

/* --- workers --- */

static void wake(struct fr_access_log *log)
{
	(void)eventfd_write(log->wake_fd, 1);
}

static void copy_in(struct queue *q, uint64_t at, const char *line, size_t len)
{
	size_t from = (size_t)at & (q->cap - 1), first = q->cap - from;

	if (first > len)
		first = len;
	memcpy(q->data + from, line, first);
	memcpy(q->data, line + first, len - first);
}

bool fr_access_log_put(struct fr_access_log *log, size_t i, const char *line, size_t len)
{
	struct queue *q = &log->queues[i];
	uint64_t put = atomic_load_explicit(&q->put, memory_order_relaxed);
	int rest, want;

	if (put + len - q->taken_seen > q->cap / 4)
		q->taken_seen = atomic_load_explicit(&q->taken, memory_order_acquire);
	if (q->cap - (put - q->taken_seen) < len) {
		atomic_fetch_add_explicit(&q->dropped, 1, memory_order_relaxed);
		return false;
	}
	copy_in(q, put, line, len);
	/* ordered with the writer's look at `put` behind setting `rest`: one of
	 * the two sees the other's */
	atomic_store(&q->put, put + len);
	atomic_store_explicit(&q->lines, atomic_load_explicit(&q->lines, memory_order_relaxed) + 1,
	                      memory_order_relaxed);
	rest = atomic_load(&log->rest);
	want = put + len - q->taken_seen > q->cap / 4 ? GATHERING : IDLE;
	if (rest >= want && atomic_exchange(&log->rest, AWAKE) != AWAKE)
		wake(log);
	return true;
}

/* --- the file --- */

int fr_access_log_open(const char *file)
{
	if (strcmp(file, "-") == 0)
		return STDOUT_FILENO;
	return open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
}

static void close_file(struct fr_access_log *log)
{
	struct stat st;

	/* a line that could not be completed is taken back, and written whole elsewhere */
	if (log->torn && log->fd >= 0 && fstat(log->fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size >= (off_t)log->torn->done)
		(void)!ftruncate(log->fd, st.st_size - (off_t)log->torn->done);
	if (log->torn)
		log->torn->done = 0;
	log->torn = NULL;
	if (log->fd >= 0 && log->fd != STDOUT_FILENO)
		close(log->fd);
	log->fd = -1;
}

static void note_failure(struct fr_access_log *log, int error)
{
	atomic_fetch_add_explicit(&log->errors, 1, memory_order_relaxed);
	if (atomic_exchange(&log->is_failing, true))
		return;
	FR_LOG(ERROR, "access", "%s cannot be written: %s; lines wait, then are dropped", log->file,
	       strerror(error));
}

static void note_success(struct fr_access_log *log)
{
	if (atomic_load_explicit(&log->is_failing, memory_order_relaxed) &&
	    atomic_exchange(&log->is_failing, false))
		FR_LOG(INFO, "access", "%s is written again", log->file);
}

static void open_file(struct fr_access_log *log)
{
	if (!log->file || log->fd >= 0)
		return;
	log->fd = fr_access_log_open(log->file);
	if (log->fd < 0)
		note_failure(log, errno);
}

/* --- writing --- */

/* Writes at most `max` of what waits in q. Bytes, 0: nothing waits, -1: errno. */
static ssize_t write_some(int fd, const struct queue *q, uint64_t from, size_t len)
{
	size_t at = (size_t)from & (q->cap - 1), first = q->cap - at;
	struct iovec v[2] = {{.iov_base = q->data + at, .iov_len = first < len ? first : len},
	                     {.iov_base = q->data, .iov_len = first < len ? len - first : 0}};

	return writev(fd, v, v[1].iov_len ? 2 : 1);
}

/* `n` more bytes are out: what ends a line is given back to the worker. */
static void advance(struct queue *q, uint64_t from, size_t n)
{
	size_t line = n;

	while (line && q->data[(from + line - 1) & (q->cap - 1)] != '\n')
		line--;
	if (line == 0) {
		q->done += n;
		return;
	}
	q->done = n - line;
	atomic_store_explicit(&q->taken, from + line, memory_order_release);
}

static bool is_ready(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT);
}

/* False: no more can be written now. */
static bool write_queue(struct fr_access_log *log, struct queue *q, bool *wrote)
{
	for (;;) {
		uint64_t taken = atomic_load_explicit(&q->taken, memory_order_relaxed);
		uint64_t from = taken + q->done;
		size_t len = (size_t)(atomic_load(&q->put) - from);
		ssize_t n;

		if (len == 0)
			return true;
		/* standard output may be shared: it is not ours to make non-blocking */
		if (log->fd == STDOUT_FILENO) {
			if (!is_ready(log->fd))
				return false;
			len = len < PIPE_BYTES ? len : PIPE_BYTES;
		}
		n = write_some(log->fd, q, from, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (errno != EAGAIN)
				note_failure(log, errno);
			return false;
		}
		atomic_fetch_add_explicit(&log->written_bytes, (uint64_t)n, memory_order_relaxed);
		advance(q, from, (size_t)n);
		log->torn = q->done ? q : NULL;
		*wrote = true;
		note_success(log);
	}
}

static void throw_away(struct queue *q)
{
	q->done = 0;
	atomic_store_explicit(&q->taken, atomic_load(&q->put), memory_order_release);
}

/* False: some of it could not be written. */
static bool write_all(struct fr_access_log *log, bool *wrote)
{
	if (!log->file) {
		for (size_t i = 0; i < log->n; i++)
			throw_away(&log->queues[i]);
		return true;
	}
	open_file(log);
	if (log->fd < 0)
		return false;
	if (log->torn && !write_queue(log, log->torn, wrote))
		return false;
	for (size_t i = 0; i < log->n; i++)
		if (!write_queue(log, &log->queues[i], wrote))
			return false;
	return true;
}

static bool is_empty(struct fr_access_log *log)
{
	for (size_t i = 0; i < log->n; i++) {
		struct queue *q = &log->queues[i];

		if (atomic_load(&q->put) !=
		    atomic_load_explicit(&q->taken, memory_order_relaxed) + q->done)
			return false;
	}
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
	uint64_t dropped = 0;

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

/* Takes over what was asked for; true: to stop. */
static bool take_commands(struct fr_access_log *log)
{
	bool stop, reopen, wrote;

	(void)pthread_mutex_lock(&log->lock);
	if (log->has_next) {
		if (log->file) /* else what waits is for the new one */
			(void)write_all(log, &wrote);
		close_file(log);
		free(log->file);
		log->file = log->next_file;
		log->fd = log->next_fd;
		log->next_file = NULL;
		log->has_next = false;
	}
	reopen = log->reopen_asked;
	log->reopen_asked = false;
	stop = log->stop_asked;
	(void)pthread_mutex_unlock(&log->lock);
	if (reopen && log->file) {
		(void)write_all(log, &wrote);
		close_file(log);
		open_file(log);
		if (log->fd >= 0)
			FR_LOG(INFO, "access", "%s was opened again", log->file);
	}
	return stop;
}

static void wait_for_work(struct fr_access_log *log, int timeout_ms)
{
	/* a pipe that takes more wakes us, too; a full disk does not */
	bool blocked = !is_empty(log) && log->fd >= 0 && log->file &&
	               !atomic_load_explicit(&log->is_failing, memory_order_relaxed);
	struct pollfd p[2] = {{.fd = log->wake_fd, .events = POLLIN},
	                      {.fd = blocked ? log->fd : -1, .events = POLLOUT}};
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
	for (size_t i = 0; i < log->n; i++) {
		struct queue *q = &log->queues[i];
		uint64_t taken = atomic_load(&q->taken), put = atomic_load(&q->put);

		for (; taken < put; taken++)
			if (q->data[taken & (q->cap - 1)] == '\n')
				atomic_fetch_add_explicit(&q->dropped, 1, memory_order_relaxed);
	}
	(void)say_dropped(log, true);
	close_file(log);
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

void fr_access_log_use(struct fr_access_log *log, const char *file, int fd)
{
	(void)pthread_mutex_lock(&log->lock);
	if (log->has_next) { /* overtaken */
		free(log->next_file);
		if (log->next_fd >= 0 && log->next_fd != STDOUT_FILENO)
			close(log->next_fd);
	}
	log->next_file = file ? fr_str_dup(fr_str_from(file)) : NULL;
	log->next_fd = fd;
	log->has_next = true;
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
	*out = (struct fr_access_log_stats){
		.written_bytes = atomic_load_explicit(&log->written_bytes, memory_order_relaxed),
		.errors = atomic_load_explicit(&log->errors, memory_order_relaxed),
		.is_failing = atomic_load_explicit(&log->is_failing, memory_order_relaxed)};
	for (size_t i = 0; i < log->n; i++) {
		struct queue *q = &log->queues[i];
		uint64_t taken = atomic_load_explicit(&q->taken, memory_order_acquire);

		out->lines += atomic_load_explicit(&q->lines, memory_order_relaxed);
		out->dropped += atomic_load_explicit(&q->dropped, memory_order_relaxed);
		out->waiting_bytes += atomic_load(&q->put) - taken;
	}
}

/* --- life --- */

static size_t power_of_two(size_t n)
{
	size_t p = 1;

	while (p < n)
		p *= 2;
	return p;
}

static void free_all(struct fr_access_log *log)
{
	for (size_t i = 0; i < log->n; i++)
		free(log->queues[i].data);
	free(log->queues);
	free(log->file);
	free(log->next_file);
	if (log->wake_fd >= 0)
		close(log->wake_fd);
	(void)pthread_mutex_destroy(&log->lock);
	free(log);
}

int fr_access_log_new(size_t n, size_t buffer_bytes, struct fr_access_log **out)
{
	struct fr_access_log *log = fr_calloc(1, sizeof *log);
	sigset_t all, old;
	int rc;

	log->fd = log->next_fd = -1;
	(void)pthread_mutex_init(&log->lock, NULL);
	log->n = n;
	log->queues = aligned_alloc(CACHE_LINE, n * sizeof *log->queues);
	FR_ASSERT(log->queues);
	memset(log->queues, 0, n * sizeof *log->queues);
	for (size_t i = 0; i < n; i++) {
		log->queues[i].cap = power_of_two(buffer_bytes);
		log->queues[i].data = fr_malloc(log->queues[i].cap);
	}
	log->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	/* signals are the main thread's */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = log->wake_fd < 0 ? -1 : pthread_create(&log->thread, NULL, run, log);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc != 0) {
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
	if (log->has_next && log->next_fd >= 0 && log->next_fd != STDOUT_FILENO)
		close(log->next_fd);
	free_all(log);
	*lp = NULL;
}
