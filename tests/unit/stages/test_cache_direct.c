/* What responses that go past the store say of what is in it: stages/cache/direct.c. */
#include "fake_client.h"

#define CONFIG "cache: {memory: 4MiB}\n" ONE_SITE
#define FRESH "Cache-Control: max-age=60\r\n"

static void store(struct fixture *f, const char *path, const char *fields)
{
	char url[64];

	(void)snprintf(url, sizeof url, "https://a.test%s", path);
	(void)fake_get(f->client, url, "");
	origin_answer(f->worker, path, "200 OK", fields, "hello");
}

static bool is_stored(struct fixture *f, const char *path)
{
	char url[64];
	struct fake_request *r;

	(void)snprintf(url, sizeof url, "https://a.test%s", path);
	r = fake_get(f->client, url, "cache-control: only-if-cached\n");
	return r->status == 200;
}

static struct fake_request *ask(struct fixture *f, const char *method, const char *path,
                                const char *status, const char *fields)
{
	char url[64];
	struct fake_request *r;

	(void)snprintf(url, sizeof url, "https://a.test%s", path);
	r = fake_send(f->client, method, url, "", false);
	origin_answer(f->worker, path, status, fields, "");
	return r;
}

static void a_change_takes_out_what_is_stored_under_its_url(void **state)
{
	struct fixture *f = *state;

	store(f, "/x", FRESH);
	store(f, "/y", FRESH);
	(void)ask(f, "POST", "/x", "204 No Content", "");
	assert_false(is_stored(f, "/x"));
	assert_true(is_stored(f, "/y"));
	assert_int_equal(worker_count(f->worker, FR_COUNT_CACHE_INVALIDATED), 1);
}

static void a_change_takes_out_what_its_response_names(void **state)
{
	struct fixture *f = *state;

	store(f, "/x", FRESH);
	store(f, "/y", FRESH);
	store(f, "/z", FRESH);
	(void)ask(f, "PUT", "/w", "201 Created",
	          "Location: /x\r\nContent-Location: https://a.test/y\r\n");
	assert_false(is_stored(f, "/x"));
	assert_false(is_stored(f, "/y"));
	assert_true(is_stored(f, "/z"));
}

static void what_is_named_of_another_origin_stays(void **state)
{
	struct fixture *f = *state;

	store(f, "/x", FRESH);
	(void)ask(f, "PUT", "/w", "201 Created", "Location: https://a.test:444/x\r\n");
	(void)ask(f, "PUT", "/w", "201 Created", "Location: http://a.test/x\r\n");
	assert_true(is_stored(f, "/x"));
}

static void a_change_that_failed_takes_nothing_out(void **state)
{
	struct fixture *f = *state;

	store(f, "/x", FRESH);
	(void)ask(f, "DELETE", "/x", "403 Forbidden", "");
	(void)ask(f, "DELETE", "/x", "500 Internal Server Error", "");
	assert_true(is_stored(f, "/x"));
}

static void a_safe_method_takes_nothing_out(void **state)
{
	struct fixture *f = *state;

	store(f, "/x", FRESH);
	(void)ask(f, "OPTIONS", "/x", "200 OK", "");
	assert_true(is_stored(f, "/x"));
}

/* A HEAD that is sent on, since the client wants it anew. */
static void head(struct fixture *f, const char *fields)
{
	struct fake_request *r = fake_send(f->client, "HEAD", "https://a.test/x",
	                                   "cache-control: no-cache\n", false);
	char text[256];

	(void)snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\n%s\r\n", fields);
	origin_send(f->worker, "/x", text);
	assert_int_equal(r->status, 200);
	origin_close(f->worker, "/x");
}

static void a_head_that_shows_another_body_makes_the_stored_one_stale(void **state)
{
	struct fixture *f = *state;

	store(f, "/x", FRESH "ETag: \"1\"\r\n");
	head(f, FRESH "ETag: \"1\"\r\nContent-Length: 5\r\n");
	assert_true(is_stored(f, "/x"));
	head(f, FRESH "ETag: \"2\"\r\nContent-Length: 5\r\n");
	assert_false(is_stored(f, "/x"));
	(void)fake_get(f->client, "https://a.test/x", "");
	assert_non_null(strcasestr(origin_request(f->worker, "/x"), "if-none-match: \"1\""));
}

static void a_head_of_another_length_makes_the_stored_one_stale(void **state)
{
	struct fixture *f = *state;

	store(f, "/x", FRESH "ETag: \"1\"\r\n");
	head(f, FRESH "Content-Length: 6\r\n");
	assert_false(is_stored(f, "/x"));
}

static void a_head_that_may_not_be_stored_takes_the_stored_one_out(void **state)
{
	struct fixture *f = *state;

	store(f, "/x", FRESH "ETag: \"1\"\r\n");
	head(f, "Cache-Control: no-store\r\nETag: \"1\"\r\nContent-Length: 5\r\n");
	assert_false(is_stored(f, "/x"));
	assert_int_equal(worker_count(f->worker, FR_COUNT_CACHE_TAKEN_BACK), 1);
}

static void what_went_past_the_cache_says_why(void **state)
{
	struct fixture *f = *state;

	assert_str(fake_field(ask(f, "POST", "/x", "200 OK", ""), "cache-status"),
	           "forerun; fwd=method; fwd-status=200");
}

FIXTURE(CONFIG, FAKE_H2)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_change_takes_out_what_is_stored_under_its_url),
		TEST(a_change_takes_out_what_its_response_names),
		TEST(what_is_named_of_another_origin_stays),
		TEST(a_change_that_failed_takes_nothing_out),
		TEST(a_safe_method_takes_nothing_out),
		TEST(a_head_that_shows_another_body_makes_the_stored_one_stale),
		TEST(a_head_of_another_length_makes_the_stored_one_stale),
		TEST(a_head_that_may_not_be_stored_takes_the_stored_one_out),
		TEST(what_went_past_the_cache_says_why),
	};
	RUN(tests);
}
