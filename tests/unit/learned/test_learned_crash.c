/* The hint memory and its database together, over restarts and kill -9. A child
 * changes pages for as long as it lives; each page's links carry one number,
 * so that a page put together of two writes would show. The parent kills it after a
 * random number of saves, which the child tells through a pipe from within its
 * transactions, and opens what is left. */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "learned/db.h"
#include "memory_fixture.h"

#define ROUNDS 60
#define PAGES 50u
#define LINKS 5u

static struct fr_hint_db *db;
static char folder[64], path[128];
static int telling = -1;

static void on_page_changed(void *user, struct fr_str key)
{
	(void)user;
	fr_hint_db_changed(db, FR_HINT_TABLE_PAGES, key);
}

static int on_save(void *user, struct fr_str key, struct fr_buf *out, int64_t *expires_s)
{
	if (telling >= 0 && write(telling, "s", 1) < 0)
		_exit(1);
	return fr_hint_memory_save(user, key, out, expires_s);
}

static int on_load(void *user, struct fr_str key, const void *value, size_t len, int64_t now_s)
{
	int r = fr_hint_memory_load(user, key, value, len, now_s);

	assert_int_equal(r, 0); /* not one row is damaged */
	return r;
}

static void on_walk(void *user, void (*visit)(void *ctx, struct fr_str key), void *ctx)
{
	fr_hint_memory_walk(user, visit, ctx);
}

static int64_t clock_s(void)
{
	return NOW;
}

static void start(void)
{
	const struct fr_hint_memory_limits limits = {.bytes = 8u << 20, .ttl_s = TTL};
	const struct fr_hint_journal journal = {.changed = on_page_changed};
	const struct fr_hint_db_options options = {
		.file = path, .seed = 7, .batch_ms = 1, .now_s = clock_s};
	struct fr_hint_db_owner owner = {on_save, on_load, on_walk, NULL};

	db = fr_hint_db_open(&options);
	assert_true(fr_hint_db_is_on(db));
	memory = fr_hint_memory_new(&limits, fr_hint_db_seed(db));
	owner.user = memory;
	(void)fr_hint_db_attach(db, FR_HINT_TABLE_PAGES, &owner);
	fr_hint_memory_set_journal(memory, &journal);
	fr_hint_db_start(db);
}

static void stop(void)
{
	fr_hint_db_close(&db);
	fr_hint_memory_free(&memory);
}

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof folder, "/tmp/forerun-hint-crash-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(path, sizeof path, "%s/hints.db", folder);
	return 0;
}

static int tear_down_files(void **state)
{
	char command[128];

	(void)state;
	telling = -1;
	stop();
	(void)snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command); /* NOLINT: a name that we made */
}

/* --- pages --- */

static void see_numbered(unsigned page, unsigned number)
{
	char key[32], names[LINKS * 24];
	size_t at = 0;

	(void)snprintf(key, sizeof key, "site /%u", page);
	for (unsigned i = 0; i < LINKS; i++)
		at += (size_t)snprintf(names + at, sizeof names - at, "%u-%u ", i, number);
	(void)see(S(key), names, PUBLIC(0, .witnesses = 1)); /* one is enough to replace */
}

/* The number of a page's links, which must be the same for all; -1: unknown. */
static int number_of(unsigned page)
{
	char key[32];
	int number = -1, n = 0;
	const char *text;

	(void)snprintf(key, sizeof key, "site /%u", page);
	text = known_at(S(key), NOW);
	for (const char *p = text; (p = strchr(p, '-')); p++, n++) {
		int found = (int)strtol(p + 1, NULL, 10);

		assert_true(number < 0 || found == number);
		number = found;
	}
	assert_true(n == 0 || n == (int)LINKS);
	return number;
}

static void pages_survive_a_restart_and_candidates_do_not(void **state)
{
	(void)state;
	start();
	see_numbered(1, 10);
	see_numbered(2, 20);
	assert_false(see(S("site /1"), "0-10 1-10 2-10 3-10 4-10 secret", PERSONAL(1)));
	assert_false(see(S("site /3"), "secret", PERSONAL(1)));
	see_numbered(2, 21);
	stop();
	start();
	assert_int_equal(number_of(1), 10);
	assert_int_equal(number_of(2), 21);
	assert_int_equal(stats().pages, 2);
	assert_int_equal(stats().candidates, 0);
	assert_int_equal(fr_hint_memory_purge(memory, S("site /1")), 1);
	stop();
	start();
	assert_int_equal(number_of(1), -1);
	assert_int_equal(number_of(2), 21);
}

/* --- kill -9 --- */

static _Noreturn void change_until_killed(unsigned round)
{
	start();
	for (unsigned i = 0;; i++) {
		see_numbered(i % PAGES, round * 1000000 + i);
		if (i % 8 == 7)
			fr_hint_db_flush(db);
	}
}

static void run_and_kill(unsigned round, unsigned after)
{
	int fds[2], status;
	char c;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		telling = fds[1];
		(void)close(fds[0]);
		change_until_killed(round);
	}
	(void)close(fds[1]);
	for (unsigned i = 0; i < after; i++)
		assert_int_equal(read(fds[0], &c, 1), 1);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	(void)close(fds[0]);
}

static void kill_in_the_middle_of_writes_leaves_whole_pages(void **state)
{
	unsigned dice = 12345, known = 0;
	char aside[160];

	(void)state;
	(void)snprintf(aside, sizeof aside, "%s.aside", path);
	for (unsigned round = 1; round <= ROUNDS; round++) {
		int newest = -1;

		dice = dice * 1664525u + 1013904223u;
		run_and_kill(round, 20 + (dice >> 16) % 100);
		start(); /* checks the file's integrity */
		assert_int_not_equal(access(aside, F_OK), 0);
		known = 0;
		for (unsigned i = 0; i < PAGES; i++) {
			int number = number_of(i);

			known += number >= 0;
			newest = number > newest ? number : newest;
		}
		/* what was committed is there: of this round's first batches at least */
		assert_int_equal(newest / 1000000, round);
		stop();
	}
	assert_int_equal(known, PAGES);
	start();
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down_files)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(pages_survive_a_restart_and_candidates_do_not),
		T(kill_in_the_middle_of_writes_leaves_whole_pages),
	};

	RUN(tests);
}
