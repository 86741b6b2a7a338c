/* Hinted assets are fetched into the cache before they are asked for: stages/hints/warm.c. */
#include "fake_client.h"

#define CONFIG_WITH(hints)                                                                         \
	"cache: {memory: 4MiB}\n"                                                                  \
	"sites:\n"                                                                                 \
	"  - hosts: [a.test]\n"                                                                    \
	"    origin: {url: 'http://127.0.0.1:80'}\n"                                               \
	"    hints: {html: false, early_hints: always" hints "}\n"                                 \
	"    paths: [{prefix: /uncached, cache: {enabled: false}}]\n"                              \
	"    rules: [{path: '/p*', links: ['</a.css>; rel=preload; as=style']}]\n"

#define A "https://a.test/a.css"

static void what_a_103_names_is_fetched_behind_it(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	(void)fake_get(f->client, "https://a.test/p", "");
	assert_non_null(origin_request(f->worker, "/a.css"));
	assert_int_equal(worker_count(f->worker, FR_COUNT_HINTS_WARMED), 1);
	origin_answer(f->worker, "/a.css", "200 OK", "Cache-Control: max-age=60\r\n", "a{}");
	r = fake_get(f->client, A, "");
	assert_string_equal(r->body, "a{}");
	assert_true(fr_str_starts(fake_field(r, "cache-status"), S("forerun; hit")));
}

static void the_request_that_follows_joins_it(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	(void)fake_get(f->client, "https://a.test/p", "");
	r = fake_get(f->client, A, "");
	assert_int_equal(origin_requests(f->worker), 2);
	origin_answer(f->worker, "/a.css", "200 OK", "Cache-Control: max-age=60\r\n", "a{}");
	assert_string_equal(r->body, "a{}");
}

static void it_is_fetched_as_anybody(void **state)
{
	struct fixture *f = *state;
	const char *head;

	(void)fake_get(f->client, "https://a.test/p",
	               "cookie: a=b\nauthorization: Basic x\naccept-encoding: gzip\n");
	head = origin_request(f->worker, "/a.css");
	assert_null(strcasestr(head, "cookie"));
	assert_null(strcasestr(head, "authorization"));
	assert_non_null(strcasestr(head, "accept-encoding: gzip"));
}

static void what_is_stored_is_not_fetched_again(void **state)
{
	struct fixture *f = *state;

	(void)fake_get(f->client, A, "");
	origin_answer(f->worker, "/a.css", "200 OK", "Cache-Control: max-age=60\r\n", "a{}");
	(void)fake_get(f->client, "https://a.test/p", "");
	assert_null(origin_request(f->worker, "/a.css"));
	assert_int_equal(worker_count(f->worker, FR_COUNT_HINTS_WARMED), 0);
}

static void what_is_on_its_way_is_not_fetched_twice(void **state)
{
	struct fixture *f = *state;

	(void)fake_get(f->client, "https://a.test/p1", "");
	(void)fake_get(f->client, "https://a.test/p2", "");
	assert_int_equal(origin_requests(f->worker), 3);
	assert_int_equal(worker_count(f->worker, FR_COUNT_HINTS_WARMED), 1);
}

static void nothing_is_fetched_where_that_is_off(void **state)
{
	struct fixture *f = *state;

	worker_reload(f->worker, CONFIG_WITH(", warm: false"));
	assert_int_equal(fake_get(f->client, "https://a.test/p", "")->n_interims, 1);
	assert_null(origin_request(f->worker, "/a.css"));
}

static void what_the_cache_does_not_take_is_not_fetched(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = fake_get(f->client, "https://a.test/x", "");

	origin_answer(f->worker, "/x", "200 OK",
	              "Link: </uncached/b.css>; rel=preload; as=style\r\n", "<p>");
	assert_int_equal(r->status, 200);
	assert_null(origin_request(f->worker, "/uncached/b.css"));
}

static void what_only_the_response_names_is_fetched_as_well(void **state)
{
	struct fixture *f = *state;

	(void)fake_get(f->client, "https://a.test/x", "");
	origin_answer(f->worker, "/x", "200 OK", "Link: </b.css>; rel=preload; as=style\r\n",
	              "<p>");
	assert_non_null(origin_request(f->worker, "/b.css"));
}

static void it_goes_on_when_the_page_is_given_up(void **state)
{
	struct fixture *f = *state;

	fake_cancel(fake_get(f->client, "https://a.test/p", ""), false);
	assert_non_null(origin_request(f->worker, "/a.css"));
	origin_answer(f->worker, "/a.css", "200 OK", "Cache-Control: max-age=60\r\n", "a{}");
	assert_int_equal(worker_count(f->worker, FR_COUNT_CACHE_STORED), 1);
}

FIXTURE(CONFIG_WITH(""), FAKE_H2)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_a_103_names_is_fetched_behind_it),
		TEST(the_request_that_follows_joins_it),
		TEST(it_is_fetched_as_anybody),
		TEST(what_is_stored_is_not_fetched_again),
		TEST(what_is_on_its_way_is_not_fetched_twice),
		TEST(nothing_is_fetched_where_that_is_off),
		TEST(what_the_cache_does_not_take_is_not_fetched),
		TEST(what_only_the_response_names_is_fetched_as_well),
		TEST(it_goes_on_when_the_page_is_given_up),
	};
	RUN(tests);
}
