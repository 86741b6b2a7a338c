/* The server session against nghttp2's own client session, and against frames
 * written by hand where a proper client would not send them. */
#include "h2/session.h"

#include <nghttp2/nghttp2.h>

#include "unit.h"

#define STREAMS 64

struct stream { /* of the server */
	struct fr_arena arena;
	struct fr_request req;
	int32_t id;
	size_t body;
	bool is_open, is_complete, is_oversized, was_reset;
	uint32_t code;
};

struct pair {
	struct fr_h2_session *server;
	nghttp2_session *client;
	struct fr_buf to_client;
	struct stream streams[STREAMS];
	size_t n, opened, faults;
	enum fr_h2_fault fault;
	int server_rc;
	uint64_t now_ms;
	/* what the client saw */
	char order[4096]; /* one letter a DATA frame or promise: see seen() */
	size_t n_order;
	uint32_t reset_code[STREAMS * 2], goaway_code;
	bool got_goaway;
	int status[STREAMS * 2];
	int32_t promised[STREAMS];
	size_t n_promised, ended;
};

static struct pair *pair;

/* --- the server's side --- */

static void *on_open(void *user, int32_t id, struct fr_arena **arena, struct fr_request **req)
{
	struct pair *p = user;
	struct stream *st;

	if (p->n == STREAMS)
		return NULL;
	st = &p->streams[p->n++];
	fr_arena_init(&st->arena, 1u << 20);
	fr_request_init(&st->req, &st->arena);
	st->id = id;
	st->is_open = true;
	p->opened++;
	*arena = &st->arena;
	*req = &st->req;
	return st;
}

static void on_request(void *user, void *stream, bool end)
{
	(void)user;
	((struct stream *)stream)->is_complete = end;
}

static void on_oversized(void *user, void *stream, bool end)
{
	(void)user;
	(void)end;
	((struct stream *)stream)->is_oversized = true;
}

static void on_data(void *user, void *stream, const uint8_t *data, size_t len)
{
	struct pair *p = user;

	(void)data;
	fr_h2_consumed(p->server, ((struct stream *)stream)->id, len);
}

static void on_end(void *user, void *stream, const struct fr_fields *trailers)
{
	(void)user;
	(void)trailers;
	((struct stream *)stream)->is_complete = true;
}

static void on_close(void *user, void *stream, uint32_t code, bool by_peer)
{
	struct pair *p = user;
	struct stream *st = stream;

	assert_true(st->is_open);
	st->is_open = false;
	st->code = code;
	st->was_reset = by_peer;
	p->opened--;
}

static struct fr_h2_body on_read(void *user, void *stream, size_t max)
{
	struct stream *st = stream;
	size_t len = st->body < max ? st->body : max;

	(void)user;
	return (struct fr_h2_body){.len = len, .end = len == st->body};
}

static void on_copy(void *user, void *stream, uint8_t *out, size_t len)
{
	(void)user;
	memset(out, 'x', len);
	((struct stream *)stream)->body -= len;
}

static void on_fault(void *user, void *stream, enum fr_h2_fault f)
{
	struct pair *p = user;

	(void)stream;
	p->faults++;
	p->fault = f;
}

static const struct fr_h2_events events = {.on_open = on_open,
                                           .on_request = on_request,
                                           .on_oversized = on_oversized,
                                           .on_data = on_data,
                                           .on_end = on_end,
                                           .on_close = on_close,
                                           .on_read = on_read,
                                           .on_copy = on_copy,
                                           .on_fault = on_fault};

/* --- the client's side --- */

static void seen(struct pair *p, char what)
{
	/* a run of the same is one letter */
	if (p->n_order && p->order[p->n_order - 1] == what)
		return;
	assert_true(p->n_order + 1 < sizeof p->order);
	p->order[p->n_order++] = what;
}

static int client_frame(nghttp2_session *s, const nghttp2_frame *f, void *user)
{
	struct pair *p = user;

	(void)s;
	if (f->hd.type == NGHTTP2_GOAWAY) {
		p->got_goaway = true;
		p->goaway_code = f->goaway.error_code;
	} else if (f->hd.type == NGHTTP2_RST_STREAM) {
		p->reset_code[f->hd.stream_id] = f->rst_stream.error_code;
	} else if (f->hd.type == NGHTTP2_PUSH_PROMISE) {
		p->promised[p->n_promised++] = f->push_promise.promised_stream_id;
		seen(p, 'P');
	} else if (f->hd.type == NGHTTP2_HEADERS) {
		seen(p, (char)('A' + f->hd.stream_id));
	} else if (f->hd.type == NGHTTP2_DATA && f->hd.length) {
		seen(p, (char)('a' + f->hd.stream_id));
	}
	if ((f->hd.type == NGHTTP2_DATA || f->hd.type == NGHTTP2_HEADERS) &&
	    (f->hd.flags & NGHTTP2_FLAG_END_STREAM))
		p->ended++;
	return 0;
}

static int client_header(nghttp2_session *s, const nghttp2_frame *f, const uint8_t *name,
                         size_t namelen, const uint8_t *value, size_t valuelen, uint8_t flags,
                         void *user)
{
	struct pair *p = user;

	(void)s;
	(void)flags;
	(void)valuelen;
	if (namelen == 7 && memcmp(name, ":status", 7) == 0)
		p->status[f->hd.stream_id] = atoi((const char *)value);
	return 0;
}

static nghttp2_session *client_new(struct pair *p)
{
	nghttp2_session_callbacks *cb;
	nghttp2_session *s;

	assert_int_equal(nghttp2_session_callbacks_new(&cb), 0);
	nghttp2_session_callbacks_set_on_frame_recv_callback(cb, client_frame);
	nghttp2_session_callbacks_set_on_header_callback(cb, client_header);
	assert_int_equal(nghttp2_session_client_new(&s, cb, p), 0);
	nghttp2_session_callbacks_del(cb);
	return s;
}

static void pair_new(const struct fr_h2_limits *limits)
{
	pair = calloc(1, sizeof *pair);
	assert_non_null(pair);
	pair->now_ms = 1000;
	fr_buf_init(&pair->to_client, 1u << 24);
	pair->server = fr_h2_session_new(limits, &events, pair, pair->now_ms);
	pair->client = client_new(pair);
}

static void settings(const nghttp2_settings_entry *iv, size_t n)
{
	assert_int_equal(nghttp2_submit_settings(pair->client, 0, iv, n), 0);
}

static void to_server(const uint8_t *data, size_t len)
{
	if (pair->server_rc == 0)
		pair->server_rc = fr_h2_feed(pair->server, data, len, pair->now_ms);
}

static bool client_to_server(void)
{
	const uint8_t *data;
	ssize_t n = nghttp2_session_mem_send(pair->client, &data);

	if (n <= 0)
		return false;
	to_server(data, (size_t)n);
	return true;
}

static bool server_to_client(void)
{
	size_t len;

	(void)!fr_h2_drain(pair->server, &pair->to_client, 65536);
	len = fr_buf_len(&pair->to_client);
	if (len == 0)
		return false;
	assert_true(nghttp2_session_mem_recv(pair->client, fr_buf_data(&pair->to_client), len) >=
	            0);
	fr_buf_clear(&pair->to_client);
	return true;
}

static void exchange(void)
{
	bool moved = true;

	while (moved) {
		moved = client_to_server();
		moved |= server_to_client();
	}
}

/* Frames by hand, after the client's preface went out. */
static void raw_frame(uint8_t type, uint8_t flags, uint32_t id, const void *payload, size_t len)
{
	uint8_t head[9] = {
		(uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len,       type,       flags,
		(uint8_t)(id >> 24),  (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id};

	to_server(head, sizeof head);
	to_server(payload, len);
}

/* What the server sends, not shown to the client, which would find fault with
 * answers to frames that it never sent. */
static void look_for_goaway(void)
{
	const uint8_t *data;
	size_t len;

	(void)!fr_h2_drain(pair->server, &pair->to_client, 65536);
	data = fr_buf_data(&pair->to_client);
	len = fr_buf_len(&pair->to_client);
	while (len >= 9) {
		size_t n = 9 + ((size_t)data[0] << 16 | (size_t)data[1] << 8 | data[2]);

		assert_true(n <= len);
		if (data[3] == NGHTTP2_GOAWAY) {
			pair->got_goaway = true;
			pair->goaway_code = data[16]; /* the codes are small */
		}
		data += n;
		len -= n;
	}
	fr_buf_clear(&pair->to_client);
}

#define NV(n, v)                                                                                   \
	{                                                                                          \
		(uint8_t *)(uintptr_t)(n), (uint8_t *)(uintptr_t)(v), strlen(n), strlen(v), 0      \
	}

static int32_t ask(const char *path)
{
	nghttp2_nv nv[] = {NV(":method", "GET"), NV(":scheme", "https"), NV(":authority", "h"),
	                   NV(":path", path)};
	int32_t id = nghttp2_submit_request(pair->client, NULL, nv, 4, NULL, NULL);

	assert_true(id > 0);
	return id;
}

static struct stream *stream_of(int32_t id)
{
	for (size_t i = 0; i < pair->n; i++)
		if (pair->streams[i].id == id)
			return &pair->streams[i];
	return NULL;
}

static void answer(struct stream *st, size_t body)
{
	struct fr_response resp;

	fr_response_init(&resp, &st->arena, 200);
	st->body = body;
	assert_int_equal(fr_h2_submit_response(pair->server, st->id, &resp, body > 0), 0);
}

static struct stream *push(struct stream *page, const char *path, enum fr_h2_rank rank)
{
	struct stream *st = &pair->streams[pair->n++];

	fr_arena_init(&st->arena, 1u << 20);
	fr_request_init(&st->req, &st->arena);
	st->req.method_text = S("GET");
	st->req.scheme = S("https");
	st->req.authority = S("h");
	st->req.target = S(path);
	st->id = fr_h2_push(pair->server, page->id, &st->req, st);
	if (st->id < 0)
		return NULL;
	st->is_open = true;
	pair->opened++;
	fr_h2_rank_push(pair->server, st->id, page->id, rank);
	return st;
}

static int set_up(void **state)
{
	struct fr_h2_limits limits;

	(void)state;
	fr_h2_limits_default(&limits);
	pair_new(&limits);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fr_h2_session_free(&pair->server);
	assert_int_equal(pair->opened, 0);
	nghttp2_session_del(pair->client);
	for (size_t i = 0; i < pair->n; i++)
		fr_arena_fini(&pair->streams[i].arena);
	fr_buf_fini(&pair->to_client);
	free(pair);
	return 0;
}

/* --- tests --- */

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

	assert_int_equal(tear_down(state), 0);
	fr_h2_limits_default(&limits);
	limits.fields_count = 10;
	pair_new(&limits);
	settings(NULL, 0);
	for (size_t i = 4; i < 24; i++)
		nv[i] = (nghttp2_nv)NV("cookie", "a=b"); /* every crumb counts */
	id = nghttp2_submit_request(pair->client, NULL, nv, 24, NULL, NULL);
	exchange();
	assert_true(stream_of(id)->is_oversized);
	assert_int_equal(pair->fault, FR_H2_FAULT_FIELDS_TOO_LARGE);
	assert_int_equal(pair->server_rc, 0);
	answer(stream_of(id), 0);
	exchange();
	assert_int_equal(pair->ended, 1);
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

		assert_int_equal(tear_down(state), 0);
		assert_int_equal(set_up(state), 0);
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

static void freeing_closes_every_stream(void **state)
{
	(void)state;
	settings(NULL, 0);
	for (int i = 0; i < 20; i++)
		(void)ask("/");
	exchange();
	assert_int_equal(pair->opened, 20);
	assert_int_equal(fr_h2_stream_count(pair->server), 20);
	/* tear_down checks the rest */
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_request_is_answered),
		T(bodies_leave_in_order_of_rank_by_the_tree),
		T(bodies_leave_in_order_of_rank_by_urgency),
		T(nothing_is_promised_to_who_forbids_it),
		T(promises_stop_at_the_clients_stream_limit),
		T(a_push_reset_by_the_client_ends_at_once),
		T(a_promise_whose_page_is_reset_before_it_left_is_closed),
		T(a_reset_before_the_promise_left_follows_it),
		T(too_many_fields_are_reported_while_decoding),
		T(malformed_requests_reset_their_stream_only),
		T(floods_of_control_frames_end_the_connection),
		T(a_slow_stream_of_control_frames_is_no_flood),
		T(continuations_without_end_are_cut),
		T(streams_opened_and_reset_fast_are_a_flood),
		T(graceful_shutdown_finishes_what_was_begun),
		T(a_client_that_speaks_no_http2_is_refused),
		T(freeing_closes_every_stream),
	};

	RUN(tests);
}
