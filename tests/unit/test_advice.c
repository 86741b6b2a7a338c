#include "hints/advice.h"

#include "unit.h"

static void learn(struct fr_push_score *s, unsigned n, bool cancelled)
{
	while (n--) {
		(void)fr_push_score_learn(s, cancelled);
		assert_true(fr_push_score_is_valid(s));
	}
}

static void ask(struct fr_push_score *s, unsigned n, enum fr_push_advice expected)
{
	while (n--) {
		assert_int_equal(fr_push_score_ask(s), expected);
		assert_true(fr_push_score_is_valid(s));
	}
}

static void what_is_not_known_is_pushed(void **state)
{
	struct fr_push_score s = {0};

	(void)state;
	ask(&s, 100, FR_PUSH_ADVICE_YES);
	learn(&s, 100, false);
	ask(&s, 1, FR_PUSH_ADVICE_YES);
}

static void a_few_cancels_change_nothing(void **state)
{
	struct fr_push_score s = {0};

	(void)state;
	learn(&s, 2, true);
	ask(&s, 1, FR_PUSH_ADVICE_YES);
	s = (struct fr_push_score){0};
	for (unsigned i = 0; i < 1000; i++) {
		learn(&s, 2, false);
		learn(&s, 1, true);
		ask(&s, 1, FR_PUSH_ADVICE_YES);
	}
}

static void three_cancels_and_more_than_half_make_it_late(void **state)
{
	struct fr_push_score s = {0};

	(void)state;
	learn(&s, 3, false);
	learn(&s, 3, true);
	ask(&s, 1, FR_PUSH_ADVICE_YES); /* half */
	assert_true(fr_push_score_learn(&s, true));
	ask(&s, 50, FR_PUSH_ADVICE_LATE);
}

static void five_cancels_and_more_than_three_quarters_stop_it(void **state)
{
	struct fr_push_score s = {0};

	(void)state;
	learn(&s, 4, true);
	ask(&s, 1, FR_PUSH_ADVICE_LATE);
	assert_true(fr_push_score_learn(&s, true));
	ask(&s, 1, FR_PUSH_ADVICE_NO);

	s = (struct fr_push_score){0};
	learn(&s, 2, false);
	learn(&s, 6, true); /* 6 of 8: three quarters, no more */
	ask(&s, 1, FR_PUSH_ADVICE_LATE);
	learn(&s, 1, true);
	ask(&s, 1, FR_PUSH_ADVICE_NO);
}

static void long_good_experience_does_not_hide_a_change(void **state)
{
	struct fr_push_score s = {0};
	unsigned n = 0;

	(void)state;
	learn(&s, 10000, false);
	for (; fr_push_score_ask(&s) == FR_PUSH_ADVICE_YES; n++)
		learn(&s, 1, true);
	assert_true(n <= FR_PUSH_SCORE_MAX);
	for (; fr_push_score_ask(&s) == FR_PUSH_ADVICE_LATE; n++)
		learn(&s, 1, true);
	assert_true(n <= 2 * FR_PUSH_SCORE_MAX);
}

static void every_sixteenth_opportunity_is_a_trial_and_one_at_a_time(void **state)
{
	struct fr_push_score s = {0};

	(void)state;
	learn(&s, 5, true);
	ask(&s, FR_PUSH_TRIAL_EVERY - 1, FR_PUSH_ADVICE_NO);
	ask(&s, 1, FR_PUSH_ADVICE_TRIAL);
	ask(&s, FR_PUSH_TRIAL_LOST - 1, FR_PUSH_ADVICE_NO);
	ask(&s, 1, FR_PUSH_ADVICE_TRIAL); /* the other is lost */
	ask(&s, 1, FR_PUSH_ADVICE_NO);
	learn(&s, 1, true);
	ask(&s, FR_PUSH_TRIAL_EVERY - 1, FR_PUSH_ADVICE_NO);
	ask(&s, 1, FR_PUSH_ADVICE_TRIAL);
}

static void outcomes_of_pushes_from_before_count_for_nothing(void **state)
{
	struct fr_push_score s = {0};

	(void)state;
	learn(&s, 5, true);
	learn(&s, 100, false);
	ask(&s, 1, FR_PUSH_ADVICE_NO);
}

static void completed_trials_bring_it_back_step_by_step(void **state)
{
	struct fr_push_score s = {0};

	(void)state;
	learn(&s, 5, true);
	ask(&s, FR_PUSH_TRIAL_EVERY - 1, FR_PUSH_ADVICE_NO);
	ask(&s, 1, FR_PUSH_ADVICE_TRIAL);
	assert_true(fr_push_score_learn(&s, false));
	ask(&s, 1, FR_PUSH_ADVICE_LATE);
	learn(&s, FR_PUSH_BACK_COMPLETIONS - 1, false);
	learn(&s, 1, true); /* in a row */
	learn(&s, FR_PUSH_BACK_COMPLETIONS - 1, false);
	ask(&s, 1, FR_PUSH_ADVICE_LATE);
	assert_true(fr_push_score_learn(&s, false));
	ask(&s, 1, FR_PUSH_ADVICE_YES);
	learn(&s, 2, true);
	ask(&s, 1, FR_PUSH_ADVICE_YES);
	learn(&s, 1, true);
	ask(&s, 1, FR_PUSH_ADVICE_LATE);
}

static void scores_that_cannot_be_are_told(void **state)
{
	static const struct fr_push_score bad[] = {
		{.pushes = 1, .cancels = 2},
		{.pushes = FR_PUSH_SCORE_MAX},
		{.state = FR_PUSH_ADVICE_TRIAL + 1},
		{.count = 1},
		{.state = FR_PUSH_ADVICE_NO, .count = FR_PUSH_TRIAL_EVERY},
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(fr_push_score_is_valid(&bad[i]));
	assert_string_equal(fr_push_advice_str(FR_PUSH_ADVICE_TRIAL), "trial");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_known_is_pushed),
		cmocka_unit_test(a_few_cancels_change_nothing),
		cmocka_unit_test(three_cancels_and_more_than_half_make_it_late),
		cmocka_unit_test(five_cancels_and_more_than_three_quarters_stop_it),
		cmocka_unit_test(long_good_experience_does_not_hide_a_change),
		cmocka_unit_test(every_sixteenth_opportunity_is_a_trial_and_one_at_a_time),
		cmocka_unit_test(outcomes_of_pushes_from_before_count_for_nothing),
		cmocka_unit_test(completed_trials_bring_it_back_step_by_step),
		cmocka_unit_test(scores_that_cannot_be_are_told),
	};

	RUN(tests);
}
