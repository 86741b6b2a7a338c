/* What an edge behind a relay is told of its connections. */
#include "lab/network/relay_paths.h"

#include "unit.h"

static const struct fr_path kernel = {.rtt_us = 40,
                                      .min_rtt_us = 20,
                                      .cwnd_bytes = 600000,
                                      .unsent_bytes = 1000,
                                      .in_flight_bytes = 500,
                                      .delivery_rate_bytes_per_s = 1u << 30};

static struct fr_path ask(const struct fr_relay_paths *p, uint16_t port)
{
	const struct fr_path_source *s = fr_relay_paths_source(p);
	struct fr_path path = kernel;

	s->adjust(s->user, port, &path);
	return path;
}

static void the_link_is_told_in_place_of_loopback(void **state)
{
	struct fr_link_line line = {.rate_bps = 8000000};
	struct fr_relay_paths *p = fr_relay_paths_new();
	struct fr_link_model l;
	struct fr_path path;

	(void)state;
	fr_link_model_init(&l, &line, 50000);
	fr_link_model_send(&l, 0, 2896);
	fr_relay_paths_set(p, 1000, -1, &l);
	path = ask(p, 1000);
	assert_int_equal(path.rtt_us, 100000);
	assert_int_equal(path.min_rtt_us, 100000);
	assert_int_equal(path.cwnd_bytes, FR_LINK_INITIAL_PACKETS * FR_LINK_PACKET_BYTES);
	assert_int_equal(path.in_flight_bytes, 2896);
	/* what is on its way to the relay counts as not sent */
	assert_int_equal(path.unsent_bytes, 1500);
	assert_int_equal(path.delivery_rate_bytes_per_s, 0);
	/* once a window has been acknowledged a rate is known, the line's at most */
	l.window = 28960;
	fr_relay_paths_set(p, 1000, -1, &l);
	assert_int_equal(ask(p, 1000).delivery_rate_bytes_per_s, 144800);
	l.window = 1u << 20;
	fr_relay_paths_set(p, 1000, -1, &l);
	assert_int_equal(ask(p, 1000).delivery_rate_bytes_per_s, 1000000);
	fr_link_model_fini(&l);
	fr_relay_paths_free(&p);
	assert_null(p);
}

static void of_connections_that_are_not_known_the_kernel_tells(void **state)
{
	struct fr_link_line line = {0};
	struct fr_relay_paths *p = fr_relay_paths_new();
	struct fr_link_model l;

	(void)state;
	fr_link_model_init(&l, &line, 50000);
	fr_relay_paths_set(p, 1000, -1, &l);
	assert_int_equal(ask(p, 1001).rtt_us, kernel.rtt_us);
	fr_relay_paths_drop(p, 1001);
	fr_relay_paths_drop(p, 1000);
	assert_int_equal(ask(p, 1000).rtt_us, kernel.rtt_us);
	/* beyond the limit, too */
	for (uint16_t i = 0; i < FR_RELAY_MAX_PATHS + 1; i++)
		fr_relay_paths_set(p, (uint16_t)(2000 + i), -1, &l);
	assert_int_equal(ask(p, 2000 + FR_RELAY_MAX_PATHS - 1).rtt_us, 100000);
	assert_int_equal(ask(p, 2000 + FR_RELAY_MAX_PATHS).rtt_us, kernel.rtt_us);
	fr_link_model_fini(&l);
	fr_relay_paths_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_link_is_told_in_place_of_loopback),
		cmocka_unit_test(of_connections_that_are_not_known_the_kernel_tells),
	};

	RUN(tests);
}
