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
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
		"HTTP/1.1 20 OK\r\n\r\n",
		"HTTP/1.1 2000 OK\r\n\r\n",
		"HTTP/1.1 099 OK\r\n\r\n",
		"HTTP/1.1 abc OK\r\n\r\n",
		"HTTP/2 200 OK\r\n\r\n",
		"ICY 200 OK\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX y\r\n\r\n",
		/* lengths that differ or are none */
		"HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nContent-Length: 5,\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nContent-Length: ,5\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nContent-Length: 5 5\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nContent-Length: 5.0\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nContent-Length: 5;\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nContent-Length: \"5\"\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length:\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\n",
		("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n"
	         "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
		/* codings other than chunked, at once or beside it */
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n 6\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n \r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nX\r\n : a\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding\r\n : chunked\r\n\r\n0\r\n\r\n",
		/* lines that are no fields */
		"HTTP/1.1 200 OK\r\n X: a\r\n\r\n",
		"HTTP/1.1 200 OK\r\n\tX: a\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX Y: a\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX\v: a\r\n\r\n",
		"HTTP/1.1 200 OK\r\n: a\r\n\r\n",
		"HTTP/1.1 200 OK\r\n : a\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX: a\r\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX: a\x01\r\n\r\n",
		/* status lines */
		"\r\n\r\n\r\n\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
		" HTTP/1.1 200 OK\r\n\r\n",
		"http/1.1 200 OK\r\n\r\n",
		"HTTP/1.1  200 OK\r\n\r\n",
		"HTTP/1.1 200OK\r\n\r\n",
		"HTTP/1.1\r\n\r\n",
		"HTTP/11 200 OK\r\n\r\n",
		"hello",
		"<html></html>\n\n",
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(bad); i++)
		if (parse(bad[i]).last != FR_H1_FAILED &&
		    fr_h1_feed_eof(parser).event != FR_H1_FAILED)
			fail_msg("accepted: %s", bad[i]);
}

#define OK "HTTP/1.1 200 OK\r\n"
#define LENGTH "Content-Length: 5\r\n"
#define CODING "Transfer-Encoding: chunked\r\n"
#define BODY "5\r\nhello\r\n0\r\n\r\n"
#define X "X: y\r\n"

/* What other proxies bear in a response, with its fault; whether its connection may serve
 * another. Each has the body "hello" (or none) and a field X: y. */
static const struct {
	const char *text;
	uint32_t faults; /* bits */
	bool is_reusable;
} borne[] = {
#define F(name) (1u << FR_H1_SLOPPY_##name)
	{OK LENGTH X "\r\nhello", 0, true},
	{OK CODING X "\r\n" BODY, 0, true},
	{"HTTP/1.1 200\r\n" LENGTH X "\r\nhello", 0, true},
	{"HTTP/1.1 200 \r\n" LENGTH X "\r\nhello", 0, true},
	{"HTTP/1.2 200 OK\r\n" LENGTH X "\r\nhello", 0, true},
	{"HTTP/1.0 200 OK\r\n" LENGTH X "\r\nhello", 0, false},
	{"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" LENGTH X "\r\nhello", 0, true},
	{OK "Content-Length: 005\r\n" X "\r\nhello", 0, true},
	{OK LENGTH "Empty:\r\n" X "\r\nhello", 0, true},
	{"\r\n" OK LENGTH X "\r\nhello", F(EMPTY_LINE), true},
	{"\n\r\n" OK LENGTH X "\r\nhello", F(EMPTY_LINE), true},
	{"HTTP/1.1 200.5 OK\r\n" LENGTH X "\r\nhello", F(STATUS), true},
	{OK LENGTH "X : y\r\n\r\nhello", F(COLON), true},
	{OK LENGTH "X\t \t:y\r\n\r\nhello", F(COLON), true},
	{OK "Content-Length : 5\r\n" X "\r\nhello", F(COLON), true},
	{OK "Transfer-Encoding : chunked\r\n" X "\r\n" BODY, F(COLON), true},
	{OK LENGTH X "Z: a\r\n b\r\n\r\nhello", F(FOLD), true},
	{OK LENGTH "X:\r\n\t y\r\n  \r\n\r\nhello", F(FOLD), true},
	{"HTTP/1.1 200 OK\nContent-Length: 5\nX: y\n\nhello", F(LF), true},
	{"HTTP/1.1 200 OK\nContent-Length: 5\r\nX: y\n\r\nhello", F(LF), true},
	{"HTTP/1.1 200 OK\nContent-Length: 5\nX:\n y\n\nhello", F(LF) | F(FOLD), true},
	{OK LENGTH LENGTH X "\r\nhello", F(LENGTH), true},
	{OK "Content-Length: 5, 5\r\n" X "\r\nhello", F(LENGTH), true},
	{OK "Content-Length: 5 ,5\t, 05\r\n" LENGTH X "\r\nhello", F(LENGTH), true},
	{OK CODING CODING X "\r\n" BODY, F(CODING), false},
	{OK "Transfer-Encoding: chunked, Chunked\r\n" X "\r\n" BODY, F(CODING), false},
	{OK "Transfer-Encoding: , chunked,\r\n" X "\r\n" BODY, 0, true},
	{OK CODING "Content-Length: 1\r\n" X "\r\n" BODY, F(BOTH), false},
	{OK LENGTH CODING X "\r\n" BODY, F(BOTH), false},
	{"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" CODING X "\r\n" BODY, F(OLD_CODING),
         false},
	{"HTTP/1.1 204 No Content\r\n" CODING X "\r\n", F(BODILESS), false},
	{"HTTP/1.1 204 No Content\r\n" LENGTH X "\r\n", F(BODILESS), false},
	{"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n" X "\r\n", F(BODILESS), true},
	{"HTTP/1.1 204 No Content\r\n" LENGTH CODING X "\r\n", F(BODILESS), false},
	{"HTTP/1.1 204 No Content\r\nContent-Length: x\r\n" X "\r\n", F(BODILESS), false},
	{"HTTP/1.1 304 Not Modified\r\n" LENGTH X "\r\n", 0, true},
	{"HTTP/1.1 304 Not Modified\r\n" CODING X "\r\n", 0, false},
	{"HTTP/1.1 103 Early Hints\r\n" LENGTH X "\r\n", F(BODILESS), false},
	{"HTTP/1.1 101 Switching Protocols\r\n" CODING X "\r\n", F(BODILESS), false},
	{OK "Connection: keep-alive; timeout=5\r\n" LENGTH X "\r\nhello", F(CONNECTION), false},
	{OK CODING X "\r\n5 \t \r\nhello\r\n0 \r\n\r\n", F(CHUNK_BLANKS), true},
	{OK CODING X "\r\n5 ;a=b \r\nhello\r\n0\r\n\r\n", 0, true},
	{OK CODING X "\r\n5\nhello\r\n0\r\n\r\n", F(CHUNK_LF), false},
	{OK CODING X "\r\n2\r\nhe\n3\r\nllo\r\n0\r\n\r\n", F(CHUNK_LF), false},
	{OK CODING X "\r\n5\nhello\n0\n\n", F(CHUNK_LF) | F(LF), false},
	{OK CODING X "\r\n5\r\nhello\r\n0\r\n:status: 500\r\nA b: c\r\n d\r\n"
                     "nonsense\r\nD: \x01\r\n\r\n",
         F(TRAILER) | F(FOLD), false},
#undef F
};

static void faults_with_one_meaning_are_borne(void **state)
{
	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(borne); i++) {
		size_t len = strlen(borne[i].text);

		for (size_t piece = 1; piece <= len; piece++) {
			bool has_body =
				strstr(borne[i].text, "ello") || strstr(borne[i].text, "llo");
			struct fed f;

			fr_h1_parser_free(&parser);
			parser = fr_h1_response_parser_new(&limits);
			fr_arena_reset(&arena);
			fr_h1_begin_response(parser, &arena, &resp, FR_METHOD_GET);
			f = feed(parser, borne[i].text, len, piece);
			if (f.last != FR_H1_END || f.consumed != len)
				fail_msg("%s: %s", borne[i].text,
				         f.last == FR_H1_FAILED ? fr_h1_error_str(f.error)
				                                : "not at its end");
			if (fr_h1_sloppy(parser) != borne[i].faults ||
			    resp.keep_alive != borne[i].is_reusable)
				fail_msg("%s: faults %x, keep_alive %d", borne[i].text,
				         fr_h1_sloppy(parser), resp.keep_alive);
			assert_int_equal(f.body_len, has_body ? 5 : 0);
			assert_memory_equal(f.body, "hello", f.body_len);
			assert_str(fr_fields_find(&resp.fields, S("x"))->value, "y");
			assert_true(fr_fields_count(&resp.fields, FR_FIELD_CONTENT_LENGTH) <= 1);
			assert_int_equal(fr_h1_trailers(parser)->n, 0);
		}
	}
}

static void requests_have_none_of_these_faults(void **state)
{
	struct fr_h1_parser *strict = fr_h1_request_parser_new(&limits);
	struct fr_request req;

	/* what follows the start line, in a request: it is refused, or without fault */
	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(borne); i++) {
		const char *fields = strchr(borne[i].text, '\n') + 1;
		char text[512];
		struct fed f;

		if (!borne[i].faults || strncmp(borne[i].text, "HTTP/1.1 200 OK", 15) != 0 ||
		    strstr(fields, "Connection"))
			continue;
		(void)snprintf(text, sizeof text, "POST / HTTP/1.1%.*sHost: h\r\n%s",
		               borne[i].text[15] == '\r' ? 2 : 1, borne[i].text + 15, fields);
		fr_h1_parser_free(&strict);
		strict = fr_h1_request_parser_new(&limits);
		fr_h1_begin_request(strict, &arena, &req);
		f = feed(strict, text, strlen(text), SIZE_MAX);
		if (f.last != FR_H1_FAILED)
			fail_msg("accepted: %s", text);
	}
	fr_h1_parser_free(&strict);
}

static void a_folded_value_reads_as_one_line(void **state)
{
	(void)state;
	(void)parse("HTTP/1.1 200 OK\r\nX: a,\r\n\tb \r\n  c\r\nContent-Length: 0\r\n\r\n");
	assert_str(fr_fields_find(&resp.fields, S("x"))->value, "a,  \tb     c");
}

static void trailers_too_large_end_the_connection_and_not_the_response(void **state)
{
	static char text[1u << 17];
	struct fed f;
	size_t n;

	(void)state;
	n = (size_t)snprintf(text, sizeof text, OK CODING "\r\n5\r\nhello\r\n0\r\nX: ");
	memset(text + n, 'a', sizeof text - n - 1);
	f = parse(text);
	assert_int_equal(f.last, FR_H1_END);
	assert_int_equal(f.body_len, 5);
	assert_false(resp.keep_alive);
	assert_int_equal(fr_h1_trailers(parser)->n, 0);
	fr_h1_begin_response(parser, &arena, &resp, FR_METHOD_GET);
	assert_int_equal(feed(parser, OK "\r\n", 19, SIZE_MAX).last, FR_H1_FAILED);
}

static void doubt_about_an_interim_response_stays_with_the_connection(void **state)
{
	(void)state;
	(void)parse("HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n");
	fr_h1_begin_response(parser, &arena, &resp, FR_METHOD_GET);
	assert_int_equal(feed(parser, OK "Content-Length: 0\r\n\r\n", 38, SIZE_MAX).last,
	                 FR_H1_END);
	assert_false(resp.keep_alive);
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
		T(faults_with_one_meaning_are_borne),
		T(requests_have_none_of_these_faults),
		T(a_folded_value_reads_as_one_line),
		T(trailers_too_large_end_the_connection_and_not_the_response),
		T(doubt_about_an_interim_response_stays_with_the_connection),
		T(reason_phrases_may_be_missing_or_odd),
		T(a_body_cut_short_is_never_complete),
		T(trailers_that_come_too_late_are_dropped),
	};

	RUN(tests);
}
