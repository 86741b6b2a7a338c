/* What loads teach for the next ones: stages/hints/learn.c. */
#include "fake_client.h"

#define CONFIG                                                                                     \
	"cache: {memory: 4MiB}\n"                                                                  \
	"sites:\n"                                                                                 \
	"  - hosts: [a.test]\n"                                                                    \
	"    origin: {url: 'http://127.0.0.1:80'}\n"                                               \
	"    hints: {html: false, early_hints: always, warm: false, witnesses: 2,"                 \
	" max_push_bytes_per_page: 1000}\n"                                                        \
	"    cache: {enabled: false}\n"                                                            \
	"    paths:\n"                                                                             \
	"      - {prefix: /forgets, hints: {memory: false}}\n"                                     \
	"      - {prefix: /queries, hints: {keep_query: true}}\n"

#define LINK_A "Link: </a.css>; rel=preload; as=style\r\n"
#define NAMED_A "103 link: </a.css>; rel=preload; as=style\n"

static struct fake_request *get(struct fixture *f, const char *path, const char *fields)
{
	char url[256];

	(void)snprintf(url, sizeof url, "https://a.test%s", path);
	return fake_get(f->client, url, fields);
}

static void load(struct fixture *f, const char *path, const char *fields, const char *answer)
{
	(void)get(f, path, fields);
	origin_answer(f->worker, path, "200 OK", answer, "<p>");
}

/* The 103 that the next load of it gets; "": none. */
static const char *named(struct fixture *f, const char *path, const char *fields)
{
	struct fake_request *r = get(f, path, fields);

	fake_cancel(r, false);
	return r->n_interims ? r->interims[0] : "";
}

static void the_links_of_a_page_are_remembered(void **state)
{
	struct fixture *f = *state;

	load(f, "/", "", LINK_A);
	assert_string_equal(named(f, "/", ""), NAMED_A);
	assert_string_equal(named(f, "/other", ""), "");
}

static void others_get_what_one_load_without_credentials_showed(void **state)
{
	struct fixture *f = *state;

	load(f, "/", "", LINK_A);
	f->client = fake_client_new(f->worker, FAKE_H2, 2);
	assert_string_equal(named(f, "/", ""), NAMED_A);
}

static void what_a_personal_load_showed_needs_witnesses(void **state)
{
	struct fixture *f = *state;
	struct fake_client *second, *third;

	second = fake_client_new(f->worker, FAKE_H2, 2);
	third = fake_client_new(f->worker, FAKE_H2, 3);
	load(f, "/", "cookie: session=1\n", LINK_A);
	f->client = third;
	assert_string_equal(named(f, "/", "cookie: session=3\n"), "");
	f->client = second;
	load(f, "/", "cookie: session=2\n", LINK_A);
	f->client = third;
	assert_string_equal(named(f, "/", "cookie: session=3\n"), NAMED_A);
}

static void where_memory_is_off_nothing_is_remembered(void **state)
{
	struct fixture *f = *state;

	load(f, "/forgets", "", LINK_A);
	assert_string_equal(named(f, "/forgets", ""), "");
}

static void errors_teach_nothing(void **state)
{
	struct fixture *f = *state;

	(void)get(f, "/", "");
	origin_answer(f->worker, "/", "404 Not Found", LINK_A, "<p>");
	assert_string_equal(named(f, "/", ""), "");
}

static void what_the_page_no_longer_names_is_forgotten(void **state)
{
	struct fixture *f = *state;

	load(f, "/", "", LINK_A);
	load(f, "/", "", "Content-Type: text/html\r\n");
	f->client = fake_client_new(f->worker, FAKE_H2, 2);
	load(f, "/", "", "Content-Type: text/html\r\n");
	assert_string_equal(named(f, "/", ""), "");
}

static void an_answer_in_another_format_takes_nothing_away(void **state)
{
	struct fixture *f = *state;

	load(f, "/", "", LINK_A);
	load(f, "/", "", "Content-Type: application/json\r\n");
	f->client = fake_client_new(f->worker, FAKE_H2, 2);
	load(f, "/", "", "Content-Type: application/json\r\n");
	assert_string_equal(named(f, "/", ""), NAMED_A);
}

static void queries_tell_pages_apart_where_that_is_configured(void **state)
{
	struct fixture *f = *state;

	load(f, "/queries?a=1", "", LINK_A);
	assert_string_equal(named(f, "/queries?a=1", ""), NAMED_A);
	assert_string_equal(named(f, "/queries?a=2", ""), "");
	load(f, "/p", "", LINK_A);
	assert_string_equal(named(f, "/p?a=1", ""), "");
}

static void an_asset_that_is_gone_for_all_is_forgotten(void **state)
{
	struct fixture *f = *state;

	load(f, "/", "", LINK_A);
	(void)get(f, "/a.css", "sec-fetch-dest: style\n");
	origin_answer(f->worker, "/a.css", "404 Not Found", "", "");
	(void)get(f, "/a.css", "sec-fetch-dest: style\ncookie: session=1\n");
	origin_answer(f->worker, "/a.css", "404 Not Found", "", "");
	load(f, "/", "", "");
	assert_int_equal(worker_count(f->worker, FR_COUNT_HINTS_FORGOTTEN), 1);
	assert_int_equal(worker_reasons(f->worker, FR_REASON_GONE), 1);
	assert_string_equal(named(f, "/", ""), "");
}

static void an_asset_that_is_gone_for_one_kind_stays_for_the_other(void **state)
{
	struct fixture *f = *state;

	load(f, "/", "", LINK_A);
	(void)get(f, "/a.css", "sec-fetch-dest: style\ncookie: session=1\n");
	origin_answer(f->worker, "/a.css", "404 Not Found", "", "");
	assert_string_equal(named(f, "/", ""), NAMED_A);
	assert_int_equal(worker_count(f->worker, FR_COUNT_HINTS_FORGOTTEN), 0);
}

static void the_sizes_of_assets_bound_what_a_page_pushes(void **state)
{
	struct fixture *f = *state;
	char body[602] = {0};
	struct fake_request *r;

	memset(body, 'x', sizeof body - 1);
	f->client = fake_client_new(f->worker, FAKE_H2, 2);
	(void)get(f, "/a.css", "sec-fetch-dest: style\n");
	origin_answer(f->worker, "/a.css", "200 OK", "", body);
	(void)get(f, "/b.css", "sec-fetch-dest: style\n");
	origin_answer(f->worker, "/b.css", "200 OK", "", body);
	f->client = fake_client_new(f->worker, FAKE_PUSHABLE, 3);
	r = get(f, "/", "");
	origin_answer(f->worker, "/", "200 OK", LINK_A "Link: </b.css>; rel=preload; as=style\r\n",
	              "<p>");
	assert_int_equal(r->n_pushes, 1);
	assert_int_equal(worker_reasons(f->worker, FR_REASON_LIMIT_BYTES), 1);
}

static void how_long_the_origin_thinks_is_remembered(void **state)
{
	struct fixture *f = *state;

	(void)get(f, "/", "");
	worker_advance(f->worker, 400);
	origin_answer(f->worker, "/", "200 OK", LINK_A, "<p>");
	assert_in_range(get(f, "/", "")->think_ms, 390, 500);
}

FIXTURE(CONFIG, FAKE_H2)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_links_of_a_page_are_remembered),
		TEST(others_get_what_one_load_without_credentials_showed),
		TEST(what_a_personal_load_showed_needs_witnesses),
		TEST(where_memory_is_off_nothing_is_remembered),
		TEST(errors_teach_nothing),
		TEST(what_the_page_no_longer_names_is_forgotten),
		TEST(an_answer_in_another_format_takes_nothing_away),
		TEST(queries_tell_pages_apart_where_that_is_configured),
		TEST(an_asset_that_is_gone_for_all_is_forgotten),
		TEST(an_asset_that_is_gone_for_one_kind_stays_for_the_other),
		TEST(the_sizes_of_assets_bound_what_a_page_pushes),
		TEST(how_long_the_origin_thinks_is_remembered),
	};
	RUN(tests);
}
