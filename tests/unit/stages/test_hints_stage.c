/* When hints leave, and that each has one decision: stages/hints/hints.c. */
#include "fake_client.h"

#define CONFIG                                                                                     \
	"cache: {memory: 4MiB}\n"                                                                  \
	"sites:\n"                                                                                 \
	"  - hosts: [a.test]\n"                                                                    \
	"    origin: {url: 'http://127.0.0.1:80'}\n"                                               \
	"    hints: {html: false}\n"                                                               \
	"    paths: [{prefix: /off, hints: {push: false, early_hints: off}}]\n"                    \
	"    rules: [{path: '/ruled*', links: ['</r.css>; rel=preload; as=style']}]\n"

#define A "https://a.test/a.css"
#define LINK_A "Link: </a.css>; rel=preload; as=style\r\n"
#define LINK_B "Link: </b.css>; rel=preload; as=style\r\n"

static struct fake_request *get(struct fixture *f, const char *path, const char *fields)
{
	char url[64];

	(void)snprintf(url, sizeof url, "https://a.test%s", path);
	return fake_get(f->client, url, fields);
}

/* A load by another client that shows what the page needs. */
static void teach(struct fixture *f, const char *links)
{
	struct fake_client *other = fake_client_new(f->worker, FAKE_H1, 9);

	(void)fake_get(other, "https://a.test/", "");
	worker_advance(f->worker, 200);
	origin_answer(f->worker, "/", "200 OK", links, "<p>");
	fake_client_free(other);
}

static void what_is_remembered_is_pushed_before_the_origin_answers(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	teach(f, LINK_A);
	r = get(f, "/", "");
	assert_non_null(fake_pushed(r, A));
	/* and the page is asked for first */
	assert_non_null(origin_request(f->worker, "/"));
	origin_answer(f->worker, "/", "200 OK", LINK_A, "<p>");
	assert_int_equal(r->n_pushes, 1);
}

static void the_client_side_is_told_how_long_the_page_will_take(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = get(f, "/", "");

	assert_int_equal(r->think_ms, UINT32_MAX);
	origin_answer(f->worker, "/", "200 OK", "", "<p>");
	teach(f, LINK_A);
	assert_in_range(get(f, "/", "")->think_ms, 150, 300);
}

/* The length that a client got last; other links do not make it unknown. */
static void the_client_side_is_told_how_long_the_page_was(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	teach(f, LINK_A);
	r = get(f, "/", "");
	assert_int_equal(r->due_bytes, 0);
	origin_answer(f->worker, "/", "200 OK", LINK_A, "<p>hello");
	worker_turn(f->worker);
	r = get(f, "/", "");
	assert_int_equal(r->due_bytes, 8);
	origin_answer(f->worker, "/", "200 OK", LINK_A LINK_B, "<p>");
	worker_turn(f->worker);
	assert_in_range(get(f, "/", "")->due_bytes, 3, 8);
}

static void rules_hint_without_any_load_before(void **state)
{
	struct fixture *f = *state;

	assert_non_null(fake_pushed(get(f, "/ruled/x", ""), "https://a.test/r.css"));
	assert_int_equal(get(f, "/other", "")->n_pushes, 0);
}

static void a_request_that_is_no_navigation_gets_nothing_early(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	teach(f, LINK_A);
	r = get(f, "/", "sec-fetch-mode: cors\n");
	assert_int_equal(r->n_pushes, 0);
	origin_answer(f->worker, "/", "200 OK", LINK_A, "<p>");
	assert_int_equal(r->n_pushes, 1);
}

static void a_client_that_asks_whether_it_changed_gets_nothing_early(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	teach(f, LINK_A);
	r = get(f, "/", "if-none-match: \"1\"\n");
	assert_int_equal(r->n_pushes, 0);
	origin_send(f->worker, "/", "HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n" LINK_A "\r\n");
	assert_int_equal(r->n_pushes, 0);
	assert_true(worker_reasons(f->worker, FR_REASON_NOT_PAGE) >= 1);
}

static void pages_that_are_errors_push_nothing(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = get(f, "/", "");

	origin_answer(f->worker, "/", "404 Not Found", LINK_A, "<p>");
	assert_int_equal(r->n_pushes, 0);
	assert_int_equal(worker_reasons(f->worker, FR_REASON_NOT_PAGE), 1);
}

static void requests_other_than_get_push_nothing(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = fake_send(f->client, "POST", "https://a.test/ruled", "", false);

	origin_answer(f->worker, "/ruled", "200 OK", LINK_A, "<p>");
	assert_int_equal(r->n_pushes, 0);
}

static void hints_that_left_before_an_error_are_counted(void **state)
{
	struct fixture *f = *state;

	(void)get(f, "/ruled", "");
	assert_int_equal(worker_count(f->worker, FR_COUNT_HINTS_BEFORE_ERROR), 0);
	origin_answer(f->worker, "/ruled", "302 Found", "Location: /login\r\n", "");
	assert_int_equal(worker_count(f->worker, FR_COUNT_HINTS_BEFORE_ERROR), 1);
}

static void a_page_that_is_given_up_decides_its_hints(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	teach(f, LINK_A "Link: </i.png>; rel=preload; as=image\r\n");
	r = get(f, "/", "");
	assert_int_equal(r->n_pushes, 1);
	fake_cancel(r, false);
	assert_int_equal(worker_reasons(f->worker, FR_REASON_PAGE_GONE), 1);
	assert_int_equal(worker_reasons(f->worker, FR_REASON_PUSHED), 1);
}

static void where_hints_are_off_each_says_so(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = get(f, "/off/x", "");

	origin_answer(f->worker, "/off/x", "200 OK", LINK_A, "<p>");
	assert_int_equal(r->n_pushes, 0);
	assert_int_equal(worker_reasons(f->worker, FR_REASON_SITE_OFF), 1);
}

static void every_hint_has_one_decision(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = get(f, "/", "");
	uint64_t sum = 0;

	origin_answer(f->worker, "/", "200 OK",
	              LINK_A LINK_A "Link: <https://b.test/b.css>; rel=preload; as=style\r\n"
	                            "Link: </c.css>; rel=preload; as=style; nopush\r\n"
	                            "Link: </>; rel=preload; as=document\r\n",
	              "<p>");
	for (int i = 0; i < FR_REASON_COUNT; i++)
		sum += worker_reasons(f->worker, (enum fr_reason)i);
	assert_int_equal(sum, 5);
	assert_int_equal(worker_count(f->worker, FR_COUNT_HINTS), 5);
	assert_int_equal(worker_reasons(f->worker, FR_REASON_UNDECIDED), 0);
	assert_int_equal(r->n_pushes, 1);
}

static void malformed_links_are_counted_and_lose_no_others(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = get(f, "/", "");

	origin_answer(f->worker, "/", "200 OK",
	              "Link: nonsense, </a.css>; rel=preload; as=style\r\n", "<p>");
	assert_int_equal(worker_count(f->worker, FR_COUNT_LINKS_MALFORMED), 1);
	assert_int_equal(r->n_pushes, 1);
}

static void the_link_field_itself_is_passed_on(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = get(f, "/", "");

	origin_answer(f->worker, "/", "200 OK", LINK_A, "<p>");
	assert_str(fake_field(r, "link"), "</a.css>; rel=preload; as=style");
}

static void who_asks_is_told_what_was_done(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = get(f, "/", "forerun-debug: 1\n");

	origin_answer(f->worker, "/", "200 OK", LINK_A, "<p>");
	assert_true(fr_str_starts(fake_field(r, "server-timing"), S("forerun;desc=\"")));
	r = get(f, "/", "");
	origin_answer(f->worker, "/", "200 OK", LINK_A, "<p>");
	assert_null(fake_field(r, "server-timing").p);
}

static void a_page_from_the_cache_pushes_what_is_remembered(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	teach(f, LINK_A "Cache-Control: max-age=60\r\nContent-Type: text/html\r\n");
	r = get(f, "/", "");
	worker_turn(f->worker);
	assert_int_equal(r->status, 200);
	assert_non_null(fake_pushed(r, A));
}

FIXTURE(CONFIG, FAKE_PUSHABLE)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_remembered_is_pushed_before_the_origin_answers),
		TEST(the_client_side_is_told_how_long_the_page_will_take),
		TEST(the_client_side_is_told_how_long_the_page_was),
		TEST(rules_hint_without_any_load_before),
		TEST(a_request_that_is_no_navigation_gets_nothing_early),
		TEST(a_client_that_asks_whether_it_changed_gets_nothing_early),
		TEST(pages_that_are_errors_push_nothing),
		TEST(requests_other_than_get_push_nothing),
		TEST(hints_that_left_before_an_error_are_counted),
		TEST(a_page_that_is_given_up_decides_its_hints),
		TEST(where_hints_are_off_each_says_so),
		TEST(every_hint_has_one_decision),
		TEST(malformed_links_are_counted_and_lose_no_others),
		TEST(the_link_field_itself_is_passed_on),
		TEST(who_asks_is_told_what_was_done),
		TEST(a_page_from_the_cache_pushes_what_is_remembered),
	};
	RUN(tests);
}
