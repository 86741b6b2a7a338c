#include "h1_feed.h"

static const struct fr_h1_limits limits = {.line_bytes = 256,
                                           .fields_bytes = 1024,
                                           .fields_count = 10,
                                           .chunk_line_bytes = 32,
                                           .chunk_extra_bytes = 256};

static struct fr_arena arena;
static struct fr_request req;
static struct fr_h1_parser *parser;

static int set_up(void **state)
{
	(void)state;
	fr_arena_init(&arena, 1u << 20);
	parser = fr_h1_request_parser_new(&limits);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fr_h1_parser_free(&parser);
	fr_arena_fini(&arena);
	return 0;
}

static struct fed parse_piecewise(const char *text, size_t len, size_t piece)
{
	fr_h1_parser_free(&parser);
	parser = fr_h1_request_parser_new(&limits);
	fr_arena_reset(&arena);
	fr_request_init(&req, &arena);
	fr_h1_begin_request(parser, &arena, &req);
	return feed(parser, text, len, piece);
}

static struct fed parse(const char *text)
{
	return parse_piecewise(text, strlen(text), SIZE_MAX);
}

static void a_request_comes_out_the_same_in_any_pieces(void **state)
{
	static const char text[] =
		"POST /a?b HTTP/1.1\r\nHOST: h.test:80\r\nX-A:\t v w \r\n"
		"Transfer-Encoding: chunked\r\n\r\n"
		"3\r\nabc\r\n00A;x=\"y\"\r\n0123456789\r\n0\r\nX-T: t\r\n\r\nGET";

	(void)state;
	for (size_t piece = 1; piece < sizeof text; piece++) {
		struct fed f = parse_piecewise(text, sizeof text - 1, piece);

		assert_int_equal(f.last, FR_H1_END);
		assert_int_equal(f.consumed, sizeof text - 1 - 3);
		assert_memory_equal(f.body, "abc0123456789", f.body_len);
		assert_int_equal(f.body_len, 13);
		assert_int_equal(req.method, FR_METHOD_POST);
		assert_str(req.target, "/a?b");
		assert_str(req.authority, "h.test:80");
		assert_null(fr_fields_get(&req.fields, FR_FIELD_HOST));
		assert_str(fr_fields_find(&req.fields, S("x-a"))->value, "v w");
		assert_true(req.has_body && req.keep_alive && req.content_length == -1);
		assert_str(fr_fields_find(fr_h1_trailers(parser), S("x-t"))->value, "t");
	}
}

static void requests_that_could_be_read_two_ways_are_refused(void **state)
{
	static const struct {
		const char *text;
		enum fr_h1_error error;
	} cases[] = {
#define HOST "Host: h\r\n"
		{"POST / HTTP/1.1\r\n" HOST
	         "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
	         FR_H1_LENGTH_AND_CODING},
		{"POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
	         FR_H1_CONTENT_LENGTH},
		{"POST / HTTP/1.1\r\n" HOST "Content-Length: 1, 1\r\n\r\n", FR_H1_CONTENT_LENGTH},
		{"POST / HTTP/1.1\r\n" HOST "Content-Length: +1\r\n\r\n", FR_H1_CONTENT_LENGTH},
		{"POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n", FR_H1_CONTENT_LENGTH},
		{"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n",
	         FR_H1_TRANSFER_ENCODING},
		{"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, chunked\r\n\r\n",
	         FR_H1_TRANSFER_ENCODING},
		{"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n",
	         FR_H1_TRANSFER_CODING},
		{"POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n",
	         FR_H1_TRANSFER_ENCODING},
		{"GET / HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n", FR_H1_OBS_FOLD},
		{"GET / HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n", FR_H1_BARE_CR},
		{"GET / HTTP/1.1\r\n" HOST "X: a\nY: b\r\n\r\n", FR_H1_BARE_LF},
		{"GET / HTTP/1.1\n" HOST "\r\n", FR_H1_BARE_LF},
		{"GET / HTTP/1.1\r\n" HOST "X : a\r\n\r\n", FR_H1_FIELD_NAME},
		{"GET / HTTP/1.1\r\n" HOST ": a\r\n\r\n", FR_H1_FIELD_NAME},
		{"GET / HTTP/1.1\r\n" HOST "no colon\r\n\r\n", FR_H1_FIELD_NAME},
		{"GET / HTTP/1.1\r\n X: a\r\n" HOST "\r\n", FR_H1_OBS_FOLD},
		{"GET / HTTP/1.1\r\n" HOST "X: a\x01"
	         "b\r\n\r\n",
	         FR_H1_FIELD_VALUE},
		{"GET / HTTP/1.1\r\n\r\n", FR_H1_HOST},
		{"GET / HTTP/1.1\r\n" HOST HOST "\r\n", FR_H1_HOST},
		{"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", FR_H1_HOST},
		{"GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", FR_H1_HOST},
		{"GET http://other/ HTTP/1.1\r\n" HOST "\r\n", FR_H1_HOST_MISMATCH},
		{"GET http:/h/ HTTP/1.1\r\n" HOST "\r\n", FR_H1_TARGET},
		{"GET http://u@h/ HTTP/1.1\r\n" HOST "\r\n", FR_H1_TARGET},
		{"GET a HTTP/1.1\r\n" HOST "\r\n", FR_H1_TARGET},
		{"GET * HTTP/1.1\r\n" HOST "\r\n", FR_H1_TARGET},
		{"GET /a#b HTTP/1.1\r\n" HOST "\r\n", FR_H1_TARGET},
		{"GET  / HTTP/1.1\r\n" HOST "\r\n", FR_H1_START_LINE},
		{"GET /\tHTTP/1.1\r\n" HOST "\r\n", FR_H1_START_LINE},
		{"GET / HTTP/1.1 \r\n" HOST "\r\n", FR_H1_START_LINE},
		{"GET / http/1.1\r\n" HOST "\r\n", FR_H1_START_LINE},
		{"GET / HTTP/2.0\r\n" HOST "\r\n", FR_H1_VERSION},
		{"GET /\r\n" HOST "\r\n", FR_H1_START_LINE},
		{"G(T / HTTP/1.1\r\n" HOST "\r\n", FR_H1_METHOD},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(cases); i++) {
		size_t len = strlen(cases[i].text);

		for (size_t piece = 1; piece <= len; piece += len / 3) {
			struct fed f = parse_piecewise(cases[i].text, len, piece);

			if (f.last != FR_H1_FAILED || f.error != cases[i].error)
				fail_msg("%s\n%s, not %s", cases[i].text,
				         f.last == FR_H1_FAILED ? fr_h1_error_str(f.error)
				                                : "accepted",
				         fr_h1_error_str(cases[i].error));
			assert_true(fr_h1_error_status(f.error) >= 400);
		}
	}
}

static void a_nul_is_refused_anywhere_in_a_head(void **state)
{
	static const char text[] = "GET /a HTTP/1.1\r\nHost: h\r\nX: abc\r\n\r\n";

	(void)state;
	for (size_t i = 0; i < sizeof text - 5; i++) {
		char copy[sizeof text];
		struct fed f;

		memcpy(copy, text, sizeof text);
		copy[i] = '\0';
		f = parse_piecewise(copy, sizeof text - 1, SIZE_MAX);
		assert_int_equal(f.last, FR_H1_FAILED);
	}
}

static void malformed_chunks_are_refused(void **state)
{
	static const char *const bad[] = {"\r\n",
	                                  "x\r\n",
	                                  "-1\r\n",
	                                  "+1\r\n",
	                                  "0x1\r\n",
	                                  " 1\r\n",
	                                  "1 \r\n",
	                                  "1\n",
	                                  "1\r\naX",
	                                  "1\r\nabc\r\n",
	                                  "fffffffffffffffff\r\n",
	                                  "10000000000000000\r\n",
	                                  "1;\x01\r\n",
	                                  "0\r\nX : y\r\n\r\n",
	                                  "0\r\nX: y\n\r\n",
	                                  "0\r\nContent-Length: 1\r\n\r\n"};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(bad); i++) {
		char text[256];
		struct fed f;

		(void)snprintf(text, sizeof text,
		               "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n%s",
		               bad[i]);
		f = parse(text);
		if (f.last != FR_H1_FAILED)
			fail_msg("accepted: %s", bad[i]);
	}
}

static void heads_are_bounded_in_bytes_and_number(void **state)
{
	char text[4096];
	size_t n;

	(void)state;
	n = (size_t)snprintf(text, sizeof text, "GET /");
	memset(text + n, 'a', 3000);
	text[n + 3000] = '\0';
	assert_int_equal(parse(text).error, FR_H1_TARGET_TOO_LONG);

	n = (size_t)snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: h\r\nX: ");
	memset(text + n, 'a', 3000);
	text[n + 3000] = '\0';
	assert_int_equal(parse(text).error, FR_H1_HEAD_TOO_LARGE);

	n = (size_t)snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: h\r\n");
	for (int i = 0; i < 10; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "X: y\r\n");
	(void)snprintf(text + n, sizeof text - n, "\r\n");
	assert_int_equal(parse(text).error, FR_H1_HEAD_TOO_LARGE);
}

static void chunk_framing_without_content_is_bounded(void **state)
{
	char text[4096];
	size_t n = (size_t)snprintf(
		text, sizeof text,
		"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");

	(void)state;
	for (int i = 0; i < 60; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "1;abcdefghijabcdefghij\r\nx\r\n");
	assert_int_equal(parse(text).last, FR_H1_FAILED);
	(void)snprintf(text, sizeof text,
	               "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
	               "1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	assert_int_equal(parse(text).last, FR_H1_FAILED);
}

static void absolute_form_gives_authority_and_target(void **state)
{
	(void)state;
	assert_int_equal(
		parse("GET HTTP://H.test:8080/x?y HTTP/1.1\r\nHost: h.test:8080\r\n\r\n").last,
		FR_H1_END);
	assert_str(req.target, "/x?y");
	assert_true(fr_str_iis(req.authority, "h.test:8080"));
	assert_int_equal(parse("GET http://h?y HTTP/1.1\r\nHost: h\r\n\r\n").last, FR_H1_END);
	assert_str(req.target, "/?y");
	assert_int_equal(parse("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").last, FR_H1_END);
	assert_str(req.target, "*");
}

static void persistence_follows_version_and_connection(void **state)
{
	(void)state;
	(void)parse("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	assert_true(req.keep_alive);
	(void)parse("GET / HTTP/1.1\r\nHost: h\r\nConnection: x, Close\r\n\r\n");
	assert_false(req.keep_alive);
	(void)parse("GET / HTTP/1.0\r\n\r\n");
	assert_false(req.keep_alive);
	(void)parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	assert_true(req.keep_alive);
}

static void pipelined_requests_come_one_after_the_other(void **state)
{
	static const char text[] =
		"GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n";
	struct fed f = parse(text);

	(void)state;
	assert_int_equal(f.last, FR_H1_END);
	assert_str(req.target, "/1");
	fr_request_init(&req, &arena);
	fr_h1_begin_request(parser, &arena, &req);
	assert_true(fr_h1_is_idle(parser));
	f = feed(parser, text + f.consumed, sizeof text - 1 - f.consumed, SIZE_MAX);
	assert_int_equal(f.last, FR_H1_END);
	assert_str(req.target, "/2");
}

static void a_few_empty_lines_are_skipped_many_are_not(void **state)
{
	(void)state;
	assert_int_equal(parse("\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n").last, FR_H1_END);
	assert_int_equal(
		parse("\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n").last,
		FR_H1_FAILED);
}

static void expect_and_upgrade_are_noticed(void **state)
{
	(void)state;
	(void)parse(
		"PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 0\r\n\r\n");
	assert_true(req.expect_continue && req.content_length == 0);
	(void)parse(
		"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
	assert_true(req.is_upgrade);
	(void)parse("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n");
	assert_false(req.is_upgrade);
}

static void a_message_cut_short_is_truncated(void **state)
{
	(void)state;
	(void)parse("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabc");
	assert_int_equal(fr_h1_feed_eof(parser).error, FR_H1_TRUNCATED);
	(void)parse("POST / HTTP/1.1\r\nHo");
	assert_int_equal(fr_h1_feed_eof(parser).error, FR_H1_TRUNCATED);
	(void)parse("");
	assert_int_equal(fr_h1_feed_eof(parser).event, FR_H1_NEED_MORE);
}

static void memory_failures_end_the_message_cleanly(void **state)
{
	static const char text[] =
		"POST / HTTP/1.1\r\nHost: h\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n"
		"1\r\na\r\n0\r\nX: t\r\n\r\n";
	struct fed f = {.last = FR_H1_FAILED};

	(void)state;
	/* the first is the parser itself */
	for (unsigned n = 2; f.last == FR_H1_FAILED; n++) {
		assert_true(n < 100);
		fr_arena_fini(&arena);
		fr_arena_init(&arena, 1u << 16);
		fr_mem_fail_after(n);
		f = parse_piecewise(text, sizeof text - 1, 7);
		fr_mem_fail_after(0);
		if (f.last == FR_H1_FAILED)
			assert_int_equal(f.error, FR_H1_MEMORY);
	}
	assert_int_equal(f.last, FR_H1_END);
}

static void a_parser_that_finds_no_memory_is_none(void **state)
{
	(void)state;
	fr_h1_parser_free(&parser);
	fr_mem_fail_after(1);
	parser = fr_h1_request_parser_new(&limits);
	fr_mem_fail_after(0);
	assert_null(parser);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_request_comes_out_the_same_in_any_pieces),
		T(requests_that_could_be_read_two_ways_are_refused),
		T(a_nul_is_refused_anywhere_in_a_head),
		T(malformed_chunks_are_refused),
		T(heads_are_bounded_in_bytes_and_number),
		T(chunk_framing_without_content_is_bounded),
		T(absolute_form_gives_authority_and_target),
		T(persistence_follows_version_and_connection),
		T(pipelined_requests_come_one_after_the_other),
		T(a_few_empty_lines_are_skipped_many_are_not),
		T(expect_and_upgrade_are_noticed),
		T(a_message_cut_short_is_truncated),
		T(memory_failures_end_the_message_cleanly),
		T(a_parser_that_finds_no_memory_is_none),
	};

	RUN(tests);
}
