#include "hints/push_failures.h"

#include "unit.h"

#define TTL_MS 30000u

static struct fr_url_ttl_set *set;
static const struct fr_push_target anna = {.authority = FR_STR("h.test"),
                                           .target = FR_STR("/a.css"),
                                           .client = 1001},
				   bert = {.authority = FR_STR("h.test"),
                                           .target = FR_STR("/a.css"),
                                           .client = 1002},
				   bert_known = {.authority = FR_STR("h.test"),
                                                 .target = FR_STR("/a.css"),
                                                 .client = 1002,
                                                 .has_credentials = true};

static int set_up(void **state)
{
	(void)state;
	set = fr_url_ttl_set_new(64, TTL_MS, 7);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fr_url_ttl_set_free(&set);
	return 0;
}

static void what_is_gone_is_gone_for_all_that_ask_likewise(void **state)
{
	(void)state;
	fr_push_failures_add(set, &anna, 404, 0);
	assert_true(fr_push_failures_has(set, &anna, 0));
	assert_true(fr_push_failures_has(set, &bert, 0));
	assert_false(fr_push_failures_has(set, &bert_known, 0));
}

static void a_doubt_needs_a_second_client(void **state)
{
	(void)state;
	fr_push_failures_add(set, &anna, 503, 0);
	assert_true(fr_push_failures_has(set, &anna, 0));
	assert_false(fr_push_failures_has(set, &bert, 0));
	fr_push_failures_add(set, &anna, 503, 1); /* the same client once more */
	assert_false(fr_push_failures_has(set, &bert, 1));
	fr_push_failures_add(set, &bert, 302, 2);
	assert_true(fr_push_failures_has(
		set, &(struct fr_push_target){anna.authority, anna.target, 1003, false}, 2));
}

static void no_answer_is_a_doubt(void **state)
{
	(void)state;
	fr_push_failures_add(set, &anna, 0, 0);
	assert_false(fr_push_failures_has(set, &bert, 0));
	fr_push_failures_add(set, &bert, 0, 0);
	assert_true(fr_push_failures_has(
		set, &(struct fr_push_target){anna.authority, anna.target, 1003, false}, 0));
}

static void doubts_of_clients_with_credentials_are_their_own(void **state)
{
	(void)state;
	fr_push_failures_add(set, &anna, 500, 0);
	fr_push_failures_add(set, &bert_known, 500, 0);
	assert_false(fr_push_failures_has(
		set, &(struct fr_push_target){anna.authority, anna.target, 1003, false}, 0));
}

static void an_answer_about_who_asked_counts_for_that_client(void **state)
{
	(void)state;
	fr_push_failures_add(set, &anna, 403, 0);
	fr_push_failures_add(set, &bert, 403, 0);
	assert_true(fr_push_failures_has(set, &anna, 0));
	assert_true(fr_push_failures_has(set, &bert, 0));
	assert_false(fr_push_failures_has(
		set, &(struct fr_push_target){anna.authority, anna.target, 1003, false}, 0));
}

static void a_failure_is_forgotten_after_a_while(void **state)
{
	(void)state;
	fr_push_failures_add(set, &anna, 410, 0);
	assert_true(fr_push_failures_has(set, &anna, TTL_MS - 1));
	assert_false(fr_push_failures_has(set, &anna, TTL_MS + 1));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_gone_is_gone_for_all_that_ask_likewise),
		TEST(a_doubt_needs_a_second_client),
		TEST(no_answer_is_a_doubt),
		TEST(doubts_of_clients_with_credentials_are_their_own),
		TEST(an_answer_about_who_asked_counts_for_that_client),
		TEST(a_failure_is_forgotten_after_a_while),
	};

	RUN(tests);
}
