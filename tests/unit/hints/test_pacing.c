#include "hints/pacing.h"

#include "unit.h"

#define PACKET 1448u
#define CHUNK 16384u
#define RTT_MS 100u

static struct fr_pacing pacing;
static struct fr_budget_path path;
static const struct fr_pacing_output output = {.chunk_bytes = CHUNK, .packet_bytes = PACKET};

static void expect_page(uint64_t now_ms, uint32_t think_ms, uint64_t body_bytes)
{
	fr_pacing_expect(&pacing, now_ms,
	                 &(struct fr_pacing_page){
				 .think_ms = think_ms, .links = 2, .body_bytes = body_bytes});
}

/* 5 Mbit/s, measured while a queue stood, 100 ms; a page is due at 1200 ms. */
static int set_up(void **state)
{
	(void)state;
	pacing = (struct fr_pacing){.is_due = false};
	path = (struct fr_budget_path){.rtt_us = RTT_MS * 1300,
	                               .min_rtt_us = RTT_MS * 1000,
	                               .cwnd_bytes = 200 * PACKET,
	                               .delivery_rate_bytes_per_s = 625000};
	expect_page(1000, 200, 0);
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
	expect_page(1000, 0, 0); /* when is not known */
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

static void in_the_last_two_round_trips_nothing_waits_for_the_window(void **state)
{
	(void)state;
	path.rtt_us = RTT_MS * 1000;
	path.cwnd_bytes = 10 * PACKET;
	expect_page(1000, 201, 0);
	path.in_flight_bytes = 10 * PACKET;
	assert_true(room(1000) > 0);
	assert_int_equal(room(1001), 0);
	path.in_flight_bytes -= 2 * PACKET;
	assert_int_equal(room(1001), 2 * PACKET);
	path.unsent_bytes = PACKET;
	assert_int_equal(room(1001), PACKET);
}

static void a_page_that_fits_the_window_is_kept_room_for_as_a_whole(void **state)
{
	const uint64_t links = 2 * FR_PACING_LINK_BYTES, window = 10 * PACKET;

	(void)state;
	path.cwnd_bytes = window;
	expect_page(1000, 200, 9000);
	path.in_flight_bytes = window - (9000 + FR_PACING_FIELDS_BYTES + links) - PACKET;
	assert_int_equal(room(1150), PACKET);
	path.in_flight_bytes += 1;
	assert_int_equal(room(1150), 0);
	/* one that does not fit takes another round trip anyway: room for its head */
	expect_page(1000, 200, window);
	assert_true(room(1150) > 0);
}

/* A window of ten packets left at 1000 ms over a link that takes 8 ms for each. */
static uint64_t acknowledged(uint64_t now_ms)
{
	uint64_t n = now_ms < 1150 ? 0 : 1 + (now_ms - 1150) / 8;

	return 5000 + (n < 10 ? n : 10) * PACKET;
}

static void a_slow_link_shows_itself_by_the_first_acknowledgements(void **state)
{
	(void)state;
	path = (struct fr_budget_path){
		.rtt_us = 150000, .min_rtt_us = 150000, .cwnd_bytes = 10 * PACKET};
	expect_page(1000, 200, 0);
	for (uint64_t now = 1000; now <= 1180; now += 4) {
		path.acked_bytes = acknowledged(now);
		path.in_flight_bytes = 5000 + 10 * PACKET - path.acked_bytes;
		path.cwnd_bytes = 20 * PACKET; /* slow start would fill a queue */
		(void)room(now);
	}
	/* half of what it holds, and what it carries in 20 ms, at 181 KB/s */
	path.in_flight_bytes = 20000;
	assert_int_equal(room(1180), 0);
	path.in_flight_bytes = 11000;
	assert_true(room(1180) > 0);
	/* what is acknowledged later was sent slowly, and says nothing */
	for (uint64_t now = 1184; now <= 1340; now += 20) {
		path.acked_bytes = acknowledged(now) + (now - 1180) * 10;
		(void)room(now);
	}
	path.in_flight_bytes = 11000;
	assert_true(room(1190) > 0);
}

static void a_fast_link_is_not_slowed_by_what_is_not_known(void **state)
{
	(void)state;
	path = (struct fr_budget_path){
		.rtt_us = 150000, .min_rtt_us = 150000, .cwnd_bytes = 10 * PACKET};
	expect_page(1000, 400, 0);
	(void)room(1000);
	path.acked_bytes = 10 * PACKET; /* all at once */
	path.cwnd_bytes = 20 * PACKET;
	(void)room(1150);
	path.in_flight_bytes = 18 * PACKET;
	assert_true(room(1154) > 0);
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
		TEST(in_the_last_two_round_trips_nothing_waits_for_the_window),
		TEST(a_page_that_fits_the_window_is_kept_room_for_as_a_whole),
		TEST(a_slow_link_shows_itself_by_the_first_acknowledgements),
		TEST(a_fast_link_is_not_slowed_by_what_is_not_known),
	};

	RUN(tests);
}
