/* Writes a crash report from the page that the crashed process left. */
#include "cli/serve/crash_report.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "cli/state_path.h"
#include "http/message.h"

#define PREFIX "crash-"
#define SUFFIX ".txt"
/* Workers that the log tells about; the file has all. */
#define LOGGED_WORKERS 8u

bool fr_crash_is_from_outside(const struct fr_crash *c)
{
	if (!WIFSIGNALED(c->status))
		return false;
	/* nobody can do this to himself by mistake */
	if (WTERMSIG(c->status) == SIGKILL || WTERMSIG(c->status) == SIGTERM)
		return true;
	return c->page && atomic_load(&c->page->state) != FR_CRASH_NONE && c->page->sender > 0;
}

/* --- text --- */

struct text {
	char line[640];
};

static void describe_end(const struct fr_crash *c, struct text *t)
{
	int status = c->status;
	const struct fr_crash_page *p = c->page;

	if (WIFEXITED(status)) {
		(void)snprintf(t->line, sizeof t->line, "exit code %d", WEXITSTATUS(status));
		return;
	}
	(void)snprintf(t->line, sizeof t->line, "signal %d (%s)", WTERMSIG(status),
	               strsignal(WTERMSIG(status)));
	if (p && p->sender > 0) {
		size_t n = strlen(t->line);

		(void)snprintf(t->line + n, sizeof t->line - n, ", sent by process %d", p->sender);
	}
}

/* Bytes of a client's, fit for a line of text. */
static void add_bytes(char *out, size_t cap, const char *bytes, size_t len)
{
	size_t n = strlen(out);

	for (size_t i = 0; i < len && n + 5 < cap; i++) {
		unsigned char ch = (unsigned char)bytes[i];

		if (ch > 0x20 && ch < 0x7f)
			out[n++] = (char)ch;
		else
			n += (size_t)snprintf(out + n, cap - n, "\\x%02x", ch);
	}
	out[n] = '\0';
}

static void describe_worker(const struct fr_activity *a, struct text *t)
{
	static const char *const versions[] = {"HTTP/1.0", "HTTP/1.1", "HTTP/2"};
	bool has_request = a->method[0] != '\0';
	size_t n;

	(void)snprintf(t->line, sizeof t->line, "%s; %u connections; connection %" PRIu64 "%s",
	               fr_activity_str(a->stage), a->clients, a->connection,
	               has_request ? "; latest request: " : "");
	if (!has_request)
		return;
	add_bytes(t->line, sizeof t->line, a->method, strlen(a->method));
	n = strlen(t->line);
	(void)snprintf(t->line + n, sizeof t->line - n, " ");
	add_bytes(t->line, sizeof t->line, a->host, a->host_len);
	add_bytes(t->line, sizeof t->line, a->path, a->path_len);
	n = strlen(t->line);
	(void)snprintf(t->line + n, sizeof t->line - n, " (%s",
	               a->version < FR_ARRAY_LEN(versions) ? versions[a->version] : "?");
	n = strlen(t->line);
	if (a->of_connection)
		(void)snprintf(t->line + n, sizeof t->line - n,
		               ", connection %" PRIu64 ", stream %d, id %016" PRIx64 ")",
		               a->of_connection, a->stream, a->exchange);
	else
		(void)snprintf(t->line + n, sizeof t->line - n, ", by the edge)");
}

static void describe_counter(const struct fr_crash_page *p, uint64_t pc, struct text *t)
{
	for (uint32_t i = 0; i < p->n_modules; i++) {
		const struct fr_crash_module *m = &p->modules[i];

		if (pc >= m->begin && pc < m->end) {
			(void)snprintf(t->line, sizeof t->line, "%s+0x%" PRIx64, m->name,
			               pc - m->begin);
			return;
		}
	}
	(void)snprintf(t->line, sizeof t->line, "0x%" PRIx64, pc);
}

static void add_line(struct fr_buf *out, const char *name, const char *text)
{
	(void)!fr_buf_append(out, name, strlen(name));
	(void)!fr_buf_append(out, ": ", 2);
	(void)!fr_buf_append(out, text, strlen(text));
	(void)!fr_buf_append(out, "\n", 1);
}

static void add_page(struct fr_buf *out, const struct fr_crash_page *p)
{
	bool has_signal = atomic_load(&p->state) != FR_CRASH_NONE;
	struct text t;
	char name[32];

	if (p->note[0])
		add_line(out, "reason", p->note);
	if (has_signal) {
		(void)snprintf(t.line, sizeof t.line, "%s", p->thread[0] ? p->thread : "unnamed");
		if (p->worker >= 0)
			(void)snprintf(t.line, sizeof t.line, "worker %d", p->worker);
		add_line(out, "thread", t.line);
	}
	if (has_signal && p->address) {
		(void)snprintf(t.line, sizeof t.line, "0x%" PRIx64, p->address);
		add_line(out, "address", t.line);
	}
	for (uint32_t i = 0; has_signal && i < p->n_counters; i++) {
		(void)snprintf(name, sizeof name, "counter %u", i);
		describe_counter(p, p->counters[i], &t);
		add_line(out, name, t.line);
	}
	for (uint32_t i = 0; i < p->n_slots; i++) {
		(void)snprintf(name, sizeof name, "worker %u", i);
		describe_worker(&p->slots[i], &t);
		add_line(out, name, t.line);
	}
}

static void write_text(const struct fr_crash *c, const char *when, struct fr_buf *out)
{
	char build[2 * FR_CRASH_BUILD_ID_BYTES + 1];
	struct text t;

	fr_build_id(build);
	add_line(out, "forerun", FR_VERSION);
	add_line(out, "build id", build);
	add_line(out, "time", when);
	(void)snprintf(t.line, sizeof t.line, "%d", c->pid);
	add_line(out, "process", t.line);
	(void)snprintf(t.line, sizeof t.line, "%" PRIu64 ".%03u s%s", c->uptime_ms / 1000,
	               (unsigned)(c->uptime_ms % 1000), c->served ? "" : ", before it served");
	add_line(out, "uptime", t.line);
	(void)snprintf(t.line, sizeof t.line, "%u", c->before);
	add_line(out, "crashes before", t.line);
	describe_end(c, &t);
	add_line(out, "end", t.line);
	if (c->page)
		add_page(out, c->page);
}

/* --- the file --- */

static int is_report(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return strncmp(d->d_name, PREFIX, sizeof PREFIX - 1) == 0 && n > sizeof SUFFIX &&
	       strcmp(d->d_name + n - (sizeof SUFFIX - 1), SUFFIX) == 0;
}

/* Names sort by time. */
static void remove_old(const char *folder)
{
	struct dirent **found = NULL;
	int n = scandir(folder, &found, is_report, alphasort);
	char path[4400];

	for (int i = 0; i < n; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", folder, found[i]->d_name);
		if (i + (int)FR_CRASH_REPORTS_KEPT < n)
			(void)unlink(path);
		free(found[i]);
	}
	free(found);
}

static bool write_file(const char *path, const struct fr_buf *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, fr_buf_data(text), fr_buf_len(text)) == (ssize_t)fr_buf_len(text);
	return close(fd) == 0 && ok;
}

/* Where it was written; "" if nowhere. */
static void keep(const struct fr_crash *c, const struct tm *now, const struct fr_buf *text,
                 char *path, size_t cap)
{
	char name[80], folder[4096];
	char *slash;

	(void)snprintf(name, sizeof name, PREFIX "%04d%02d%02dT%02d%02d%02dZ-%d" SUFFIX,
	               now->tm_year + 1900, now->tm_mon + 1, now->tm_mday, now->tm_hour,
	               now->tm_min, now->tm_sec, c->pid);
	if (!fr_state_default_path(name, path, cap) || !write_file(path, text)) {
		path[0] = '\0';
		return;
	}
	(void)snprintf(folder, sizeof folder, "%s", path);
	slash = strrchr(folder, '/');
	if (slash)
		*slash = '\0';
	remove_old(folder);
}

static void say(const struct fr_crash *c, const char *path)
{
	struct text t;

	describe_end(c, &t);
	FR_LOG(ERROR, "parent", "the serving process (%d) crashed after %" PRIu64 ".%03u s: %s",
	       c->pid, c->uptime_ms / 1000, (unsigned)(c->uptime_ms % 1000), t.line);
	if (c->page && c->page->note[0])
		FR_LOG(ERROR, "parent", "reason: %s", c->page->note);
	for (uint32_t i = 0; c->page && i < c->page->n_slots && i < LOGGED_WORKERS; i++) {
		describe_worker(&c->page->slots[i], &t);
		FR_LOG(ERROR, "parent", "worker %u%s: %s", i,
		       (int)i == c->page->worker ? " (which crashed)" : "", t.line);
	}
	FR_LOG(ERROR, "parent", "crash report: %s", path[0] ? path : "no state folder for it");
}

void fr_crash_report(const struct fr_crash *c)
{
	time_t seconds = time(NULL);
	struct fr_buf text;
	struct tm now;
	char when[40], path[4096];

	(void)gmtime_r(&seconds, &now);
	(void)strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &now);
	fr_buf_init(&text, FR_CRASH_REPORT_BYTES);
	write_text(c, when, &text);
	keep(c, &now, &text, path, sizeof path);
	say(c, path);
	fr_buf_fini(&text);
}
