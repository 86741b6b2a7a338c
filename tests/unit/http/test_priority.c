#include "http/priority.h"

#include "unit.h"

static struct fr_priority parse(const char *text)
{
	struct fr_priority p = {.urgency = 5, .incremental = false};

	assert_int_equal(fr_priority_parse(S(text), &p), 0);
	return p;
}

static void urgency_and_incremental_are_read(void **state)
{
	(void)state;
	assert_int_equal(parse("u=0").urgency, 0);
	assert_int_equal(parse("u=7, i").urgency, 7);
	assert_true(parse("u=7, i").incremental);
	assert_true(parse("i=?1").incremental);
	assert_false(parse("i=?0").incremental);
	assert_false(parse("i, i=?0").incremental);
	assert_int_equal(parse("u=1, u=x").urgency, 5);
	assert_int_equal(parse(" u=1;x=\"a,b\",\ti ").urgency, 1);
}

static void what_is_not_named_stays(void **state)
{
	(void)state;
	assert_int_equal(parse("").urgency, 5);
	assert_int_equal(parse("i").urgency, 5);
}

static void members_of_a_wrong_type_or_range_say_nothing(void **state)
{
	static const char *const values[] = {"u=8", "u=-1",    "u=3.0", "u=a",      "u",
	                                     "i=1", "u=(1 2)", "i=a",   "u=:YQ==:", "u=\"1\""};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(values); i++) {
		assert_int_equal(parse(values[i]).urgency, 5);
		assert_false(parse(values[i]).incremental);
	}
}

static void other_members_are_skipped(void **state)
{
	(void)state;
	assert_int_equal(
		parse("a=\"x\\\"y\", *b.c-d_e=(1 \"2\";q ?0);z=:YWI=:, tok=a/b, n=-1.25, u=2")
			.urgency,
		2);
}

static void what_is_no_dictionary_changes_nothing(void **state)
{
	static const char *const values[] = {"u=",         "u=1,",
	                                     "u=1 i",      "U=1",
	                                     "=1",         "u=1;",
	                                     "a=\"x, u=1", "a=(1,2)",
	                                     "a=(1",       "a=?2",
	                                     "a=:*:",      "u=1,,i",
	                                     "u = 1",      "a=1234567890123456",
	                                     "a=1.",       "a=1.2345",
	                                     "\xff",       "a=\"\\x\"",
	                                     "a=\"\x7f\"", "u=1, a=1234567890123.1"};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(values); i++) {
		struct fr_priority p = {.urgency = 5};

		assert_int_equal(fr_priority_parse(S(values[i]), &p), FR_ERR_SYNTAX);
		assert_int_equal(p.urgency, 5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urgency_and_incremental_are_read),
		cmocka_unit_test(what_is_not_named_stays),
		cmocka_unit_test(members_of_a_wrong_type_or_range_say_nothing),
		cmocka_unit_test(other_members_are_skipped),
		cmocka_unit_test(what_is_no_dictionary_changes_nothing),
	};

	RUN(tests);
}
