/* The way of a request's body to the origin: exchange/request_body.c. */
#include "fake_client.h"

#define CONFIG                                                                                     \
	"timeouts: {body: 2s}\n"                                                                   \
	"limits: {request_buffer: 4KiB, body_rate: 100}\n"                                         \
	"cache: {memory: 1MiB}\n" ONE_SITE

static uint8_t bytes[1u << 20];

static struct fake_request *post(struct fixture *f, const char *fields)
{
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 31 + i / 251);
	return fake_send(f->client, "POST", "https://a.test/x", fields, true);
}

static void the_origin_is_asked_when_half_of_the_buffer_is_there(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = post(f, "content-length: 10000\n");

	fake_body(r, bytes, 2000);
	worker_advance(f->worker, 1000);
	assert_null(origin_request(f->worker, "/x"));
	assert_int_equal(r->consumed, 0);
	fake_body(r, bytes + 2000, 48);
	assert_non_null(origin_request(f->worker, "/x"));
	assert_int_equal(r->consumed, 2048);
	fake_body(r, bytes + 2048, 10000 - 2048);
	fake_end(r);
	assert_int_equal(origin_request_body(f->worker, "/x").len, 10000);
	assert_memory_equal(origin_request_body(f->worker, "/x").p, bytes, 10000);
}

static void a_short_body_is_sent_when_it_is_complete(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = post(f, "content-length: 5\n");

	fake_body(r, "hello", 5);
	assert_null(origin_request(f->worker, "/x"));
	fake_end(r);
	assert_non_null(strcasestr(origin_request(f->worker, "/x"), "\r\ncontent-length: 5\r\n"));
	assert_str(origin_request_body(f->worker, "/x"), "hello");
	origin_answer(f->worker, "/x", "201 Created", "", "");
	assert_int_equal(r->status, 201);
}

static void a_body_that_is_all_there_is_sent_with_its_length(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = post(f, "");

	fake_body(r, "hello", 5);
	fake_end(r);
	assert_non_null(strcasestr(origin_request(f->worker, "/x"), "\r\ncontent-length: 5\r\n"));
	assert_null(strcasestr(origin_request(f->worker, "/x"), "transfer-encoding"));
}

static bool is_chunked(struct fixture *f)
{
	return strcasestr(origin_request(f->worker, "/x"), "\r\ntransfer-encoding: chunked\r\n");
}

static void a_body_that_flows_as_things_happen_is_not_waited_for_long(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = post(f, "");

	fake_body(r, "a", 1);
	worker_advance(f->worker, 900);
	assert_null(origin_request(f->worker, "/x"));
	worker_advance(f->worker, 200);
	assert_true(is_chunked(f));
	fake_body(r, "b", 1);
	fake_end(r);
	assert_str(origin_request_body(f->worker, "/x"), "1\r\na\r\n1\r\nb\r\n0\r\n\r\n");
	assert_int_equal(worker_count(f->worker, FR_COUNT_REQUESTS_CHUNKED), 1);
}

static void a_stream_is_waited_for_less(void **state)
{
	struct fixture *f = *state;

	(void)post(f, "content-type: application/grpc-web+proto; a=b\n");
	worker_advance(f->worker, 90);
	assert_null(origin_request(f->worker, "/x"));
	worker_advance(f->worker, 100);
	assert_true(is_chunked(f));
}

/* n bytes in pieces, one every `ms`: what the client side may send is what was consumed. */
static void upload(struct fixture *f, struct fake_request *r, size_t n, unsigned ms)
{
	for (size_t at = 0; at < n; at += 1000) {
		assert_true(at < r->consumed + 4096);
		fake_body(r, bytes + at, n - at < 1000 ? n - at : 1000);
		worker_advance(f->worker, ms);
	}
}

static void a_body_of_unknown_length_gets_one_for_the_origin(void **state)
{
	static const struct {
		size_t n;    /* bytes */
		unsigned ms; /* between pieces of 1000 */
		bool is_length;
	} rows[] = {
		{3000, 0, true},   {20000, 0, true},   {20000, 400, true},   {65536, 100, true},
		{65537, 0, false}, {200000, 0, false}, {20000, 1500, false}, /* comes like events */
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		struct fake_request *r = post(f, "");
		struct fr_str body;
		char length[64];

		upload(f, r, rows[i].n, rows[i].ms);
		if (rows[i].is_length && origin_request(f->worker, "/x"))
			fail_msg("row %zu: asked before its end", i);
		fake_end(r);
		body = origin_request_body(f->worker, "/x");
		(void)snprintf(length, sizeof length, "\r\ncontent-length: %zu\r\n", rows[i].n);
		if (rows[i].is_length) {
			assert_non_null(strcasestr(origin_request(f->worker, "/x"), length));
			assert_int_equal(body.len, rows[i].n);
			assert_memory_equal(body.p, bytes, body.len);
		} else {
			assert_true(is_chunked(f));
			assert_true(body.len > rows[i].n);
		}
		assert_int_equal(r->consumed, rows[i].n);
		origin_answer(f->worker, "/x", "200 OK", "cache-control: no-store\r\n", "ok");
		assert_int_equal(r->status, 200);
	}
	assert_int_equal(worker_count(f->worker, FR_COUNT_REQUESTS_CHUNKED), 3);
}

static void what_was_set_aside_is_not_consumed_twice(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = post(f, "");

	worker_refuse_origin(f->worker);
	upload(f, r, 20000, 0);
	assert_true(r->consumed > 15000 && r->consumed < 20000);
	fake_end(r);
	assert_int_equal(r->status, 502);
	assert_int_equal(r->consumed, 20000);
}

static void an_answer_before_the_end_frees_what_waits(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = post(f, "content-length: 1048576\n");
	size_t at = 0;

	fake_body(r, bytes, 4000);
	origin_set_stalled(f->worker, true);
	for (at = 4000; r->consumed == at && at < sizeof bytes - 4000; at += 4000)
		fake_body(r, bytes + at, 4000);
	assert_true(r->consumed < at);
	origin_answer(f->worker, "/x", "413 Too Large", "", "");
	assert_int_equal(r->status, 413);
	assert_int_equal(r->consumed, at);
}

static void who_expects_a_100_is_asked_for_at_once(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = post(f, "content-length: 10000\nexpect: 100-continue\n");

	assert_non_null(origin_request(f->worker, "/x"));
	origin_send(f->worker, "/x", "HTTP/1.1 100 Continue\r\n\r\n");
	assert_int_equal(r->n_interims, 1);
	assert_string_equal(r->interims[0], "100 ");
}

static void a_connection_without_room_for_more_is_not_waited_for(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = post(f, "content-length: 10000\n");

	fake_client_set_window(f->client, 0);
	fake_body(r, bytes, 1);
	assert_non_null(origin_request(f->worker, "/x"));
}

static void what_the_origin_does_not_take_is_kept_in_a_file(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = post(f, "content-length: 1048576\n");

	fake_body(r, bytes, 4096);
	assert_non_null(origin_request(f->worker, "/x"));
	origin_set_stalled(f->worker, true);
	for (size_t at = 4096; at < sizeof bytes; at += 4096)
		fake_body(r, bytes + at, 4096);
	fake_end(r);
	assert_true(r->consumed < sizeof bytes);
	assert_int_equal(worker_count(f->worker, FR_COUNT_BODIES_SPILLED), 1);
	origin_set_stalled(f->worker, false);
	assert_int_equal(origin_request_body(f->worker, "/x").len, sizeof bytes);
	assert_memory_equal(origin_request_body(f->worker, "/x").p, bytes, sizeof bytes);
	assert_int_equal(r->consumed, sizeof bytes);
}

static void what_waited_is_thrown_away_when_the_origin_is_not_there(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = post(f, "content-length: 10000\n");

	worker_refuse_origin(f->worker);
	fake_body(r, bytes, 3000);
	assert_int_equal(r->status, 502);
	assert_int_equal(r->consumed, 3000);
}

static void a_body_that_does_not_come_is_a_408(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = post(f, "content-length: 10000\n");

	worker_advance(f->worker, 1900);
	assert_int_equal(r->status, 0);
	worker_advance(f->worker, 200);
	assert_int_equal(r->status, 408);
	assert_int_equal(worker_count(f->worker, FR_COUNT_TIMEOUT_BODY), 1);
	assert_null(origin_request(f->worker, "/x"));
}

static void a_body_that_comes_too_slowly_is_a_408(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = post(f, "content-length: 10000\n");

	/* 100 bytes a second keep the rate, less do not */
	fake_body(r, bytes, 200);
	worker_advance(f->worker, 2100);
	assert_int_equal(r->status, 0);
	fake_body(r, bytes, 199);
	worker_advance(f->worker, 2100);
	assert_int_equal(r->status, 408);
}

static void how_fast_it_comes_does_not_matter_once_the_origin_answers(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = post(f, "content-length: 10000\n");

	fake_body(r, bytes, 4000);
	origin_send(f->worker, "/x", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nok");
	assert_int_equal(r->status, 200);
	worker_advance(f->worker, 5000);
	assert_false(r->was_aborted);
	assert_int_equal(worker_count(f->worker, FR_COUNT_TIMEOUT_BODY), 0);
}

static void a_post_without_a_body_says_so(void **state)
{
	struct fixture *f = *state;

	(void)fake_send(f->client, "POST", "https://a.test/x", "", false);
	assert_non_null(strcasestr(origin_request(f->worker, "/x"), "\r\ncontent-length: 0\r\n"));
}

FIXTURE(CONFIG, FAKE_H2)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_origin_is_asked_when_half_of_the_buffer_is_there),
		TEST(a_short_body_is_sent_when_it_is_complete),
		TEST(a_body_that_is_all_there_is_sent_with_its_length),
		TEST(a_body_that_flows_as_things_happen_is_not_waited_for_long),
		TEST(a_stream_is_waited_for_less),
		TEST(a_body_of_unknown_length_gets_one_for_the_origin),
		TEST(what_was_set_aside_is_not_consumed_twice),
		TEST(an_answer_before_the_end_frees_what_waits),
		TEST(who_expects_a_100_is_asked_for_at_once),
		TEST(a_connection_without_room_for_more_is_not_waited_for),
		TEST(what_the_origin_does_not_take_is_kept_in_a_file),
		TEST(what_waited_is_thrown_away_when_the_origin_is_not_there),
		TEST(a_body_that_does_not_come_is_a_408),
		TEST(a_body_that_comes_too_slowly_is_a_408),
		TEST(how_fast_it_comes_does_not_matter_once_the_origin_answers),
		TEST(a_post_without_a_body_says_so),
	};
	RUN(tests);
}
