/* Media queries against a table that a browser checks, too; lengths with calc();
 * input that never ends. */
#include "lab/model/media.h"
#include "unit.h"

static enum fr_media word(const char *text)
{
	if (strncmp(text, "yes\t", 4) == 0)
		return FR_MEDIA_YES;
	if (strncmp(text, "no\t", 3) == 0)
		return FR_MEDIA_NO;
	assert_true(strncmp(text, "may\t", 4) == 0);
	return FR_MEDIA_UNKNOWN;
}

static void queries_are_judged_as_browsers_judge_them(void **state)
{
	FILE *f = fopen(FR_TEST_DIR "/media_queries.txt", "r");
	char line[512];
	size_t n = 0, wrong = 0;

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof line, f)) {
		struct fr_str query;

		if (line[0] == '#')
			continue;
		query = fr_str_from(strchr(line, '\t') + 1);
		query = fr_str_sub(query, 0, fr_str_find(query, '\n'));
		n++;
		if (fr_media_judge(query) == word(line))
			continue;
		print_error("judged %d: %s", (int)fr_media_judge(query), line);
		wrong++;
	}
	(void)fclose(f);
	assert_true(n > 80);
	assert_int_equal(wrong, 0);
}

static void lengths_are_sums_of_units(void **state)
{
	static const struct {
		const char *text;
		double pixels; /* negative: none */
	} rows[] = {
		{"10px", 10},
		{"2em", 32},
		{"0", 0},
		{"50vw", 640},
		{"10dvh", 80},
		{"1in", 96},
		{"calc(1px + 2em)", 33},
		{"calc(10px*3 - 5px)", 25},
		{"calc((1px + 1px) * 2)", 4},
		{"min(3px, 2px, 9px)", 2},
		{"max(3px, 2px)", 3},
		{"clamp(1px, 5px, 3px)", 3},
		{"clamp(4px, 1px, 9px)", 4},
		{"calc(100% - 1px)", -1},
		{"calc(1px", -1},
		{"calc(1px / 0)", -1},
		{"10", 10},
		{"auto", -1},
		{"", -1},
		{"0x10", -1},
		{"inf", -1},
		{"1px 2px", -1},
		{"foo(1px)", -1},
		{"calc(calc(calc(calc(calc(calc(calc(calc(calc(calc(1px))))))))))", -1},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		double v = -1;
		bool ok = fr_css_length(S(rows[i].text), &v);

		print_message("%s\n", rows[i].text);
		assert_int_equal(ok, rows[i].pixels >= 0);
		if (ok)
			assert_true(v > rows[i].pixels - 0.01 && v < rows[i].pixels + 0.01);
	}
}

static void what_never_ends_is_unknown(void **state)
{
	char deep[4096];

	(void)state;
	memset(deep, '(', sizeof deep);
	assert_int_equal(fr_media_judge(fr_str_make(deep, sizeof deep)), FR_MEDIA_UNKNOWN);
	for (size_t i = 0; i < sizeof deep; i += 4)
		memcpy(deep + i, "not ", 4);
	assert_int_equal(fr_media_judge(fr_str_make(deep, sizeof deep)), FR_MEDIA_NO);
	assert_int_equal(fr_media_judge(S("(")), FR_MEDIA_UNKNOWN);
	assert_int_equal(fr_media_judge(S(",")), FR_MEDIA_UNKNOWN);
}

static void what_stands_in_strings_and_brackets_is_passed_over(void **state)
{
	static const struct {
		const char *text, *stops, *open;
		size_t at;
	} rows[] = {
		{"a,b", ",", "", 1},       {"a(b,c),d", ",", "(", 6},
		{"a(b,c),d", ",", "", 3},  {"a[b,c],d", ",", "([", 6},
		{"a\",\",b", ",", "", 4},  {"a',',b", ",", "", 4},
		{"a\\,,b", ",", "", 3},    {"a\"\\\",\",b", ",", "", 6},
		{"a),b", ",", "(", 2},     {"a(,b", ",", "(", 4},
		{"'open\n,b", ",", "", 6}, /* a string ends with its line */
		{"{a{b}c}d", "}", "{", 0}, {"", ",", "(", 0},
		{"a\\", ",", "(", 2},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		size_t want = rows[i].at;

		if (rows[i].text[0] == '{') { /* the end of the block that begins here */
			assert_int_equal(fr_css_find(S(rows[i].text), 1, "}", "{"), 6);
			continue;
		}
		if (fr_css_find(S(rows[i].text), 0, rows[i].stops, rows[i].open) != want)
			fail_msg("%s", rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_stands_in_strings_and_brackets_is_passed_over),
		cmocka_unit_test(queries_are_judged_as_browsers_judge_them),
		cmocka_unit_test(lengths_are_sums_of_units),
		cmocka_unit_test(what_never_ends_is_unknown),
	};

	RUN(tests);
}
