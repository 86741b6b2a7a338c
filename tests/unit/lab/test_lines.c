/* Lines of plain and compressed files: ends of every kind, lines that are too long, files
 * that cannot be read. */
#include "lab/advise/lines.h"

#include <stdio.h>
#include <unistd.h>
#include <zlib.h>

#include "base/err.h"
#include "unit.h"

static char name[] = "/tmp/forerun-lines-XXXXXX";

static int set_up(void **state)
{
	int fd = mkstemp(name);

	(void)state;
	assert_true(fd >= 0);
	(void)close(fd);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)unlink(name);
	memset(name + strlen(name) - 6, 'X', 6);
	return 0;
}

static void write_file(struct fr_str text, bool packed)
{
	gzFile f = gzopen(name, packed ? "wb" : "wbT");

	assert_non_null(f);
	assert_int_equal(gzwrite(f, text.p, (unsigned)text.len), text.len);
	assert_int_equal(gzclose(f), Z_OK);
}

/* The lines with | after each. */
static void assert_lines(const char *expected, size_t passed_over)
{
	struct fr_lines *l = fr_lines_open(name);
	struct fr_str line;
	char all[256] = "";

	assert_non_null(l);
	for (unsigned round = 0; round < 2; round++) {
		size_t at = 0;

		while (fr_lines_next(l, &line))
			at += (size_t)snprintf(all + at, sizeof all - at, "%.*s|",
			                       FR_STR_ARG(line));
		assert_string_equal(all, expected);
		assert_int_equal(fr_lines_passed_over(l), passed_over);
		assert_false(fr_lines_error(l));
		assert_true(fr_lines_rewind(l));
	}
	fr_lines_close(&l);
	assert_null(l);
}

static void lines_end_as_they_may(void **state)
{
	static const struct {
		const char *text, *lines;
	} rows[] = {
		{"a\nb\n", "a|b|"}, {"a\nb", "a|b|"}, {"a\r\nb\r\n", "a|b|"},
		{"\n\na", "||a|"},  {"a\r", "a|"},    {"a\rb\n", "a\rb|"},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++)
		for (int packed = 0; packed < 2; packed++) {
			write_file(S(rows[i].text), packed);
			assert_lines(rows[i].lines, 0);
		}
	write_file(S(""), true);
	assert_lines("", 0);
}

static void a_line_that_is_too_long_is_passed_over_whole(void **state)
{
	static const size_t lengths[] = {FR_LINE_BYTES, FR_LINE_BYTES + 1, 5 * FR_LINE_BYTES + 7};
	char *text = malloc(6 * FR_LINE_BYTES);

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < FR_ARRAY_LEN(lengths); i++)
		for (int packed = 0; packed < 2; packed++) {
			size_t n = lengths[i];

			memcpy(text, "a\n", 2);
			memset(text + 2, 'x', n);
			memcpy(text + 2 + n, "\nb\n", 3);
			write_file(fr_str_make(text, n + 5), packed);
			assert_lines("a|b|", 1);
			/* at the end of the file, too */
			write_file(fr_str_make(text, n + 2), packed);
			if (n > FR_LINE_BYTES)
				assert_lines("a|", 1);
		}
	free(text);
}

static void what_cannot_be_read_says_so(void **state)
{
	struct fr_lines *l = fr_lines_open("/");
	struct fr_str line;

	(void)state;
	assert_null(fr_lines_open("/nonexistent/file"));
	if (!l)
		return;
	assert_false(fr_lines_next(l, &line));
	assert_true(fr_lines_error(l));
	fr_lines_close(&l);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_end_as_they_may),
		TEST(a_line_that_is_too_long_is_passed_over_whole),
		TEST(what_cannot_be_read_says_so),
	};

	RUN(tests);
}
