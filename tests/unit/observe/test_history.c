#include "observe/history.h"

#include "unit.h"

static struct fr_history *history;
static struct fr_history_totals totals;
static struct fr_history_step steps[4000];
static int64_t until_s;

static int set_up(void **state)
{
	(void)state;
	history = fr_history_new();
	totals = (struct fr_history_totals){0};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fr_history_free(&history);
	return 0;
}

/* So many requests more, and the figures at that second. */
static void tell(int64_t at_s, uint64_t requests)
{
	totals.counts[FR_HISTORY_OF_REQUESTS] += requests;
	fr_history_add(history, at_s, &totals);
}

static size_t read(enum fr_history_range range)
{
	return fr_history_read(history, range, steps, FR_ARRAY_LEN(steps), &until_s);
}

static uint32_t requests(size_t i)
{
	return steps[i].counts[FR_HISTORY_OF_REQUESTS];
}

static void nothing_is_known_before_the_second_look(void **state)
{
	(void)state;
	assert_int_equal(read(FR_HISTORY_HOUR), 0);
	tell(1000, 500); /* of before */
	assert_int_equal(read(FR_HISTORY_HOUR), 0);
	tell(1001, 3);
	assert_int_equal(read(FR_HISTORY_HOUR), 1);
	assert_int_equal(requests(0), 3);
	assert_int_equal(until_s, 1001);
}

static void each_second_has_what_came_in_it(void **state)
{
	(void)state;
	tell(1000, 0);
	tell(1001, 1);
	tell(1001, 2); /* twice in one second */
	tell(1002, 4);
	tell(1005, 8); /* nobody looked in between */
	assert_int_equal(read(FR_HISTORY_HOUR), 5);
	assert_int_equal(requests(0), 3);
	assert_int_equal(requests(1), 4);
	assert_int_equal(requests(2), 0);
	assert_int_equal(requests(4), 8);
	assert_int_equal(until_s, 1005);
}

static void minutes_are_the_sums_of_their_seconds(void **state)
{
	(void)state;
	tell(6000, 0);
	for (int64_t s = 6001; s < 6000 + 180; s++)
		tell(s, 2);
	assert_int_equal(read(FR_HISTORY_DAY), 3);
	assert_int_equal(requests(0), 2 * 59);
	assert_int_equal(requests(1), 2 * 60);
	assert_int_equal(requests(2), 2 * 60);
	assert_int_equal(until_s, 6120);
}

static void the_oldest_make_room(void **state)
{
	(void)state;
	tell(0, 0);
	for (int64_t s = 1; s <= 3 * 86400; s++)
		tell(s, 1);
	assert_int_equal(read(FR_HISTORY_HOUR), 3600);
	assert_int_equal(read(FR_HISTORY_DAY), 1440);
	assert_int_equal(requests(0), 60);
	tell(30ll * 86400, 7); /* asleep for weeks */
	assert_int_equal(read(FR_HISTORY_HOUR), 3600);
	assert_int_equal(requests(0), 0);
	assert_int_equal(requests(3599), 7);
	assert_int_equal(until_s, 30ll * 86400);
}

static void a_clock_that_goes_back_is_waited_for(void **state)
{
	(void)state;
	tell(1000, 0);
	tell(1001, 1);
	tell(900, 2);
	assert_int_equal(read(FR_HISTORY_HOUR), 1);
	assert_int_equal(until_s, 1001);
	tell(1002, 4);
	assert_int_equal(read(FR_HISTORY_HOUR), 2);
}

static void sums_that_shrink_begin_anew(void **state)
{
	(void)state;
	tell(1000, 100);
	totals.counts[FR_HISTORY_OF_REQUESTS] = 0;
	tell(1001, 5);
	(void)read(FR_HISTORY_HOUR);
	assert_int_equal(requests(0), 5);
}

static void gauges_keep_their_peak_and_times_their_step(void **state)
{
	(void)state;
	tell(1000, 0);
	totals.gauges[FR_HISTORY_OF_CONNECTIONS] = 9;
	totals.first_byte.counts[0] = 100;
	tell(1001, 0);
	totals.gauges[FR_HISTORY_OF_CONNECTIONS] = 2;
	tell(1001, 0);
	tell(1002, 0);
	(void)read(FR_HISTORY_HOUR);
	assert_int_equal(steps[0].gauges[FR_HISTORY_OF_CONNECTIONS], 9);
	assert_int_equal(steps[1].gauges[FR_HISTORY_OF_CONNECTIONS], 2);
	assert_true(steps[0].p50_us > 0 && steps[0].p99_us >= steps[0].p50_us);
	assert_int_equal(steps[1].p50_us, 0);
}

static void the_answer_is_json_with_one_list_for_each_figure(void **state)
{
	struct fr_buf out;

	(void)state;
	assert_int_equal(fr_history_range_find(S("hour")), FR_HISTORY_HOUR);
	assert_int_equal(fr_history_range_find(S("day")), FR_HISTORY_DAY);
	assert_int_equal(fr_history_range_find(S("year")), -1);
	tell(1000, 0);
	tell(1001, 1);
	tell(1002, 2);
	fr_buf_init(&out, 1u << 20);
	assert_int_equal(fr_history_json_write(history, FR_HISTORY_HOUR, &out), 0);
	assert_int_equal(fr_buf_append(&out, "", 1), 0);
	assert_non_null(strstr((const char *)fr_buf_data(&out),
	                       "{\"version\":1,\"range\":\"hour\",\"step_s\":1,\"until_s\":1002,"
	                       "\"requests\":[1,2],\"hits\":[0,0],"));
	fr_buf_fini(&out);
	fr_buf_init(&out, 100);
	assert_true(fr_history_json_write(history, FR_HISTORY_HOUR, &out) < 0);
	fr_buf_fini(&out);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(nothing_is_known_before_the_second_look),
		T(each_second_has_what_came_in_it),
		T(minutes_are_the_sums_of_their_seconds),
		T(the_oldest_make_room),
		T(a_clock_that_goes_back_is_waited_for),
		T(sums_that_shrink_begin_anew),
		T(gauges_keep_their_peak_and_times_their_step),
		T(the_answer_is_json_with_one_list_for_each_figure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
