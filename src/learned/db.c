/* The thread that writes learned rows to SQLite in batches, and the walks that repair
 * what it missed. */
#include "learned/db.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/siphash.h"
#include "learned/db_file.h"

#define HASH_NONFATAL_OOM 0
#define uthash_malloc(n) fr_malloc(n)
#include <uthash.h>

/* A key that waits to be written. */
struct queued {
	UT_hash_handle hh;
	size_t len;
	char key[];
};

/* As learned/db.h draws them. */
enum state {
	OFF,
	OPEN,
	WRITING, /* changes are taken */
	FLUSHED  /* the writer has ended; to be closed */
};

static const uint8_t allowed[] = {
	[OFF] = FR_BIT(OPEN),
	[OPEN] = FR_BIT(WRITING) | FR_BIT(OFF),
	[WRITING] = FR_BIT(FLUSHED) | FR_BIT(OFF),
	[FLUSHED] = 0,
};

struct fr_hint_db {
	enum state state;          /* under the lock once started */
	struct fr_hint_file *file; /* owned; the writer's once started; NULL: OFF */
	struct fr_hint_db_owner owners[FR_HINT_TABLE_COUNT];
	bool has_owner[FR_HINT_TABLE_COUNT];
	uint64_t seed;
	unsigned batch_ms, retry_ms, purge_ms;
	int64_t (*now_s)(void);
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock;                      /* of what follows */
	pthread_cond_t wake;                       /* the writer: there is work, or less time */
	pthread_cond_t done;                       /* who flushes */
	struct queued *queue[FR_HINT_TABLE_COUNT]; /* owned, in the order of arrival */
	size_t n_queued;
	uint64_t batch_at_ms, walk_at_ms, purge_at_ms; /* monotonic: when each is due */
	uint64_t asked, answered;                      /* flushes */
	bool is_stopping;
	bool needs_walk;
	struct fr_hint_db_stats stats;
};

/* What one turn of the writer does; counts go to the stats at its end. */
struct turn {
	struct fr_hint_db *db;
	struct fr_buf value;
	size_t rows; /* in the open transaction */
	bool is_open;
	int error; /* the first; nothing is written after it */
	uint64_t written, deleted, purged, batches;
	uint64_t open_written, open_deleted; /* of the open transaction */
};

static uint64_t now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static int64_t system_now_s(void)
{
	return (int64_t)time(NULL);
}

/* Under the lock once started. */
static void set_state(struct fr_hint_db *db, enum state to)
{
	FR_ASSERT(allowed[db->state] & FR_BIT(to));
	db->state = to;
	if (to == OFF)
		fr_hint_file_close(&db->file);
}

/* --- the queue (under the lock) --- */

static bool is_queued(struct queued *queue, struct fr_str key, unsigned hash)
{
	struct queued *q;

	HASH_FIND_BYHASHVALUE(hh, queue, key.p, key.len, hash, q);
	return q != NULL;
}

static void enqueue(struct fr_hint_db *db, enum fr_hint_table t, struct fr_str key)
{
	unsigned hash = (unsigned)fr_siphash(db->seed, key.p, key.len);
	struct queued *q = NULL;

	if (is_queued(db->queue[t], key, hash))
		return;
	if (key.len <= FR_HINT_DB_KEY_MAX_BYTES && db->n_queued < FR_HINT_DB_MAX_QUEUED)
		q = fr_try_malloc(sizeof *q + key.len);
	if (!q) {
		db->stats.dropped++;
		if (!db->needs_walk)
			(void)pthread_cond_signal(&db->wake);
		db->needs_walk = true;
		return;
	}
	memset(q, 0, sizeof *q);
	q->len = key.len;
	if (key.len)
		memcpy(q->key, key.p, key.len);
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, db->queue[t], q->key, q->len, hash, q);
	if (db->n_queued++ == 0)
		db->batch_at_ms = now_ms() + db->batch_ms;
	if (db->n_queued == 1 || db->n_queued == FR_HINT_DB_MAX_QUEUED / 2)
		(void)pthread_cond_signal(&db->wake);
}

static void free_queue(struct queued **queue)
{
	struct queued *q = *queue, *next;

	HASH_CLEAR(hh, *queue);
	for (; q; q = next) {
		next = q->hh.next;
		free(q);
	}
}

/* --- rows (on the writer's thread) --- */

static void fail(struct turn *t, int error)
{
	t->error = error;
	if (t->is_open)
		fr_hint_file_rollback(t->db->file);
	t->is_open = false;
	t->rows = t->open_written = t->open_deleted = 0;
}

static void commit(struct turn *t)
{
	int r;

	if (!t->is_open)
		return;
	r = fr_hint_file_commit(t->db->file);
	if (r < 0) {
		fail(t, r);
		return;
	}
	t->is_open = false;
	t->batches++;
	t->written += t->open_written;
	t->deleted += t->open_deleted;
	t->rows = t->open_written = t->open_deleted = 0;
}

/* A place for one more row in the transaction. False after an error. */
static bool begin(struct turn *t)
{
	if (t->rows == FR_HINT_DB_BATCH_ROWS)
		commit(t);
	if (t->error == 0 && !t->is_open) {
		int r = fr_hint_file_begin(t->db->file);

		if (r < 0)
			fail(t, r);
		else
			t->is_open = true;
	}
	if (t->error)
		return false;
	t->rows++;
	return true;
}

/* The present value of a key into t->value. */
static int ask(struct turn *t, enum fr_hint_table table, struct fr_str key, int64_t *expires_s)
{
	const struct fr_hint_db_owner *o = &t->db->owners[table];

	fr_buf_clear(&t->value);
	return o->save(o->user, key, &t->value, expires_s);
}

static void delete_row(struct turn *t, enum fr_hint_table table, struct fr_str key)
{
	int r;

	if (!begin(t))
		return;
	r = fr_hint_file_delete(t->db->file, table, key);
	if (r < 0)
		fail(t, r);
	else
		t->open_deleted++;
}

static void write_row(struct turn *t, enum fr_hint_table table, struct fr_str key)
{
	int64_t expires_s = 0;
	int r;

	if (t->error)
		return;
	r = ask(t, table, key, &expires_s);
	if (r == FR_ERR_NOTFOUND)
		delete_row(t, table, key);
	if (r < 0 || !begin(t))
		return;
	r = fr_hint_file_put(t->db->file, table, key, &t->value, expires_s);
	if (r < 0)
		fail(t, r);
	else
		t->open_written++;
}

static void write_queue(struct turn *t, struct queued *queue[])
{
	for (unsigned i = 0; i < FR_HINT_TABLE_COUNT; i++)
		for (struct queued *q = queue[i]; q; q = q->hh.next)
			write_row(t, (enum fr_hint_table)i, fr_str_make(q->key, q->len));
	commit(t);
}

/* --- the walk over everything --- */

struct visit {
	struct turn *turn;
	enum fr_hint_table table;
};

static void on_visit(void *user, struct fr_str key)
{
	struct visit *v = user;

	if (key.len <= FR_HINT_DB_KEY_MAX_BYTES)
		write_row(v->turn, v->table, key);
}

/* Deletes the rows that the owner no longer has. */
static void delete_stale(struct turn *t, enum fr_hint_table table)
{
	int64_t at = INT64_MIN, expires_s = 0;
	struct fr_buf buf;
	int r = 1;

	fr_buf_init(&buf, 4 * (size_t)FR_HINT_DB_VALUE_MAX_BYTES);
	while (r == 1 && !t->error) {
		struct fr_str key;

		fr_buf_clear(&buf);
		r = fr_hint_file_next(t->db->file, table, &at, &buf);
		if (r < 0)
			fail(t, r);
		if (r != 1)
			break;
		key = fr_str_make((const char *)fr_buf_data(&buf), fr_buf_len(&buf));
		if (key.len > FR_HINT_DB_KEY_MAX_BYTES ||
		    ask(t, table, key, &expires_s) == FR_ERR_NOTFOUND)
			delete_row(t, table, key);
	}
	fr_buf_fini(&buf);
}

static void walk(struct turn *t)
{
	for (unsigned i = 0; i < FR_HINT_TABLE_COUNT; i++) {
		const struct fr_hint_db_owner *o = &t->db->owners[i];
		struct visit v = {.turn = t, .table = (enum fr_hint_table)i};

		if (!t->db->has_owner[i])
			continue;
		o->walk(o->user, on_visit, &v);
		if (!t->error)
			delete_stale(t, v.table);
	}
	commit(t);
}

static void purge(struct turn *t)
{
	size_t n = 0;

	for (unsigned i = 0; i < FR_HINT_TABLE_COUNT; i++)
		do {
			int r = t->error ? t->error
			                 : fr_hint_file_purge(t->db->file, (enum fr_hint_table)i,
			                                      t->db->now_s(), &n);

			if (r < 0 && !t->error)
				fail(t, r);
			if (t->error)
				return;
			t->purged += n;
		} while (n == FR_HINT_DB_BATCH_ROWS);
}

/* --- the writer --- */

static bool is_urgent(const struct fr_hint_db *db)
{
	return db->is_stopping || db->asked != db->answered ||
	       db->n_queued >= FR_HINT_DB_MAX_QUEUED / 2;
}

static uint64_t next_due(const struct fr_hint_db *db)
{
	uint64_t due = db->purge_at_ms;

	if (db->n_queued && db->batch_at_ms < due)
		due = db->batch_at_ms;
	if (db->needs_walk && db->walk_at_ms < due)
		due = db->walk_at_ms;
	return due;
}

static void wait_for_work(struct fr_hint_db *db)
{
	while (!is_urgent(db) && next_due(db) > now_ms()) {
		uint64_t due = next_due(db);
		struct timespec ts = {.tv_sec = (time_t)(due / 1000),
		                      .tv_nsec = (long)(due % 1000) * 1000000};

		(void)pthread_cond_timedwait(&db->wake, &db->lock, &ts);
	}
}

static void count(struct fr_hint_db *db, const struct turn *t)
{
	db->stats.written += t->written;
	db->stats.deleted += t->deleted;
	db->stats.purged += t->purged;
	db->stats.batches += t->batches;
	if (!t->error)
		return;
	db->stats.failed++;
	db->needs_walk = true;
	db->walk_at_ms = now_ms() + db->retry_ms;
	if (t->error == FR_ERR_SYNTAX) {
		FR_LOG(WARN, "hints", "the database is damaged: nothing more is written to it");
		set_state(db, OFF);
	}
}

/* One turn: what waits, what is due. Begins and ends with the lock held. */
static void work(struct fr_hint_db *db)
{
	struct turn t = {.db = db};
	struct queued *queue[FR_HINT_TABLE_COUNT] = {0};
	uint64_t now = now_ms(), asked = db->asked;
	bool is_walk = db->needs_walk &&
	               (db->walk_at_ms <= now || db->is_stopping || asked != db->answered);
	bool is_purge = db->purge_at_ms <= now;

	if (is_urgent(db) || db->batch_at_ms <= now) {
		memcpy(queue, db->queue, sizeof queue);
		memset(db->queue, 0, sizeof db->queue);
		db->n_queued = 0;
	}
	if (is_walk) {
		db->needs_walk = false;
		db->walk_at_ms = now + db->retry_ms;
		db->stats.walks++;
	}
	if (is_purge)
		db->purge_at_ms = now + db->purge_ms;
	(void)pthread_mutex_unlock(&db->lock);
	fr_buf_init(&t.value, FR_HINT_DB_VALUE_MAX_BYTES);
	write_queue(&t, queue);
	if (is_walk && !t.error)
		walk(&t);
	if (is_purge && !t.error)
		purge(&t);
	fr_buf_fini(&t.value);
	for (unsigned i = 0; i < FR_HINT_TABLE_COUNT; i++)
		free_queue(&queue[i]);
	(void)pthread_mutex_lock(&db->lock);
	count(db, &t);
	db->answered = asked;
	(void)pthread_cond_broadcast(&db->done);
}

static void *write_all(void *user)
{
	struct fr_hint_db *db = user;

	(void)pthread_mutex_lock(&db->lock);
	while (db->state == WRITING) {
		bool is_last = db->is_stopping;

		wait_for_work(db);
		work(db);
		if (is_last)
			break;
	}
	if (db->state == WRITING)
		set_state(db, FLUSHED);
	(void)pthread_cond_broadcast(&db->done);
	(void)pthread_mutex_unlock(&db->lock);
	return NULL;
}

/* --- life --- */

struct fr_hint_db *fr_hint_db_open(const struct fr_hint_db_options *o)
{
	struct fr_hint_db *db = fr_calloc(1, sizeof *db);
	pthread_condattr_t attr;

	db->seed = o->seed;
	db->batch_ms = o->batch_ms ? o->batch_ms : FR_HINT_DB_BATCH_MS;
	db->retry_ms = o->retry_ms ? o->retry_ms : FR_HINT_DB_RETRY_MS;
	db->purge_ms = o->purge_ms ? o->purge_ms : FR_HINT_DB_PURGE_MS;
	db->now_s = o->now_s ? o->now_s : system_now_s;
	(void)pthread_mutex_init(&db->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&db->wake, &attr);
	(void)pthread_cond_init(&db->done, &attr);
	(void)pthread_condattr_destroy(&attr);
	if (o->file && *o->file && fr_hint_file_open(o->file, o->seed, &db->file) == 0) {
		db->seed = fr_hint_file_seed(db->file);
		set_state(db, OPEN);
	}
	return db;
}

bool fr_hint_db_is_on(struct fr_hint_db *db)
{
	bool is_on;

	(void)pthread_mutex_lock(&db->lock);
	is_on = db->state != OFF;
	(void)pthread_mutex_unlock(&db->lock);
	return is_on;
}

uint64_t fr_hint_db_seed(const struct fr_hint_db *db)
{
	return db->seed;
}

struct loading {
	struct fr_hint_db *db;
	enum fr_hint_table table;
	int64_t now_s;
	size_t taken;
};

static void on_row(void *user, struct fr_str key, struct fr_str value)
{
	struct loading *l = user;
	const struct fr_hint_db_owner *o = &l->db->owners[l->table];

	if (key.len <= FR_HINT_DB_KEY_MAX_BYTES && value.len <= FR_HINT_DB_VALUE_MAX_BYTES &&
	    o->load(o->user, key, value.p ? value.p : "", value.len, l->now_s) >= 0) {
		l->taken++;
		return;
	}
	/* once the writer runs, it asks for the value and finds that there is none */
	l->db->stats.refused++;
	enqueue(l->db, l->table, key);
}

size_t fr_hint_db_attach(struct fr_hint_db *db, enum fr_hint_table table,
                         const struct fr_hint_db_owner *owner)
{
	struct loading l = {.db = db, .table = table, .now_s = db->now_s()};

	FR_ASSERT(!db->has_owner[table] && !db->has_thread);
	if (db->state == OFF)
		return 0;
	db->owners[table] = *owner;
	db->has_owner[table] = true;
	if (fr_hint_file_each(db->file, table, l.now_s, on_row, &l) == FR_ERR_SYNTAX) {
		FR_LOG(WARN, "hints", "the database is damaged: nothing is written to it");
		set_state(db, OFF);
	}
	db->stats.loaded += l.taken;
	return l.taken;
}

void fr_hint_db_start(struct fr_hint_db *db)
{
	sigset_t all, old;

	if (db->state != OPEN)
		return;
	set_state(db, WRITING);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	db->has_thread = pthread_create(&db->thread, NULL, write_all, db) == 0;
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!db->has_thread) {
		FR_LOG(WARN, "hints", "cannot start a thread: what is learned is lost at exit");
		set_state(db, OFF);
	}
}

void fr_hint_db_changed(struct fr_hint_db *db, enum fr_hint_table table, struct fr_str key)
{
	(void)pthread_mutex_lock(&db->lock);
	if (db->state == WRITING && db->has_owner[table])
		enqueue(db, table, key);
	(void)pthread_mutex_unlock(&db->lock);
}

void fr_hint_db_flush(struct fr_hint_db *db)
{
	uint64_t mine;

	(void)pthread_mutex_lock(&db->lock);
	mine = ++db->asked;
	(void)pthread_cond_signal(&db->wake);
	while (db->state == WRITING && db->answered < mine)
		(void)pthread_cond_wait(&db->done, &db->lock);
	(void)pthread_mutex_unlock(&db->lock);
}

bool fr_hint_db_flush_within(struct fr_hint_db *db, unsigned ms)
{
	uint64_t due = now_ms() + ms, mine;
	struct timespec ts = {.tv_sec = (time_t)(due / 1000),
	                      .tv_nsec = (long)(due % 1000) * 1000000};
	bool is_written;

	(void)pthread_mutex_lock(&db->lock);
	mine = ++db->asked;
	(void)pthread_cond_signal(&db->wake);
	while (db->state == WRITING && db->answered < mine && now_ms() < due)
		(void)pthread_cond_timedwait(&db->done, &db->lock, &ts);
	is_written = db->state != WRITING || db->answered >= mine;
	(void)pthread_mutex_unlock(&db->lock);
	return is_written;
}

void fr_hint_db_close(struct fr_hint_db **dbp)
{
	struct fr_hint_db *db = *dbp;

	if (!db)
		return;
	if (db->has_thread) {
		(void)pthread_mutex_lock(&db->lock);
		db->is_stopping = true;
		(void)pthread_cond_signal(&db->wake);
		(void)pthread_mutex_unlock(&db->lock);
		(void)pthread_join(db->thread, NULL);
	}
	fr_hint_file_close(&db->file);
	for (unsigned i = 0; i < FR_HINT_TABLE_COUNT; i++)
		free_queue(&db->queue[i]);
	(void)pthread_cond_destroy(&db->wake);
	(void)pthread_cond_destroy(&db->done);
	(void)pthread_mutex_destroy(&db->lock);
	free(db);
	*dbp = NULL;
}

void fr_hint_db_stats(struct fr_hint_db *db, struct fr_hint_db_stats *out)
{
	(void)pthread_mutex_lock(&db->lock);
	*out = db->stats;
	out->queued = db->n_queued;
	(void)pthread_mutex_unlock(&db->lock);
}
