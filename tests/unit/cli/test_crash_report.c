#include "cli/serve/crash_report.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "unit.h"

/* As waitpid gives them. */
#define SIGNALLED(signo) (signo)
#define EXITED(code) ((code) << 8)

static char folder[64];

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof folder, "/tmp/forerun-crash-XXXXXX");
	assert_non_null(mkdtemp(folder));
	(void)setenv("STATE_DIRECTORY", folder, 1);
	fr_log_set_fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
	return 0;
}

/* Calls visit for each report and returns how many there are. */
static size_t each_report(void (*visit)(const char *path))
{
	DIR *d = opendir(folder);
	const struct dirent *e;
	size_t n = 0;
	char path[400];

	assert_non_null(d);
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
		n++;
		if (visit)
			visit(path);
	}
	(void)closedir(d);
	return n;
}

static void remove_file(const char *path)
{
	(void)unlink(path);
}

static int tear_down(void **state)
{
	(void)state;
	(void)each_report(remove_file);
	(void)rmdir(folder);
	(void)unsetenv("STATE_DIRECTORY");
	return 0;
}

static char text[FR_CRASH_REPORT_BYTES + 1];

static void read_report(const char *path)
{
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	text[fread(text, 1, sizeof text - 1, f)] = '\0';
	(void)fclose(f);
}

static void only_what_somebody_else_sent_is_from_outside(void **state)
{
	struct fr_crash_page *page = calloc(1, fr_crash_page_bytes(0));
	struct fr_crash c = {.pid = 7, .status = SIGNALLED(SIGSEGV), .page = page};

	(void)state;
	assert_non_null(page);
	assert_false(fr_crash_is_from_outside(&c)); /* no handler has seen it */
	page->state = FR_CRASH_WRITTEN;
	assert_false(fr_crash_is_from_outside(&c)); /* a fault */
	page->sender = 4711;
	assert_true(fr_crash_is_from_outside(&c));
	page->sender = 0;
	c.status = SIGNALLED(SIGABRT);
	assert_false(fr_crash_is_from_outside(&c));
	c.status = SIGNALLED(SIGSYS);
	assert_false(fr_crash_is_from_outside(&c));
	c.status = SIGNALLED(SIGKILL);
	assert_true(fr_crash_is_from_outside(&c));
	c.status = EXITED(99); /* a sanitizer */
	assert_false(fr_crash_is_from_outside(&c));
	c.page = NULL;
	assert_false(fr_crash_is_from_outside(&c));
	free(page);
}

static void a_report_is_text_whatever_the_process_left(void **state)
{
	struct fr_crash_page *page = calloc(1, fr_crash_page_bytes(2));
	struct fr_crash c = {.pid = 7,
	                     .status = SIGNALLED(SIGABRT),
	                     .uptime_ms = 61005,
	                     .before = 3,
	                     .served = true,
	                     .page = page};
	struct fr_activity *a;

	(void)state;
	assert_non_null(page);
	page->n_slots = 2;
	page->state = FR_CRASH_WRITTEN;
	page->worker = 1;
	page->n_counters = 2;
	page->counters[0] = 0x1100;
	page->counters[1] = 0x9000;
	page->n_modules = 1;
	page->modules[0] = (struct fr_crash_module){.begin = 0x1000, .end = 0x2000, .name = "m"};
	(void)snprintf(page->note, sizeof page->note, "assertion 'x' failed at y.c:1");
	a = &page->slots[1];
	a->stage = FR_ACTIVITY_ORIGIN;
	a->connection = a->of_connection = 9;
	a->stream = 5;
	a->version = 2;
	a->exchange = 0xab;
	(void)snprintf(a->method, sizeof a->method, "GET");
	a->host_len = fr_activity_text(a->host, sizeof a->host, FR_STR("h\nforged: 1"));
	a->path_len = fr_activity_text(a->path, sizeof a->path, FR_STR("/\x1b[31m\xff"));
	fr_crash_report(&c);
	assert_int_equal(each_report(read_report), 1);
	assert_non_null(strstr(text, "\nuptime: 61.005 s\ncrashes before: 3\nend: signal 6 ("));
	assert_non_null(
		strstr(text, "\nreason: assertion 'x' failed at y.c:1\nthread: worker 1\n"));
	assert_non_null(strstr(text, "\ncounter 0: m+0x100\ncounter 1: 0x9000\n"));
	assert_non_null(strstr(text, "\nworker 0: nothing yet; 0 connections; connection 0\n"));
	assert_non_null(strstr(text, "\nworker 1: taking a response; 0 connections; connection 9; "
	                             "latest request: GET h\\x0aforged:\\x201/\\x1b[31m\\xff "
	                             "(HTTP/2, connection 9, stream 5, id 00000000000000ab)\n"));
	free(page);
}

static void only_the_latest_reports_are_kept(void **state)
{
	struct fr_crash c = {.status = EXITED(99)};
	char path[128], other[128];

	(void)state;
	(void)snprintf(other, sizeof other, "%s/hints.db", folder);
	close(open(other, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	/* earlier ones by their names */
	for (unsigned i = 0; i < FR_CRASH_REPORTS_KEPT + 5; i++) {
		(void)snprintf(path, sizeof path, "%s/crash-20200101T0000%02uZ-1.txt", folder, i);
		close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	}
	fr_crash_report(&c);
	assert_int_equal(each_report(NULL), FR_CRASH_REPORTS_KEPT + 1);
	assert_int_equal(access(other, F_OK), 0);
	assert_int_equal(access(path, F_OK), 0); /* the last of the earlier ones */
}

static void without_a_folder_it_is_logged_all_the_same(void **state)
{
	struct fr_crash c = {.status = SIGNALLED(SIGSEGV)};

	(void)state;
	(void)setenv("STATE_DIRECTORY", "/nonexistent/folder", 1);
	fr_crash_report(&c);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(only_what_somebody_else_sent_is_from_outside),
		T(a_report_is_text_whatever_the_process_left),
		T(only_the_latest_reports_are_kept),
		T(without_a_folder_it_is_logged_all_the_same),
	};

	RUN(tests);
}
