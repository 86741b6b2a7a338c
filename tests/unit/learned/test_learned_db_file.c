/* Files of the hint database that are damaged, foreign, used or not to be written. */
#include "hint_db_fixture.h"

#include <fcntl.h>
#include <sys/file.h>

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

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_file_that_is_no_database_is_set_aside),
		T(a_newer_version_is_set_aside_whole),
		T(another_programs_database_is_set_aside),
		T(a_database_with_triggers_or_other_columns_is_set_aside),
		T(any_damage_is_survived),
		T(what_another_process_uses_is_not_set_aside),
		T(without_a_place_it_goes_on),
		T(only_its_owner_can_read_the_file),
	};

	RUN(tests);
}
