/* The process's log: levels by module, and each line written with one system call. */
#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 8192
#define AS_ALL (-1)

static atomic_int current_level = FR_LOG_INFO;
/* The most that any module shows: the one number that every log call looks at. */
static atomic_int most_level = FR_LOG_INFO;
static atomic_int current_fd = STDERR_FILENO;

/* Names never change once they are there; -1: as all. */
static struct {
	char name[FR_LOG_MODULE_BYTES];
	atomic_int level;
} modules[FR_LOG_MAX_MODULES];
static atomic_uint n_modules;
static pthread_mutex_t modules_lock = PTHREAD_MUTEX_INITIALIZER;

static const char *const names[] = {
#define X(name, text) text,
	FR_LOG_TABLE(X)
#undef X
};

static const char *level_str(enum fr_log_level level)
{
	return (size_t)level < FR_ARRAY_LEN(names) ? names[level] : "?";
}

int fr_log_level_parse(const char *text, enum fr_log_level *out)
{
	for (size_t i = 0; i < FR_ARRAY_LEN(names); i++)
		if (strcmp(text, names[i]) == 0) {
			*out = (enum fr_log_level)i;
			return 0;
		}
	return FR_ERR_INVALID;
}

/* Under the lock. */
static void update_most(void)
{
	int most = atomic_load(&current_level);

	for (unsigned i = 0; i < atomic_load(&n_modules); i++)
		if (atomic_load(&modules[i].level) > most)
			most = atomic_load(&modules[i].level);
	atomic_store_explicit(&most_level, most, memory_order_relaxed);
}

void fr_log_set_level(enum fr_log_level level)
{
	(void)pthread_mutex_lock(&modules_lock);
	atomic_store_explicit(&current_level, (int)level, memory_order_relaxed);
	update_most();
	(void)pthread_mutex_unlock(&modules_lock);
}

static bool is_module(const char *name)
{
	size_t len = strlen(name);

	return len && len < FR_LOG_MODULE_BYTES &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

int fr_log_set_module(const char *module, enum fr_log_level level)
{
	unsigned i = 0, n;
	int rc = 0;

	if (!is_module(module))
		return FR_ERR_INVALID;
	(void)pthread_mutex_lock(&modules_lock);
	n = atomic_load(&n_modules);
	while (i < n && strcmp(modules[i].name, module) != 0)
		i++;
	if (i == FR_LOG_MAX_MODULES) {
		rc = FR_ERR_LIMIT;
	} else {
		if (i == n)
			memcpy(modules[i].name, module, strlen(module) + 1);
		atomic_store(&modules[i].level, (int)level);
		atomic_store(&n_modules, i == n ? n + 1 : n);
		update_most();
	}
	(void)pthread_mutex_unlock(&modules_lock);
	return rc;
}

void fr_log_reset_module(const char *module)
{
	(void)pthread_mutex_lock(&modules_lock);
	for (unsigned i = 0; i < atomic_load(&n_modules); i++)
		if (!module || strcmp(modules[i].name, module) == 0)
			atomic_store(&modules[i].level, AS_ALL);
	update_most();
	(void)pthread_mutex_unlock(&modules_lock);
}

static bool is_shown(enum fr_log_level level, const char *module)
{
	unsigned n = atomic_load_explicit(&n_modules, memory_order_acquire);

	for (unsigned i = 0; i < n; i++) {
		int own = atomic_load_explicit(&modules[i].level, memory_order_relaxed);

		if (own != AS_ALL && strcmp(modules[i].name, module) == 0)
			return (int)level <= own;
	}
	return (int)level <= atomic_load_explicit(&current_level, memory_order_relaxed);
}

void fr_log_set_fd(int fd)
{
	atomic_store_explicit(&current_fd, fd, memory_order_relaxed);
}

bool fr_log_on(enum fr_log_level level)
{
	return (int)level <= atomic_load_explicit(&most_level, memory_order_relaxed);
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

	if (!is_shown(level, module))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	m = snprintf(line + n, 128, " %s %s: ", level_str(level), module);
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
