#include "hints/budget.h"

#include "unit.h"

#define INITIAL_WINDOW (10u * 1448u)
#define RATE_4G 1125000u   /* 9 Mbit/s */
#define RATE_CABLE 625000u /* 5 Mbit/s */

static struct fr_budget_path path(uint64_t rtt_ms, uint64_t rate)
{
	return (struct fr_budget_path){.rtt_us = rtt_ms * 1000,
	                               .min_rtt_us = rtt_ms * 1000,
	                               .cwnd_bytes = INITIAL_WINDOW,
	                               .delivery_rate_bytes_per_s = rate};
}

static void the_window_doubles_each_round_trip(void **state)
{
	struct fr_budget_path p = path(170, 0);

	(void)state;
	/* one window, and 30 of the 170 ms of the second: 14480 + 28960 * 30/170 */
	assert_int_equal(fr_budget_idle_bytes(&p, 200), 14480 + 5110);
	/* 14480 + 28960, and 160/170 of 57920 */
	assert_int_equal(fr_budget_idle_bytes(&p, 500), 14480 + 28960 + 54512);
	/* less than a round trip: its share of the window */
	assert_int_equal(fr_budget_idle_bytes(&p, 17), 1448);
}

static void a_link_that_has_shown_nothing_is_taken_for_a_modest_one(void **state)
{
	struct fr_budget_path p = path(28, 0);

	(void)state;
	/* seven doublings would be 2 MB; 5 Mbit/s carry 125 kB in 200 ms */
	assert_int_equal(fr_budget_idle_bytes(&p, 200), 125000);
	/* three round trips and 16/28: 14480 * 7 + 115840 * 16/28 is more than 62500 */
	assert_int_equal(fr_budget_idle_bytes(&p, 100), 62500);
}

static void a_known_rate_is_the_ceiling_when_a_queue_stood(void **state)
{
	struct fr_budget_path p = path(28, RATE_CABLE);

	(void)state;
	p.rtt_us = 90000;
	p.cwnd_bytes = 100 * 1448;
	assert_int_equal(fr_budget_idle_bytes(&p, 200), 125000);
	assert_int_equal(fr_budget_idle_bytes(&p, 500), 312500);
}

static void a_rate_measured_without_a_queue_may_double(void **state)
{
	struct fr_budget_path p = path(170, RATE_4G);

	(void)state;
	p.cwnd_bytes = 200 * 1448;
	/* 289600 and 30/170 of 579200 would be 391811; 2.25 MB/s carry 450000 */
	assert_int_equal(fr_budget_idle_bytes(&p, 200), 289600 + 102211);
	/* 2.25 MB/s for 400 ms */
	assert_int_equal(fr_budget_idle_bytes(&p, 400), 900000);
}

static void what_is_under_way_already_counts(void **state)
{
	struct fr_budget_path p = path(170, 0);

	(void)state;
	p.in_flight_bytes = 4000;
	p.unsent_bytes = 590;
	assert_int_equal(fr_budget_idle_bytes(&p, 200), 15000);
	p.unsent_bytes = 1000000;
	assert_int_equal(fr_budget_idle_bytes(&p, 200), 0);
}

static void without_an_expected_time_it_is_one_window_or_what_fills_the_link(void **state)
{
	struct fr_budget_path p = path(28, 0);

	(void)state;
	assert_int_equal(fr_budget_idle_bytes(&p, 0), INITIAL_WINDOW);
	p.delivery_rate_bytes_per_s = RATE_CABLE;
	p.cwnd_bytes = 100 * 1448;
	p.rtt_us = 90000;
	/* 625000 B/s * 28 ms */
	assert_int_equal(fr_budget_idle_bytes(&p, 0), 17500);
	p.rtt_us = p.min_rtt_us = 0;
	assert_int_equal(fr_budget_idle_bytes(&p, 200), 144800);
}

static void absurd_figures_do_no_harm(void **state)
{
	struct fr_budget_path p = {UINT64_MAX, UINT64_MAX, UINT64_MAX, 0, 0, 0, UINT64_MAX};

	(void)state;
	assert_true(fr_budget_idle_bytes(&p, UINT32_MAX) > 0);
	p.rtt_us = p.min_rtt_us = 1;
	assert_true(fr_budget_idle_bytes(&p, UINT32_MAX) > 0);
	p.unsent_bytes = p.in_flight_bytes = UINT64_MAX;
	(void)fr_budget_idle_bytes(&p, UINT32_MAX);
	p = (struct fr_budget_path){0};
	assert_int_equal(fr_budget_idle_bytes(&p, 1000), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_window_doubles_each_round_trip),
		cmocka_unit_test(a_link_that_has_shown_nothing_is_taken_for_a_modest_one),
		cmocka_unit_test(a_known_rate_is_the_ceiling_when_a_queue_stood),
		cmocka_unit_test(a_rate_measured_without_a_queue_may_double),
		cmocka_unit_test(what_is_under_way_already_counts),
		cmocka_unit_test(without_an_expected_time_it_is_one_window_or_what_fills_the_link),
		cmocka_unit_test(absurd_figures_do_no_harm),
	};

	RUN(tests);
}
