#include "http/date.h"

#include "unit.h"

static void dates_are_written_as_imf_fixdate(void **state)
{
	char text[FR_HTTP_DATE_BYTES];

	(void)state;
	fr_http_date_format(784111777, text);
	assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT");
	fr_http_date_format(0, text);
	assert_string_equal(text, "Thu, 01 Jan 1970 00:00:00 GMT");
	fr_http_date_format(951782400, text);
	assert_string_equal(text, "Tue, 29 Feb 2000 00:00:00 GMT");
}

static void all_three_forms_are_read(void **state)
{
	static const char *const forms[] = {"Sun, 06 Nov 1994 08:49:37 GMT",
	                                    "Sunday, 06-Nov-94 08:49:37 GMT",
	                                    "Sun Nov  6 08:49:37 1994"};
	int64_t t;

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(forms); i++) {
		assert_int_equal(fr_http_date_parse(S(forms[i]), 1700000000, &t), 0);
		assert_int_equal(t, 784111777);
	}
}

static void dates_are_read_in_any_case(void **state)
{
	static const char *const forms[] = {
		"sun, 06 nov 1994 08:49:37 gmt",  "SUN, 06 NOV 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 08:49:37 Gmt",  "sunday, 06-nov-94 08:49:37 gmt",
		"SUNDAY, 06-NOV-94 08:49:37 GMT", "sun nov  6 08:49:37 1994",
		"SUN NOV  6 08:49:37 1994"};
	int64_t t;

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(forms); i++) {
		if (fr_http_date_parse(S(forms[i]), 1700000000, &t) < 0)
			fail_msg("%s", forms[i]);
		assert_int_equal(t, 784111777);
	}
}

static void two_digit_years_are_at_most_50_years_ahead(void **state)
{
	int64_t t;

	(void)state;
	/* in 2023: 70 is 2070, 94 is 1994 */
	assert_int_equal(fr_http_date_parse(S("Wednesday, 01-Jan-70 00:00:00 GMT"), 1700000000, &t),
	                 0);
	assert_int_equal(t, 3155760000);
}

static void what_is_no_date_is_refused(void **state)
{
	static const char *const bad[] = {"",
	                                  "0",
	                                  "-1",
	                                  "Sun, 06 Nov 1994 08:49:37",
	                                  "Sun, 06 Nov 1994 08:49:37 CET",
	                                  "Sun, 32 Nov 1994 08:49:37 GMT",
	                                  "Sun, 30 Feb 1994 08:49:37 GMT",
	                                  "Sun, 06 Nov 1994 24:49:37 GMT",
	                                  "Sun, 06 Nov 1994 08:60:37 GMT",
	                                  "Sun, 06 Xxx 1994 08:49:37 GMT",
	                                  "Sun, 06 Nov 1994 08:49:37 GMT ",
	                                  "1994-11-06T08:49:37Z",
	                                  "Sun, +6 Nov 1994 08:49:37 GMT"};
	int64_t t = 42;

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(bad); i++)
		if (fr_http_date_parse(S(bad[i]), 1700000000, &t) != FR_ERR_SYNTAX)
			fail_msg("taken for a date: '%s'", bad[i]);
	assert_int_equal(t, 42);
}

static void every_day_comes_back_as_it_went(void **state)
{
	char text[FR_HTTP_DATE_BYTES];
	int64_t t;

	(void)state;
	for (int64_t s = 0; s < 4102444800; s += 86400 * 13 + 3607) {
		fr_http_date_format(s, text);
		assert_int_equal(fr_http_date_parse(S(text), 1700000000, &t), 0);
		assert_int_equal(t, s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_are_written_as_imf_fixdate),
		cmocka_unit_test(all_three_forms_are_read),
		cmocka_unit_test(dates_are_read_in_any_case),
		cmocka_unit_test(two_digit_years_are_at_most_50_years_ahead),
		cmocka_unit_test(what_is_no_date_is_refused),
		cmocka_unit_test(every_day_comes_back_as_it_went),
	};

	RUN(tests);
}
