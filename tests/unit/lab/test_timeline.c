/* The time bars. */
#include "lab/report/timeline.h"
#include "unit.h"

static void bars_show_waiting_and_receiving(void **state)
{
	struct fr_measurement_entry a = {.start_us = 200, .first_us = 500, .end_us = 699};
	char bar[11];

	(void)state;
	fr_timeline_bar(bar, 10, 1000, &a);
	assert_string_equal(bar, "  ---##   ");
	a = (struct fr_measurement_entry){.start_us = 0, .first_us = 0, .end_us = 5000};
	fr_timeline_bar(bar, 10, 1000, &a);
	assert_string_equal(bar, "##########");
	a = (struct fr_measurement_entry){0};
	fr_timeline_bar(bar, 10, 0, &a);
	assert_int_equal(strlen(bar), 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bars_show_waiting_and_receiving),
	};

	RUN(tests);
}
