/* What a client's own cache holds, by the digest in its cookie: stages/hints/client_cache.c. */
#include "fake_client.h"
#include "hints/digest.h"

#define CONFIG                                                                                     \
	"cache: {memory: 4MiB}\n"                                                                  \
	"sites:\n"                                                                                 \
	"  - hosts: [a.test]\n"                                                                    \
	"    origin: {url: 'http://127.0.0.1:80'}\n"                                               \
	"    hints: {html: false, memory: false}\n"                                                \
	"    paths: [{prefix: /off, hints: {digest: false}}]\n"

#define LINK_A "Link: </a.css>; rel=preload; as=style\r\n"
#define PRIVATE "Cache-Control: private\r\n"

static struct fake_request *load(struct fixture *f, const char *path, const char *fields,
                                 const char *answer)
{
	char url[128];
	struct fake_request *r;

	(void)snprintf(url, sizeof url, "https://a.test%s", path);
	r = fake_get(f->client, url, fields);
	origin_answer(f->worker, path, "200 OK", answer, "<p>");
	return r;
}

/* Of "fr-digest=VALUE; Path=/; ...": a Cookie line with VALUE; static. */
static const char *cookie_of(const struct fake_request *r)
{
	static char line[FR_DIGEST_MAX_BYTES + 64];
	struct fr_str set = fake_field(r, "set-cookie");

	assert_true(fr_str_starts(set, S("fr-digest=")));
	(void)snprintf(line, sizeof line, "cookie: a=b; %.*s; c=d\n", (int)fr_str_find(set, ';'),
	               set.p);
	return line;
}

static void another_client(struct fixture *f, unsigned number)
{
	f->client = fake_client_new(f->worker, FAKE_PUSHABLE, number);
	fake_client_set_tls(f->client);
}

static void a_page_with_pushes_brings_a_cookie_that_spares_them_next_time(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	another_client(f, 2);
	r = load(f, "/", "", PRIVATE LINK_A);
	assert_int_equal(r->n_pushes, 1);
	assert_int_equal(worker_count(f->worker, FR_COUNT_DIGESTS_SET), 1);
	another_client(f, 2);
	r = load(f, "/", cookie_of(r), PRIVATE LINK_A);
	assert_int_equal(r->n_pushes, 0);
	assert_int_equal(worker_reasons(f->worker, FR_REASON_CACHED), 1);
	/* it says nothing new */
	assert_null(fake_field(r, "set-cookie").p);
}

static void the_cookie_is_for_https_and_out_of_scripts_reach(void **state)
{
	struct fixture *f = *state;
	struct fr_str set;

	another_client(f, 2);
	set = fake_field(load(f, "/", "", PRIVATE LINK_A), "set-cookie");
	assert_non_null(memmem(set.p, set.len, "; Path=/; Max-Age=", 18));
	assert_true(fr_str_ends(set, S("; Secure; HttpOnly; SameSite=Lax")));
}

static void the_origin_does_not_see_the_cookie(void **state)
{
	struct fixture *f = *state;

	(void)fake_get(f->client, "https://a.test/", "cookie: a=b; fr-digest=xyz; c=d\n");
	assert_non_null(strcasestr(origin_request(f->worker, "/"), "\r\ncookie: a=b; c=d\r\n"));
	assert_null(strstr(origin_request(f->worker, "/"), "fr-digest"));
}

static void a_cookie_field_with_nothing_else_in_it_is_gone(void **state)
{
	struct fixture *f = *state;

	(void)fake_get(f->client, "https://a.test/", "cookie: fr-digest=xyz\n");
	assert_null(strcasestr(origin_request(f->worker, "/"), "\r\ncookie"));
}

static void a_cookie_that_is_none_of_ours_is_counted_and_no_more(void **state)
{
	struct fixture *f = *state;

	another_client(f, 2);
	assert_int_equal(load(f, "/", "cookie: fr-digest=!!\n", PRIVATE LINK_A)->n_pushes, 1);
	assert_int_equal(worker_count(f->worker, FR_COUNT_DIGESTS_MALFORMED), 1);
}

static void no_cookie_goes_with_what_others_may_get(void **state)
{
	struct fixture *f = *state;

	another_client(f, 2);
	assert_null(
		fake_field(load(f, "/", "", "Cache-Control: max-age=60\r\n" LINK_A), "set-cookie")
			.p);
}

static void no_cookie_goes_over_plain_connections(void **state)
{
	struct fixture *f = *state;

	assert_null(fake_field(load(f, "/", "", PRIVATE LINK_A), "set-cookie").p);
}

static void no_cookie_goes_to_clients_without_push(void **state)
{
	struct fixture *f = *state;

	f->client = fake_client_new(f->worker, FAKE_H2, 2);
	fake_client_set_tls(f->client);
	assert_null(fake_field(load(f, "/", "", PRIVATE LINK_A), "set-cookie").p);
}

static void no_cookie_is_given_or_believed_where_that_is_off(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	another_client(f, 2);
	r = load(f, "/", "", PRIVATE LINK_A);
	another_client(f, 3);
	assert_int_equal(load(f, "/off/x", cookie_of(r), PRIVATE LINK_A)->n_pushes, 1);
	assert_int_equal(worker_count(f->worker, FR_COUNT_DIGESTS_SET), 1);
}

static void an_asset_that_changed_is_pushed_in_spite_of_the_cookie(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	another_client(f, 2);
	(void)load(f, "/a.css", "sec-fetch-dest: style\n",
	           "ETag: \"1\"\r\nCache-Control: max-age=86400\r\n");
	r = load(f, "/", "", PRIVATE LINK_A);
	another_client(f, 3);
	assert_int_equal(load(f, "/", cookie_of(r), PRIVATE LINK_A)->n_pushes, 0);
	/* the origin has a newer one */
	(void)fake_get(f->client, "https://a.test/a.css",
	               "sec-fetch-dest: style\ncache-control: no-cache\n");
	origin_answer(f->worker, "/a.css", "200 OK",
	              "ETag: \"2\"\r\nCache-Control: max-age=86400\r\n", "a{}");
	another_client(f, 4);
	assert_int_equal(load(f, "/", cookie_of(r), PRIVATE LINK_A)->n_pushes, 1);
}

static void a_response_that_clears_the_cache_clears_the_cookie(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	another_client(f, 2);
	r = load(f, "/", "", PRIVATE LINK_A);
	r = load(f, "/", cookie_of(r), PRIVATE "Clear-Site-Data: \"cache\"\r\n");
	assert_true(fr_str_starts(fake_field(r, "set-cookie"), S("fr-digest=; Path=/; Max-Age=0")));
	/* and it may be pushed again on this connection */
	assert_int_equal(load(f, "/", "", PRIVATE LINK_A)->n_pushes, 1);
}

FIXTURE(CONFIG, FAKE_PUSHABLE)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_page_with_pushes_brings_a_cookie_that_spares_them_next_time),
		TEST(the_cookie_is_for_https_and_out_of_scripts_reach),
		TEST(the_origin_does_not_see_the_cookie),
		TEST(a_cookie_field_with_nothing_else_in_it_is_gone),
		TEST(a_cookie_that_is_none_of_ours_is_counted_and_no_more),
		TEST(no_cookie_goes_with_what_others_may_get),
		TEST(no_cookie_goes_over_plain_connections),
		TEST(no_cookie_goes_to_clients_without_push),
		TEST(no_cookie_is_given_or_believed_where_that_is_off),
		TEST(an_asset_that_changed_is_pushed_in_spite_of_the_cookie),
		TEST(a_response_that_clears_the_cache_clears_the_cookie),
	};
	RUN(tests);
}
