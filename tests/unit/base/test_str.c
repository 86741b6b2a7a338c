#include "base/str.h"

#include "base/err.h"
#include "base/siphash.h"
#include "unit.h"

static void comparison_ignores_case_only_in_ascii(void **state)
{
	(void)state;
	assert_true(fr_str_ieq(S("Content-Type"), S("cONTENT-tYPE")));
	assert_false(fr_str_ieq(S("a"), S("b")));
	assert_false(fr_str_ieq(S("\xc4"), S("\xe4")));
	assert_false(fr_str_ieq(S("[") /* 0x5b */, S("{") /* 0x7b */));
	assert_true(fr_str_eq(fr_str_make(NULL, 0), S("")));
	assert_true(fr_str_istarts(S("TEXT/html"), S("text/")));
	assert_true(fr_str_ihas(S("PHPSESSID"), S("sess")));
	assert_true(fr_str_ihas(S("sess"), S("sess")));
	assert_false(fr_str_ihas(S("ses"), S("sess")));
	assert_false(fr_str_ihas(S(""), S("s")));
	assert_false(fr_str_starts(S("te"), S("text")));
	assert_true(fr_str_ends(S("a.example.org"), S(".example.org")));
}

static void trimming_takes_spaces_and_tabs_only(void **state)
{
	(void)state;
	assert_str(fr_str_trim(S(" \t a b\t ")), "a b");
	assert_str(fr_str_trim(S(" \t ")), "");
	assert_str(fr_str_trim(S("\na\r")), "\na\r");
}

static void slices_are_clamped(void **state)
{
	(void)state;
	assert_str(fr_str_sub(S("abc"), 1, 99), "bc");
	assert_str(fr_str_sub(S("abc"), 9, 99), "");
	assert_str(fr_str_sub(S("abc"), 2, 1), "");
	assert_int_equal(fr_str_find(S("abc"), 'c'), 2);
	assert_int_equal(fr_str_find(S("abc"), 'x'), 3);
}

static void numbers_are_digits_without_overflow(void **state)
{
	static const char *const bad[] = {"",
	                                  "+1",
	                                  "-1",
	                                  " 1",
	                                  "1 ",
	                                  "0x1",
	                                  "1.0",
	                                  "18446744073709551616",
	                                  "99999999999999999999999"};
	uint64_t v = 7;

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(bad); i++)
		assert_int_equal(fr_str_to_u64(S(bad[i]), &v), FR_ERR_SYNTAX);
	assert_int_equal(v, 7);
	assert_int_equal(fr_str_to_u64(S("18446744073709551615"), &v), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(fr_str_to_u64(S("007"), &v), 0);
	assert_int_equal(v, 7);
}

static void numbers_are_written_as_they_are_read(void **state)
{
	static const int64_t values[] = {0, 7, -7, 1234567890, INT64_MAX, INT64_MIN};
	char text[FR_I64_DIGITS + 1], expected[32];

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(values); i++) {
		text[fr_i64_format(text, values[i])] = '\0';
		(void)snprintf(expected, sizeof expected, "%lld", (long long)values[i]);
		assert_string_equal(text, expected);
	}
}

static void lists_skip_empty_items_and_keep_quoted_commas(void **state)
{
	struct fr_str rest = S(" a ,, \"b,\\\",c\" ,\td,"), item;

	(void)state;
	assert_true(fr_str_next_item(&rest, &item));
	assert_str(item, "a");
	assert_true(fr_str_next_item(&rest, &item));
	assert_str(item, "\"b,\\\",c\"");
	assert_true(fr_str_next_item(&rest, &item));
	assert_str(item, "d");
	assert_false(fr_str_next_item(&rest, &item));
}

static void character_classes_follow_the_grammar(void **state)
{
	static const char tchar[] = "!#$%&'*+-.^_`|~09azAZ";

	(void)state;
	for (int c = 0; c < 256; c++) {
		bool token = c && strchr(tchar, c);
		bool alnum =
			(c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		bool field = c == '\t' || (c >= ' ' && c != 127);

		assert_int_equal(fr_char_is((char)c, FR_CH_TCHAR), token || alnum);
		assert_int_equal(fr_char_is((char)c, FR_CH_FIELD), field);
	}
	assert_false(fr_char_is(' ', FR_CH_TARGET));
	assert_false(fr_char_is('#', FR_CH_TARGET));
	assert_true(fr_char_is('%', FR_CH_TARGET));
	assert_false(fr_char_is('@', FR_CH_HOST));
	assert_false(fr_char_is('/', FR_CH_HOST));
	assert_false(fr_str_all(S(""), FR_CH_TCHAR));
}

static void the_keyed_hash_depends_on_key_bytes_and_length(void **state)
{
	(void)state;
	assert_true(fr_siphash(1, "abcdefgh", 8) == fr_siphash(1, "abcdefgh", 8));
	assert_true(fr_siphash(1, "abcdefgh", 8) != fr_siphash(2, "abcdefgh", 8));
	assert_true(fr_siphash(1, "abcdefgh", 8) != fr_siphash(1, "abcdefgh\0", 9));
	assert_true(fr_siphash(1, "", 0) != fr_siphash(1, "\0", 1));
}

/* Every byte at every place, so that both ways of looking see each of them. */
static void the_span_of_a_field_value_ends_at_the_first_byte_that_may_not_be_there(void **state)
{
	char text[40];

	(void)state;
	for (size_t at = 0; at < sizeof text; at++)
		for (int c = 0; c < 256; c++) {
			memset(text, 'a', sizeof text);
			text[at] = (char)c;
			assert_int_equal(fr_str_field_span(fr_str_make(text, sizeof text)),
			                 fr_char_is((char)c, FR_CH_FIELD) ? sizeof text : at);
		}
	assert_int_equal(fr_str_field_span(FR_STR("")), 0);
	assert_int_equal(fr_str_field_span(FR_STR("\xff\xff\t\xff\x80\xff\xff\xff\x7f")), 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comparison_ignores_case_only_in_ascii),
		cmocka_unit_test(trimming_takes_spaces_and_tabs_only),
		cmocka_unit_test(slices_are_clamped),
		cmocka_unit_test(numbers_are_digits_without_overflow),
		cmocka_unit_test(numbers_are_written_as_they_are_read),
		cmocka_unit_test(lists_skip_empty_items_and_keep_quoted_commas),
		cmocka_unit_test(character_classes_follow_the_grammar),
		cmocka_unit_test(
			the_span_of_a_field_value_ends_at_the_first_byte_that_may_not_be_there),
		cmocka_unit_test(the_keyed_hash_depends_on_key_bytes_and_length),
	};

	RUN(tests);
}
