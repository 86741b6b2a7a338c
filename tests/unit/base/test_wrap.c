/* Text in lines: between words alone, and names cut in their middle. */
#include "base/wrap.h"

#include "unit.h"

static void lines_break_between_words(void **state)
{
	static const struct {
		const char *text;
		size_t columns;
		const char *lines; /* with | between them */
	} rows[] = {
		{"", 10, ""},
		{"   ", 10, ""},
		{"one", 10, "one"},
		{"one two three", 7, "one two|three"},
		{"one two three", 8, "one two|three"},
		{"one two three", 13, "one two three"},
		{"a verylongwordthatdoesnotfit b", 5, "a|verylongwordthatdoesnotfit|b"},
		{"  two   spaces ", 20, "two   spaces"},
		{"\xc3\xa9\xc3\xa9\xc3\xa9 \xc3\xa9", 5, "\xc3\xa9\xc3\xa9\xc3\xa9 \xc3\xa9"},
		{"one two", 0, "one|two"},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		struct fr_str rest = S(rows[i].text), line;
		char all[128] = "";

		while ((line = fr_wrap_next(&rest, rows[i].columns)).len)
			(void)snprintf(all + strlen(all), sizeof all - strlen(all), "%s%.*s",
			               *all ? "|" : "", FR_STR_ARG(line));
		assert_string_equal(all, rows[i].lines);
	}
}

static void names_are_cut_in_their_middle(void **state)
{
	static const struct {
		const char *text;
		size_t width;
		const char *cut;
	} rows[] = {
		{"short", 10, "short"},
		{"exactlyten", 10, "exactlyten"},
		{"https://example.org/a/b/c/style.css", 20, "https:../c/style.css"},
		{"0123456789", 3, "01..6789"},
		{"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", 9,
	         "\xc3\xa9..\xc3\xa9\xc3\xa9"},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		char text[64];

		(void)snprintf(text, sizeof text, "%s", rows[i].text);
		fr_wrap_shorten(text, rows[i].width);
		assert_string_equal(text, rows[i].cut);
		assert_true(strlen(text) <= (rows[i].width < 8 ? 8 : rows[i].width));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_break_between_words),
		cmocka_unit_test(names_are_cut_in_their_middle),
	};

	RUN(tests);
}
