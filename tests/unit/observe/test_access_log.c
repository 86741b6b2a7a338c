#include "observe/access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "config/config.h"
#include "observe/access_file.h"
#include "observe/record.h"
#include "unit.h"

#define QUEUE_BYTES 4096u

static struct fr_access_log *logger;
static char folder[64], file[96];

static int set_up(void **state)
{
	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	fr_log_set_level(FR_LOG_ERROR);
	(void)snprintf(folder, sizeof folder, "/tmp/forerun-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	(void)snprintf(file, sizeof file, "%s/access.log", folder);
	assert_int_equal(fr_access_log_new(2, QUEUE_BYTES, &logger), 0);
	return 0;
}

static int tear_down(void **state)
{
	char other[128];

	(void)state;
	fr_access_log_free(&logger);
	(void)unlink(file);
	(void)snprintf(other, sizeof other, "%s.1", file);
	(void)unlink(other);
	(void)rmdir(folder);
	return 0;
}

static struct fr_access_log_stats stats(void)
{
	struct fr_access_log_stats s;

	fr_access_log_stats(logger, &s);
	return s;
}

/* A line that is only the record's target. */
static bool put(size_t queue, const char *line)
{
	struct fr_record r = {.target = fr_str_make(line, strlen(line) - 1)};
	uint64_t dropped = stats().dropped;

	assert_int_equal(line[r.target.len], '\n');
	fr_access_log_put(logger, queue, &r, 1);
	return stats().dropped == dropped;
}

/* access_log: of the configuration; NULL: none. */
static void use_as(const char *access_log, int fd)
{
	struct fr_config_problem why;
	struct fr_config *config;
	char text[512];
	int n = snprintf(text, sizeof text,
	                 "listen: [{address: \"127.0.0.1:0\"}]\n%s%s\n"
	                 "sites: [{hosts: [\"*\"], origin: {url: \"http://h\"}}]\n",
	                 access_log ? "access_log: " : "", access_log ? access_log : "");

	assert_int_equal(fr_config_parse("t.yaml", text, (size_t)n, &config, &why), 0);
	fr_access_log_use(logger, config, fd);
	fr_config_unref(&config);
}

static void use(const char *name, int fd)
{
	char text[256];

	(void)snprintf(text, sizeof text, "{file: %s, format: \"{target}\"}", name);
	use_as(text, fd);
}

static void use_file(void)
{
	int fd = fr_access_file_open(file);

	assert_true(fd >= 0);
	use(file, fd);
}

static size_t read_all(const char *path, char *out, size_t cap)
{
	FILE *f = fopen(path, "re");
	size_t n;

	assert_non_null(f);
	n = fread(out, 1, cap - 1, f);
	(void)fclose(f);
	out[n] = '\0';
	return n;
}

static void lines_of_all_queues_reach_the_file(void **state)
{
	char text[256];
	struct stat st;

	(void)state;
	use_file();
	assert_true(put(0, "one\n"));
	assert_true(put(1, "two\n"));
	assert_true(put(0, "three\n"));
	fr_access_log_free(&logger);
	(void)read_all(file, text, sizeof text);
	assert_non_null(strstr(text, "one\n"));
	assert_non_null(strstr(text, "two\n"));
	assert_non_null(strstr(strstr(text, "one\n"), "three\n"));
	assert_int_equal(strlen(text), 14);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0137, 0); /* umask may take more */
}

/* However late the thread takes note of the file. */
static void lines_after_the_first_file_is_named_reach_it(void **state)
{
	char text[256];

	(void)state;
	for (int round = 0; round < 500; round++) {
		fr_access_log_free(&logger);
		assert_int_equal(fr_access_log_new(2, QUEUE_BYTES, &logger), 0);
		(void)unlink(file);
		use_file();
		assert_true(put(0, "one\n"));
		fr_access_log_free(&logger);
		(void)read_all(file, text, sizeof text);
		assert_string_equal(text, "one\n");
	}
}

/* What a client waits for is what the writer does: read it from a pipe. */
static void lines_arrive_without_being_asked_for(void **state)
{
	int ends[2];
	char got[64] = "";
	ssize_t n;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	use("pipe", ends[1]);
	assert_true(put(0, "hello\n"));
	n = read(ends[0], got, sizeof got);
	assert_int_equal(n, 6);
	assert_true(put(1, "again\n"));
	n = read(ends[0], got, sizeof got);
	assert_int_equal(n, 6);
	close(ends[0]);
}

static void a_full_disk_blocks_nobody_and_is_counted(void **state)
{
	enum { MANY = 10000 };
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	char line[101];
	size_t ok = 0;

	(void)state;
	assert_true(fd >= 0);
	use("/dev/full", fd);
	memset(line, 'x', sizeof line);
	line[99] = '\n';
	line[100] = '\0';
	for (int i = 0; i < MANY; i++)
		ok += put(0, line);
	/* what was made into lines, and what waits in the queue */
	assert_true(ok <= (FR_ACCESS_FILE_GATHER + QUEUE_BYTES) / 100);
	assert_int_equal(stats().dropped, MANY - ok);
	assert_int_equal(stats().lines, ok);
	while (stats().errors == 0)
		(void)poll(NULL, 0, 1);
	assert_true(stats().is_failing);
	assert_int_equal(stats().written_bytes, 0);
}

/* A pipe takes a line in part; the rest comes before anything else. */
static void a_slow_reader_gets_whole_lines(void **state)
{
	enum { LINES = 40000 };
	static char got[LINES * 32];
	size_t n = 0, put_lines = 0, seen = 0;
	struct fr_access_log_stats s;
	int ends[2];
	ssize_t m;

	(void)state;
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	(void)fcntl(ends[1], F_SETPIPE_SZ, 4096);
	use("pipe", ends[1]);
	for (unsigned i = 0; i < LINES; i++) {
		char line[64];

		(void)snprintf(line, sizeof line, "line %u of a slow reader\n", i);
		put_lines += put(i % 2, line);
		if (i % 50 == 0 && (m = read(ends[0], got + n, 700)) > 0)
			n += (size_t)m;
	}
	s = stats();
	assert_int_equal(s.lines, put_lines);
	assert_int_equal(s.lines + s.dropped, LINES);
	assert_true(s.dropped > 0);
	for (size_t lines = 0; lines < put_lines;) {
		struct pollfd p = {.fd = ends[0], .events = POLLIN};

		assert_int_equal(poll(&p, 1, 10000), 1);
		m = read(ends[0], got + n, sizeof got - n - 1);
		assert_true(m > 0);
		n += (size_t)m;
		lines = 0;
		for (size_t i = 0; i < n; i++)
			lines += got[i] == '\n';
	}
	got[n] = '\0';
	for (char *at = got; *at; seen++) {
		unsigned number;
		int len = 0;

		assert_int_equal(sscanf(at, "line %u of a slow reader%n", &number, &len), 1);
		assert_int_equal(at[len], '\n');
		at += len + 1;
	}
	assert_int_equal(seen, put_lines);
	close(ends[0]);
}

static void rotation_loses_no_line(void **state)
{
	char old[128], text[256];

	(void)state;
	(void)snprintf(old, sizeof old, "%s.1", file);
	use_file();
	assert_true(put(0, "before\n"));
	assert_int_equal(rename(file, old), 0);
	assert_true(put(0, "between\n"));
	fr_access_log_reopen(logger);
	while (access(file, F_OK) < 0)
		(void)poll(NULL, 0, 1);
	assert_true(put(0, "after\n"));
	fr_access_log_free(&logger);
	(void)read_all(old, text, sizeof text);
	assert_string_equal(text, "before\nbetween\n");
	(void)read_all(file, text, sizeof text);
	assert_string_equal(text, "after\n");
}

static void without_a_file_lines_vanish(void **state)
{
	char text[2 * QUEUE_BYTES];

	(void)state;
	use_file();
	assert_true(put(0, "kept\n"));
	while (stats().written_bytes < 5)
		(void)poll(NULL, 0, 1);
	use_as(NULL, -1);
	for (int i = 0; i < 1000; i++)
		while (!put(0, "gone, all of it, without a trace\n"))
			(void)poll(NULL, 0, 1);
	fr_access_log_free(&logger);
	(void)read_all(file, text, sizeof text);
	/* but for what was waiting when the file was taken away */
	assert_true(strlen(text) <= 5 + QUEUE_BYTES);
	assert_memory_equal(text, "kept\n", 5);
}

static void a_pipe_without_a_reader_is_opened_later(void **state)
{
	char got[64] = "";
	int fd, reader;

	(void)state;
	assert_int_equal(mkfifo(file, 0600), 0);
	fd = fr_access_file_open(file);
	assert_int_equal(fd, -1);
	assert_int_equal(errno, ENXIO);
	use(file, -1);
	assert_true(put(0, "patience\n"));
	reader = open(file, O_RDONLY | O_CLOEXEC);
	assert_true(reader >= 0);
	assert_int_equal(read(reader, got, sizeof got), 9);
	assert_string_equal(got, "patience\n");
	close(reader);
}

static void a_new_format_takes_the_place_of_the_old_one(void **state)
{
	struct fr_record r = {.target = FR_STR("/x"), .status = 200};
	char text[8192];

	(void)state;
	use_file();
	assert_true(put(0, "before\n"));
	while (stats().written_bytes < 7)
		(void)poll(NULL, 0, 1);
	(void)snprintf(text, 256, "{file: %s, format: \"{status} {target}\"}", file);
	use_as(text, FR_ACCESS_LOG_SAME_FILE);
	do { /* what is put before the thread knows is as it was */
		uint64_t written = stats().written_bytes;

		fr_access_log_put(logger, 1, &r, 1);
		while (stats().written_bytes == written || stats().waiting_bytes)
			(void)poll(NULL, 0, 1);
		(void)read_all(file, text, sizeof text);
	} while (!strstr(text, "\n200 /x\n"));
	assert_memory_equal(text, "before\n", 7);
}

static void *produce(void *user)
{
	size_t queue = *(size_t *)user;
	char line[64];

	for (unsigned i = 0; i < 20000; i++) {
		struct fr_record r = {.target = fr_str_make(line, 0)};

		r.target.len = (size_t)snprintf(line, sizeof line, "%zu %u", queue, i);
		fr_access_log_put(logger, queue, &r, 1);
	}
	return NULL;
}

static void two_workers_at_once_mix_no_lines(void **state)
{
	size_t queues[2] = {0, 1};
	unsigned next[2] = {0, 0}, number;
	pthread_t threads[2];
	size_t queue;
	char text[64];
	FILE *f;

	(void)state;
	fr_access_log_free(&logger); /* one with room for all of them */
	assert_int_equal(fr_access_log_new(2, 1u << 26, &logger), 0);
	use_file();
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, produce, &queues[i]), 0);
	for (int i = 0; i < 2; i++)
		(void)pthread_join(threads[i], NULL);
	while (stats().waiting_bytes) /* closing waits for no more than a moment */
		(void)poll(NULL, 0, 1);
	fr_access_log_free(&logger);
	f = fopen(file, "re");
	assert_non_null(f);
	while (fgets(text, sizeof text, f)) {
		assert_int_equal(sscanf(text, "%zu %u\n", &queue, &number), 2);
		assert_in_range(queue, 0, 1);
		assert_int_equal(number, next[queue]++);
	}
	(void)fclose(f);
	assert_int_equal(next[0] + next[1], 40000);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(lines_of_all_queues_reach_the_file),
		T(lines_after_the_first_file_is_named_reach_it),
		T(lines_arrive_without_being_asked_for),
		T(a_full_disk_blocks_nobody_and_is_counted),
		T(a_slow_reader_gets_whole_lines),
		T(rotation_loses_no_line),
		T(without_a_file_lines_vanish),
		T(a_pipe_without_a_reader_is_opened_later),
		T(a_new_format_takes_the_place_of_the_old_one),
		T(two_workers_at_once_mix_no_lines),
	};

	RUN(tests);
}
