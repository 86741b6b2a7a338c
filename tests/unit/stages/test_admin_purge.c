/* What a purge means, and what it takes out: stages/admin/purge.c. */
#include "fake_client.h"

#define CONFIG                                                                                     \
	"cache: {memory: 4MiB}\n"                                                                  \
	"sites:\n"                                                                                 \
	"  - hosts: [a.test]\n"                                                                    \
	"    origin: {url: 'http://127.0.0.1:80'}\n"                                               \
	"    hints: {html: false, early_hints: always, warm: false}\n"                             \
	"    paths: [{prefix: /q, cache: {query_only: [id]}}]\n"                                   \
	"  - hosts: [b.test]\n"                                                                    \
	"    origin: {url: 'http://127.0.0.2:80'}\n"

#define FRESH "Cache-Control: max-age=60\r\n"
#define LINK_A "Link: </a.css>; rel=preload; as=style\r\n"

static void store(struct fixture *f, const char *url, const char *fields)
{
	struct fake_client *c = fake_client_new(f->worker, FAKE_H2, 2);
	const char *target = strchr(url + 8, '/');

	(void)fake_get(c, url, "");
	if (strstr(target, "?utm=1&"))
		target = "/q?id=2";
	origin_answer(f->worker, target, "200 OK", fields, "hello");
	fake_client_free(c);
}

static bool is_stored(struct fixture *f, const char *url)
{
	struct fake_client *c = fake_client_new(f->worker, FAKE_H2, 2);
	struct fake_request *r = fake_get(c, url, "cache-control: only-if-cached\n");

	fake_client_free(c);
	return r->status == 200;
}

/* How many were purged; -1: it was refused. */
static int purge(struct fixture *f, const char *query)
{
	char url[512];
	struct fake_request *r;
	int n;

	(void)snprintf(url, sizeof url, "http://localhost/purge%s", query);
	r = fake_send(f->client, "POST", url, "", false);
	if (r->status == 400)
		return -1;
	assert_int_equal(r->status, 200);
	assert_int_equal(sscanf(r->body, "{\"purged\":%d}\n", &n), 1);
	return n;
}

static void a_url_goes_out_and_its_neighbours_stay(void **state)
{
	struct fixture *f = *state;

	store(f, "https://a.test/x", FRESH);
	store(f, "https://a.test/xy", FRESH);
	assert_int_equal(purge(f, "?url=https://a.test/x"), 1);
	assert_false(is_stored(f, "https://a.test/x"));
	assert_true(is_stored(f, "https://a.test/xy"));
	assert_int_equal(purge(f, "?url=https://a.test/x"), 0);
	assert_int_equal(worker_count(f->worker, FR_COUNT_CACHE_PURGED), 1);
}

static void a_url_may_be_percent_encoded(void **state)
{
	struct fixture *f = *state;

	store(f, "https://a.test/x?a=1&b=2", FRESH);
	assert_int_equal(purge(f, "?url=https%3A%2F%2Fa.test%2Fx%3Fa%3D1%26b%3D2"), 1);
}

static void a_url_is_meant_as_the_rules_of_its_site_read_it(void **state)
{
	struct fixture *f = *state;

	store(f, "https://a.test/q?utm=1&id=2", FRESH);
	assert_int_equal(purge(f, "?url=https%3A%2F%2Fa.test%2Fq%3Fid%3D2%26utm%3D9"), 1);
}

static void a_prefix_takes_all_below_it(void **state)
{
	struct fixture *f = *state;

	store(f, "https://a.test/x/1", FRESH);
	store(f, "https://a.test/x/2", FRESH);
	store(f, "https://a.test/y", FRESH);
	assert_int_equal(purge(f, "?prefix=https://a.test/x/"), 2);
	assert_true(is_stored(f, "https://a.test/y"));
}

static void a_tag_takes_all_that_carry_it(void **state)
{
	struct fixture *f = *state;

	store(f, "https://a.test/x", FRESH "Cache-Tag: news, sport\r\n");
	store(f, "https://a.test/y", FRESH "Cache-Tag: newsletter\r\n");
	assert_int_equal(purge(f, "?tag=news"), 1);
	assert_false(is_stored(f, "https://a.test/x"));
	assert_true(is_stored(f, "https://a.test/y"));
}

static void a_site_takes_all_of_a_host_under_both_schemes(void **state)
{
	struct fixture *f = *state;

	store(f, "https://a.test/x", FRESH);
	store(f, "http://a.test/x", FRESH);
	store(f, "https://a.test:8443/x", FRESH);
	store(f, "https://b.test/x", FRESH);
	assert_int_equal(purge(f, "?site=A.test"), 3);
	assert_true(is_stored(f, "https://b.test/x"));
}

static void all_takes_everything(void **state)
{
	struct fixture *f = *state;

	store(f, "https://a.test/x", FRESH);
	store(f, "https://b.test/x", FRESH);
	assert_int_equal(purge(f, "?all=1"), 2);
	assert_false(is_stored(f, "https://b.test/x"));
}

static void a_soft_purge_makes_stale_what_may_be_validated(void **state)
{
	struct fixture *f = *state;
	struct fake_client *c;

	store(f, "https://a.test/x", FRESH "ETag: \"1\"\r\n");
	assert_int_equal(purge(f, "?url=https://a.test/x&soft=1"), 1);
	assert_false(is_stored(f, "https://a.test/x"));
	c = fake_client_new(f->worker, FAKE_H2, 2);
	(void)fake_get(c, "https://a.test/x", "");
	assert_non_null(strcasestr(origin_request(f->worker, "/x"), "if-none-match: \"1\""));
}

static void what_is_on_its_way_while_it_is_purged_is_not_kept(void **state)
{
	struct fixture *f = *state;
	struct fake_client *c = fake_client_new(f->worker, FAKE_H2, 2);
	struct fake_request *r = fake_get(c, "https://a.test/x", "");

	(void)purge(f, "?url=https://a.test/x");
	origin_answer(f->worker, "/x", "200 OK", FRESH, "hello");
	assert_string_equal(r->body, "hello");
	assert_false(is_stored(f, "https://a.test/x"));
}

static void what_is_not_understood_purges_nothing(void **state)
{
	static const char *const queries[] = {
		"",
		"?",
		"?all=0",
		"?soft=1",
		"?what=1",
		"?all=1&what=1",
		"?url=%zz",
		"?url=https%3A%2F%2Fa.test%2",
		"?url=ftp://a.test/",
		"?url=/x",
		"?site=a.test:80",
		"?site=a/b",
		"?hints=1",
		"?hints=1&tag=a",
		"?hints=1&all=1&soft=1",
	};
	struct fixture *f = *state;

	store(f, "https://a.test/x", FRESH);
	for (size_t i = 0; i < FR_ARRAY_LEN(queries); i++)
		if (purge(f, queries[i]) != -1)
			fail_msg("'%s' was understood", queries[i]);
	assert_true(is_stored(f, "https://a.test/x"));
}

/* --- hints --- */

static bool is_hinted(struct fixture *f, const char *url)
{
	struct fake_client *c = fake_client_new(f->worker, FAKE_H2, 2);
	struct fake_request *r = fake_get(c, url, "");

	fake_client_free(c);
	return r->n_interims > 0;
}

static void hints_are_purged_apart_from_the_cache(void **state)
{
	struct fixture *f = *state;

	store(f, "https://a.test/x", LINK_A);
	store(f, "https://a.test/y", LINK_A);
	store(f, "https://a.test/z", FRESH);
	assert_true(is_hinted(f, "https://a.test/x"));
	assert_int_equal(purge(f, "?hints=1&url=https://a.test/x"), 1);
	assert_false(is_hinted(f, "https://a.test/x"));
	assert_true(is_hinted(f, "https://a.test/y"));
	assert_true(is_stored(f, "https://a.test/z"));
	assert_int_equal(worker_count(f->worker, FR_COUNT_HINTS_PURGED), 1);
	assert_int_equal(worker_count(f->worker, FR_COUNT_CACHE_PURGED), 0);
}

static void hints_of_a_site_and_of_all_are_purged(void **state)
{
	struct fixture *f = *state;

	store(f, "https://a.test/x", LINK_A);
	store(f, "https://b.test/x", LINK_A);
	assert_int_equal(purge(f, "?hints=1&site=a.test"), 1);
	assert_false(is_hinted(f, "https://a.test/x"));
	assert_int_equal(purge(f, "?hints=1&all=1"), 1);
}

FIXTURE(CONFIG, FAKE_ADMIN)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_url_goes_out_and_its_neighbours_stay),
		TEST(a_url_may_be_percent_encoded),
		TEST(a_url_is_meant_as_the_rules_of_its_site_read_it),
		TEST(a_prefix_takes_all_below_it),
		TEST(a_tag_takes_all_that_carry_it),
		TEST(a_site_takes_all_of_a_host_under_both_schemes),
		TEST(all_takes_everything),
		TEST(a_soft_purge_makes_stale_what_may_be_validated),
		TEST(what_is_on_its_way_while_it_is_purged_is_not_kept),
		TEST(what_is_not_understood_purges_nothing),
		TEST(hints_are_purged_apart_from_the_cache),
		TEST(hints_of_a_site_and_of_all_are_purged),
	};
	RUN(tests);
}
