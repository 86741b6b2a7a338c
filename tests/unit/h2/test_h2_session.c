#include "h2_pair.h"

static void a_request_is_answered(void **state)
{
	int32_t id;

	(void)state;
	settings(NULL, 0);
	id = ask("/x?y");
	exchange();
	assert_str(stream_of(id)->req.target, "/x?y");
	assert_true(stream_of(id)->is_complete);
	answer(stream_of(id), 100000);
	exchange();
	assert_int_equal(pair->status[id], 200);
	assert_int_equal(pair->ended, 1);
	assert_false(stream_of(id)->is_open);
	assert_int_equal(stream_of(id)->code, FR_H2_NO_ERROR);
}

static void ordered_pushes(const nghttp2_settings_entry *iv, size_t n)
{
	struct stream *page, *late, *blocking;
	int32_t id;

	settings(iv, n);
	id = ask("/");
	exchange();
	pair->n_order = 0;
	page = stream_of(id);
	/* promised in this order; the windows are 65535 bytes in all */
	late = push(page, "/late.png", FR_H2_RANK_LATE);
	blocking = push(page, "/blocking.css", FR_H2_RANK_BLOCKING);
	answer(late, 10000);
	answer(page, 20000);
	answer(blocking, 10000);
	exchange();
	assert_int_equal(pair->ended, 3);
	pair->order[pair->n_order] = '\0';
	assert_int_equal(late->id, 2);
	assert_int_equal(blocking->id, 4);
	/* promises before everything */
	assert_int_equal(pair->order[0], 'P');
	/* data: blocking (e), page (b), late (c) */
	assert_true(strchr(pair->order, 'e') < strchr(pair->order, 'b'));
	assert_true(strchr(pair->order, 'b') < strchr(pair->order, 'c'));
	assert_true(strrchr(pair->order, 'e') < strchr(pair->order, 'b'));
	assert_true(strrchr(pair->order, 'b') < strchr(pair->order, 'c'));
}

static void bodies_leave_in_order_of_rank_by_the_tree(void **state)
{
	(void)state;
	ordered_pushes(NULL, 0);
}

static void bodies_leave_in_order_of_rank_by_urgency(void **state)
{
	static const nghttp2_settings_entry iv = {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1};

	(void)state;
	ordered_pushes(&iv, 1);
}

static void nothing_is_promised_to_who_forbids_it(void **state)
{
	static const nghttp2_settings_entry iv = {NGHTTP2_SETTINGS_ENABLE_PUSH, 0};
	int32_t id;

	(void)state;
	settings(&iv, 1);
	id = ask("/");
	exchange();
	assert_false(fr_h2_push_is_enabled(pair->server));
	assert_null(push(stream_of(id), "/a", FR_H2_RANK_NORMAL));
}

static void promises_stop_at_the_clients_stream_limit(void **state)
{
	static const nghttp2_settings_entry iv = {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 2};
	struct stream *a, *b;
	int32_t id;

	(void)state;
	settings(&iv, 1);
	id = ask("/");
	exchange();
	a = push(stream_of(id), "/a", FR_H2_RANK_NORMAL);
	b = push(stream_of(id), "/b", FR_H2_RANK_NORMAL);
	assert_false(fr_h2_push_has_room(pair->server));
	assert_null(push(stream_of(id), "/c", FR_H2_RANK_NORMAL));
	answer(a, 0);
	exchange();
	assert_true(fr_h2_push_has_room(pair->server));
	answer(b, 0);
	exchange();
	assert_int_equal(pair->n_promised, 2);
}

static void pushes_at_once_are_bounded_whatever_the_client_allows(void **state)
{
	struct fr_h2_limits limits;
	int32_t id;

	assert_int_equal(pair_tear_down(state), 0);
	fr_h2_limits_default(&limits);
	limits.max_concurrent_streams = 3;
	pair_new(&limits);
	settings(NULL, 0); /* the client allows any number */
	id = ask("/");
	exchange();
	for (int i = 0; i < 3; i++)
		assert_non_null(push(stream_of(id), "/a", FR_H2_RANK_NORMAL));
	assert_false(fr_h2_push_has_room(pair->server));
	assert_null(push(stream_of(id), "/c", FR_H2_RANK_NORMAL));
}

static void a_push_reset_by_the_client_ends_at_once(void **state)
{
	struct stream *st;
	int32_t id;

	(void)state;
	settings(NULL, 0);
	id = ask("/");
	exchange();
	st = push(stream_of(id), "/a", FR_H2_RANK_NORMAL);
	exchange();
	assert_int_equal(nghttp2_submit_rst_stream(pair->client, 0, st->id, NGHTTP2_CANCEL), 0);
	exchange();
	assert_false(st->is_open);
	assert_true(st->was_reset);
	assert_int_equal(fr_h2_session_stats(pair->server)->resets_received, 1);
	/* resets of pushes are no flood */
	assert_int_equal(pair->faults, 0);
}

static void a_promise_whose_page_is_reset_before_it_left_is_closed(void **state)
{
	struct stream *st;
	int32_t id;

	(void)state;
	settings(NULL, 0);
	id = ask("/");
	exchange();
	st = push(stream_of(id), "/a", FR_H2_RANK_NORMAL);
	assert_int_equal(nghttp2_submit_rst_stream(pair->client, 0, id, NGHTTP2_CANCEL), 0);
	(void)client_to_server();
	exchange();
	assert_false(st->is_open);
	assert_int_equal(pair->n_promised, 0);
}

static void a_reset_before_the_promise_left_follows_it(void **state)
{
	struct stream *st;
	int32_t id;

	(void)state;
	settings(NULL, 0);
	id = ask("/");
	exchange();
	st = push(stream_of(id), "/a", FR_H2_RANK_NORMAL);
	fr_h2_reset(pair->server, st->id, FR_H2_CANCEL);
	assert_true(st->is_open);
	exchange();
	assert_false(st->is_open);
	assert_int_equal(pair->n_promised, 1);
	assert_int_equal(pair->reset_code[st->id], NGHTTP2_CANCEL);
}

static void too_many_fields_are_reported_while_decoding(void **state)
{
	struct fr_h2_limits limits;
	nghttp2_nv nv[24] = {NV(":method", "GET"), NV(":scheme", "https"), NV(":authority", "h"),
	                     NV(":path", "/")};
	int32_t id;

	assert_int_equal(pair_tear_down(state), 0);
	fr_h2_limits_default(&limits);
	limits.fields_count = 10;
	pair_new(&limits);
	settings(NULL, 0);
	for (size_t i = 4; i < 24; i++)
		nv[i] = (nghttp2_nv)NV("accept", "a/b");
	id = nghttp2_submit_request(pair->client, NULL, nv, 24, NULL, NULL);
	exchange();
	assert_true(stream_of(id)->is_oversized);
	assert_int_equal(pair->fault, FR_H2_FAULT_FIELDS_TOO_LARGE);
	assert_int_equal(pair->server_rc, 0);
	answer(stream_of(id), 0);
	exchange();
	assert_int_equal(pair->ended, 1);
}

static void crumbs_of_a_cookie_are_one_field_of_their_bytes(void **state)
{
	struct fr_h2_limits limits;
	nghttp2_nv nv[204] = {NV(":method", "GET"), NV(":scheme", "https"), NV(":authority", "h"),
	                      NV(":path", "/")};
	int32_t id;

	assert_int_equal(pair_tear_down(state), 0);
	fr_h2_limits_default(&limits);
	limits.fields_count = 10;
	limits.fields_bytes = 8192;
	pair_new(&limits);
	settings(NULL, 0);
	for (size_t i = 4; i < 204; i++)
		nv[i] = (nghttp2_nv)NV("cookie", "a=b");
	id = nghttp2_submit_request(pair->client, NULL, nv, 154, NULL, NULL);
	exchange();
	assert_true(stream_of(id)->is_complete);
	assert_int_equal(fr_fields_count(&stream_of(id)->req.fields, FR_FIELD_COOKIE), 1);
	id = nghttp2_submit_request(pair->client, NULL, nv, 204, NULL, NULL);
	exchange();
	assert_true(stream_of(id)->is_oversized);
}

static void malformed_requests_reset_their_stream_only(void **state)
{
	nghttp2_nv nv[] = {NV(":method", "GET"), NV(":scheme", "https"), NV(":authority", "h"),
	                   NV(":path", "/"), NV("host", "other")};
	int32_t id, good;

	(void)state;
	settings(NULL, 0);
	id = nghttp2_submit_request(pair->client, NULL, nv, 5, NULL, NULL);
	good = ask("/");
	exchange();
	assert_int_equal(pair->reset_code[id], NGHTTP2_PROTOCOL_ERROR);
	assert_int_equal(pair->fault, FR_H2_FAULT_MALFORMED);
	assert_true(stream_of(good)->is_complete);
}

/* A POST whose body does not end. */
static struct stream *ask_upload(void)
{
	nghttp2_nv nv[] = {NV(":method", "POST"), NV(":scheme", "https"), NV(":path", "/"),
	                   NV(":authority", "a")};
	int32_t id = nghttp2_submit_headers(pair->client, NGHTTP2_FLAG_NONE, -1, NULL, nv, 4, NULL);

	assert_true(id > 0);
	exchange();
	return stream_of(id);
}

static void what_is_left_of_an_upload_is_not_wanted_after_the_response(void **state)
{
	static const size_t bodies[] = {0, 10, 100000};

	(void)state;
	settings(NULL, 0);
	for (size_t i = 0; i < FR_ARRAY_LEN(bodies); i++) {
		struct stream *st = ask_upload();
		int32_t id = st->id;

		assert_true(st->is_open);
		if (i % 2)
			fr_h2_stop_request(pair->server, id);
		answer(st, bodies[i]);
		exchange();
		assert_int_equal(got(st), bodies[i]);
		fr_h2_stop_request(pair->server, id);
		exchange();
		assert_int_equal(pair->status[id], 200);
		assert_int_equal(got(st), bodies[i]);
		assert_int_equal(pair->ended, i + 1);
		assert_false(st->is_open);
		assert_int_equal(st->code, NGHTTP2_NO_ERROR);
		assert_int_equal(pair->reset_code[id], NGHTTP2_NO_ERROR);
		assert_int_equal(fr_h2_session_stats(pair->server)->resets_sent, i + 1);
	}
	assert_int_equal(pair->faults, 0);
}

static void graceful_shutdown_finishes_what_was_begun(void **state)
{
	int32_t id;

	(void)state;
	settings(NULL, 0);
	id = ask("/");
	exchange();
	fr_h2_shutdown_begin(pair->server);
	exchange();
	assert_true(pair->got_goaway);
	assert_int_equal(pair->goaway_code, NGHTTP2_NO_ERROR);
	fr_h2_shutdown_finish(pair->server);
	exchange();
	assert_false(fr_h2_is_finished(pair->server));
	answer(stream_of(id), 100);
	exchange();
	assert_int_equal(pair->ended, 1);
	assert_true(fr_h2_is_finished(pair->server));
}

static void a_client_that_speaks_no_http2_is_refused(void **state)
{
	(void)state;
	to_server((const uint8_t *)"GET / HTTP/1.1\r\nHost: h\r\n\r\n", 27);
	assert_true(pair->server_rc < 0);
}

/* Whatever allocation fails, ours or nghttp2's: the connection may end, every
 * stream is closed (pair_tear_down checks it), nothing is read or freed twice. */
static void memory_failures_end_streams_or_the_connection(void **state)
{
	unsigned survived = 0;

	for (unsigned n = 1; survived < 5; n++) {
		struct stream *page, *asset = NULL;
		int32_t id;

		assert_true(n < 2000);
		assert_int_equal(pair_tear_down(state), 0);
		assert_int_equal(pair_set_up(state), 0);
		settings(NULL, 0);
		id = ask("/");
		fr_mem_fail_after(n);
		exchange();
		page = stream_of(id);
		if (page && page->is_open && page->is_complete) {
			asset = push(page, "/a", FR_H2_RANK_BLOCKING);
			try_answer(page, 30000);
			if (asset)
				try_answer(asset, 10000);
		}
		exchange();
		fr_mem_fail_after(0);
		exchange();
		survived += pair->ended == 2;
	}
}

static void freeing_closes_every_stream(void **state)
{
	(void)state;
	settings(NULL, 0);
	for (int i = 0; i < 20; i++)
		(void)ask("/");
	exchange();
	assert_int_equal(pair->opened, 20);
	assert_int_equal(fr_h2_stream_count(pair->server), 20);
	/* pair_tear_down checks the rest */
}

#define T(f) cmocka_unit_test_setup_teardown(f, pair_set_up, pair_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_request_is_answered),
		T(bodies_leave_in_order_of_rank_by_the_tree),
		T(bodies_leave_in_order_of_rank_by_urgency),
		T(nothing_is_promised_to_who_forbids_it),
		T(promises_stop_at_the_clients_stream_limit),
		T(pushes_at_once_are_bounded_whatever_the_client_allows),
		T(a_push_reset_by_the_client_ends_at_once),
		T(a_promise_whose_page_is_reset_before_it_left_is_closed),
		T(a_reset_before_the_promise_left_follows_it),
		T(too_many_fields_are_reported_while_decoding),
		T(crumbs_of_a_cookie_are_one_field_of_their_bytes),
		T(malformed_requests_reset_their_stream_only),
		T(what_is_left_of_an_upload_is_not_wanted_after_the_response),
		T(graceful_shutdown_finishes_what_was_begun),
		T(a_client_that_speaks_no_http2_is_refused),
		T(memory_failures_end_streams_or_the_connection),
		T(freeing_closes_every_stream),
	};

	RUN(tests);
}
