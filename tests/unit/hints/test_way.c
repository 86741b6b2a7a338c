#include "hints/way.h"

#include "unit.h"

/* A navigation over HTTP/2 to a site with push and 103, by a client that takes pushes. */
static struct fr_way_facts facts;

static int set_up(void **state)
{
	(void)state;
	facts = (struct fr_way_facts){.version = FR_HTTP_2,
	                              .is_get = true,
	                              .is_navigation = true,
	                              .takes_push = true,
	                              .push_is_on = true};
	return 0;
}

static void a_client_that_takes_pushes_gets_them(void **state)
{
	(void)state;
	assert_int_equal(fr_way_choose(&facts), FR_WAY_PUSH);
	facts.is_navigation = false; /* no browser: it does not say what it asks for */
	assert_int_equal(fr_way_choose(&facts), FR_WAY_PUSH);
}

static void without_push_a_navigation_gets_a_103(void **state)
{
	(void)state;
	facts.takes_push = false;
	assert_int_equal(fr_way_choose(&facts), FR_WAY_EARLY);
	facts.takes_push = true;
	facts.push_is_on = false;
	assert_int_equal(fr_way_choose(&facts), FR_WAY_EARLY);
}

static void what_is_fetched_ahead_gets_a_103_and_no_push(void **state)
{
	(void)state;
	facts.is_ahead = true;
	assert_int_equal(fr_way_choose(&facts), FR_WAY_EARLY);
	facts.is_navigation = false;
	assert_int_equal(fr_way_choose(&facts), FR_WAY_HEADER);
}

static void other_requests_get_a_103_only_by_configuration(void **state)
{
	(void)state;
	facts.takes_push = facts.is_navigation = false;
	assert_int_equal(fr_way_choose(&facts), FR_WAY_HEADER);
	facts.early_for_all = true;
	assert_int_equal(fr_way_choose(&facts), FR_WAY_EARLY);
}

static void http1_gets_a_103_only_by_configuration(void **state)
{
	(void)state;
	facts.takes_push = false;
	facts.version = FR_HTTP_1_1;
	assert_int_equal(fr_way_choose(&facts), FR_WAY_HEADER);
	facts.early_over_http1 = true;
	assert_int_equal(fr_way_choose(&facts), FR_WAY_EARLY);
	facts.version = FR_HTTP_1_0; /* knows no interim responses */
	assert_int_equal(fr_way_choose(&facts), FR_WAY_HEADER);
}

static void a_site_without_103_sends_none(void **state)
{
	(void)state;
	facts.takes_push = false;
	facts.early_is_off = facts.early_for_all = true;
	assert_false(fr_way_allows_103(&facts));
	assert_int_equal(fr_way_choose(&facts), FR_WAY_HEADER);
}

static void only_a_get_has_hints_of_its_own(void **state)
{
	(void)state;
	facts.is_get = false;
	assert_int_equal(fr_way_choose(&facts), FR_WAY_HEADER);
}

static void a_client_that_has_the_page_gets_no_early_pushes(void **state)
{
	(void)state;
	assert_true(fr_way_is_early(FR_WAY_PUSH, false));
	assert_false(fr_way_is_early(FR_WAY_PUSH, true));
	assert_true(fr_way_is_early(FR_WAY_EARLY, true));
	assert_false(fr_way_is_early(FR_WAY_HEADER, false));
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_client_that_takes_pushes_gets_them),
		TEST(without_push_a_navigation_gets_a_103),
		TEST(what_is_fetched_ahead_gets_a_103_and_no_push),
		TEST(other_requests_get_a_103_only_by_configuration),
		TEST(http1_gets_a_103_only_by_configuration),
		TEST(a_site_without_103_sends_none),
		TEST(only_a_get_has_hints_of_its_own),
		TEST(a_client_that_has_the_page_gets_no_early_pushes),
	};

	RUN(tests);
}
