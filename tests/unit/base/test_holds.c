/* base/holds: what should hold and does not. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/holds.h"
#include "base/log.h"

static void what_does_not_hold_is_counted_and_said(void **state)
{
	int n = 3;

	(void)state;
	assert_true(FR_HOLDS(n == 3));
	assert_int_equal(fr_internal_errors(), 0);
#ifndef FR_STRICT
	fr_log_set_level(FR_LOG_ERROR);
	assert_false(FR_HOLDS(n == 4));
	assert_false(FR_HOLDS(n == 5));
	assert_int_equal(fr_internal_errors(), 2);
#endif
}

static void a_build_for_tests_ends_at_it(void **state)
{
#ifdef FR_STRICT
	int status = 0, n = 3;
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (child == 0) {
		(void)signal(SIGABRT, SIG_DFL);
		(void)close(STDERR_FILENO);
		(void)FR_HOLDS(n == 4);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
#else
	(void)state;
	skip();
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_does_not_hold_is_counted_and_said),
		cmocka_unit_test(a_build_for_tests_ends_at_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
