#include "cache/conditional.h"

#include "arena_fixture.h"

#define NOW INT64_C(1700000000)
#define DATE1 "Sun, 06 Nov 1994 08:49:37 GMT"
#define DATE0 "Sun, 06 Nov 1994 08:49:36 GMT"

static struct fr_fields req;
static struct fr_validators stored;

static void ask(const char *name, const char *value)
{
	fr_fields_init(&req, &arena);
	assert_int_equal(fr_fields_add(&req, S(name), S(value)), 0);
}

static bool not_modified(const char *name, const char *value)
{
	ask(name, value);
	return fr_is_not_modified(&req, &stored, NOW);
}

static void if_none_match_compares_weakly(void **state)
{
	(void)state;
	stored = (struct fr_validators){.etag = FR_STR("W/\"a\"")};
	assert_true(not_modified("if-none-match", "\"a\""));
	assert_true(not_modified("if-none-match", "\"x\", W/\"a\""));
	assert_true(not_modified("if-none-match", "*"));
	assert_false(not_modified("if-none-match", "\"A\""));
	assert_false(not_modified("if-none-match", "a"));
	stored.etag = (struct fr_str){0};
	assert_false(not_modified("if-none-match", "\"a\""));
}

static void if_modified_since_compares_dates(void **state)
{
	(void)state;
	stored = (struct fr_validators){.last_modified = FR_STR(DATE1)};
	assert_true(not_modified("if-modified-since", DATE1));
	assert_false(not_modified("if-modified-since", DATE0));
	assert_false(not_modified("if-modified-since", "yesterday"));
	stored = (struct fr_validators){.date = FR_STR(DATE1)};
	assert_true(not_modified("if-modified-since", DATE1));
	/* If-None-Match takes precedence */
	stored = (struct fr_validators){.etag = FR_STR("\"b\""), .last_modified = FR_STR(DATE1)};
	ask("if-none-match", "\"a\"");
	assert_int_equal(fr_fields_add(&req, S("if-modified-since"), S(DATE1)), 0);
	assert_false(fr_is_not_modified(&req, &stored, NOW));
}

static void ranges_are_read_against_the_length(void **state)
{
	static const struct {
		const char *range;
		enum fr_range_result result;
		uint64_t from, to;
	} cases[] = {
		{"bytes=0-0", FR_RANGE_SOME, 0, 0},
		{"bytes=5-", FR_RANGE_SOME, 5, 99},
		{"bytes=-10", FR_RANGE_SOME, 90, 99},
		{"bytes=-1000", FR_RANGE_SOME, 0, 99},
		{"bytes=90-200", FR_RANGE_SOME, 90, 99},
		{"BYTES=1-2", FR_RANGE_SOME, 1, 2},
		{"bytes=100-", FR_RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=-0", FR_RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=2-1", FR_RANGE_NONE, 0, 0},
		{"bytes=", FR_RANGE_NONE, 0, 0},
		{"bytes=-", FR_RANGE_NONE, 0, 0},
		{"bytes=a-b", FR_RANGE_NONE, 0, 0},
		{"lines=1-2", FR_RANGE_NONE, 0, 0},
		{"bytes=0-99999999999999999999", FR_RANGE_NONE, 0, 0},
		{"bytes=200-300, 1-2", FR_RANGE_SOME, 1, 2},
	};

	(void)state;
	stored = (struct fr_validators){0};
	for (size_t i = 0; i < FR_ARRAY_LEN(cases); i++) {
		struct fr_range r[FR_MAX_RANGES];
		size_t n = 0;

		ask("range", cases[i].range);
		if (fr_ranges(&req, &stored, 100, r, &n) != cases[i].result)
			fail_msg("%s", cases[i].range);
		if (cases[i].result == FR_RANGE_SOME) {
			assert_int_equal(n, 1);
			assert_int_equal(r[0].from, cases[i].from);
			assert_int_equal(r[0].to, cases[i].to);
		}
	}
}

static void several_ranges_unless_the_whole_is_cheaper(void **state)
{
	struct fr_range r[FR_MAX_RANGES];
	char many[200];
	size_t n = 0;

	(void)state;
	stored = (struct fr_validators){0};
	ask("range", "bytes=0-1, 10-11,-3");
	assert_int_equal(fr_ranges(&req, &stored, 100, r, &n), FR_RANGE_SOME);
	assert_int_equal(n, 3);
	assert_int_equal(r[2].from, 97);
	ask("range", "bytes=0-,0-,0-");
	assert_int_equal(fr_ranges(&req, &stored, 100, r, &n), FR_RANGE_NONE);
	(void)snprintf(many, sizeof many, "bytes=0-0");
	for (size_t i = strlen(many); i < 100; i += 4)
		(void)snprintf(many + i, sizeof many - i, ",1-1");
	ask("range", many);
	assert_int_equal(fr_ranges(&req, &stored, 100, r, &n), FR_RANGE_NONE);
	ask("range", "bytes=0-1");
	assert_int_equal(fr_ranges(&req, &stored, 0, r, &n), FR_RANGE_UNSATISFIABLE);
}

static void if_range_must_match_strongly(void **state)
{
	static const struct {
		const char *if_range;
		enum fr_range_result result;
	} cases[] = {{"\"a\"", FR_RANGE_SOME}, {"\"b\"", FR_RANGE_NONE}, {"W/\"a\"", FR_RANGE_NONE},
	             {DATE1, FR_RANGE_SOME},   {DATE0, FR_RANGE_NONE},   {"a", FR_RANGE_NONE}};
	struct fr_range r[FR_MAX_RANGES];
	size_t n;

	(void)state;
	stored = (struct fr_validators){.etag = FR_STR("\"a\""), .last_modified = FR_STR(DATE1)};
	for (size_t i = 0; i < FR_ARRAY_LEN(cases); i++) {
		ask("range", "bytes=0-1");
		assert_int_equal(fr_fields_add(&req, S("if-range"), S(cases[i].if_range)), 0);
		assert_int_equal(fr_ranges(&req, &stored, 100, r, &n), cases[i].result);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(if_none_match_compares_weakly),
		T(if_modified_since_compares_dates),
		T(ranges_are_read_against_the_length),
		T(several_ranges_unless_the_whole_is_cheaper),
		T(if_range_must_match_strongly),
	};

	RUN(tests);
}
