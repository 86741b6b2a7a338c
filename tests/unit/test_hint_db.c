#include "edge/hint_db.h"

#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
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
	bool holds; /* save waits for `go` after telling `asked` */
	sem_t asked, go;
	int64_t expires_s;
};

static struct owner owner;
static struct fr_hint_db *db;
static char folder[64], path[128];
static int64_t now_s;

static int64_t clock_s(void)
{
	return now_s;
}

static unsigned slot_of(struct fr_str key)
{
	uint64_t n = SLOTS;

	if (fr_str_to_u64(key, &n) < 0 || n >= SLOTS)
		return SLOTS;
	return (unsigned)n;
}

static int on_save(void *user, struct fr_str key, struct fr_buf *out, int64_t *expires_s)
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

static int on_load(void *user, struct fr_str key, const void *value, size_t len, int64_t at_s)
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

static void on_walk(void *user, void (*visit)(void *ctx, struct fr_str key), void *ctx)
{
	struct owner *o = user;
	char text[16];

	for (unsigned i = 0; i < SLOTS; i++)
		if (o->values[i]) {
			(void)snprintf(text, sizeof text, "%u", i);
			visit(ctx, S(text));
		}
}

static void put(unsigned slot, unsigned value)
{
	char text[16];

	(void)pthread_mutex_lock(&owner.lock);
	owner.values[slot] = value;
	(void)pthread_mutex_unlock(&owner.lock);
	(void)snprintf(text, sizeof text, "%u", slot);
	fr_hint_db_changed(db, FR_HINT_TABLE_PAGES, S(text));
}

/* --- opening and closing --- */

static void open_db(unsigned batch_ms)
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

static struct fr_hint_db_stats stats(void)
{
	struct fr_hint_db_stats s;

	fr_hint_db_stats(db, &s);
	return s;
}

static int set_up(void **state)
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

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	owner.holds = false;
	(void)sem_post(&owner.go);
	fr_hint_db_close(&db);
	(void)snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command); /* NOLINT: a name that we made */
}

static const char *beside(const char *suffix)
{
	static char name[192];

	(void)snprintf(name, sizeof name, "%s%s", path, suffix);
	return name;
}

static bool exists(const char *name)
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

/* --- rows --- */

static void rows_and_seed_survive(void **state)
{
	(void)state;
	open_db(0);
	assert_true(fr_hint_db_is_on(db));
	assert_int_equal(fr_hint_db_seed(db), 42);
	put(1, 100);
	put(2, 200);
	put(3, 300);
	put(2, 0);
	fr_hint_db_close(&db);
	assert_false(exists(beside("-wal")));
	assert_int_equal(sql(path, "UPDATE meta SET value = 77"), -1);
	open_db(0);
	assert_int_equal(fr_hint_db_seed(db), 77);
	assert_int_equal(stats().loaded, 2);
	assert_int_equal(owner.values[1], 100);
	assert_int_equal(owner.values[2], 0);
	assert_int_equal(owner.values[3], 300);
	put(1, 0);
	fr_hint_db_flush(db);
	assert_int_equal(stats().deleted, 1);
	fr_hint_db_close(&db);
	open_db(0);
	assert_int_equal(stats().loaded, 1);
}

static void what_changes_often_is_written_once(void **state)
{
	(void)state;
	open_db(3600000);
	for (unsigned i = 1; i <= 1000; i++)
		put(7, i);
	assert_int_equal(stats().queued, 1);
	fr_hint_db_flush(db);
	assert_int_equal(stats().written, 1);
	assert_int_equal(stats().queued, 0);
	assert_int_equal(sql(path, "SELECT value FROM pages"), 1000);
}

static void changes_are_written_without_being_asked(void **state)
{
	(void)state;
	open_db(1);
	owner.holds = true;
	put(1, 1);
	(void)sem_wait(&owner.asked);
	owner.holds = false;
	(void)sem_post(&owner.go);
}

static void half_a_queue_does_not_wait(void **state)
{
	(void)state;
	open_db(3600000);
	owner.holds = true;
	for (unsigned i = 0; i < FR_HINT_DB_MAX_QUEUED / 2; i++)
		put(i, 1);
	(void)sem_wait(&owner.asked);
	owner.holds = false;
	(void)sem_post(&owner.go);
}

static void a_full_queue_drops_counts_and_catches_up(void **state)
{
	(void)state;
	open_db(1);
	put(9999, 5);
	fr_hint_db_flush(db);
	owner.holds = true;
	put(9998, 1);
	(void)sem_wait(&owner.asked); /* the writer is held up */
	for (unsigned i = 0; i < FR_HINT_DB_MAX_QUEUED + 500; i++)
		put(i, i + 1);
	put(9999, 0); /* dropped, too */
	assert_int_equal(stats().queued, FR_HINT_DB_MAX_QUEUED);
	assert_int_equal(stats().dropped, 501);
	owner.holds = false;
	(void)sem_post(&owner.go);
	fr_hint_db_flush(db);
	fr_hint_db_flush(db);
	assert_true(stats().walks >= 1);
	fr_hint_db_close(&db);
	assert_int_equal(sql(path, "SELECT count(*) FROM pages"), FR_HINT_DB_MAX_QUEUED + 501);
	assert_int_equal(sql(path, "SELECT count(*) FROM pages WHERE key = CAST('9999' AS BLOB)"),
	                 0);
}

static void keys_and_values_have_bounds(void **state)
{
	static char key[FR_HINT_DB_KEY_MAX_BYTES + 1];

	(void)state;
	open_db(0);
	memset(key, '1', sizeof key);
	fr_hint_db_changed(db, FR_HINT_TABLE_PAGES, fr_str_make(key, sizeof key));
	assert_int_equal(stats().dropped, 1);
	fr_hint_db_close(&db);
	assert_int_equal(sql(path, "INSERT INTO pages VALUES(zeroblob(5000), x'31', 1700000900),"
	                           "(x'32', zeroblob(70000), 1700000900),"
	                           "(x'33', x'33', 1700000900)"),
	                 -1);
	open_db(0);
	assert_int_equal(stats().loaded, 1);
	assert_int_equal(stats().refused, 2);
	fr_hint_db_close(&db);
	assert_int_equal(sql(path, "SELECT count(*) FROM pages"), 1);
}

static void what_has_expired_is_not_loaded_and_goes(void **state)
{
	(void)state;
	open_db(0);
	put(1, 1);
	fr_hint_db_flush(db);
	owner.expires_s = NOW + 2000;
	put(2, 2);
	fr_hint_db_close(&db);
	now_s = NOW + 1000;
	open_db(0);
	assert_int_equal(stats().loaded, 1);
	while (stats().purged == 0)
		fr_hint_db_flush(db);
	now_s = NOW + 2000; /* while it runs */
	while (stats().purged == 1)
		fr_hint_db_flush(db);
	assert_int_equal(sql(path, "SELECT count(*) FROM pages"), 0);
}

static void rows_that_their_owner_refuses_are_deleted(void **state)
{
	(void)state;
	open_db(0);
	put(1, 1);
	fr_hint_db_close(&db);
	owner.refuses = true;
	open_db(0);
	assert_int_equal(stats().refused, 1);
	fr_hint_db_close(&db);
	assert_int_equal(sql(path, "SELECT count(*) FROM pages"), 0);
}

static void tables_are_apart(void **state)
{
	static struct owner other;
	const struct fr_hint_db_owner o = {on_save, on_load, on_walk, &owner},
				      p = {on_save, on_load, on_walk, &other};
	struct fr_hint_db_options options = {.file = path, .now_s = clock_s};

	(void)state;
	(void)pthread_mutex_init(&other.lock, NULL);
	other.expires_s = NOW + 5;
	db = fr_hint_db_open(&options);
	assert_int_equal(fr_hint_db_attach(db, FR_HINT_TABLE_PAGES, &o), 0);
	assert_int_equal(fr_hint_db_attach(db, FR_HINT_TABLE_ASSETS, &p), 0);
	fr_hint_db_start(db);
	owner.values[1] = 11;
	other.values[1] = 22;
	fr_hint_db_changed(db, FR_HINT_TABLE_PAGES, S("1"));
	fr_hint_db_changed(db, FR_HINT_TABLE_ASSETS, S("1"));
	fr_hint_db_flush(db);
	assert_int_equal(stats().written, 2);
	assert_int_equal(sql(path, "SELECT value FROM pages"), 11);
	assert_int_equal(sql(path, "SELECT value FROM assets"), 22);
}

/* --- files that are not ours --- */

static void write_file(const char *name, const char *text, size_t len)
{
	FILE *f = fopen(name, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void assert_set_aside_and_begun_anew(void)
{
	open_db(0);
	assert_true(fr_hint_db_is_on(db));
	assert_int_equal(stats().loaded, 0);
	assert_true(exists(beside(".aside")));
	put(1, 5);
	fr_hint_db_close(&db);
	assert_int_equal(sql(path, "SELECT value FROM pages"), 5);
}

static void make_one(void)
{
	open_db(0);
	for (unsigned i = 0; i < 2000; i++)
		put(i, i + 1);
	fr_hint_db_close(&db);
}

static void a_file_that_is_no_database_is_set_aside(void **state)
{
	char text[10000];

	(void)state;
	memset(text, 'x', sizeof text);
	write_file(path, text, sizeof text);
	assert_set_aside_and_begun_anew();
}

static void a_newer_version_is_set_aside_whole(void **state)
{
	(void)state;
	make_one();
	assert_int_equal(sql(path, "PRAGMA user_version = 2"), -1);
	assert_set_aside_and_begun_anew();
	assert_int_equal(sql(beside(".aside"), "SELECT count(*) FROM pages"), 2000);
}

static void another_programs_database_is_set_aside(void **state)
{
	(void)state;
	assert_int_equal(sql(path, "CREATE TABLE bookmarks(url)"), -1);
	assert_set_aside_and_begun_anew();
	assert_int_equal(sql(beside(".aside"), "SELECT count(*) FROM bookmarks"), 0);
}

static void a_database_with_triggers_or_other_columns_is_set_aside(void **state)
{
	(void)state;
	make_one();
	assert_int_equal(sql(path, "CREATE TRIGGER t AFTER INSERT ON pages BEGIN "
	                           "DELETE FROM meta; END"),
	                 -1);
	assert_set_aside_and_begun_anew();
	assert_int_equal(sql(path, "ALTER TABLE pages RENAME COLUMN value TO other"), -1);
	assert_set_aside_and_begun_anew();
}

static void any_damage_is_survived(void **state)
{
	unsigned set_aside = 0;

	(void)state;
	make_one();
	for (unsigned i = 0; i < 60; i++) {
		struct stat st;
		char junk[512];
		int fd = open(path, O_RDWR | O_CLOEXEC);

		assert_int_equal(fstat(fd, &st), 0);
		memset(junk, (int)(i * 37), sizeof junk);
		if (i % 6 == 5)
			assert_int_equal(ftruncate(fd, st.st_size / 2 + i), 0);
		else
			assert_int_equal(pwrite(fd, junk, sizeof junk, st.st_size / 60 * i),
			                 (ssize_t)sizeof junk);
		(void)close(fd);
		(void)unlink(beside(".aside"));
		open_db(0);
		assert_true(fr_hint_db_is_on(db));
		put(1, 2);
		fr_hint_db_flush(db);
		fr_hint_db_close(&db);
		set_aside += exists(beside(".aside"));
		(void)unlink(path);
		make_one();
	}
	assert_true(set_aside > 40);
}

static void what_another_process_uses_is_not_set_aside(void **state)
{
	int fd;

	(void)state;
	make_one();
	assert_int_equal(sql(path, "PRAGMA user_version = 2"), -1);
	fd = open(beside("-lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(flock(fd, LOCK_SH), 0);
	open_db(0);
	assert_false(fr_hint_db_is_on(db));
	assert_false(exists(beside(".aside")));
	fr_hint_db_close(&db);
	(void)close(fd);
	assert_int_equal(sql(path, "SELECT count(*) FROM pages"), 2000);
	assert_set_aside_and_begun_anew();
}

/* --- places that cannot be written --- */

static void assert_off_and_harmless(void)
{
	open_db(0);
	assert_false(fr_hint_db_is_on(db));
	assert_int_equal(fr_hint_db_seed(db), 42);
	put(1, 1);
	fr_hint_db_flush(db);
	assert_int_equal(stats().queued, 0);
	fr_hint_db_close(&db);
}

static void without_a_place_it_goes_on(void **state)
{
	char keep[128];

	(void)state;
	memcpy(keep, path, sizeof keep);
	path[0] = '\0';
	assert_off_and_harmless();
	(void)snprintf(path, sizeof path, "%s", folder);
	assert_off_and_harmless();
	(void)snprintf(path, sizeof path, "%s/missing/hints.db", folder);
	assert_off_and_harmless();
	(void)snprintf(path, sizeof path, "/proc/forerun-hints.db");
	assert_off_and_harmless();
	memcpy(path, keep, sizeof path);
	if (geteuid() != 0) { /* root may write anywhere */
		make_one();
		assert_int_equal(chmod(path, 0400), 0);
		assert_off_and_harmless();
		assert_int_equal(unlink(path), 0);
		assert_int_equal(chmod(folder, 0500), 0);
		assert_off_and_harmless();
		assert_int_equal(chmod(folder, 0700), 0);
	}
}

static void only_its_owner_can_read_the_file(void **state)
{
	struct stat st;

	(void)state;
	open_db(0);
	put(1, 1);
	fr_hint_db_flush(db);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(beside("-wal"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

/* --- several processes --- */

static void a_locked_file_costs_nothing_but_time(void **state)
{
	sqlite3 *c = NULL;

	(void)state;
	open_db(0);
	assert_int_equal(sqlite3_open(path, &c), SQLITE_OK);
	assert_int_equal(sqlite3_exec(c, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	put(1, 1);
	fr_hint_db_flush(db);
	assert_true(stats().failed >= 1);
	assert_int_equal(stats().written, 0);
	assert_int_equal(sqlite3_close(c), SQLITE_OK);
	fr_hint_db_flush(db);
	assert_int_equal(sql(path, "SELECT value FROM pages"), 1);
}

/* A child that writes `n` rows from `from` on, each in a transaction. */
static pid_t fork_writer(unsigned from, unsigned n)
{
	pid_t pid = fork();

	if (pid == 0) {
		open_db(0);
		for (unsigned i = from; i < from + n; i++) {
			put(i, i + 1);
			fr_hint_db_flush(db);
		}
		fr_hint_db_close(&db);
		_exit(0);
	}
	return pid;
}

static void two_processes_share_a_file(void **state)
{
	pid_t a = fork_writer(0, 200), b = fork_writer(5000, 200);
	int status;

	(void)state;
	assert_int_equal(waitpid(a, &status, 0), a);
	assert_int_equal(status, 0);
	assert_int_equal(waitpid(b, &status, 0), b);
	assert_int_equal(status, 0);
	open_db(0);
	for (unsigned i = 0; i < 200; i++) {
		assert_int_equal(owner.values[i], i + 1);
		assert_int_equal(owner.values[5000 + i], 5000 + i + 1);
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(rows_and_seed_survive),
		T(what_changes_often_is_written_once),
		T(changes_are_written_without_being_asked),
		T(half_a_queue_does_not_wait),
		T(a_full_queue_drops_counts_and_catches_up),
		T(keys_and_values_have_bounds),
		T(what_has_expired_is_not_loaded_and_goes),
		T(rows_that_their_owner_refuses_are_deleted),
		T(tables_are_apart),
		T(a_file_that_is_no_database_is_set_aside),
		T(a_newer_version_is_set_aside_whole),
		T(another_programs_database_is_set_aside),
		T(a_database_with_triggers_or_other_columns_is_set_aside),
		T(any_damage_is_survived),
		T(what_another_process_uses_is_not_set_aside),
		T(without_a_place_it_goes_on),
		T(only_its_owner_can_read_the_file),
		T(a_locked_file_costs_nothing_but_time),
		T(two_processes_share_a_file),
	};

	RUN(tests);
}
