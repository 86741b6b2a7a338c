/* Sums up what the workers hold, samples what the system says, and gives memory back. */
#include "net/memory_limit.h"

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
#include "config/settings.h"

/* A worker sums up again when its own part has changed by so much. */
#define STEP_BYTES 65536
/* How often it is looked at while it changes, and how many times more after that. */
#define TICK_MS 100u
#define QUIET_TICKS 20u
/* Memory goes back to the system when so much was freed, and no more often. */
#define TRIM_BYTES (8u << 20)
#define TRIM_MS 1000u
#define TRIM_SHORT_MS 200u /* when there is none to spare */
/* Connections are closed until the level would be this many percent. */
#define SHED_TO_PERCENT 84u
/* No limit is taken for lower: the process needs that by itself. */
#define LEAST_BYTES (64ull << 20)
/* Of the limit so much is not given out: what one worker frees, the allocator keeps
 * for that worker until memory goes back (TRIM_SHORT_MS), while others take more. */
#define RESERVE_BYTES (8ull << 20)
/* Without any client; what the system says beyond it, and beyond the store, counts. */
#define DEFAULT_SHARE 4u
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
	uint64_t (*stored)(const void *user); /* NULL: nothing */
	const void *user;                     /* borrowed: its argument */
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

/* The beginning of a small file of the kernel's; false: it is not there, or empty. */
static bool read_text(const char *path, char *out, size_t cap)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, cap - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return false;
	out[n] = '\0';
	return true;
}

static uint64_t read_number(const char *path)
{
	char text[32];

	return read_text(path, text, sizeof text) ? strtoull(text, NULL, 10) : 0; /* "max": 0 */
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

	if (!read_text("/proc/self/statm", text, sizeof text))
		return 0;
	(void)strtoull(text, &second, 10);
	return strtoull(second, NULL, 10) * (uint64_t)page;
#endif
}

/* --- life --- */

struct fr_memory *fr_memory_new(size_t workers, uint64_t (*stored)(const void *user),
                                const void *user)
{
	struct fr_memory *m = fr_calloc(1, sizeof *m + workers * sizeof m->parts[0]);

	m->n = workers;
	m->stored = stored;
	m->user = user;
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
static enum fr_memory_level sum_up(struct fr_memory_part *p)
{
	struct fr_memory *m = p->whole;
	int64_t own = fr_mem_held();
	uint64_t used;
	enum fr_memory_level level;

	p->seen = own;
	if (own > p->peak)
		p->peak = own;
	atomic_store_explicit(&m->parts[p->index], own > 0 ? (uint64_t)own : 0,
	                      memory_order_relaxed);
	used = estimate(m);
	/* whatever the limit says: there is no more */
	if (fr_mem_is_short() && used < budget(m))
		used = budget(m);
	level = fr_memory_level_of(used, budget(m));
	atomic_store_explicit(&m->used, used, memory_order_relaxed);
	atomic_store_explicit(&m->level, (int)level, memory_order_relaxed);
	say_level(m, level, fr_loop_now(p->loop));
	return level;
}

enum fr_memory_level fr_memory_level(struct fr_memory_part *p)
{
	int64_t change = fr_mem_held() - p->seen;
	enum fr_memory_level level;

	if (change < STEP_BYTES && change > -STEP_BYTES && !fr_mem_is_short())
		return (enum fr_memory_level)atomic_load_explicit(&p->whole->level,
		                                                  memory_order_relaxed);
	p->quiet = 0;
	level = sum_up(p);
	if (level >= FR_MEMORY_NO_CONNECTIONS)
		fr_loop_flush_later(p->loop, &p->task);
	if (!fr_timer_is_set(&p->timer))
		fr_loop_timer_set(p->loop, &p->timer, TICK_MS);
	return level;
}

uint64_t fr_memory_share(const struct fr_memory_part *p, size_t n)
{
	uint64_t share = n && p->seen > 0 ? (uint64_t)p->seen / n : 0;

	return share > SHARE_BYTES ? share : SHARE_BYTES;
}

void fr_memory_note_shed(struct fr_memory_part *p)
{
	atomic_fetch_add(&p->whole->sheds, 1);
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
static void trim_later(struct fr_memory_part *p, uint64_t after_ms)
{
#ifdef FR_ASAN
	/* its allocator has nothing to give back */
	(void)p;
	(void)after_ms;
	(void)trim_now;
	(void)trim_done;
#else
	struct fr_memory *m = p->whole;
	uint64_t now = fr_loop_now(p->loop);
	struct trim *t;

	if (now - atomic_load(&m->trimmed_ms) < after_ms || atomic_exchange(&m->is_trimming, true))
		return;
	atomic_store(&m->trimmed_ms, now);
	p->peak = fr_mem_held();
	t = fr_try_malloc(sizeof *t);
	if (t) {
		t->memory = m;
		t->sheds = atomic_load(&m->sheds);
		t->work.data = t;
		if (uv_queue_work(fr_loop_uv(p->loop), &t->work, trim_now, trim_done) == 0)
			return;
	}
	free(t);
	atomic_store(&m->is_trimming, false);
#endif
}

/* What waits for its next use is more than the next turns need. */
static void give_back(struct fr_memory_part *p, bool is_short)
{
	p->ops->trim(p->user, is_short);
	if (p->peak - fr_mem_held() >= (int64_t)TRIM_BYTES)
		trim_later(p, TRIM_MS);
}

static void sample(struct fr_memory_part *p)
{
	struct fr_memory *m = p->whole;
	uint64_t now = fr_loop_now(p->loop), then = atomic_load(&m->system_ms), system, peak,
		 stored;

	if (is_stale(m) || (then && now - then < TICK_MS))
		return;
	if (!atomic_compare_exchange_strong(&m->system_ms, &then, now))
		return;
	system = resident_bytes();
	stored = m->stored ? m->stored(m->user) : 0;
	system = system > stored ? system - stored : 0;
	peak = atomic_load(&m->peak);
	atomic_store(&m->system, system);
	atomic_store(&m->overhead, system > peak ? system - peak : 0);
}

/* This worker's share of what is too much. What the system counts beyond what is held
 * comes back by trimming, not by closing more. */
static void shed_too_much(struct fr_memory_part *p)
{
	struct fr_memory *m = p->whole;
	uint64_t own = atomic_load(&m->parts[p->index]), all = counted(m);
	uint64_t target = budget(m) / 100 * SHED_TO_PERCENT;
	uint64_t used = atomic_load(&m->used), need;

	if (used <= target || all == 0)
		return;
	need = (uint64_t)((double)(used - target) * (double)own / (double)all);
	if (need)
		p->ops->shed(p->user, need);
}

/* An allocation failed: a quarter of what this worker holds goes, and then it is tried
 * whether there is memory again. */
static void recover(struct fr_memory_part *p)
{
	p->ops->shed(p->user, atomic_load(&p->whole->parts[p->index]) / 4);
	p->ops->trim(p->user, true);
	(void)malloc_trim(0);
	(void)fr_mem_reserve();
}

/* At once, and not at the next tick. At the turn's end: no session is freed from within
 * its own events. */
static void turn_end(void *user)
{
	struct fr_memory_part *p = user;
	enum fr_memory_level level = sum_up(p);

	if (fr_mem_is_short())
		recover(p);
	else if (level >= FR_MEMORY_NO_CONNECTIONS)
		shed_too_much(p);
}

static void tick(struct fr_timer *t, void *user)
{
	struct fr_memory_part *p = user;
	enum fr_memory_level level;

	(void)t;
	(void)sum_up(p);
	sample(p);
	level = sum_up(p);
	give_back(p, level > 0);
	if (fr_mem_is_short())
		recover(p);
	else if (level >= FR_MEMORY_SHEDDING)
		shed_too_much(p);
	if (level >= FR_MEMORY_SHEDDING || is_stale(p->whole))
		trim_later(p, TRIM_SHORT_MS);
	p->quiet = level > 0 ? 0 : p->quiet + 1;
	if (p->quiet < QUIET_TICKS)
		fr_loop_timer_set(p->loop, &p->timer, TICK_MS);
}

void fr_memory_watch(struct fr_memory_part *p, struct fr_memory *whole, unsigned index,
                     struct fr_loop *loop, const struct fr_memory_part_ops *ops, void *user)
{
	*p = (struct fr_memory_part){
		.whole = whole, .index = index, .loop = loop, .ops = ops, .user = user};
	fr_timer_init(&p->timer, tick, p);
	p->task = (struct fr_task){.run = turn_end, .user = p};
	fr_loop_timer_set(loop, &p->timer, TICK_MS);
	sample(p);
	(void)sum_up(p);
	/* libuv makes its threads now, and does not abort when there is no memory for them */
	trim_later(p, 0);
}

void fr_memory_unwatch(struct fr_memory_part *p)
{
	fr_loop_timer_stop(p->loop, &p->timer);
}
