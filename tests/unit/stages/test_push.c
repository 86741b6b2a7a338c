/* Promises of what a page needs, and what becomes of them: stages/hints/push.c. */
#include "fake_client.h"

#define CONFIG                                                                                     \
	"cache: {memory: 4MiB}\n"                                                                  \
	"limits: {origin_requests_per_client: 8}\n"                                                \
	"sites:\n"                                                                                 \
	"  - hosts: [a.test]\n"                                                                    \
	"    origin: {url: 'http://127.0.0.1:80'}\n"                                               \
	"    hints: {max_pushes_per_page: 3, max_pushes_per_connection: 5, failure_ttl: 10s,"      \
	" html: false}\n"

#define A "https://a.test/a.css"
#define LINK_A "Link: </a.css>; rel=preload; as=style\r\n"

static struct fake_request *page(struct fixture *f, const char *fields)
{
	return fake_get(f->client, "https://a.test/", fields);
}

/* The page is answered, with these fields. */
static struct fake_request *load(struct fixture *f, const char *fields)
{
	struct fake_request *r = page(f, "");

	origin_answer(f->worker, "/", "200 OK", fields, "<p>");
	assert_int_equal(r->status, 200);
	return r;
}

static void what_a_page_names_is_promised_before_its_head(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = load(f, LINK_A), *push;

	/* fake_client.c looks at the order */
	assert_int_equal(r->n_pushes, 1);
	push = fake_pushed(r, A);
	assert_non_null(push);
	assert_int_equal(r->ranks[0], FR_RANK_BLOCKING);
	origin_answer(f->worker, "/a.css", "200 OK", "Content-Type: text/css\r\n", "a{}");
	assert_int_equal(push->status, 200);
	assert_string_equal(push->body, "a{}");
	assert_int_equal(worker_count(f->worker, FR_COUNT_PUSHES_PROMISED), 1);
	assert_int_equal(worker_count(f->worker, FR_COUNT_PUSHES_COMPLETED), 1);
	assert_int_equal(worker_count(f->worker, FR_COUNT_PUSHED_BYTES), 3);
	assert_int_equal(worker_reasons(f->worker, FR_REASON_PUSHED), 1);
}

static void a_promise_looks_as_the_browsers_own_request_would(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r =
		page(f, "accept: text/html\naccept-language: de\naccept-encoding: gzip\n"
	                "user-agent: Mine/1\ncookie: a=b\nauthorization: Basic x\n"
	                "x-other: 1\n");
	const char *fields;

	origin_answer(f->worker, "/", "200 OK", LINK_A, "<p>");
	fields = fake_pushed(r, A)->request_fields;
	assert_non_null(strstr(fields, "accept: text/css,*/*;q=0.1\n"));
	assert_non_null(strstr(fields, "accept-language: de\n"));
	assert_non_null(strstr(fields, "accept-encoding: gzip\n"));
	assert_non_null(strstr(fields, "user-agent: Mine/1\n"));
	assert_non_null(strstr(fields, "cookie: a=b\n"));
	assert_non_null(strstr(fields, "authorization: Basic x\n"));
	assert_non_null(strstr(fields, "referer: https://a.test/\n"));
	assert_null(strstr(fields, "x-other"));
}

static void what_blocks_rendering_is_promised_first(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r =
		load(f, "Link: </i.png>; rel=preload; as=image\r\n"
	                "Link: </d.json>; rel=preload; as=fetch; crossorigin\r\n" LINK_A);

	assert_int_equal(r->n_pushes, 3);
	assert_string_equal(r->pushes[0]->url, A);
	assert_string_equal(r->pushes[2]->url, "https://a.test/i.png");
	assert_int_equal(r->ranks[2], FR_RANK_LATE);
}

static void nothing_is_promised_twice_on_a_connection(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(load(f, LINK_A)->n_pushes, 1);
	assert_int_equal(load(f, LINK_A)->n_pushes, 0);
	assert_int_equal(worker_reasons(f->worker, FR_REASON_ALREADY_SENT), 1);
}

static void what_the_client_asked_for_itself_is_not_promised(void **state)
{
	struct fixture *f = *state;

	(void)fake_get(f->client, A, "");
	assert_int_equal(load(f, LINK_A)->n_pushes, 0);
	assert_int_equal(worker_reasons(f->worker, FR_REASON_ALREADY_SENT), 1);
}

static void another_connection_knows_nothing_of_it(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(load(f, LINK_A)->n_pushes, 1);
	f->client = fake_client_new(f->worker, FAKE_PUSHABLE, 2);
	assert_non_null(fake_pushed(page(f, ""), A));
}

static void what_the_origin_forbids_is_not_promised(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(load(f, "Link: </a.css>; rel=preload; as=style; nopush\r\n")->n_pushes, 0);
	assert_int_equal(worker_reasons(f->worker, FR_REASON_NOPUSH), 1);
}

static void what_is_of_another_origin_is_not_promised(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
		load(f, "Link: <https://b.test/a.css>; rel=preload; as=style\r\n")->n_pushes, 0);
	assert_int_equal(worker_reasons(f->worker, FR_REASON_CROSS_ORIGIN), 1);
}

static void a_client_that_takes_no_pushes_gets_none(void **state)
{
	struct fixture *f = *state;

	f->client = fake_client_new(f->worker, FAKE_H2, 2);
	assert_int_equal(load(f, LINK_A)->n_pushes, 0);
	assert_int_equal(worker_reasons(f->worker, FR_REASON_PUSH_DISABLED), 1);
}

static void a_page_has_so_many_pushes_at_most(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = load(f, "Link: </1.js>; rel=preload; as=script\r\n"
	                                 "Link: </2.js>; rel=preload; as=script\r\n"
	                                 "Link: </3.js>; rel=preload; as=script\r\n"
	                                 "Link: </4.js>; rel=preload; as=script\r\n");

	assert_int_equal(r->n_pushes, 3);
	assert_int_equal(worker_reasons(f->worker, FR_REASON_LIMIT_PAGE), 1);
}

static void a_connection_has_so_many_pushes_at_most(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(load(f, "Link: </1.js>; rel=preload; as=script\r\n"
	                         "Link: </2.js>; rel=preload; as=script\r\n"
	                         "Link: </3.js>; rel=preload; as=script\r\n")
	                         ->n_pushes,
	                 3);
	for (int i = 1; i <= 3; i++) {
		char path[8];

		(void)snprintf(path, sizeof path, "/%d.js", i);
		origin_answer(f->worker, path, "200 OK", "", "x");
	}
	assert_int_equal(load(f, "Link: </4.js>; rel=preload; as=script\r\n"
	                         "Link: </5.js>; rel=preload; as=script\r\n"
	                         "Link: </6.js>; rel=preload; as=script\r\n")
	                         ->n_pushes,
	                 2);
	assert_int_equal(worker_reasons(f->worker, FR_REASON_LIMIT_CONNECTION), 1);
}

static void a_client_without_room_for_streams_gets_what_fits(void **state)
{
	struct fixture *f = *state;

	fake_client_set_room(f->client, 1);
	assert_int_equal(load(f, "Link: </1.js>; rel=preload; as=script\r\n"
	                         "Link: </2.js>; rel=preload; as=script\r\n")
	                         ->n_pushes,
	                 1);
	assert_int_equal(worker_reasons(f->worker, FR_REASON_LIMIT_STREAMS), 1);
}

static void a_client_whose_share_of_the_origin_is_used_up_gets_none(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = page(f, "");
	char url[64];

	for (int i = 0; i < 7; i++) {
		(void)snprintf(url, sizeof url, "https://a.test/%d", i);
		(void)fake_get(f->client, url, "");
	}
	/* the page itself is one of the eight until its end */
	origin_answer(f->worker, "/", "200 OK", LINK_A, "<p>");
	assert_int_equal(r->n_pushes, 0);
	assert_int_equal(worker_reasons(f->worker, FR_REASON_LIMIT_ORIGIN), 1);
}

static void a_connection_that_ends_gets_none(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = page(f, "");

	fake_client_drain(f->client);
	origin_answer(f->worker, "/", "200 OK", LINK_A, "<p>");
	assert_int_equal(r->n_pushes, 0);
	assert_int_equal(worker_reasons(f->worker, FR_REASON_DRAINING), 1);
}

static void a_push_that_brings_no_asset_is_taken_back_and_not_repeated_soon(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = load(f, LINK_A), *push = fake_pushed(r, A);

	origin_answer(f->worker, "/a.css", "404 Not Found", "", "");
	assert_true(push->was_aborted);
	assert_int_equal(push->why, FR_ABORT_CANCEL);
	assert_int_equal(push->status, 0);
	assert_int_equal(worker_count(f->worker, FR_COUNT_PUSHES_FAILED), 1);
	/* for others, too */
	f->client = fake_client_new(f->worker, FAKE_PUSHABLE, 2);
	assert_int_equal(load(f, LINK_A)->n_pushes, 0);
	assert_true(worker_reasons(f->worker, FR_REASON_RECENT_FAILURE) +
	                    worker_reasons(f->worker, FR_REASON_GONE) >=
	            1);
}

static void an_error_for_one_client_spares_the_others_nothing(void **state)
{
	struct fixture *f = *state;

	(void)load(f, LINK_A);
	origin_answer(f->worker, "/a.css", "500 Internal Server Error", "", "");
	f->client = fake_client_new(f->worker, FAKE_PUSHABLE, 2);
	assert_non_null(fake_pushed(load(f, LINK_A), A));
}

static void a_push_that_failed_for_this_client_waits(void **state)
{
	struct fixture *f = *state;

	(void)load(f, LINK_A);
	origin_answer(f->worker, "/a.css", "500 Internal Server Error", "", "");
	/* of the same client, on another connection */
	f->client = fake_client_new(f->worker, FAKE_PUSHABLE, 1);
	assert_int_equal(load(f, LINK_A)->n_pushes, 0);
	assert_int_equal(worker_reasons(f->worker, FR_REASON_RECENT_FAILURE), 1);
	worker_advance(f->worker, 11000);
	assert_int_equal(load(f, LINK_A)->n_pushes, 1);
}

static void a_cancelled_push_stops_its_fetch_and_its_bytes_are_wasted(void **state)
{
	struct fixture *f = *state;
	struct fake_request *push = fake_pushed(load(f, LINK_A), A);

	origin_send(f->worker, "/a.css", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
	assert_int_equal(push->body_len, 5);
	fake_cancel(push, false);
	assert_int_equal(worker_count(f->worker, FR_COUNT_PUSHES_CANCELLED), 1);
	assert_int_equal(worker_count(f->worker, FR_COUNT_WASTED_BYTES), 5);
	assert_int_equal(worker_count(f->worker, FR_COUNT_FETCHES_OPEN), 0);
}

static void a_refused_push_is_counted_as_such(void **state)
{
	struct fixture *f = *state;

	fake_cancel(fake_pushed(load(f, LINK_A), A), true);
	assert_int_equal(worker_count(f->worker, FR_COUNT_PUSHES_REFUSED), 1);
	assert_int_equal(worker_count(f->worker, FR_COUNT_PUSHES_CANCELLED), 0);
}

static void what_clients_of_a_kind_cancel_again_and_again_they_are_not_promised(void **state)
{
	struct fixture *f = *state;
	int promised = 0;

	for (unsigned i = 0; i < 16; i++) {
		struct fake_client *c = fake_client_new(f->worker, FAKE_PUSHABLE, 2 + i);
		struct fake_request *r = fake_get(c, "https://a.test/", "user-agent: curl/8\n");

		origin_answer(f->worker, "/", "200 OK", LINK_A, "<p>");
		if (fake_pushed(r, A))
			fake_cancel(fake_pushed(r, A), false);
		promised += (int)r->n_pushes;
		fake_client_free(c);
	}
	assert_in_range(promised, 2, 8);
	assert_true(worker_reasons(f->worker, FR_REASON_OFTEN_CANCELLED) >= 8);
	/* another kind of client is another matter */
	assert_int_equal(load(f, LINK_A)->n_pushes, 1);
}

static void a_pushed_asset_comes_from_the_cache_if_it_is_there(void **state)
{
	struct fixture *f = *state;
	struct fake_client *other = fake_client_new(f->worker, FAKE_H2, 2);
	struct fake_request *push;

	(void)fake_get(other, A, "");
	origin_answer(f->worker, "/a.css", "200 OK", "Cache-Control: max-age=60\r\n", "a{}");
	push = fake_pushed(load(f, LINK_A), A);
	worker_turn(f->worker);
	assert_string_equal(push->body, "a{}");
	assert_int_equal(origin_requests(f->worker), 2);
}

static void a_push_outlives_its_page(void **state)
{
	struct fixture *f = *state;
	struct fake_request *push = fake_pushed(load(f, LINK_A), A);

	assert_int_equal(worker_count(f->worker, FR_COUNT_EXCHANGES_OPEN), 1);
	origin_answer(f->worker, "/a.css", "200 OK", "", "a{}");
	assert_true(push->is_complete);
}

static void a_pushed_response_pushes_nothing(void **state)
{
	struct fixture *f = *state;
	struct fake_request *push = fake_pushed(load(f, LINK_A), A);

	origin_answer(f->worker, "/a.css", "200 OK",
	              "Link: </f.woff>; rel=preload; as=font; crossorigin\r\n", "a{}");
	assert_int_equal(push->status, 200);
	assert_int_equal(push->n_pushes, 0);
	assert_int_equal(worker_count(f->worker, FR_COUNT_PUSHES_PROMISED), 1);
}

FIXTURE(CONFIG, FAKE_PUSHABLE)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_a_page_names_is_promised_before_its_head),
		TEST(a_promise_looks_as_the_browsers_own_request_would),
		TEST(what_blocks_rendering_is_promised_first),
		TEST(nothing_is_promised_twice_on_a_connection),
		TEST(what_the_client_asked_for_itself_is_not_promised),
		TEST(another_connection_knows_nothing_of_it),
		TEST(what_the_origin_forbids_is_not_promised),
		TEST(what_is_of_another_origin_is_not_promised),
		TEST(a_client_that_takes_no_pushes_gets_none),
		TEST(a_page_has_so_many_pushes_at_most),
		TEST(a_connection_has_so_many_pushes_at_most),
		TEST(a_client_without_room_for_streams_gets_what_fits),
		TEST(a_client_whose_share_of_the_origin_is_used_up_gets_none),
		TEST(a_connection_that_ends_gets_none),
		TEST(a_push_that_brings_no_asset_is_taken_back_and_not_repeated_soon),
		TEST(an_error_for_one_client_spares_the_others_nothing),
		TEST(a_push_that_failed_for_this_client_waits),
		TEST(a_cancelled_push_stops_its_fetch_and_its_bytes_are_wasted),
		TEST(a_refused_push_is_counted_as_such),
		TEST(what_clients_of_a_kind_cancel_again_and_again_they_are_not_promised),
		TEST(a_pushed_asset_comes_from_the_cache_if_it_is_there),
		TEST(a_push_outlives_its_page),
		TEST(a_pushed_response_pushes_nothing),
	};
	RUN(tests);
}
