/* What every unit test includes: cmocka with what it needs before it, and
 * small helpers. One test is one behaviour, named as a sentence. The program's
 * argument, if any, is a pattern of names with * and ?: only those tests run. */
#ifndef FR_UNIT_H
#define FR_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"

#define S(text) fr_str_from(text)

#define assert_str(actual, expected) assert_str_at(actual, expected, __FILE__, __LINE__)

static inline void assert_str_at(struct fr_str actual, const char *expected, const char *file,
                                 int line)
{
	if (fr_str_is(actual, expected))
		return;
	print_error("'%.*s' is not '%s'\n", FR_STR_ARG(actual), expected);
	_fail(file, line);
}

/* glibc hands them to functions that run before main. */
static __attribute__((constructor)) void take_pattern(int argc, char **argv)
{
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
}

#define RUN(tests) return cmocka_run_group_tests(tests, NULL, NULL)

#endif
