#include "http/structured.h"

#include "arena_fixture.h"

static int count;
static struct fr_sf_member last;

static void note(void *ctx, const struct fr_sf_member *m)
{
	(void)ctx;
	count++;
	last = *m;
}

/* Of the lines of one field. */
static int read_lines(const char *a, const char *b)
{
	struct fr_fields f;

	fr_fields_init(&f, &arena);
	count = 0;
	if (a)
		assert_int_equal(fr_fields_add(&f, S("priority"), S(a)), 0);
	if (b)
		assert_int_equal(fr_fields_add(&f, S("priority"), S(b)), 0);
	return fr_sf_read(&f, FR_FIELD_PRIORITY, note, NULL);
}

static void each_type_is_told(void **state)
{
	static const struct {
		const char *text;
		enum fr_sf_type type;
		int64_t n;
		const char *raw;
	} values[] = {
		{"a", FR_SF_BOOLEAN, 1, ""},
		{"a;b=1", FR_SF_BOOLEAN, 1, ""},
		{"a=?0", FR_SF_BOOLEAN, 0, "?0"},
		{"a=42", FR_SF_INTEGER, 42, "42"},
		{"a=-0", FR_SF_INTEGER, 0, "-0"},
		{"a=-999999999999999", FR_SF_INTEGER, INT64_C(-999999999999999),
	         "-999999999999999"},
		{"a=1.125", FR_SF_DECIMAL, 0, "1.125"},
		{"a=\"x\\\"\\\\y\"", FR_SF_STRING, 0, "\"x\\\"\\\\y\""},
		{"a=*b:/c", FR_SF_TOKEN, 0, "*b:/c"},
		{"a=:YWI=:", FR_SF_BYTES, 0, ":YWI=:"},
		{"a=@1659578233", FR_SF_DATE, 1659578233, "@1659578233"},
		{"a=%\"f%c3%bc\"", FR_SF_DISPLAY_STRING, 0, "%\"f%c3%bc\""},
		{"a=(1 \"b\";c  d);e=f", FR_SF_INNER_LIST, 0, "(1 \"b\";c  d)"},
		{"a=()", FR_SF_INNER_LIST, 0, "()"},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(values); i++) {
		assert_int_equal(read_lines(values[i].text, NULL), 1);
		assert_int_equal(last.type, values[i].type);
		assert_int_equal(last.n, values[i].n);
		assert_str(last.key, "a");
		assert_str(last.raw, values[i].raw);
	}
}

static void what_does_not_parse_to_its_end_is_refused(void **state)
{
	static const char *const values[] = {"a=1,",
	                                     "a=1, ",
	                                     ",a",
	                                     ",",
	                                     "a,,b",
	                                     "a b",
	                                     "A=1",
	                                     "1",
	                                     "a =1",
	                                     "a= 1",
	                                     "a=",
	                                     "a=-",
	                                     "a=1.",
	                                     "a=.5",
	                                     "a=1.2345",
	                                     "a=\"",
	                                     "a=\"\\n\"",
	                                     "a=\"\t\"",
	                                     "a=:x",
	                                     "a=:*:",
	                                     "a=?2",
	                                     "a=?",
	                                     "a=@",
	                                     "a=@1.5",
	                                     "a=@x",
	                                     "a=%x",
	                                     "a=%\"%C3\"",
	                                     "a=%\"%c\"",
	                                     "a=%\"",
	                                     "a=(1",
	                                     "a=(1,2)",
	                                     "a=(1)2",
	                                     "a;B",
	                                     "a;=1",
	                                     "a;b=",
	                                     "a=1;",
	                                     "a=\xc3\xbc",
	                                     "a=1234567890123456",
	                                     "a=1234567890123.1",
	                                     "a\t=1"};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(values); i++)
		if (read_lines(values[i], NULL) != FR_ERR_SYNTAX)
			fail_msg("%s", values[i]);
}

static void lines_are_one_dictionary(void **state)
{
	(void)state;
	assert_int_equal(read_lines("a=1", "b, c"), 3);
	assert_int_equal(read_lines("a=1", "a=2"), 2);
	assert_int_equal(last.n, 2);
	assert_int_equal(read_lines("a=1", "b,"), FR_ERR_SYNTAX);
	/* a member ends in its line, and an empty line is an empty member */
	assert_int_equal(read_lines("a=\"x", "y\""), FR_ERR_SYNTAX);
	assert_int_equal(read_lines("a=1", ""), FR_ERR_SYNTAX);
	assert_int_equal(read_lines("", "a=1"), FR_ERR_SYNTAX);
}

static void nothing_is_an_empty_dictionary(void **state)
{
	(void)state;
	assert_int_equal(read_lines(NULL, NULL), 0);
	assert_int_equal(read_lines("", NULL), 0);
	assert_int_equal(read_lines("  ", NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_type_is_told),
		T(what_does_not_parse_to_its_end_is_refused),
		T(lines_are_one_dictionary),
		T(nothing_is_an_empty_dictionary),
	};

	RUN(tests);
}
