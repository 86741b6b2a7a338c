/* What is said with a stored response, and how its body flows: stages/cache/deliver.c. */
#include "fake_client.h"

#define CONFIG "cache: {memory: 4MiB}\n" ONE_SITE
#define FRESH "Cache-Control: max-age=60\r\n"

static struct fake_request *get(struct fixture *f, const char *fields)
{
	return fake_get(f->client, "https://a.test/x", fields);
}

static void the_first_answer_says_that_it_was_stored(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = get(f, "");

	origin_answer(f->worker, "/x", "200 OK", FRESH, "hello");
	assert_str(fake_field(r, "cache-status"), "forerun; fwd=uri-miss; fwd-status=200; stored");
	assert_null(fake_field(r, "age").p);
}

static void a_hit_says_how_long_it_is_good_and_how_old_it_is(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = get(f, "");

	origin_answer(f->worker, "/x", "200 OK", FRESH, "hello");
	worker_advance(f->worker, 20000);
	r = get(f, "");
	assert_str(fake_field(r, "cache-status"), "forerun; hit; ttl=40");
	assert_str(fake_field(r, "age"), "20");
}

static void the_origins_age_counts(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = get(f, "");

	origin_answer(f->worker, "/x", "200 OK", FRESH "Age: 15\r\n", "hello");
	assert_str(fake_field(r, "age"), "15");
	worker_advance(f->worker, 5000);
	r = get(f, "");
	assert_str(fake_field(r, "age"), "20");
	assert_str(fake_field(r, "cache-status"), "forerun; hit; ttl=40");
}

static void a_stale_hit_says_so_by_its_ttl(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = get(f, "");

	origin_answer(f->worker, "/x", "200 OK",
	              "Cache-Control: max-age=60, stale-while-revalidate=60\r\n", "hello");
	worker_advance(f->worker, 70000);
	r = get(f, "");
	assert_str(fake_field(r, "cache-status"), "forerun; hit; ttl=-10");
	assert_str(fake_field(r, "age"), "70");
}

static void our_own_refusal_says_what_the_cache_did(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	worker_refuse_origin(f->worker);
	r = get(f, "");
	assert_int_equal(r->status, 502);
	assert_str(fake_field(r, "cache-status"), "forerun; fwd=uri-miss");
	r = get(f, "cache-control: only-if-cached\n");
	assert_str(fake_field(r, "cache-status"), "forerun; detail=only-if-cached");
}

static void a_reader_that_stalls_holds_up_nobody(void **state)
{
	struct fixture *f = *state;
	struct fake_request *slow = get(f, ""), *fast;
	char *body = fr_calloc(1, 200001);

	memset(body, 'x', 200000);
	slow->is_stalled = true;
	fast = get(f, "");
	origin_answer(f->worker, "/x", "200 OK", FRESH, body);
	assert_int_equal(fast->body_len, 200000);
	assert_true(fast->is_complete);
	assert_int_equal(slow->body_len, 0);
	fake_take(slow, 70000);
	slow->is_stalled = false;
	worker_turn(f->worker);
	assert_int_equal(slow->body_len, 200000);
	assert_true(slow->is_complete);
	free(body);
}

static void a_stored_body_that_breaks_off_fails_its_readers_and_is_not_kept(void **state)
{
	struct fixture *f = *state;
	struct fake_request *a = get(f, ""), *b = get(f, "");

	origin_send(f->worker, "/x", "HTTP/1.1 200 OK\r\n" FRESH "Content-Length: 10\r\n\r\nhello");
	assert_string_equal(b->body, "hello");
	origin_close(f->worker, "/x");
	assert_true(a->has_failed);
	assert_true(b->has_failed);
	(void)get(f, "");
	assert_int_equal(origin_requests(f->worker), 2);
}

static void a_conditional_request_is_answered_with_304(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = get(f, "");

	origin_answer(f->worker, "/x", "200 OK", FRESH "ETag: \"1\"\r\n", "hello");
	r = get(f, "if-none-match: \"1\"\n");
	assert_int_equal(r->status, 304);
	assert_int_equal(r->body_len, 0);
	assert_true(r->is_complete);
	assert_str(fake_field(r, "etag"), "\"1\"");
	assert_int_equal(get(f, "if-none-match: \"2\"\n")->status, 200);
}

FIXTURE(CONFIG, FAKE_H2)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_answer_says_that_it_was_stored),
		TEST(a_hit_says_how_long_it_is_good_and_how_old_it_is),
		TEST(the_origins_age_counts),
		TEST(a_stale_hit_says_so_by_its_ttl),
		TEST(our_own_refusal_says_what_the_cache_did),
		TEST(a_reader_that_stalls_holds_up_nobody),
		TEST(a_stored_body_that_breaks_off_fails_its_readers_and_is_not_kept),
		TEST(a_conditional_request_is_answered_with_304),
	};
	RUN(tests);
}
