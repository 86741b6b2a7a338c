#include "config/files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

static void write_file(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	close(fd);
}

static void make_path(char path[40])
{
	(void)snprintf(path, 40, "/tmp/forerun-files-XXXXXX");
	close(mkstemp(path));
}

static void what_was_read_stays_as_it_was(void **state)
{
	struct fr_files *f = fr_files_new();
	struct fr_str text = {0};
	char path[40];

	(void)state;
	make_path(path);
	write_file(path, "first", 5);
	assert_int_equal(fr_files_get(f, path, &text), 0);
	write_file(path, "second", 6);
	assert_int_equal(fr_files_get(f, path, &text), 0);
	assert_str(text, "first");
	assert_int_equal(text.p[text.len], '\0');
	(void)unlink(path);
	fr_files_unref(&f);
}

static void a_closed_set_has_what_it_was_given_and_nothing_else(void **state)
{
	struct fr_files *f = fr_files_new(), *given = NULL;
	struct fr_str text = {0};
	char path[40], empty[40], other[40];
	int fd;

	(void)state;
	make_path(path);
	make_path(empty);
	make_path(other);
	write_file(path, "a\0b", 3);
	assert_int_equal(fr_files_get(f, path, &text), 0);
	assert_int_equal(fr_files_get(f, empty, &text), 0);
	fd = fr_files_pack(f);
	assert_true(fd >= 0);
	fr_files_unref(&f);
	(void)unlink(path);
	assert_int_equal(fr_files_unpack(fd, &given), 0);
	assert_int_equal(fr_files_get(given, path, &text), 0);
	assert_int_equal(text.len, 3);
	assert_memory_equal(text.p, "a\0b", 3);
	assert_int_equal(fr_files_get(given, empty, &text), 0);
	assert_int_equal(text.len, 0);
	assert_int_equal(fr_files_get(given, other, &text), FR_ERR_IO);
	assert_int_equal(errno, ENOENT);
	fr_files_unref(&given);
	close(fd);
	(void)unlink(empty);
	(void)unlink(other);
}

static void what_cannot_be_read_says_why(void **state)
{
	struct fr_files *f = fr_files_new();
	struct fr_str text = {0};
	char path[40];
	int fd;

	(void)state;
	assert_int_equal(fr_files_get(f, "/nonexistent/x", &text), FR_ERR_IO);
	assert_int_equal(errno, ENOENT);
	make_path(path);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(ftruncate(fd, FR_FILE_MAX_BYTES + 1), 0);
	close(fd);
	assert_int_equal(fr_files_get(f, path, &text), FR_ERR_IO);
	assert_int_equal(errno, EFBIG);
	(void)unlink(path);
	fr_files_unref(&f);
}

static void bytes_that_end_too_early_are_refused(void **state)
{
	/* path and data as long as they say, one octet less each time */
	static const char whole[] = "\3\0\0\0\2\0\0\0/pqab";
	struct fr_files *f = NULL;

	(void)state;
	for (size_t n = 1; n < sizeof whole; n++) {
		int fd = memfd_create("test", MFD_CLOEXEC);

		assert_int_equal(write(fd, whole, n), (ssize_t)n);
		assert_int_equal(fr_files_unpack(fd, &f),
		                 n == sizeof whole - 1 ? 0 : FR_ERR_SYNTAX);
		fr_files_unref(&f);
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_read_stays_as_it_was),
		cmocka_unit_test(a_closed_set_has_what_it_was_given_and_nothing_else),
		cmocka_unit_test(what_cannot_be_read_says_why),
		cmocka_unit_test(bytes_that_end_too_early_are_refused),
	};

	RUN(tests);
}
