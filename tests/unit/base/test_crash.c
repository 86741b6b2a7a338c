#include "base/crash.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

static void a_page_of_a_process_that_crashed_is_read_within_its_bounds(void **state)
{
	struct fr_crash_page *page = NULL, *copy;
	int fd = -1;

	(void)state;
	assert_int_equal(fr_crash_page_new(2, &page, &fd), 0);
	/* whatever it wrote before it was stopped */
	memset(page, 0xff, fr_crash_page_bytes(2));
	copy = fr_crash_read(page, 2);
	assert_non_null(copy);
	assert_int_equal(copy->n_slots, 2);
	assert_int_equal(copy->n_modules, FR_CRASH_MAX_MODULES);
	assert_int_equal(copy->n_counters, FR_CRASH_MAX_COUNTERS);
	assert_int_equal(copy->worker, -1);
	assert_true(strlen(copy->note) < sizeof copy->note);
	assert_true(strlen(copy->thread) < sizeof copy->thread);
	assert_true(strlen(copy->modules[FR_CRASH_MAX_MODULES - 1].name) <
	            sizeof copy->modules[0].name);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(copy->slots[i].host_len, FR_ACTIVITY_HOST_BYTES);
		assert_int_equal(copy->slots[i].path_len, FR_ACTIVITY_PATH_BYTES);
		assert_true(strlen(copy->slots[i].method) < sizeof copy->slots[i].method);
		assert_string_equal(fr_activity_str(copy->slots[i].stage), "unknown");
	}
	free(copy);
	fr_crash_page_reset(page, 2);
	assert_int_equal(page->state, FR_CRASH_NONE);
	assert_int_equal(page->n_slots, 2);
	/* nor can it be made shorter, for its reader to stumble over */
	assert_int_equal(ftruncate(fd, 0), -1);
	fr_crash_page_free(&page, 2);
	close(fd);
}

/* In a process of its own: what it had in hand, and why it aborted. */
static void crash(int fd, bool by_assertion)
{
	struct fr_activity *slot;

	if (fr_crash_begin(fd, 3) < 0)
		_exit(1);
	fr_crash_thread_begin("worker", 1);
	slot = fr_crash_slot(1);
	slot->path_len = fr_activity_text(slot->path, sizeof slot->path, FR_STR("/path"));
	fr_activity_set(slot, FR_ACTIVITY_SEND);
	(void)close(STDERR_FILENO);
	if (by_assertion)
		fr_assert_failed("1 == 2", "file.c", 7);
	(void)raise(SIGFPE);
}

static void run_crash(bool by_assertion, int signo, const char *note)
{
	struct fr_crash_page *page = NULL;
	int fd = -1, status = 0;
	pid_t pid;

	assert_int_equal(fr_crash_page_new(3, &page, &fd), 0);
	pid = fork();
	if (pid == 0) {
		(void)signal(SIGFPE, SIG_DFL); /* cmocka has handlers of its own */
		(void)signal(SIGABRT, SIG_DFL);
		crash(fd, by_assertion);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), signo);
	assert_int_equal(page->state, FR_CRASH_WRITTEN);
	assert_int_equal(page->signal, signo);
	assert_int_equal(page->sender, 0); /* its own */
	assert_int_equal(page->worker, 1);
	assert_string_equal(page->thread, "worker");
	assert_string_equal(page->note, note);
	assert_true(page->n_counters > 2);
	assert_true(page->n_modules > 1);
	assert_int_equal(page->slots[1].stage, FR_ACTIVITY_SEND);
	assert_int_equal(page->slots[1].path_len, 5);
	fr_crash_page_free(&page, 3);
	close(fd);
}

static void an_assertion_is_in_the_page_with_what_its_worker_did(void **state)
{
	(void)state;
	run_crash(true, SIGABRT, "assertion '1 == 2' failed at file.c:7");
}

static void a_fault_is_in_the_page_with_what_its_worker_did(void **state)
{
	(void)state;
	run_crash(false, SIGFPE, "");
}

static void without_a_page_nothing_happens(void **state)
{
	(void)state;
	fr_crash_note("nobody reads this");
	fr_crash_thread_begin("test", 0);
	assert_null(fr_crash_slot(0));
	fr_crash_thread_end();
}

static void texts_are_cut_to_their_room(void **state)
{
	char to[4];

	(void)state;
	assert_int_equal(fr_activity_text(to, sizeof to, FR_STR("abcdef")), 4);
	assert_memory_equal(to, "abcd", 4);
	assert_int_equal(fr_activity_text(to, sizeof to, (struct fr_str){0}), 0);
}

static void an_assertion_says_what_its_worker_was_doing(void **state)
{
	struct fr_activity a = {.stage = FR_ACTIVITY_ORIGIN,
	                        .connection = 3,
	                        .of_connection = 3,
	                        .stream = 5,
	                        .exchange = 0xabc,
	                        .method = "GET"};
	char text[128];

	(void)state;
	assert_string_equal(fr_crash_doing(text, sizeof text), "");
	fr_crash_thread_notes(&a);
	assert_string_equal(fr_crash_doing(text, sizeof text),
	                    " while taking a response: connection 3, stream 5, exchange "
	                    "0000000000000abc GET");
	a.connection = 4; /* another one, of which no exchange is known */
	fr_activity_set(&a, FR_ACTIVITY_READ);
	assert_string_equal(fr_crash_doing(text, sizeof text),
	                    " while reading from a client: connection 4");
	fr_activity_set(&a, FR_ACTIVITY_IDLE);
	assert_string_equal(fr_crash_doing(text, sizeof text), "");
	fr_crash_thread_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_of_a_process_that_crashed_is_read_within_its_bounds),
		cmocka_unit_test(an_assertion_says_what_its_worker_was_doing),
		cmocka_unit_test(an_assertion_is_in_the_page_with_what_its_worker_did),
		cmocka_unit_test(a_fault_is_in_the_page_with_what_its_worker_did),
		cmocka_unit_test(without_a_page_nothing_happens),
		cmocka_unit_test(texts_are_cut_to_their_room),
	};

	RUN(tests);
}
