/* What becomes of an answer that might be stored: stages/cache/fill_head.c. */
#include "fake_client.h"

#define CONFIG "cache: {memory: 4MiB, max_object: 64KiB}\n" ONE_SITE
#define FRESH "Cache-Control: max-age=60\r\n"

static struct fake_request *get(struct fixture *f, const char *fields)
{
	return fake_get(f->client, "https://a.test/x", fields);
}

static bool is_stored(struct fixture *f)
{
	return get(f, "cache-control: only-if-cached\n")->status == 200;
}

static void store(struct fixture *f, const char *fields)
{
	(void)get(f, "");
	origin_answer(f->worker, "/x", "200 OK", fields, "hello");
}

/* --- not to be stored --- */

static void what_may_not_be_stored_goes_to_the_one_who_asked(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = get(f, "");

	origin_answer(f->worker, "/x", "200 OK", "Cache-Control: no-store\r\nX-A: 1\r\n", "hello");
	assert_string_equal(r->body, "hello");
	assert_str(fake_field(r, "x-a"), "1");
	assert_str(fake_field(r, "cache-status"),
	           "forerun; fwd=uri-miss; fwd-status=200; detail=\"no-store\"");
	assert_false(is_stored(f));
}

static void what_says_that_it_is_too_long_is_not_stored(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = get(f, "");
	char *body = fr_calloc(1, 65538);

	memset(body, 'x', 65537);
	origin_answer(f->worker, "/x", "200 OK", FRESH, body);
	assert_int_equal(r->body_len, 65537);
	assert_int_equal(worker_count(f->worker, FR_COUNT_CACHE_STORED), 0);
	free(body);
}

static void who_has_what_may_not_be_stored_gets_a_304(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = get(f, "if-none-match: \"1\"\n");

	origin_answer(f->worker, "/x", "200 OK", "Cache-Control: private\r\nETag: \"1\"\r\n",
	              "hello");
	assert_int_equal(r->status, 304);
	assert_int_equal(r->body_len, 0);
	/* the rest was read: the connection serves the next request */
	(void)get(f, "");
	assert_non_null(origin_request(f->worker, "/x"));
	assert_int_equal(worker_count(f->worker, FR_COUNT_ORIGIN_CONNECTIONS), 1);
}

static void a_long_rest_that_nobody_needs_is_not_read(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = get(f, "if-none-match: \"1\"\n");

	origin_send(f->worker, "/x",
	            "HTTP/1.1 200 OK\r\nCache-Control: private\r\nETag: \"1\"\r\n"
	            "Content-Length: 100000000\r\n\r\nhello");
	assert_int_equal(r->status, 304);
	assert_int_equal(worker_count(f->worker, FR_COUNT_FETCHES_OPEN), 0);
	assert_int_equal(worker_count(f->worker, FR_COUNT_FILLS_OPEN), 0);
}

static void a_cookie_for_one_client_is_not_given_to_others(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = get(f, "");

	origin_answer(f->worker, "/x", "200 OK",
	              "Cache-Control: max-age=60, no-cache=\"set-cookie\"\r\nSet-Cookie: a=1\r\n",
	              "hello");
	assert_str(fake_field(r, "set-cookie"), "a=1");
	r = get(f, "");
	if (r->status == 200)
		assert_null(fake_field(r, "set-cookie").p);
}

/* --- 304 --- */

static void a_304_brings_new_fields(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	store(f, FRESH "ETag: \"1\"\r\nX-A: old\r\n");
	worker_advance(f->worker, 61000);
	r = get(f, "");
	origin_answer(f->worker, "/x", "304 Not Modified", FRESH "ETag: \"1\"\r\nX-A: new\r\n", "");
	assert_int_equal(r->status, 200);
	assert_str(fake_field(r, "x-a"), "new");
	assert_string_equal(r->body, "hello");
	assert_str(fake_field(get(f, ""), "x-a"), "new");
}

static void a_304_that_forbids_to_store_takes_it_out(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	store(f, FRESH "ETag: \"1\"\r\n");
	worker_advance(f->worker, 61000);
	r = get(f, "");
	origin_answer(f->worker, "/x", "304 Not Modified",
	              "Cache-Control: private\r\nETag: \"1\"\r\n", "");
	assert_string_equal(r->body, "hello");
	assert_false(is_stored(f));
	assert_int_equal(worker_count(f->worker, FR_COUNT_CACHE_TAKEN_BACK), 1);
}

/* --- newer answers, and errors --- */

static void a_newer_answer_takes_the_place_of_the_old_one(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	store(f, FRESH "ETag: \"1\"\r\n");
	worker_advance(f->worker, 61000);
	r = get(f, "");
	origin_answer(f->worker, "/x", "200 OK", FRESH "ETag: \"2\"\r\n", "newer");
	assert_string_equal(r->body, "newer");
	assert_str(fake_field(r, "cache-status"), "forerun; fwd=stale; fwd-status=200; stored");
	assert_string_equal(get(f, "")->body, "newer");
}

static void what_the_origin_took_back_is_gone(void **state)
{
	struct fixture *f = *state;

	store(f, FRESH "ETag: \"1\"\r\n");
	worker_advance(f->worker, 61000);
	(void)get(f, "");
	origin_answer(f->worker, "/x", "200 OK", "Cache-Control: no-store\r\n", "newer");
	assert_int_equal(worker_count(f->worker, FR_COUNT_CACHE_TAKEN_BACK), 1);
	assert_int_equal(get(f, "cache-control: max-stale, only-if-cached\n")->status, 504);
}

static void something_stale_answers_for_an_origin_with_errors(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	store(f, "Cache-Control: max-age=60, stale-if-error=600\r\n");
	worker_advance(f->worker, 61000);
	r = get(f, "");
	origin_answer(f->worker, "/x", "503 Service Unavailable", "", "sorry");
	assert_int_equal(r->status, 200);
	assert_string_equal(r->body, "hello");
	assert_int_equal(worker_count(f->worker, FR_COUNT_CACHE_STALE_ON_ERROR), 1);
}

static void something_stale_answers_for_an_origin_that_is_gone(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	store(f, "Cache-Control: max-age=60, stale-if-error=600\r\n");
	worker_advance(f->worker, 61000);
	(void)get(f, "");
	origin_close(f->worker, "/x");
	worker_refuse_origin(f->worker);
	r = get(f, "");
	assert_string_equal(r->body, "hello");
}

static void what_must_be_validated_does_not_answer_for_errors(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	store(f, "Cache-Control: max-age=60, must-revalidate\r\n");
	worker_advance(f->worker, 61000);
	r = get(f, "");
	origin_answer(f->worker, "/x", "503 Service Unavailable", "", "sorry");
	assert_int_equal(r->status, 503);
	assert_string_equal(r->body, "sorry");
}

FIXTURE(CONFIG, FAKE_H2)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_may_not_be_stored_goes_to_the_one_who_asked),
		TEST(what_says_that_it_is_too_long_is_not_stored),
		TEST(who_has_what_may_not_be_stored_gets_a_304),
		TEST(a_long_rest_that_nobody_needs_is_not_read),
		TEST(a_cookie_for_one_client_is_not_given_to_others),
		TEST(a_304_brings_new_fields),
		TEST(a_304_that_forbids_to_store_takes_it_out),
		TEST(a_newer_answer_takes_the_place_of_the_old_one),
		TEST(what_the_origin_took_back_is_gone),
		TEST(something_stale_answers_for_an_origin_with_errors),
		TEST(something_stale_answers_for_an_origin_that_is_gone),
		TEST(what_must_be_validated_does_not_answer_for_errors),
	};
	RUN(tests);
}
