/* Who gets a 103, and what is in it: stages/hints/early_hints.c. */
#include "fake_client.h"

#define CONFIG_WITH(hints)                                                                         \
	"cache: {memory: 4MiB}\n"                                                                  \
	"sites:\n"                                                                                 \
	"  - hosts: [a.test]\n"                                                                    \
	"    origin: {url: 'http://127.0.0.1:80'}\n"                                               \
	"    hints: {html: false, warm: false" hints "}\n"

#define NAVIGATE "sec-fetch-mode: navigate\n"
#define LINK_A "Link: </a.css>; rel=preload; as=style\r\n"
#define LINK_B "Link: </b.js>; rel=preload; as=script\r\n"

static struct fake_request *page(struct fixture *f, const char *fields)
{
	return fake_get(f->client, "https://a.test/", fields);
}

/* A load that shows what the page needs. */
static void teach(struct fixture *f, const char *links)
{
	(void)page(f, NAVIGATE);
	origin_answer(f->worker, "/", "200 OK", links, "<p>");
}

static void what_is_remembered_leaves_while_the_origin_thinks(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	teach(f, LINK_A);
	r = page(f, NAVIGATE);
	assert_int_equal(r->status, 0);
	assert_int_equal(r->n_interims, 1);
	assert_string_equal(r->interims[0], "103 link: </a.css>; rel=preload; as=style\n");
	assert_int_equal(worker_count(f->worker, FR_COUNT_EARLY_HINTS), 1);
	origin_answer(f->worker, "/", "200 OK", LINK_A, "<p>");
	assert_int_equal(r->n_interims, 1);
	assert_int_equal(worker_reasons(f->worker, FR_REASON_HINTED), 1);
}

static void the_first_load_gets_none(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = page(f, NAVIGATE);

	origin_answer(f->worker, "/", "200 OK", LINK_A, "<p>");
	assert_int_equal(r->n_interims, 0);
	assert_int_equal(worker_reasons(f->worker, FR_REASON_WITH_RESPONSE), 1);
}

static void the_origins_own_103_is_passed_on_as_ours(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = page(f, NAVIGATE);

	origin_send(f->worker, "/", "HTTP/1.1 103 Early Hints\r\n" LINK_A "X-A: 1\r\n\r\n");
	assert_int_equal(r->n_interims, 1);
	assert_string_equal(r->interims[0], "103 link: </a.css>; rel=preload; as=style\n");
}

static void a_page_gets_one_103_at_most(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	teach(f, LINK_A);
	r = page(f, NAVIGATE);
	origin_send(f->worker, "/", "HTTP/1.1 103 Early Hints\r\n" LINK_B "\r\n");
	origin_send(f->worker, "/", "HTTP/1.1 103 Early Hints\r\n" LINK_B "\r\n");
	origin_answer(f->worker, "/", "200 OK", LINK_A LINK_B, "<p>");
	assert_int_equal(r->n_interims, 1);
	assert_int_equal(worker_reasons(f->worker, FR_REASON_AFTER_103), 1);
}

static void only_navigations_get_one(void **state)
{
	struct fixture *f = *state;

	teach(f, LINK_A);
	assert_int_equal(page(f, "")->n_interims, 0);
	assert_int_equal(page(f, "sec-fetch-mode: cors\n")->n_interims, 0);
	assert_int_equal(page(f, NAVIGATE)->n_interims, 1);
}

static void every_get_gets_one_where_that_is_configured(void **state)
{
	struct fixture *f = *state;

	worker_reload(f->worker, CONFIG_WITH(", early_hints: always"));
	teach(f, LINK_A);
	assert_int_equal(page(f, "")->n_interims, 1);
}

static void none_leaves_where_they_are_off(void **state)
{
	struct fixture *f = *state;

	worker_reload(f->worker, CONFIG_WITH(", early_hints: off"));
	teach(f, LINK_A);
	assert_int_equal(page(f, NAVIGATE)->n_interims, 0);
	origin_answer(f->worker, "/", "200 OK", LINK_A, "<p>");
	assert_int_equal(worker_reasons(f->worker, FR_REASON_EARLY_OFF), 2);
}

static void http_1_gets_one_only_where_that_is_configured(void **state)
{
	struct fixture *f = *state;

	teach(f, LINK_A);
	f->client = fake_client_new(f->worker, FAKE_H1, 2);
	assert_int_equal(page(f, NAVIGATE)->n_interims, 0);
	worker_reload(f->worker, CONFIG_WITH(", early_hints_http1: true"));
	assert_int_equal(page(f, NAVIGATE)->n_interims, 1);
}

static void a_client_that_takes_pushes_gets_the_origins_103_and_no_other(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	f->client = fake_client_new(f->worker, FAKE_PUSHABLE, 2);
	teach(f, LINK_A);
	f->client = fake_client_new(f->worker, FAKE_PUSHABLE, 3);
	r = page(f, NAVIGATE);
	assert_int_equal(r->n_interims, 0);
	origin_send(f->worker, "/", "HTTP/1.1 103 Early Hints\r\n" LINK_B "\r\n");
	origin_send(f->worker, "/", "HTTP/1.1 103 Early Hints\r\n" LINK_B "\r\n");
	assert_int_equal(r->n_interims, 1);
	assert_string_equal(r->interims[0], "103 link: </b.js>; rel=preload; as=script\n");
}

static void a_103_has_so_many_links_at_most(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	worker_reload(f->worker, CONFIG_WITH(", max_early_hints: 1"));
	teach(f, LINK_A LINK_B);
	r = page(f, NAVIGATE);
	assert_int_equal(r->n_interims, 1);
	assert_null(strstr(r->interims[0], ","));
	origin_answer(f->worker, "/", "200 OK", LINK_A LINK_B, "<p>");
	assert_int_equal(worker_reasons(f->worker, FR_REASON_LIMIT_PAGE), 1);
}

static void what_a_browser_would_fetch_again_is_not_named(void **state)
{
	struct fixture *f = *state;

	teach(f, LINK_A);
	(void)fake_get(f->client, "https://a.test/a.css", "sec-fetch-dest: style\n");
	origin_answer(f->worker, "/a.css", "200 OK", "Cache-Control: no-store\r\n", "a{}");
	assert_int_equal(page(f, NAVIGATE)->n_interims, 0);
	origin_answer(f->worker, "/", "200 OK", LINK_A, "<p>");
	assert_int_equal(worker_reasons(f->worker, FR_REASON_NOT_REUSABLE), 1);
}

static void what_waits_for_nothing_is_not_named_where_the_link_may_be_full(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	/* nothing is known of the path: only what blocks rendering is sure to be worth it */
	teach(f, LINK_A "Link: </i.png>; rel=preload; as=image\r\n");
	r = page(f, NAVIGATE);
	assert_string_equal(r->interims[0], "103 link: </a.css>; rel=preload; as=style\n");
	origin_answer(f->worker, "/", "200 OK", LINK_A "Link: </i.png>; rel=preload; as=image\r\n",
	              "<p>");
	assert_int_equal(worker_reasons(f->worker, FR_REASON_BUDGET), 1);
}

static void on_an_idle_link_it_is_named_as_well(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	fake_client_set_rtt(f->client, 20000);
	(void)page(f, NAVIGATE);
	worker_advance(f->worker, 500); /* of think time */
	origin_answer(f->worker, "/", "200 OK", LINK_A "Link: </i.png>; rel=preload; as=image\r\n",
	              "<p>");
	r = page(f, NAVIGATE);
	assert_string_equal(r->interims[0], "103 link: </a.css>; rel=preload; as=style, "
	                                    "</i.png>; rel=preload; as=image\n");
}

static void what_is_of_another_origin_may_be_named(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = page(f, NAVIGATE);

	origin_send(f->worker, "/",
	            "HTTP/1.1 103 Early Hints\r\nLink: <https://b.test>; rel=preconnect\r\n\r\n");
	assert_int_equal(r->n_interims, 1);
	assert_non_null(strstr(r->interims[0], "https://b.test"));
}

static void the_origins_policy_travels_along_only_where_that_is_configured(void **state)
{
	static const char with_csp[] =
		"HTTP/1.1 103 Early Hints\r\n" LINK_A "Content-Security-Policy: img-src *\r\n\r\n";
	struct fixture *f = *state;
	struct fake_request *r = page(f, NAVIGATE);

	origin_send(f->worker, "/", with_csp);
	assert_null(strstr(r->interims[0], "policy"));
	fake_cancel(r, false);
	worker_reload(f->worker, CONFIG_WITH(", early_hints_csp: true"));
	r = page(f, NAVIGATE);
	origin_send(f->worker, "/", with_csp);
	assert_non_null(strstr(r->interims[0], "content-security-policy: img-src *"));
}

FIXTURE(CONFIG_WITH(""), FAKE_H2)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_remembered_leaves_while_the_origin_thinks),
		TEST(the_first_load_gets_none),
		TEST(the_origins_own_103_is_passed_on_as_ours),
		TEST(a_page_gets_one_103_at_most),
		TEST(only_navigations_get_one),
		TEST(every_get_gets_one_where_that_is_configured),
		TEST(none_leaves_where_they_are_off),
		TEST(http_1_gets_one_only_where_that_is_configured),
		TEST(a_client_that_takes_pushes_gets_the_origins_103_and_no_other),
		TEST(a_103_has_so_many_links_at_most),
		TEST(what_a_browser_would_fetch_again_is_not_named),
		TEST(what_waits_for_nothing_is_not_named_where_the_link_may_be_full),
		TEST(on_an_idle_link_it_is_named_as_well),
		TEST(what_is_of_another_origin_may_be_named),
		TEST(the_origins_policy_travels_along_only_where_that_is_configured),
	};
	RUN(tests);
}
