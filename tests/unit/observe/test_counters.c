/* observe/counters: the table that every counter has one row in. */
#include "observe/counters.h"

#include "unit.h"

static const struct row {
	const char *name, *metric, *labels, *help;
} rows[] = {
#define X(id, name, metric, labels, help) {#name, metric, labels, help},
	FR_GAUGE_TABLE(X) FR_COUNTER_TABLE(X)
#undef X
};

static void gauges_come_first_and_are_named_for_what_is_open(void **state)
{
	(void)state;
	assert_int_equal(FR_ARRAY_LEN(rows), FR_COUNTER_COUNT);
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		bool is_gauge = fr_counter_is_gauge((enum fr_counter)i);

		assert_int_equal(fr_str_ends(S(rows[i].name), S("_open")), is_gauge);
		if (*rows[i].metric)
			assert_int_equal(fr_str_ends(S(rows[i].metric), S("_total")), !is_gauge);
	}
}

static void rows_of_a_metric_stand_together_and_the_first_says_what_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		bool begins = i == 0 || strcmp(rows[i - 1].metric, rows[i].metric) != 0;

		assert_int_equal(begins && *rows[i].metric, *rows[i].help != '\0');
		for (size_t k = 0; begins && k < i; k++)
			assert_string_not_equal(rows[k].metric, rows[i].metric);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gauges_come_first_and_are_named_for_what_is_open),
		cmocka_unit_test(rows_of_a_metric_stand_together_and_the_first_says_what_it_is),
	};

	RUN(tests);
}
