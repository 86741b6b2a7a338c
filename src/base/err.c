/* Texts of errors, and what a failed FR_ASSERT does. */
#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/crash.h"

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
	char text[FR_CRASH_NOTE_BYTES], doing[128];

	(void)snprintf(text, sizeof text, "assertion '%s' failed at %s:%d%s", expr, file, line,
	               fr_crash_doing(doing, sizeof doing));
	fr_crash_note(text);
	fprintf(stderr, "forerun: bug: %s\n", text);
	abort();
}
