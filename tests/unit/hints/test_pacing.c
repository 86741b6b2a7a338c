#include "hints/pacing.h"

#include "unit.h"

#define PACKET 1448u
#define CHUNK 16384u
#define RTT_MS 100u

static struct fr_pacing pacing;
static struct fr_budget_path path;
static const struct fr_pacing_output output = {.chunk_bytes = CHUNK, .packet_bytes = PACKET};

/* 5 Mbit/s, measured while a queue stood, 100 ms; a page is due at 1200 ms. */
static int set_up(void **state)
{
	(void)state;
	pacing = (struct fr_pacing){.is_due = false};
	path = (struct fr_budget_path){.rtt_us = RTT_MS * 1300,
	                               .min_rtt_us = RTT_MS * 1000,
	                               .cwnd_bytes = 200 * PACKET,
	                               .delivery_rate_bytes_per_s = 625000};
	fr_pacing_expect(&pacing, 1000, 200, 2);
	return 0;
}

static uint64_t room(uint64_t now_ms)
{
	return fr_pacing_room(&pacing, &path, now_ms, &output);
}

static void without_a_page_that_is_due_a_chunk_leaves(void **state)
{
	(void)state;
	path.in_flight_bytes = 1u << 30;
	path.unsent_bytes = 1u << 20;
	fr_pacing_end(&pacing);
	assert_int_equal(room(1100), CHUNK);
	fr_pacing_expect(&pacing, 1000, 0, 2); /* when is not known */
	assert_int_equal(room(1100), CHUNK);
}

static void an_idle_link_takes_whole_packets_of_a_chunk(void **state)
{
	(void)state;
	assert_int_equal(room(1000), CHUNK - CHUNK % PACKET);
}

static void what_is_in_flight_is_no_more_than_the_link_carries_until_then(void **state)
{
	/* half of 62500 in the link, and 125000 until the page comes */
	const uint64_t carried = 31250 + 125000;

	(void)state;
	path.in_flight_bytes = carried - 3 * PACKET;
	assert_int_equal(room(1000), 3 * PACKET);
	path.in_flight_bytes = carried - PACKET + 1;
	assert_int_equal(room(1000), 0);
	/* later less of it */
	path.in_flight_bytes = carried - 62500 - 3 * PACKET;
	assert_int_equal(room(1100), 3 * PACKET);
}

static void little_waits_in_the_kernel(void **state)
{
	(void)state;
	path.unsent_bytes = FR_PACING_UNSENT_BYTES - 1;
	assert_true(room(1000) > 0);
	path.unsent_bytes = FR_PACING_UNSENT_BYTES;
	assert_int_equal(room(1000), 0);
}

static void in_the_last_round_trip_the_window_keeps_room_for_the_page(void **state)
{
	const uint64_t kept = FR_PACING_PAGE_BYTES + 2 * FR_PACING_LINK_BYTES;

	(void)state;
	path.cwnd_bytes = 10 * PACKET;
	path.in_flight_bytes = 10 * PACKET - kept - 2 * PACKET;
	assert_int_equal(room(1150), 2 * PACKET);
	path.in_flight_bytes += 1;
	assert_int_equal(room(1150), PACKET);
}

static void a_page_that_is_a_round_trip_late_is_not_waited_for(void **state)
{
	(void)state;
	path.in_flight_bytes = 1u << 20;
	assert_int_equal(room(1330), 0);
	assert_int_equal(room(1331), CHUNK);
}

static void the_rate_is_remembered_while_the_path_shows_none(void **state)
{
	(void)state;
	assert_true(room(1000) > 0);
	assert_int_equal(pacing.rate_bytes_per_s, 625000);
	path.delivery_rate_bytes_per_s = 0;
	path.in_flight_bytes = 31250 + 125000;
	assert_int_equal(room(1000), 0);
	assert_int_equal(pacing.rate_bytes_per_s, 625000);
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_a_page_that_is_due_a_chunk_leaves),
		TEST(an_idle_link_takes_whole_packets_of_a_chunk),
		TEST(what_is_in_flight_is_no_more_than_the_link_carries_until_then),
		TEST(little_waits_in_the_kernel),
		TEST(in_the_last_round_trip_the_window_keeps_room_for_the_page),
		TEST(a_page_that_is_a_round_trip_late_is_not_waited_for),
		TEST(the_rate_is_remembered_while_the_path_shows_none),
	};

	RUN(tests);
}
