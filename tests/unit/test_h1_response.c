#include "h1_feed.h"

static const struct fr_h1_limits limits = FR_H1_LIMITS_DEFAULT;

static struct fr_arena arena;
static struct fr_response resp;
static struct fr_h1_parser *parser;

static int set_up(void **state)
{
	(void)state;
	fr_arena_init(&arena, 1u << 20);
	parser = fr_h1_response_parser_new(&limits);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fr_h1_parser_free(&parser);
	fr_arena_fini(&arena);
	return 0;
}

static struct fed parse_as(enum fr_method method, const char *text)
{
	fr_h1_parser_free(&parser);
	parser = fr_h1_response_parser_new(&limits);
	fr_response_init(&resp, &arena, 0);
	fr_h1_begin_response(parser, &arena, &resp, method);
	return feed(parser, text, strlen(text), SIZE_MAX);
}

static struct fed parse(const char *text)
{
	return parse_as(FR_METHOD_GET, text);
}

static void the_body_is_framed_as_the_rfc_says(void **state)
{
	struct fed f;

	(void)state;
	f = parse("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1");
	assert_int_equal(f.last, FR_H1_END);
	assert_int_equal(f.body_len, 3);
	assert_int_equal(fr_h1_framing(parser), FR_H1_LENGTH);
	f = parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n1\r\na\r\n0\r\n\r\n");
	assert_int_equal(f.last, FR_H1_END);
	assert_int_equal(fr_h1_framing(parser), FR_H1_CHUNKED);
	f = parse("HTTP/1.1 200 OK\r\n\r\nabc");
	assert_int_equal(f.last, FR_H1_NEED_MORE);
	assert_int_equal(f.body_len, 3);
	assert_int_equal(fr_h1_framing(parser), FR_H1_UNTIL_CLOSE);
	assert_int_equal(fr_h1_feed_eof(parser).event, FR_H1_END);
	assert_false(resp.keep_alive);
}

static void some_responses_have_no_body_whatever_they_say(void **state)
{
	(void)state;
	assert_int_equal(
		parse_as(FR_METHOD_HEAD, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n").last,
		FR_H1_END);
	assert_int_equal(resp.content_length, 9);
	assert_int_equal(parse("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n").last,
	                 FR_H1_END);
	assert_int_equal(parse("HTTP/1.1 204 No Content\r\n\r\n").last, FR_H1_END);
}

static void an_interim_response_is_a_message_of_its_own(void **state)
{
	static const char text[] = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
				   "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	struct fed f = parse(text);

	(void)state;
	assert_int_equal(f.last, FR_H1_END);
	assert_int_equal(resp.status, 103);
	fr_response_init(&resp, &arena, 0);
	fr_h1_begin_response(parser, &arena, &resp, FR_METHOD_GET);
	f = feed(parser, text + f.consumed, sizeof text - 1 - f.consumed, 3);
	assert_int_equal(f.last, FR_H1_END);
	assert_int_equal(resp.status, 200);
}

static void ambiguous_responses_are_refused(void **state)
{
	static const char *const bad[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
		"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 20 OK\r\n\r\n",
		"HTTP/1.1 2000 OK\r\n\r\n",
		"HTTP/1.1 099 OK\r\n\r\n",
		"HTTP/1.1 abc OK\r\n\r\n",
		"HTTP/2 200 OK\r\n\r\n",
		"ICY 200 OK\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n",
		"HTTP/1.1 200 OK\nX: a\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX y\r\n\r\n",
		"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < FR_COUNT(bad); i++)
		if (parse(bad[i]).last != FR_H1_FAILED)
			fail_msg("accepted: %s", bad[i]);
}

static void reason_phrases_may_be_missing_or_odd(void **state)
{
	(void)state;
	assert_int_equal(parse("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n").last, FR_H1_END);
	assert_int_equal(parse("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n").last, FR_H1_END);
	assert_int_equal(
		parse("HTTP/1.1 200 Ganz \xc3\xa4hnlich!\r\nContent-Length: 0\r\n\r\n").last,
		FR_H1_END);
}

static void a_body_cut_short_is_never_complete(void **state)
{
	(void)state;
	(void)parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc");
	assert_int_equal(fr_h1_feed_eof(parser).error, FR_H1_TRUNCATED);
	(void)parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
	assert_int_equal(fr_h1_feed_eof(parser).error, FR_H1_TRUNCATED);
	(void)parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n");
	assert_int_equal(fr_h1_feed_eof(parser).error, FR_H1_TRUNCATED);
}

static void trailers_that_come_too_late_are_dropped(void **state)
{
	struct fed f = parse("HTTP/1.1 200 OK\r\nConnection: X-Hop\r\n"
	                     "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"
	                     "Set-Cookie: a=b\r\nX-Sum: 1\r\nX-Hop: 2\r\n"
	                     "Content-Length: 7\r\nX_Forwarded_For: 1.1.1.1\r\n\r\n");

	(void)state;
	assert_int_equal(f.last, FR_H1_END);
	assert_int_equal(f.body_len, 5);
	assert_int_equal(fr_h1_trailers(parser)->n, 1);
	assert_str(fr_h1_trailers(parser)->v[0].name, "x-sum");
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_body_is_framed_as_the_rfc_says),
		T(some_responses_have_no_body_whatever_they_say),
		T(an_interim_response_is_a_message_of_its_own),
		T(ambiguous_responses_are_refused),
		T(reason_phrases_may_be_missing_or_odd),
		T(a_body_cut_short_is_never_complete),
		T(trailers_that_come_too_late_are_dropped),
	};

	RUN(tests);
}
