#include "hint_db_fixture.h"

#include <sys/wait.h>

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
	assert_int_equal(owner.values[1] + owner.values[3], 400);
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

/* Waits until a value is asked for, then lets all go on. */
static void hold_once(void)
{
	(void)sem_wait(&owner.asked);
	owner.holds = false;
	(void)sem_post(&owner.go);
}

static void changes_are_written_without_being_asked(void **state)
{
	(void)state;
	open_db(1);
	owner.holds = true;
	put(1, 1);
	hold_once();
}

static void half_a_queue_does_not_wait(void **state)
{
	(void)state;
	open_db(3600000);
	owner.holds = true;
	for (unsigned i = 0; i < FR_HINT_DB_MAX_QUEUED / 2; i++)
		put(i, 1);
	hold_once();
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

/* --- several processes --- */

static void a_locked_file_costs_nothing_but_time(void **state)
{
	sqlite3 *c = NULL;

	(void)state;
	open_db(0);
	assert_int_equal(sqlite3_open(path, &c), SQLITE_OK);
	(void)sqlite3_busy_timeout(c, 10000); /* it may be deleting expired rows */
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

/* Each must find a file that it can use, whoever makes it. */
static void processes_that_start_at_once_make_one_file(void **state)
{
	(void)state;
	for (int round = 0; round < 10; round++) {
		pid_t pids[6];
		int status, go[2];
		char byte;

		(void)unlink(path);
		assert_int_equal(pipe(go), 0);
		for (size_t i = 0; i < FR_ARRAY_LEN(pids); i++) {
			pids[i] = fork();
			if (pids[i] == 0) {
				(void)close(go[1]);
				(void)!read(go[0], &byte, 1); /* returns when the parent closes */
				open_db(0);
				_exit(!fr_hint_db_is_on(db));
			}
		}
		(void)close(go[0]);
		(void)close(go[1]);
		for (size_t i = 0; i < FR_ARRAY_LEN(pids); i++) {
			assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
			assert_int_equal(status, 0);
		}
		(void)unlink(beside("-wal"));
		(void)unlink(beside("-shm"));
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
		T(a_locked_file_costs_nothing_but_time),
		T(two_processes_share_a_file),
		T(processes_that_start_at_once_make_one_file),
	};

	RUN(tests);
}
