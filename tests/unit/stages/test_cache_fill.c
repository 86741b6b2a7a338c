/* A fetch that fills the store: what it asks, how long it lives, how its body is bounded:
 * stages/cache/fill.c. */
#include "fake_client.h"

#define CONFIG                                                                                     \
	"limits: {response_buffer: 8KiB}\n"                                                        \
	"cache: {memory: 4MiB, max_object: 64KiB}\n" ONE_SITE
#define FRESH "Cache-Control: max-age=60\r\n"

static uint8_t bytes[2u << 20];

static struct fake_request *get(struct fixture *f, const char *fields)
{
	return fake_get(f->client, "https://a.test/x", fields);
}

/* --- what it asks --- */

static void the_whole_response_is_asked_for_whatever_the_client_has(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r =
		get(f, "if-none-match: \"1\"\nif-modified-since: Tue, 14 Nov 2023 22:13:20 GMT\n");

	assert_null(strcasestr(origin_request(f->worker, "/x"), "\r\nif-"));
	origin_answer(f->worker, "/x", "200 OK", FRESH "ETag: \"1\"\r\n", "hello");
	assert_int_equal(r->status, 304);
	assert_string_equal(get(f, "")->body, "hello");
}

static void a_stale_object_is_asked_for_by_both_of_its_validators(void **state)
{
	struct fixture *f = *state;

	(void)get(f, "");
	origin_answer(f->worker, "/x", "200 OK",
	              FRESH "ETag: \"1\"\r\nLast-Modified: Mon, 13 Nov 2023 10:00:00 GMT\r\n",
	              "hello");
	worker_advance(f->worker, 61000);
	(void)get(f, "if-none-match: \"other\"\n");
	assert_non_null(strcasestr(origin_request(f->worker, "/x"), "if-none-match: \"1\""));
	assert_non_null(strcasestr(origin_request(f->worker, "/x"),
	                           "if-modified-since: Mon, 13 Nov 2023 10:00:00 GMT"));
}

static void what_is_renewed_behind_a_client_is_asked_for_as_anybody(void **state)
{
	struct fixture *f = *state;

	(void)get(f, "");
	origin_answer(f->worker, "/x", "200 OK",
	              "Content-Type: text/css\r\n"
	              "Cache-Control: max-age=60, stale-while-revalidate=60\r\n",
	              "hello");
	worker_advance(f->worker, 61000);
	(void)get(f, "cookie: session=1\nauthorization: Basic YTpi\n");
	assert_null(strcasestr(origin_request(f->worker, "/x"), "cookie"));
	assert_null(strcasestr(origin_request(f->worker, "/x"), "authorization"));
}

static void a_304_of_something_else_is_asked_for_once_more_without_conditions(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = get(f, "");

	origin_answer(f->worker, "/x", "200 OK", FRESH "ETag: \"1\"\r\n", "hello");
	worker_advance(f->worker, 61000);
	r = get(f, "");
	origin_answer(f->worker, "/x", "304 Not Modified", FRESH "ETag: \"2\"\r\n", "");
	assert_int_equal(r->status, 0);
	assert_null(strcasestr(origin_request(f->worker, "/x"), "\r\nif-"));
	origin_answer(f->worker, "/x", "200 OK", FRESH "ETag: \"2\"\r\n", "other");
	assert_string_equal(r->body, "other");
	assert_int_equal(worker_count(f->worker, FR_COUNT_CACHE_MISMATCHES), 1);
}

/* --- how long it lives --- */

static void what_is_half_there_goes_on_for_those_who_read_it(void **state)
{
	struct fixture *f = *state;
	struct fake_request *leader = get(f, ""), *other;

	origin_send(f->worker, "/x", "HTTP/1.1 200 OK\r\n" FRESH "Content-Length: 10\r\n\r\nhello");
	other = get(f, "");
	fake_cancel(leader, false);
	origin_send(f->worker, "/x", "world");
	assert_string_equal(other->body, "helloworld");
	assert_true(other->is_complete);
}

static void what_nobody_reads_any_more_is_given_up(void **state)
{
	struct fixture *f = *state;
	struct fake_request *leader = get(f, "");

	origin_send(f->worker, "/x", "HTTP/1.1 200 OK\r\n" FRESH "Content-Length: 10\r\n\r\nhello");
	fake_cancel(leader, false);
	assert_int_equal(worker_count(f->worker, FR_COUNT_FILLS_OPEN), 0);
	assert_int_equal(worker_count(f->worker, FR_COUNT_FETCHES_OPEN), 0);
	/* half of it is not kept */
	assert_int_equal(get(f, "cache-control: only-if-cached\n")->status, 504);
}

static void what_is_renewed_behind_goes_on_without_clients(void **state)
{
	struct fixture *f = *state;

	(void)get(f, "");
	origin_answer(f->worker, "/x", "200 OK",
	              "Cache-Control: max-age=60, stale-while-revalidate=60\r\n", "hello");
	worker_advance(f->worker, 61000);
	(void)get(f, "");
	fake_client_free(f->client);
	assert_int_equal(worker_count(f->worker, FR_COUNT_FILLS_OPEN), 1);
	origin_answer(f->worker, "/x", "200 OK", FRESH, "newer");
	assert_int_equal(worker_count(f->worker, FR_COUNT_FILLS_OPEN), 0);
	f->client = fake_client_new(f->worker, FAKE_H2, 2);
	assert_string_equal(get(f, "")->body, "newer");
}

static void a_fill_outlives_the_configuration_it_began_under(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = get(f, "");

	worker_reload(f->worker, CONFIG);
	origin_answer(f->worker, "/x", "200 OK", FRESH, "hello");
	assert_string_equal(r->body, "hello");
	assert_string_equal(get(f, "")->body, "hello");
	assert_int_equal(origin_requests(f->worker), 1);
}

/* --- its body --- */

static void a_body_that_outgrows_an_object_is_delivered_but_not_kept(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = get(f, ""), *other = get(f, "");

	origin_send(f->worker, "/x",
	            "HTTP/1.1 200 OK\r\n" FRESH "Transfer-Encoding: chunked\r\n\r\n20000\r\n");
	assert_int_equal(origin_send_bytes(f->worker, "/x", bytes, 0x20000), 0x20000);
	origin_send(f->worker, "/x", "\r\n0\r\n\r\n");
	assert_int_equal(r->body_len, 0x20000);
	assert_true(r->is_complete);
	assert_int_equal(other->body_len, 0x20000);
	assert_int_equal(get(f, "cache-control: only-if-cached\n")->status, 504);
}

static void a_body_that_is_not_kept_goes_at_the_pace_of_its_slowest_reader(void **state)
{
	struct fixture *f = *state;
	struct fake_request *fast = get(f, ""), *slow = get(f, "");
	size_t sent;

	slow->is_stalled = true;
	origin_send(f->worker, "/x",
	            "HTTP/1.1 200 OK\r\n" FRESH "Transfer-Encoding: chunked\r\n\r\n200000\r\n");
	sent = origin_send_bytes(f->worker, "/x", bytes, sizeof bytes);
	assert_true(sent < sizeof bytes);
	slow->is_stalled = false;
	sent += origin_send_bytes(f->worker, "/x", bytes + sent, sizeof bytes - sent);
	assert_int_equal(sent, sizeof bytes);
	origin_send(f->worker, "/x", "\r\n0\r\n\r\n");
	assert_int_equal(fast->body_len, sizeof bytes);
	assert_int_equal(slow->body_len, sizeof bytes);
}

FIXTURE(CONFIG, FAKE_H2)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_whole_response_is_asked_for_whatever_the_client_has),
		TEST(a_stale_object_is_asked_for_by_both_of_its_validators),
		TEST(what_is_renewed_behind_a_client_is_asked_for_as_anybody),
		TEST(a_304_of_something_else_is_asked_for_once_more_without_conditions),
		TEST(what_is_half_there_goes_on_for_those_who_read_it),
		TEST(what_nobody_reads_any_more_is_given_up),
		TEST(what_is_renewed_behind_goes_on_without_clients),
		TEST(a_fill_outlives_the_configuration_it_began_under),
		TEST(a_body_that_outgrows_an_object_is_delivered_but_not_kept),
		TEST(a_body_that_is_not_kept_goes_at_the_pace_of_its_slowest_reader),
	};
	RUN(tests);
}
