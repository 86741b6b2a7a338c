#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>

const char *fr_err_str(int err)
{
	if (err >= 0)
		return "ok";
	switch ((enum fr_err)err) {
#define X(name, n, text)                                                                           \
	case FR_ERR_##name:                                                                        \
		return text;
		FR_ERR_TABLE(X)
#undef X
	}
	return "unknown error";
}

void fr_assert_failed(const char *expr, const char *file, int line)
{
	fprintf(stderr, "forerun: bug: assertion '%s' failed at %s:%d\n", expr, file, line);
	abort();
}
