#include "h2_pair.h"

/* Each of these, sent often, ends the connection with ENHANCE_YOUR_CALM. */
static void floods_of_control_frames_end_the_connection(void **state)
{
	static const struct {
		uint8_t type, flags;
		uint32_t id;
		size_t len;
		enum fr_h2_fault fault;
	} cases[] = {
		{NGHTTP2_PING, 0, 0, 8, FR_H2_FAULT_PING_FLOOD},
		{NGHTTP2_SETTINGS, 0, 0, 0, FR_H2_FAULT_SETTINGS_FLOOD},
		{NGHTTP2_PRIORITY, 0, 9, 5, FR_H2_FAULT_PRIORITY_FLOOD},
		{0x10 /* PRIORITY_UPDATE */, 0, 0, 7, FR_H2_FAULT_PRIORITY_FLOOD},
		{NGHTTP2_WINDOW_UPDATE, 0, 0, 4, FR_H2_FAULT_WINDOW_UPDATE_FLOOD},
		{0x77, 0, 0, 3, FR_H2_FAULT_UNKNOWN_FLOOD},
	};
	/* valid for each: increment 1, dependency 0, "u=1" for stream 1 */
	static const uint8_t window[8] = {0, 0, 0, 1}, update[8] = {0, 0, 0, 1, 'u', '=', '1'};

	for (size_t i = 0; i < FR_COUNT(cases); i++) {
		const uint8_t *payload = cases[i].type == 0x10 ? update
		                         : cases[i].type == NGHTTP2_PRIORITY
		                                 ? (const uint8_t *)"\0\0\0\0\1"
		                                 : window;
		unsigned sent = 0;

		assert_int_equal(pair_tear_down(state), 0);
		assert_int_equal(pair_set_up(state), 0);
		settings(NULL, 0);
		(void)ask("/");
		exchange();
		while (pair->server_rc == 0 && sent < 5000) {
			raw_frame(cases[i].type, cases[i].flags, cases[i].id, payload,
			          cases[i].len);
			sent++;
			look_for_goaway();
		}
		look_for_goaway();
		if (!pair->got_goaway || pair->goaway_code != NGHTTP2_ENHANCE_YOUR_CALM ||
		    pair->fault != cases[i].fault)
			fail_msg("case %zu: goaway %d, fault %s after %u", i, pair->got_goaway,
			         fr_h2_fault_str(pair->fault), sent);
		assert_true(sent > 100); /* a normal amount is no flood */
	}
}

static void a_slow_stream_of_control_frames_is_no_flood(void **state)
{
	(void)state;
	settings(NULL, 0);
	exchange();
	for (int i = 0; i < 3000; i++) {
		pair->now_ms += 25;
		raw_frame(NGHTTP2_PING, 0, 0, "12345678", 8);
		(void)server_to_client();
	}
	assert_int_equal(pair->server_rc, 0);
	assert_int_equal(pair->faults, 0);
}

static void continuations_without_end_are_cut(void **state)
{
	unsigned sent = 0;

	(void)state;
	settings(NULL, 0);
	exchange();
	raw_frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1, "\x82", 1);
	while (pair->server_rc == 0 && sent < 1000) {
		raw_frame(NGHTTP2_CONTINUATION, 0, 1, "\x86", 1);
		sent++;
	}
	assert_int_equal(pair->fault, FR_H2_FAULT_CONTINUATION_FLOOD);
	assert_true(sent < 20);
}

static void streams_opened_and_reset_fast_are_a_flood(void **state)
{
	unsigned n = 0;

	(void)state;
	settings(NULL, 0);
	exchange();
	while (pair->server_rc == 0 && n < 5000) {
		int32_t id = ask("/");

		while (client_to_server())
			;
		(void)nghttp2_submit_rst_stream(pair->client, 0, id, NGHTTP2_CANCEL);
		while (client_to_server())
			;
		(void)server_to_client();
		for (size_t i = 0; i < pair->n; i++)
			fr_arena_fini(&pair->streams[i].arena);
		pair->n = 0;
		n++;
	}
	(void)server_to_client();
	assert_int_equal(pair->fault, FR_H2_FAULT_RESET_FLOOD);
	assert_int_equal(pair->goaway_code, NGHTTP2_ENHANCE_YOUR_CALM);
	assert_in_range(n, 150, 400);
}

#define T(f) cmocka_unit_test_setup_teardown(f, pair_set_up, pair_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(floods_of_control_frames_end_the_connection),
		T(a_slow_stream_of_control_frames_is_no_flood),
		T(continuations_without_end_are_cut),
		T(streams_opened_and_reset_fast_are_a_flood),
	};

	RUN(tests);
}
