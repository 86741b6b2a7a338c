/* What every unit test includes: cmocka with what it needs before it, and
 * small helpers. One test is one behaviour, named as a sentence. */
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

#define RUN(tests) return cmocka_run_group_tests(tests, NULL, NULL)

#endif
