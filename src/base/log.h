/* The process's log: lines on standard error (or a given descriptor) with
 * time, level, module and text. Only the layers that know a connection log
 * (edge, origin, net, config, tools); protocol code returns errors instead.
 * The sink and its level are the one global of the program. Thread-safe:
 * each line is one write(). */
#ifndef FR_BASE_LOG_H
#define FR_BASE_LOG_H

#include <stdbool.h>

#include "base/err.h"

#define FR_LOG_TABLE(X)                                                                            \
	X(ERROR, "error")                                                                          \
	X(WARN, "warn")                                                                            \
	X(INFO, "info")                                                                            \
	X(DEBUG, "debug")                                                                          \
	X(TRACE, "trace")

enum fr_log_level {
#define X(name, text) FR_LOG_##name,
	FR_LOG_TABLE(X)
#undef X
};

/* Returns 0 and sets *out, or FR_ERR_INVALID. */
int fr_log_level_parse(const char *text, enum fr_log_level *out) FR_MUST_USE;

/* Modules that may have a level of their own, and how long their names are. */
#define FR_LOG_MAX_MODULES 32u
#define FR_LOG_MODULE_BYTES 16u

void fr_log_set_level(enum fr_log_level level);
/* A level for one module, whatever that of the others is. Lower-case letters, digits, '-'.
 * 0; FR_ERR_INVALID; FR_ERR_LIMIT. Thread-safe, as all of this. */
int fr_log_set_module(const char *module, enum fr_log_level level) FR_MUST_USE;
/* Back to the level of all; NULL: every module. */
void fr_log_reset_module(const char *module);
/* fd: borrowed, stays open; default 2. */
void fr_log_set_fd(int fd);
/* May a line of that level be written, by some module at least? */
bool fr_log_on(enum fr_log_level level);

/* A line; control characters in the text become \xHH, so that no peer can
 * forge lines. Cut at 4 KiB of text. `module` is a short lower-case word. */
void fr_log_write(enum fr_log_level level, const char *module, const char *fmt, ...)
	FR_PRINTF(3, 4);

#define FR_LOG(level, module, ...)                                                                 \
	(fr_log_on(FR_LOG_##level) ? fr_log_write(FR_LOG_##level, module, __VA_ARGS__) : (void)0)

#endif
