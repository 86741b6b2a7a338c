#include "h2/repeats.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

static struct fr_str number(char text[32], unsigned n)
{
	(void)snprintf(text, 32, "%08x-%08x", n * 2654435761u, n * 40503u + 7);
	return fr_str_from(text);
}

static void values_that_repeat_are_added(void **state)
{
	struct fr_h2_repeats r = {0};

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_false(fr_h2_is_unique_value(&r, FR_STR("x-frame-options"), FR_STR("DENY")));
}

static void values_that_never_repeat_are_soon_not_added(void **state)
{
	struct fr_h2_repeats r = {0};
	unsigned added = 0;
	char text[32];

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		added += !fr_h2_is_unique_value(&r, FR_STR("x-request-id"), number(text, i));
	/* the first two, and those that look like one of the last few */
	assert_true(added >= 2 && added < 250);
}

static void a_few_values_in_turn_are_added(void **state)
{
	static const char *const policies[] = {"default-src 'self'", "default-src 'none'",
	                                       "script-src 'self'", "img-src *"};
	struct fr_h2_repeats r = {0};

	(void)state;
	for (unsigned i = 0; i < 400; i++) {
		bool is_not = fr_h2_is_unique_value(&r, FR_STR("content-security-policy"),
		                                    fr_str_from(policies[i % 4]));

		assert_true(i < 4 || !is_not);
	}
}

static void names_do_not_disturb_each_other_for_long(void **state)
{
	struct fr_h2_repeats r = {0};
	unsigned not_added = 0;
	char text[32];

	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		assert_false(fr_h2_is_unique_value(&r, FR_STR("strict-transport-security"),
		                                   FR_STR("max-age=31536000")));
		not_added += fr_h2_is_unique_value(&r, FR_STR("x-runtime"), number(text, i));
	}
	assert_true(not_added > 200);
}

/* More names than places: nothing but guesses, and none of them wrong for long. */
static void many_names_are_guessed_at(void **state)
{
	struct fr_h2_repeats r = {0};
	char name[32];

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		(void)snprintf(name, sizeof name, "x-%u", i % 40);
		assert_false(fr_h2_is_unique_value(&r, fr_str_from(name), FR_STR("")));
	}
	assert_false(fr_h2_is_unique_value(&r, FR_STR(""), FR_STR("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_that_repeat_are_added),
		cmocka_unit_test(values_that_never_repeat_are_soon_not_added),
		cmocka_unit_test(a_few_values_in_turn_are_added),
		cmocka_unit_test(names_do_not_disturb_each_other_for_long),
		cmocka_unit_test(many_names_are_guessed_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
