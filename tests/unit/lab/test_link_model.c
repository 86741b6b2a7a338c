/* The emulated link: when what arrives, to the microsecond. */
#include "lab/network/link_model.h"
#include "unit.h"

static void bytes_arrive_a_delay_after_they_were_serialised(void **state)
{
	struct fr_link_line line = {.rate_bps = 8000000}; /* one byte a microsecond */
	struct fr_link_model l;

	(void)state;
	fr_link_model_init(&l, &line, 50000);
	fr_link_model_send(&l, 1000, 1000);
	/* 52 bytes of headers go with the packet */
	assert_int_equal(fr_link_model_next(&l), 1000 + 1052 + 50000);
	assert_int_equal(fr_link_model_deliver(&l, 52051), 0);
	assert_int_equal(fr_link_model_deliver(&l, 52052), 1000);
	fr_link_model_fini(&l);
}

static void packets_queue_behind_each_other(void **state)
{
	struct fr_link_line line = {.rate_bps = 8000000};
	struct fr_link_model l;
	size_t got = 0;

	(void)state;
	fr_link_model_init(&l, &line, 0);
	fr_link_model_send(&l, 0, 10000);
	for (uint64_t t = 0; t <= 10500; t += 100) {
		got += fr_link_model_deliver(&l, t);
		assert_true(got <= t);
		/* seven packets, each with 52 bytes of headers */
		assert_true(got + FR_LINK_PACKET_BYTES + 7 * 52 >= t || got == 10000);
	}
	assert_int_equal(got, 10000);
	fr_link_model_fini(&l);
}

static void the_window_opens_every_round_trip(void **state)
{
	struct fr_link_line line = {.rate_bps = 1000000000};
	struct fr_link_model l;
	size_t first = FR_LINK_INITIAL_PACKETS * FR_LINK_PACKET_BYTES;
	uint64_t now = 0;

	(void)state;
	fr_link_model_init(&l, &line, 50000);
	assert_int_equal(fr_link_model_room(&l, now), first);
	fr_link_model_send(&l, now, first);
	assert_int_equal(fr_link_model_room(&l, now), 0);
	now = 50500; /* all have arrived, no acknowledgement has */
	assert_int_equal(fr_link_model_deliver(&l, now), first);
	assert_int_equal(fr_link_model_room(&l, now), 0);
	now = 101000;
	assert_int_equal(fr_link_model_room(&l, now), 2 * first);
	fr_link_model_fini(&l);
}

static void nothing_is_due_on_an_idle_link(void **state)
{
	struct fr_link_line line = {.rate_bps = 0};
	struct fr_link_model l;

	(void)state;
	fr_link_model_init(&l, &line, 0);
	assert_true(fr_link_model_next(&l) == UINT64_MAX);
	fr_link_model_fini(&l);
}

static void connections_share_the_line(void **state)
{
	struct fr_link_line line = {.rate_bps = 8000000};
	struct fr_link_model a, b;

	(void)state;
	fr_link_model_init(&a, &line, 0);
	fr_link_model_init(&b, &line, 0);
	fr_link_model_send(&a, 0, 1000);
	fr_link_model_send(&b, 0, 1000);
	assert_int_equal(fr_link_model_next(&a), 1052);
	assert_int_equal(fr_link_model_next(&b), 2104);
	fr_link_model_fini(&a);
	fr_link_model_fini(&b);
}

static void a_lost_packet_comes_a_round_trip_later_and_holds_up_the_next(void **state)
{
	struct fr_link_line line = {.rate_bps = 8000000, .loss = FR_LINK_LOSS_UNIT};
	struct fr_link_model l;

	(void)state;
	fr_link_model_init(&l, &line, 50000);
	fr_link_model_send(&l, 0, 1000);
	line.loss = 0;
	fr_link_model_send(&l, 0, 1000);
	assert_int_equal(fr_link_model_deliver(&l, 1052 + 50000 + 100000 - 1), 0);
	assert_int_equal(fr_link_model_deliver(&l, 1052 + 50000 + 100000), 2000);
	/* the window was halved */
	assert_true(fr_link_model_room(&l, 1) < FR_LINK_INITIAL_PACKETS / 2 * FR_LINK_PACKET_BYTES);
	fr_link_model_fini(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_arrive_a_delay_after_they_were_serialised),
		cmocka_unit_test(packets_queue_behind_each_other),
		cmocka_unit_test(the_window_opens_every_round_trip),
		cmocka_unit_test(nothing_is_due_on_an_idle_link),
		cmocka_unit_test(connections_share_the_line),
		cmocka_unit_test(a_lost_packet_comes_a_round_trip_later_and_holds_up_the_next),
	};

	RUN(tests);
}
