#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 8192

static atomic_int current_level = FR_LOG_INFO;
static atomic_int current_fd = STDERR_FILENO;

static const char *const names[] = {
#define X(name, text) text,
	FR_LOG_TABLE(X)
#undef X
};

const char *fr_log_level_str(enum fr_log_level level)
{
	return (size_t)level < FR_COUNT(names) ? names[level] : "?";
}

int fr_log_level_parse(const char *text, enum fr_log_level *out)
{
	for (size_t i = 0; i < FR_COUNT(names); i++)
		if (strcmp(text, names[i]) == 0) {
			*out = (enum fr_log_level)i;
			return 0;
		}
	return FR_ERR_INVALID;
}

void fr_log_set_level(enum fr_log_level level)
{
	atomic_store_explicit(&current_level, (int)level, memory_order_relaxed);
}

void fr_log_set_fd(int fd)
{
	atomic_store_explicit(&current_fd, fd, memory_order_relaxed);
}

bool fr_log_on(enum fr_log_level level)
{
	return (int)level <= atomic_load_explicit(&current_level, memory_order_relaxed);
}

static size_t put_time(char *out, size_t cap)
{
	struct timespec ts;
	struct tm tm;
	size_t n;
	int m;

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	n = strftime(out, cap, "%Y-%m-%dT%H:%M:%S", &tm);
	m = snprintf(out + n, cap - n, ".%03ldZ", ts.tv_nsec / 1000000);
	return n + (m > 0 ? (size_t)m : 0);
}

void fr_log_write(enum fr_log_level level, const char *module, const char *fmt, ...)
{
	static const char hex[] = "0123456789abcdef";
	char text[LINE_MAX_BYTES / 2], line[LINE_MAX_BYTES];
	size_t n = put_time(line, 64);
	va_list ap;
	int m;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	m = snprintf(line + n, 128, " %s %s: ", fr_log_level_str(level), module);
	n += m > 0 ? (size_t)(m < 128 ? m : 127) : 0;
	for (const char *p = text; *p && n < sizeof line - 6; p++) {
		unsigned char c = (unsigned char)*p;

		if (c >= 0x20 && c != 0x7f) {
			line[n++] = (char)c;
			continue;
		}
		line[n++] = '\\';
		line[n++] = 'x';
		line[n++] = hex[c >> 4];
		line[n++] = hex[c & 15];
	}
	line[n++] = '\n';
	/* A log that cannot be written has nowhere to complain. */
	if (write(atomic_load_explicit(&current_fd, memory_order_relaxed), line, n) < 0)
		return;
}
