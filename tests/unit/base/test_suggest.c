#include "base/suggest.h"

#include "unit.h"

static const char *const words[] = {"origin", "hosts", "tls",   "hints",
                                    "cache",  "paths", "rules", "max_idle"};

static const char *nearest(const char *word)
{
	struct fr_suggest s;

	fr_suggest_begin(&s, word);
	for (size_t i = 0; i < FR_ARRAY_LEN(words); i++)
		fr_suggest_offer(&s, words[i]);
	return s.best;
}

static void small_slips_find_the_word_that_was_meant(void **state)
{
	static const char *const cases[][2] = {
		{"orign", "origin"},      {"oirgin", "origin"},     {"origins", "origin"},
		{"Origin", "origin"},     {"host", "hosts"},        {"tsl", "tls"},
		{"max-idle", "max_idle"}, {"maxidle", "max_idle"},  {"hint", "hints"},
		{"cahce", "cache"},       {"max_idel", "max_idle"},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(cases); i++)
		assert_string_equal(nearest(cases[i][0]), cases[i][1]);
}

static void another_word_finds_none(void **state)
{
	static const char *const cases[] = {
		"",         "colour",
		"x",        "ab",
		"sideways", "zzz",
		"speed",    "a word that is much longer than any key of the table"};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(cases); i++)
		if (nearest(cases[i]))
			fail_msg("%s: %s", cases[i], nearest(cases[i]));
}

static void the_words_name_it_or_are_empty(void **state)
{
	char text[FR_SUGGEST_TEXT_BYTES];
	struct fr_suggest s;

	(void)state;
	fr_suggest_begin(&s, "orign");
	assert_string_equal(fr_suggest_words(&s, text), "");
	fr_suggest_offer(&s, "origin");
	assert_string_equal(fr_suggest_words(&s, text), "; did you mean 'origin'?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_slips_find_the_word_that_was_meant),
		cmocka_unit_test(another_word_finds_none),
		cmocka_unit_test(the_words_name_it_or_are_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
