/* Counts and logs what should hold and does not. With sanitizers it aborts. */
#include "base/holds.h"

#include <stdatomic.h>

#include "base/crash.h"
#include "base/err.h"
#include "base/log.h"

/* Of all threads: these are too rare to be any worker's. */
static _Atomic uint64_t internal_errors;

bool fr_does_not_hold(const char *expr, const char *file, int line)
{
	uint64_t n = atomic_fetch_add(&internal_errors, 1) + 1;
	char doing[128];

#ifdef FR_STRICT
	fr_assert_failed(expr, file, line);
#endif
	/* a peer that found how to cause it must not fill the disk: 1, 2, 4, 8... */
	if ((n & (n - 1)) == 0)
		FR_LOG(ERROR, "bug",
		       "'%s' does not hold at %s:%d%s; what it is about is ended (%llu such errors "
		       "so far). Please report it",
		       expr, file, line, fr_crash_doing(doing, sizeof doing),
		       (unsigned long long)n);
	return false;
}

uint64_t fr_internal_errors(void)
{
	return atomic_load(&internal_errors);
}
