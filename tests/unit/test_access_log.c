#include "observe/access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
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

static bool put(size_t queue, const char *line)
{
	return fr_access_log_put(logger, queue, line, strlen(line));
}

static void use_file(void)
{
	int fd = fr_access_log_open(file);

	assert_true(fd >= 0);
	fr_access_log_use(logger, file, fd);
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

/* What a client waits for is what the writer does: read it from a pipe. */
static void lines_arrive_without_being_asked_for(void **state)
{
	int ends[2];
	char got[64] = "";
	ssize_t n;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	fr_access_log_use(logger, "pipe", ends[1]);
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
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	char line[101];
	size_t ok = 0;

	(void)state;
	assert_true(fd >= 0);
	fr_access_log_use(logger, "/dev/full", fd);
	memset(line, 'x', sizeof line);
	line[99] = '\n';
	line[100] = '\0';
	for (int i = 0; i < 1000; i++)
		ok += put(0, line);
	assert_int_equal(ok, QUEUE_BYTES / 100);
	assert_int_equal(stats().dropped, 1000 - ok);
	assert_int_equal(stats().lines, ok);
}

/* A pipe takes a line in part; the rest comes before anything else. */
static void a_slow_reader_gets_whole_lines(void **state)
{
	enum { LINES = 4000 };
	static char got[LINES * 64];
	size_t n = 0, put_lines = 0, seen = 0;
	struct fr_access_log_stats s;
	int ends[2];
	ssize_t m;

	(void)state;
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	(void)fcntl(ends[1], F_SETPIPE_SZ, 4096);
	fr_access_log_use(logger, "pipe", ends[1]);
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
	fr_access_log_use(logger, NULL, -1);
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
	fd = fr_access_log_open(file);
	assert_int_equal(fd, -1);
	assert_int_equal(errno, ENXIO);
	fr_access_log_use(logger, file, -1);
	assert_true(put(0, "patience\n"));
	reader = open(file, O_RDONLY | O_CLOEXEC);
	assert_true(reader >= 0);
	assert_int_equal(read(reader, got, sizeof got), 9);
	assert_string_equal(got, "patience\n");
	close(reader);
}

static void *produce(void *user)
{
	size_t queue = *(size_t *)user;
	char line[64];

	for (unsigned i = 0; i < 20000; i++) {
		(void)snprintf(line, sizeof line, "%zu %u\n", queue, i);
		while (!put(queue, line))
			(void)poll(NULL, 0, 1);
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
	use_file();
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, produce, &queues[i]), 0);
	for (int i = 0; i < 2; i++)
		(void)pthread_join(threads[i], NULL);
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
		T(lines_arrive_without_being_asked_for),
		T(a_full_disk_blocks_nobody_and_is_counted),
		T(a_slow_reader_gets_whole_lines),
		T(rotation_loses_no_line),
		T(without_a_file_lines_vanish),
		T(a_pipe_without_a_reader_is_opened_later),
		T(two_workers_at_once_mix_no_lines),
	};

	RUN(tests);
}
