/* What the tests of the hint database share: a folder for each test, and an
 * owner of the table `pages` that maps numbers to numbers. */
#ifndef FR_HINT_DB_FIXTURE_H
#define FR_HINT_DB_FIXTURE_H

#include "learned/db.h"

#include <pthread.h>
#include <semaphore.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "unit.h"

#define NOW INT64_C(1700000000)
#define SLOTS 10000u

/* --- a table's owner: numbers by number --- */

struct owner {
	pthread_mutex_t lock;
	unsigned values[SLOTS]; /* 0: none */
	unsigned loaded;
	bool refuses;
	_Atomic bool holds; /* save waits for `go` after telling `asked` */
	sem_t asked, go;
	int64_t expires_s;
};

static struct owner owner;
static struct fr_hint_db *db;
static char folder[64], path[128];
static _Atomic int64_t now_s;

static int64_t clock_s(void)
{
	return now_s;
}

static inline unsigned slot_of(struct fr_str key)
{
	uint64_t n = SLOTS;

	if (fr_str_to_u64(key, &n) < 0 || n >= SLOTS)
		return SLOTS;
	return (unsigned)n;
}

static inline int on_save(void *user, struct fr_str key, struct fr_buf *out, int64_t *expires_s)
{
	struct owner *o = user;
	unsigned slot = slot_of(key), value;
	char text[32];

	if (o->holds) {
		(void)sem_post(&o->asked);
		(void)sem_wait(&o->go);
	}
	(void)pthread_mutex_lock(&o->lock);
	value = slot < SLOTS ? o->values[slot] : 0;
	(void)pthread_mutex_unlock(&o->lock);
	if (!value)
		return FR_ERR_NOTFOUND;
	*expires_s = o->expires_s;
	(void)snprintf(text, sizeof text, "%u", value);
	return fr_buf_append(out, text, strlen(text));
}

static inline int on_load(void *user, struct fr_str key, const void *value, size_t len,
                          int64_t at_s)
{
	struct owner *o = user;
	unsigned slot = slot_of(key);
	uint64_t n;

	assert_int_equal(at_s, now_s);
	if (o->refuses || slot == SLOTS || fr_str_to_u64(fr_str_make(value, len), &n) < 0)
		return FR_ERR_SYNTAX;
	o->values[slot] = (unsigned)n;
	o->loaded++;
	return 0;
}

static inline void on_walk(void *user, void (*visit)(void *ctx, struct fr_str key), void *ctx)
{
	struct owner *o = user;
	char text[16];

	for (unsigned i = 0; i < SLOTS; i++) {
		unsigned value;

		(void)pthread_mutex_lock(&o->lock);
		value = o->values[i];
		(void)pthread_mutex_unlock(&o->lock);
		(void)snprintf(text, sizeof text, "%u", i);
		if (value)
			visit(ctx, S(text));
	}
}

static inline void put(unsigned slot, unsigned value)
{
	char text[16];

	(void)pthread_mutex_lock(&owner.lock);
	owner.values[slot] = value;
	(void)pthread_mutex_unlock(&owner.lock);
	(void)snprintf(text, sizeof text, "%u", slot);
	fr_hint_db_changed(db, FR_HINT_TABLE_PAGES, S(text));
}

/* --- opening and closing --- */

static inline void open_db(unsigned batch_ms)
{
	const struct fr_hint_db_owner o = {on_save, on_load, on_walk, &owner};
	struct fr_hint_db_options options = {.file = path,
	                                     .seed = 42,
	                                     .batch_ms = batch_ms,
	                                     .retry_ms = 1,
	                                     .purge_ms = 1,
	                                     .now_s = clock_s};

	memset(owner.values, 0, sizeof owner.values);
	owner.loaded = 0;
	db = fr_hint_db_open(&options);
	(void)fr_hint_db_attach(db, FR_HINT_TABLE_PAGES, &o);
	fr_hint_db_start(db);
}

static inline struct fr_hint_db_stats stats(void)
{
	struct fr_hint_db_stats s;

	fr_hint_db_stats(db, &s);
	return s;
}

static inline int set_up(void **state)
{
	(void)state;
	fr_log_set_level(FR_LOG_ERROR);
	memset(&owner, 0, sizeof owner);
	(void)pthread_mutex_init(&owner.lock, NULL);
	(void)sem_init(&owner.asked, 0, 0);
	(void)sem_init(&owner.go, 0, 0);
	owner.expires_s = NOW + 1000;
	now_s = NOW;
	(void)snprintf(folder, sizeof folder, "/tmp/forerun-hint-db-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(path, sizeof path, "%s/hints.db", folder);
	return 0;
}

static inline int tear_down(void **state)
{
	char command[128];

	(void)state;
	owner.holds = false;
	(void)sem_post(&owner.go);
	fr_hint_db_close(&db);
	(void)snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command); /* NOLINT: a name that we made */
}

static inline const char *beside(const char *suffix)
{
	static char name[192];

	(void)snprintf(name, sizeof name, "%s%s", path, suffix);
	return name;
}

static inline bool exists(const char *name)
{
	struct stat st;

	return stat(name, &st) == 0;
}

/* The first number that a statement gives, by a connection of its own. */
static int64_t sql(const char *file, const char *statement)
{
	sqlite3 *c = NULL;
	sqlite3_stmt *st = NULL;
	int64_t n = -1;

	assert_int_equal(sqlite3_open(file, &c), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(c, statement, -1, &st, NULL), SQLITE_OK);
	if (sqlite3_step(st) == SQLITE_ROW)
		n = sqlite3_column_int64(st, 0);
	(void)sqlite3_finalize(st);
	(void)sqlite3_close(c);
	return n;
}

#endif
