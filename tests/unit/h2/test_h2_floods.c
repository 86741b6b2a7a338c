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

	for (size_t i = 0; i < FR_ARRAY_LEN(cases); i++) {
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

/* --- frames that wait for a client that reads nothing, whoever queues them --- */

static void open_stream(uint32_t id)
{
	/* GET, https, /, :authority h */
	static const uint8_t head[] = {0x82, 0x87, 0x84, 0x41, 1, 'h'};

	raw_frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, id, head, sizeof head);
}

static void preface_unacknowledged(void)
{
	static const char magic[] = NGHTTP2_CLIENT_MAGIC;

	to_server((const uint8_t *)magic, sizeof magic - 1);
	raw_frame(NGHTTP2_SETTINGS, 0, 0, "", 0);
}

static void ping(uint32_t i)
{
	(void)i;
	raw_frame(NGHTTP2_PING, 0, 0, "12345678", 8);
}

static void change_settings(uint32_t i)
{
	(void)i;
	raw_frame(NGHTTP2_SETTINGS, 0, 0, "", 0);
}

/* Beyond max_concurrent_streams, which it never acknowledged: nghttp2 refuses. Before,
 * our own handler does, which has 64. */
static void open_more(uint32_t i)
{
	open_stream(2 * i + 1);
}

/* Malformed: nghttp2 resets it. */
static void open_malformed(uint32_t i)
{
	static const uint8_t head[] = {0x82, 0x82, 0x87, 0x84};

	raw_frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 2 * i + 1,
	          head, sizeof head);
}

/* The frames of its answer stay in nghttp2's queue. */
static void ask_and_reset(uint32_t i)
{
	open_stream(2 * i + 1);
	answer(&pair->streams[pair->n - 1], 0);
	raw_frame(NGHTTP2_RST_STREAM, 0, 2 * i + 1, "\0\0\0\10", 4);
	if (pair->n == H2_PAIR_STREAMS) {
		for (size_t k = 0; k < pair->n; k++)
			fr_arena_fini(&pair->streams[k].arena);
		pair->n = 0;
	}
}

/* A window of its own is opened again for each half of it. */
static void upload(uint32_t i)
{
	static const uint8_t data[16384];

	if (i == 0)
		open_stream(1);
	raw_frame(NGHTTP2_DATA, 0, 1, data, sizeof data);
}

/* Flow-control error of the stream alone. */
static void open_and_overflow_window(uint32_t i)
{
	open_stream(2 * i + 1);
	raw_frame(NGHTTP2_WINDOW_UPDATE, 0, 2 * i + 1, "\x7f\xff\xff\xff", 4);
}

/* Whatever makes us queue frames without end ends the connection soon, and what is held
 * until then is little. `now_ms` moves on: slow ones are stopped, too. */
static void frames_that_a_client_does_not_read_are_bounded(void **state)
{
	static const struct {
		const char *name;
		void (*next)(uint32_t i);
	} cases[] = {
		{"PING", ping},
		{"SETTINGS", change_settings},
		{"refused streams", open_more},
		{"malformed requests", open_malformed},
		{"requests that are reset", ask_and_reset},
		{"windows that overflow", open_and_overflow_window},
	};

	for (size_t k = 0; k < FR_ARRAY_LEN(cases) * 2; k++) {
		bool slow = k % 2;
		uint32_t i = 0;

		assert_int_equal(pair_tear_down(state), 0);
		assert_int_equal(pair_set_up(state), 0);
		preface_unacknowledged();
		while (pair->server_rc == 0 && i < 20000) {
			pair->now_ms += slow ? 100 : 0;
			cases[k / 2].next(i++);
		}
		if (pair->server_rc == 0 || i > 5000)
			fail_msg("%s%s: not stopped after %u", cases[k / 2].name,
			         slow ? ", slowly" : "", i);
		look_for_goaway();
		assert_true(pair->got_goaway);
		assert_int_equal(pair->goaway_code, NGHTTP2_ENHANCE_YOUR_CALM);
	}
}

/* They are one in a queue for each stream, and one for the connection. */
static void window_updates_do_not_pile_up(void **state)
{
	(void)state;
	preface_unacknowledged();
	for (uint32_t i = 0; i < 5000; i++)
		upload(i);
	assert_int_equal(pair->server_rc, 0);
}

static void informational_responses_do_not_pile_up(void **state)
{
	struct fr_response resp;
	struct fr_arena arena;
	size_t taken = 0;
	struct stream *st;
	char value[1000];

	(void)state;
	settings(NULL, 0);
	(void)ask("/");
	exchange();
	st = &pair->streams[0];
	memset(value, 'v', sizeof value);
	fr_arena_init(&arena, 1u << 20);
	fr_response_init(&resp, &arena, 103);
	assert_int_equal(
		fr_fields_add_id(&resp.fields, FR_FIELD_LINK, fr_str_make(value, sizeof value)), 0);
	while (fr_h2_submit_informational(pair->server, st->id, &resp) == 0 && taken < 10000)
		taken++;
	assert_in_range(taken, 32, 100);
	/* those that are sent make room, those that never will be, too */
	exchange();
	assert_int_equal(fr_h2_submit_informational(pair->server, st->id, &resp), 0);
	fr_h2_reset(pair->server, st->id, FR_H2_CANCEL);
	exchange();
	assert_int_equal(pair->opened, 0);
	(void)ask("/");
	exchange();
	taken = 0;
	while (fr_h2_submit_informational(pair->server, pair->streams[1].id, &resp) == 0)
		taken++;
	assert_in_range(taken, 32, 100);
	answer(&pair->streams[1], 0);
	exchange();
	fr_arena_fini(&arena);
}

/* --- frames on streams that have ended --- */

static void frames_on_streams_that_ended_are_a_flood(void **state)
{
	static const struct {
		const char *name;
		uint8_t type, flags;
		const char *payload;
		size_t len;
	} cases[] = {
		{"DATA", NGHTTP2_DATA, 0, "xxxxxxxx", 8},
		{"empty DATA", NGHTTP2_DATA, 0, "", 0},
		{"trailers", NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM,
	         "\x40\1a\1b", 5},
		{"RST_STREAM", NGHTTP2_RST_STREAM, 0, "\0\0\0\10", 4},
		{"WINDOW_UPDATE", NGHTTP2_WINDOW_UPDATE, 0, "\0\0\0\1", 4},
		{"PRIORITY", NGHTTP2_PRIORITY, 0, "\0\0\0\0\1", 5},
	};
	/* how the stream ended: reset by us and sent, or not yet; complete; refused */
	enum { RESET, RESET_UNSENT, COMPLETE, REFUSED, WAYS };

	for (size_t k = 0; k < FR_ARRAY_LEN(cases) * WAYS; k++) {
		size_t way = k % WAYS, c = k / WAYS;
		uint32_t sent = 0;

		assert_int_equal(pair_tear_down(state), 0);
		assert_int_equal(pair_set_up(state), 0);
		preface_unacknowledged();
		look_for_goaway();
		if (way == REFUSED)
			pair->n = H2_PAIR_STREAMS;
		open_stream(1);
		if (way == RESET || way == RESET_UNSENT) {
			fr_h2_reset(pair->server, 1, FR_H2_CANCEL);
		} else if (way == COMPLETE) {
			raw_frame(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, "", 0);
			answer(&pair->streams[0], 0);
		}
		if (way != RESET_UNSENT)
			look_for_goaway();
		/* while a stream that is there must not stand in for one that is not */
		while (pair->server_rc == 0 && sent < 20000) {
			raw_frame(cases[c].type, cases[c].flags, 1, cases[c].payload, cases[c].len);
			sent++;
		}
		if (pair->server_rc == 0 || sent < 100)
			fail_msg("%s, way %zu: ended %d after %u", cases[c].name, way,
			         pair->server_rc, sent);
		if (way == REFUSED)
			pair->n = 0;
	}
}

/* What is under way when we reset a stream with a full window is no flood. */
static void an_upload_that_is_reset_may_end(void **state)
{
	static const uint8_t data[1024];

	(void)state;
	preface_unacknowledged();
	look_for_goaway();
	for (uint32_t id = 1; id < 9; id += 2) {
		open_stream(id);
		fr_h2_reset(pair->server, (int32_t)id, FR_H2_CANCEL);
		look_for_goaway();
		for (int i = 0; i < 64; i++)
			raw_frame(NGHTTP2_DATA, 0, id, data, sizeof data);
	}
	assert_int_equal(pair->server_rc, 0);
	assert_int_equal(pair->faults, 0);
}

/* A chunk may end anywhere: streams that nghttp2 has not read yet are not gone. */
static void new_streams_do_not_count_as_gone(void **state)
{
	static const uint8_t frames[] = {0,
	                                 0,
	                                 6,
	                                 NGHTTP2_HEADERS,
	                                 NGHTTP2_FLAG_END_HEADERS,
	                                 0,
	                                 0,
	                                 0,
	                                 1,
	                                 0x82,
	                                 0x87,
	                                 0x84,
	                                 0x41,
	                                 1,
	                                 'h',
	                                 0,
	                                 0,
	                                 1,
	                                 NGHTTP2_DATA,
	                                 0,
	                                 0,
	                                 0,
	                                 0,
	                                 1,
	                                 'x'};
	struct fr_h2_limits l;

	for (size_t cut = 1; cut < sizeof frames; cut++) {
		assert_int_equal(pair_tear_down(state), 0);
		fr_h2_limits_default(&l);
		pair_new(&l);
		preface_unacknowledged();
		to_server(frames, cut);
		to_server(frames + cut, sizeof frames - cut);
		assert_int_equal(pair->server_rc, 0);
		assert_int_equal(fr_h2_session_stats(pair->server)->gone_frames, 0);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, pair_set_up, pair_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(floods_of_control_frames_end_the_connection),
		T(a_slow_stream_of_control_frames_is_no_flood),
		T(continuations_without_end_are_cut),
		T(streams_opened_and_reset_fast_are_a_flood),
		T(frames_that_a_client_does_not_read_are_bounded),
		T(window_updates_do_not_pile_up),
		T(informational_responses_do_not_pile_up),
		T(frames_on_streams_that_ended_are_a_flood),
		T(an_upload_that_is_reset_may_end),
		T(new_streams_do_not_count_as_gone),
	};

	RUN(tests);
}
