#include "server/memory.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

#include "base/log.h"
#include "base/mem.h"
#include "cache/store.h"
#include "client/client.h"
#include "config/settings.h"
#include "server/worker.h"

/* A worker sums up again when its own part has changed by so much. */
#define STEP_BYTES 65536
/* How often it is looked at while it changes, and how many times more after that. */
#define TICK_MS 100u
#define QUIET_TICKS 20u
/* Memory goes back to the system when so much was freed, and no more often. */
#define TRIM_BYTES (8u << 20)
#define TRIM_MS 1000u
#define TRIM_SHORT_MS 200u /* when there is none to spare */
/* A connection without a request for so long is idle, and not between two of them. */
#define IDLE_MS 1000u
/* Connections are closed until the level would be this many percent. */
#define SHED_TO_PERCENT 84u
/* No limit is taken for lower: the process needs that by itself. */
#define LEAST_BYTES (64ull << 20)
/* Of the limit so much is not given out: what one worker frees, the allocator keeps
 * for that worker until memory goes back (TRIM_SHORT_MS), while others take more. */
#define RESERVE_BYTES (8ull << 20)
/* Without any client; what the system says beyond it, and beyond the store, counts. */
#define DEFAULT_SHARE 4u
/* A client that takes nothing counts as holding so many times more. */
#define STALLED_MS 1000u
#define STALLED_FACTOR 4u
#define LOG_MS 10000u
/* So much is a connection's share even where all hold less. */
#define SHARE_BYTES (256u << 10)

struct fr_memory {
	_Atomic uint64_t limit;
	_Atomic uint64_t used;
	_Atomic int level;
	_Atomic uint64_t system; /* the process's, as last sampled, without the store */
	/* Most that was counted since memory went back, and what the system had beyond it
	 * when last sampled: code, libraries, the allocator's waste. */
	_Atomic uint64_t peak, overhead;
	_Atomic uint64_t system_ms, trimmed_ms, logged_ms;
	/* How often connections were closed, and how often when memory last went back: while
	 * they differ, what the system says is old. */
	_Atomic uint64_t sheds, trimmed_sheds;
	_Atomic int logged; /* the level that the log has */
	_Atomic bool is_trimming;
	_Atomic uint32_t clients, most_clients;
	struct fr_store *store; /* borrowed */
	size_t n;
	_Atomic uint64_t parts[]; /* one for each worker */
};

static const struct {
	uint64_t percent;
	const char *text;
} levels[] = {
#define X(id, percent, text) {percent, text},
	FR_MEMORY_LEVEL_TABLE(X)
#undef X
};

const char *fr_memory_level_str(enum fr_memory_level l)
{
	return (size_t)l < FR_ARRAY_LEN(levels) ? levels[l].text : "?";
}

enum fr_memory_level fr_memory_level_of(uint64_t used, uint64_t limit)
{
	int l = FR_MEMORY_LEVELS - 1;

	while (l > 0 && used < limit / 100 * levels[l].percent)
		l--;
	return (enum fr_memory_level)l;
}

/* --- the machine's --- */

static uint64_t read_number(const char *path)
{
	char text[32];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	return strtoull(text, NULL, 10); /* "max": 0 */
}

static uint64_t machine_bytes(void)
{
	static const char *const groups[] = {"/sys/fs/cgroup/memory.max",
	                                     "/sys/fs/cgroup/memory/memory.limit_in_bytes"};
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
	struct rlimit r;
	uint64_t most = pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : LEAST_BYTES;

	for (size_t i = 0; i < FR_ARRAY_LEN(groups); i++) {
		uint64_t n = read_number(groups[i]);

		if (n && n < most)
			most = n;
	}
	if (getrlimit(RLIMIT_AS, &r) == 0 && r.rlim_cur < most)
		most = r.rlim_cur;
	if (getrlimit(RLIMIT_DATA, &r) == 0 && r.rlim_cur < most)
		most = r.rlim_cur;
	return most;
}

/* Resident bytes of the process; 0: unknown. Under AddressSanitizer they say nothing. */
static uint64_t resident_bytes(void)
{
#ifdef FR_ASAN
	return 0;
#else
	long page = sysconf(_SC_PAGESIZE);
	char text[128], *second;
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	(void)strtoull(text, &second, 10);
	return strtoull(second, NULL, 10) * (uint64_t)page;
#endif
}

/* --- life --- */

struct fr_memory *fr_memory_new(size_t workers, struct fr_store *store)
{
	struct fr_memory *m = fr_calloc(1, sizeof *m + workers * sizeof m->parts[0]);

	m->n = workers;
	m->store = store;
	atomic_store(&m->most_clients, UINT32_MAX);
	fr_memory_set_limit(m, 0);
	(void)fr_mem_reserve();
	/* libuv aborts where it finds none */
	(void)uv_replace_allocator(fr_malloc, fr_realloc, fr_calloc, free);
	return m;
}

void fr_memory_free(struct fr_memory **m)
{
	fr_mem_drop_reserve();
	free(*m);
	*m = NULL;
}

void fr_memory_set_limit(struct fr_memory *m, uint64_t bytes)
{
	if (bytes == 0)
		bytes = machine_bytes() / DEFAULT_SHARE;
	atomic_store(&m->limit, bytes < LEAST_BYTES ? LEAST_BYTES : bytes);
}

/* What levels are reckoned from. */
static uint64_t budget(const struct fr_memory *m)
{
	return atomic_load_explicit(&m->limit, memory_order_relaxed) - RESERVE_BYTES;
}

void fr_memory_stats(const struct fr_memory *m, struct fr_memory_stats *out)
{
	*out = (struct fr_memory_stats){.used = atomic_load(&m->used),
	                                .limit = atomic_load(&m->limit),
	                                .level = (enum fr_memory_level)atomic_load(&m->level)};
}

/* --- the level --- */

static uint64_t counted(const struct fr_memory *m)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < m->n; i++)
		sum += atomic_load_explicit(&m->parts[i], memory_order_relaxed);
	return sum;
}

static void say_level(struct fr_memory *m, enum fr_memory_level level, uint64_t now)
{
	int logged = atomic_load(&m->logged);

	if ((int)level == logged ||
	    (level && now - atomic_load(&m->logged_ms) < LOG_MS && (int)level < logged))
		return;
	atomic_store(&m->logged, (int)level);
	atomic_store(&m->logged_ms, now);
	if (level)
		FR_LOG(WARN, "memory", "%llu of %llu MiB (limits.memory) are held: %s",
		       (unsigned long long)(atomic_load(&m->used) >> 20),
		       (unsigned long long)(atomic_load(&m->limit) >> 20), levels[level].text);
	else
		FR_LOG(INFO, "memory", "%s", levels[level].text);
}

static bool is_stale(const struct fr_memory *m)
{
	return atomic_load_explicit(&m->sheds, memory_order_relaxed) !=
	       atomic_load_explicit(&m->trimmed_sheds, memory_order_relaxed);
}

/* What is freed is used again before the system is asked for more: the process grows when
 * more is counted than ever since memory went back. */
static uint64_t estimate(struct fr_memory *m)
{
	uint64_t now = counted(m), sum;

	if (now > atomic_load_explicit(&m->peak, memory_order_relaxed))
		atomic_store_explicit(&m->peak, now, memory_order_relaxed);
	sum = now + atomic_load_explicit(&m->overhead, memory_order_relaxed);
	now = atomic_load_explicit(&m->system, memory_order_relaxed);
	return sum < now && !is_stale(m) ? now : sum;
}

/* This worker's part, and what follows. */
static enum fr_memory_level sum_up(struct fr_worker *w)
{
	struct fr_memory *m = w->memory;
	int64_t own = fr_mem_held();
	uint64_t used;
	enum fr_memory_level level;

	w->memory_seen = own;
	if (own > w->memory_peak)
		w->memory_peak = own;
	atomic_store_explicit(&m->parts[w->index], own > 0 ? (uint64_t)own : 0,
	                      memory_order_relaxed);
	used = estimate(m);
	/* whatever the limit says: there is no more */
	if (fr_mem_is_short() && used < budget(m))
		used = budget(m);
	level = fr_memory_level_of(used, budget(m));
	atomic_store_explicit(&m->used, used, memory_order_relaxed);
	atomic_store_explicit(&m->level, (int)level, memory_order_relaxed);
	say_level(m, level, fr_loop_now(w->loop));
	return level;
}

enum fr_memory_level fr_memory_level(struct fr_worker *w)
{
	int64_t change = fr_mem_held() - w->memory_seen;
	enum fr_memory_level level;

	if (change < STEP_BYTES && change > -STEP_BYTES && !fr_mem_is_short())
		return (enum fr_memory_level)atomic_load_explicit(&w->memory->level,
		                                                  memory_order_relaxed);
	w->memory_quiet = 0;
	level = sum_up(w);
	if (level >= FR_MEMORY_NO_CONNECTIONS)
		fr_loop_flush_later(w->loop, &w->memory_task);
	if (!fr_timer_is_set(&w->memory_timer))
		fr_loop_timer_set(w->loop, &w->memory_timer, TICK_MS);
	return level;
}

bool fr_memory_has_share(struct fr_worker *w, const struct fr_client *c)
{
	uint64_t share;

	if (fr_memory_level(w) < FR_MEMORY_NO_REQUESTS || c->is_admin)
		return true;
	share = w->n_clients && w->memory_seen > 0 ? (uint64_t)w->memory_seen / w->n_clients : 0;
	return fr_client_held(c) <= (share > SHARE_BYTES ? share : SHARE_BYTES);
}

/* --- connections that go --- */

static bool is_idle(const struct fr_client *c)
{
	return !c->is_admin && c->exchanges == 0 && c->state != FR_CLIENT_CLOSING;
}

bool fr_memory_close_idle(struct fr_worker *w)
{
	struct fr_client *oldest = NULL;

	for (struct fr_client *c = w->clients; c; c = c->next)
		if (is_idle(c) && (!oldest || c->wait_since_ms <= oldest->wait_since_ms))
			oldest = c;
	if (!oldest)
		return false;
	FR_LOG(DEBUG, "memory", "%s: closed to make room: idle", oldest->peer);
	fr_client_cut(oldest, false);
	return true;
}

void fr_memory_set_clients(struct fr_memory *m, uint32_t most)
{
	atomic_store(&m->most_clients, most);
}

bool fr_memory_take_client(struct fr_worker *w, bool is_admin)
{
	struct fr_memory *m = w->memory;

	if (atomic_fetch_add(&m->clients, 1) < atomic_load(&m->most_clients) || is_admin)
		return true;
	if (fr_memory_close_idle(w)) {
		fr_count(&w->counters, FR_COUNT_LIMIT_DESCRIPTORS_CLOSED);
		return true;
	}
	fr_count(&w->counters, FR_COUNT_LIMIT_DESCRIPTORS);
	fr_memory_give_client(w);
	return false;
}

void fr_memory_give_client(struct fr_worker *w)
{
	atomic_fetch_sub(&w->memory->clients, 1);
}

/* How much would be gained by its end. */
static uint64_t worth(const struct fr_client *c, uint64_t now)
{
	uint64_t held = fr_client_held(c);

	if (c->backlog_since_ms && now - c->backlog_since_ms >= STALLED_MS)
		held *= STALLED_FACTOR;
	return held;
}

static unsigned bucket_of(uint64_t n)
{
	return n ? 63u - (unsigned)__builtin_clzll(n) : 0;
}

static size_t close_one(struct fr_worker *w, struct fr_client *c, bool reset)
{
	size_t held = fr_client_held(c);

	fr_count(&w->counters, FR_COUNT_LIMIT_MEMORY_CLOSED);
	FR_LOG(DEBUG, "memory", "%s: closed: holds %zu bytes", c->peer, held);
	fr_client_cut(c, reset);
	atomic_fetch_add(&w->memory->sheds, 1);
	return held;
}

static void cut_clients_from(struct fr_worker *w, unsigned bucket, uint64_t need)
{
	uint64_t now = fr_loop_now(w->loop), gained = 0;
	struct fr_client *c, *next;

	for (c = w->clients; c && gained < need; c = next) {
		next = c->next;
		if (c->is_admin || c->state == FR_CLIENT_CLOSING ||
		    bucket_of(worth(c, now)) < bucket)
			continue;
		gained += close_one(w, c, true);
	}
}

/* Idle ones; then those that hold most and read least, by powers of two, until
 * `need` bytes are free. */
static void shed(struct fr_worker *w, uint64_t need)
{
	uint64_t gain[64] = {0}, now = fr_loop_now(w->loop), sum = 0;
	struct fr_client *c, *next;
	unsigned bucket = 63;

	for (c = w->clients; c && sum < need; c = next) {
		next = c->next;
		if (!is_idle(c) || now - c->wait_since_ms < IDLE_MS)
			continue;
		sum += close_one(w, c, false);
	}
	if (sum >= need)
		return;
	need -= sum;
	for (c = w->clients; c; c = c->next)
		if (!c->is_admin && c->state != FR_CLIENT_CLOSING)
			gain[bucket_of(worth(c, now))] += fr_client_held(c);
	for (sum = gain[bucket]; sum < need && bucket > 0; sum += gain[bucket])
		bucket--;
	cut_clients_from(w, bucket, need);
}

/* --- giving back --- */

struct trim {
	uv_work_t work;
	struct fr_memory *memory;
	uint64_t sheds; /* when it began */
};

static void trim_now(uv_work_t *work)
{
	(void)work;
	(void)malloc_trim(0);
}

static void trim_done(uv_work_t *work, int status)
{
	struct trim *t = work->data;

	(void)status;
	atomic_store(&t->memory->trimmed_sheds, t->sheds);
	atomic_store(&t->memory->peak, counted(t->memory));
	atomic_store(&t->memory->system_ms, 0); /* look again */
	atomic_store(&t->memory->is_trimming, false);
	free(t);
}

/* On another thread: it may take milliseconds. */
static void trim_later(struct fr_worker *w, uint64_t after_ms)
{
#ifdef FR_ASAN
	/* its allocator has nothing to give back */
	(void)w;
	(void)after_ms;
	(void)trim_now;
	(void)trim_done;
#else
	struct fr_memory *m = w->memory;
	uint64_t now = fr_loop_now(w->loop);
	struct trim *t;

	if (now - atomic_load(&m->trimmed_ms) < after_ms || atomic_exchange(&m->is_trimming, true))
		return;
	atomic_store(&m->trimmed_ms, now);
	w->memory_peak = fr_mem_held();
	t = fr_try_malloc(sizeof *t);
	if (t) {
		t->memory = m;
		t->sheds = atomic_load(&m->sheds);
		t->work.data = t;
		if (uv_queue_work(fr_loop_uv(w->loop), &t->work, trim_now, trim_done) == 0)
			return;
	}
	free(t);
	atomic_store(&m->is_trimming, false);
#endif
}

/* What waits for its next use is more than the next turns need. */
static void give_back(struct fr_worker *w, bool is_short)
{
	if (is_short || w->counters.v[FR_COUNT_EXCHANGES_OPEN] == 0)
		fr_block_pool_fini(&w->body_blocks);
	if (w->memory_peak - fr_mem_held() >= (int64_t)TRIM_BYTES)
		trim_later(w, TRIM_MS);
}

static void sample(struct fr_worker *w)
{
	struct fr_memory *m = w->memory;
	uint64_t now = fr_loop_now(w->loop), then = atomic_load(&m->system_ms), system, peak;
	struct fr_store_stats store;

	if (is_stale(m) || (then && now - then < TICK_MS))
		return;
	if (!atomic_compare_exchange_strong(&m->system_ms, &then, now))
		return;
	system = resident_bytes();
	fr_store_stats(m->store, &store);
	system = system > store.held ? system - store.held : 0;
	peak = atomic_load(&m->peak);
	atomic_store(&m->system, system);
	atomic_store(&m->overhead, system > peak ? system - peak : 0);
}

/* This worker's share of what is too much. What the system counts beyond what is held
 * comes back by trimming, not by closing more. */
static void shed_too_much(struct fr_worker *w)
{
	struct fr_memory *m = w->memory;
	uint64_t own = atomic_load(&m->parts[w->index]), all = counted(m);
	uint64_t target = budget(m) / 100 * SHED_TO_PERCENT;
	uint64_t used = atomic_load(&m->used), need;

	if (used <= target || all == 0)
		return;
	need = (uint64_t)((double)(used - target) * (double)own / (double)all);
	if (need)
		shed(w, need);
}

/* An allocation failed: a quarter of what this worker holds goes, and then it is tried
 * whether there is memory again. */
static void recover(struct fr_worker *w)
{
	shed(w, atomic_load(&w->memory->parts[w->index]) / 4);
	fr_block_pool_fini(&w->body_blocks);
	(void)malloc_trim(0);
	(void)fr_mem_reserve();
}

/* At once, and not at the next tick. At the turn's end: no session is freed from within
 * its own events. */
static void turn_end(void *user)
{
	struct fr_worker *w = user;
	enum fr_memory_level level = sum_up(w);

	if (fr_mem_is_short())
		recover(w);
	else if (level >= FR_MEMORY_NO_CONNECTIONS)
		shed_too_much(w);
}

static void tick(struct fr_timer *t, void *user)
{
	struct fr_worker *w = user;
	enum fr_memory_level level;

	(void)t;
	(void)sum_up(w);
	sample(w);
	level = sum_up(w);
	give_back(w, level > 0);
	if (fr_mem_is_short())
		recover(w);
	else if (level >= FR_MEMORY_SHEDDING)
		shed_too_much(w);
	if (level >= FR_MEMORY_SHEDDING || is_stale(w->memory))
		trim_later(w, TRIM_SHORT_MS);
	w->memory_quiet = level > 0 ? 0 : w->memory_quiet + 1;
	if (w->memory_quiet < QUIET_TICKS && w->state != FR_WORKER_CUT)
		fr_loop_timer_set(w->loop, &w->memory_timer, TICK_MS);
}

void fr_memory_watch(struct fr_worker *w)
{
	fr_timer_init(&w->memory_timer, tick, w);
	w->memory_task = (struct fr_task){.run = turn_end, .user = w};
	fr_loop_timer_set(w->loop, &w->memory_timer, TICK_MS);
	sample(w);
	(void)sum_up(w);
	/* libuv makes its threads now, and does not abort when there is no memory for them */
	trim_later(w, 0);
}

void fr_memory_unwatch(struct fr_worker *w)
{
	fr_loop_timer_stop(w->loop, &w->memory_timer);
}
