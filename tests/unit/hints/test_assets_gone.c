/* When an asset is taken for gone, for whom, and what is not worth warming. */
#include "assets_fixture.h"

static void an_asset_that_is_not_found_is_gone_for_a_while(void **state)
{
	static const int statuses[] = {404, 410};
	struct fr_assets *a = fr_assets_new(10, 1);

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(statuses); i++) {
		struct fr_asset_answer answer = {.status = statuses[i]};

		answered(a, "/a", &fresh_day, NOW);
		answered(a, "/a", &answer, NOW);
		assert_true(found(a, "/a", NOW).is_gone[FR_ASSET_BARE]);
		assert_true(found(a, "/a", NOW).is_known);
		assert_true(found(a, "/a", NOW + FR_ASSET_GONE_S - 1).is_gone[FR_ASSET_BARE]);
		assert_false(found(a, "/a", NOW + FR_ASSET_GONE_S).is_gone[FR_ASSET_BARE]);
		/* the clock went back */
		assert_false(found(a, "/a", NOW - 1000).is_gone[FR_ASSET_BARE]);
		answered(a, "/a", &fresh_day, NOW);
		assert_false(found(a, "/a", NOW).is_gone[FR_ASSET_BARE]);
	}
	fr_assets_free(&a);
}

static void redirects_and_failures_are_believed_of_two_clients(void **state)
{
	static const int statuses[] = {301, 302, 303, 307, 308, 500, 503};
	struct fr_assets *a = fr_assets_new(10, 1);

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(statuses); i++) {
		struct fr_asset_answer answer = {.status = statuses[i], .client = 1};

		answered(a, "/a", &fresh_day, NOW);
		for (unsigned k = 0; k < 5; k++)
			answered(a, "/a", &answer, NOW);
		assert_false(found(a, "/a", NOW).is_gone[FR_ASSET_BARE]);
		answer.client = 2;
		answered(a, "/a", &answer, NOW + 1);
		assert_true(found(a, "/a", NOW + 1).is_gone[FR_ASSET_BARE]);
		answered(a, "/a", &fresh_day, NOW + 2);
		/* an old doubt is none */
		answered(a, "/a", &answer, NOW + 3);
		answer.client = 1;
		answered(a, "/a", &answer, NOW + 3 + FR_ASSET_GONE_S);
		assert_false(found(a, "/a", NOW + 3 + FR_ASSET_GONE_S).is_gone[FR_ASSET_BARE]);
	}
	fr_assets_free(&a);
}

static void refusals_say_nothing_of_the_asset(void **state)
{
	static const int statuses[] = {400, 401, 403, 405, 429};
	struct fr_assets *a = fr_assets_new(10, 1);

	(void)state;
	answered(a, "/a", &fresh_day, NOW);
	for (size_t i = 0; i < FR_ARRAY_LEN(statuses); i++)
		for (uint64_t client = 1; client < 5; client++)
			answered(a, "/a",
			         &(struct fr_asset_answer){.status = statuses[i], .client = client},
			         NOW);
	assert_false(found(a, "/a", NOW).is_gone[FR_ASSET_BARE]);
	fr_assets_free(&a);
}

static void answers_with_credentials_and_without_speak_for_their_own(void **state)
{
	struct fr_assets *a = fr_assets_new(10, 1);
	struct fr_asset_answer missing = {.status = 404}, there = fresh_day;

	(void)state;
	there.has_credentials = true;
	there.is_storable = false;
	answered(a, "/a", &missing, NOW);
	answered(a, "/a", &there, NOW);
	assert_true(found(a, "/a", NOW).is_gone[FR_ASSET_BARE]);
	assert_false(found(a, "/a", NOW).is_gone[FR_ASSET_KNOWN]);
	missing.has_credentials = true;
	answered(a, "/a", &missing, NOW);
	assert_true(found(a, "/a", NOW).is_gone[FR_ASSET_KNOWN]);
	/* what is there for those without is there for all */
	answered(a, "/a", &fresh_day, NOW);
	assert_false(found(a, "/a", NOW).is_gone[FR_ASSET_BARE]);
	assert_false(found(a, "/a", NOW).is_gone[FR_ASSET_KNOWN]);
	fr_assets_free(&a);
}

static void what_is_worth_warming(void **state)
{
	struct fr_assets *a = fr_assets_new(10, 1);
	struct fr_asset_answer with = {.status = 200, .has_credentials = true};
	struct fr_asset_answer refused = {.status = 401, .is_ours = true};

	(void)state;
	answered(a, "/open", &fresh_day, NOW);
	assert_false(found(a, "/open", NOW).no_warm);
	answered(a, "/closed", &with, NOW);
	assert_true(found(a, "/closed", NOW).no_warm);
	with.is_storable = true; /* the shared cache has it: it is for all */
	answered(a, "/closed", &with, NOW);
	assert_false(found(a, "/closed", NOW).no_warm);
	/* asked once, not at each load */
	answered(a, "/asked", &refused, NOW);
	assert_true(found(a, "/asked", NOW).no_warm);
	assert_false(found(a, "/asked", NOW).is_gone[FR_ASSET_BARE]);
	assert_true(found(a, "/asked", NOW + FR_ASSET_NO_WARM_S - 1).no_warm);
	assert_false(found(a, "/asked", NOW + FR_ASSET_NO_WARM_S).no_warm);
	refused.has_credentials = true; /* of a push says nothing of others */
	answered(a, "/pushed", &refused, NOW);
	assert_false(found(a, "/pushed", NOW).no_warm);
	fr_assets_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_asset_that_is_not_found_is_gone_for_a_while),
		T(redirects_and_failures_are_believed_of_two_clients),
		T(refusals_say_nothing_of_the_asset),
		T(answers_with_credentials_and_without_speak_for_their_own),
		T(what_is_worth_warming),
	};

	RUN(tests);
}
