/* Which site answers a request: exchange/route.c. */
#include "fake_client.h"

#define SITES                                                                                      \
	"cache: {memory: 1MiB}\n"                                                                  \
	"sites:\n"                                                                                 \
	"  - {hosts: [a.test], origin: {url: 'http://127.0.0.1:80', host: origin}}\n"              \
	"  - {hosts: ['*.w.test'], origin: {url: 'http://127.0.0.2:80', host: origin}}\n"

/* The origin that is asked for the URL; "": none. */
static const char *origin_of(struct fixture *f, const char *url, const char *target)
{
	static const char *const names[] = {"127.0.0.1", "127.0.0.2", "127.0.0.3"};
	struct fake_request *r = fake_get(f->client, url, "");
	const char *head = origin_request(f->worker, target), *found = "";
	char line[64];

	for (size_t i = 0; head && i < FR_ARRAY_LEN(names); i++) {
		(void)snprintf(line, sizeof line, "\r\nhost: %s:80\r\n", names[i]);
		if (strcasestr(head, line))
			found = names[i];
	}
	if (head)
		origin_answer(f->worker, target, "200 OK", "", "");
	assert_non_null(r);
	return found;
}

static void the_host_chooses_the_site(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(origin_of(f, "https://a.test/1", "/1"), "127.0.0.1");
	assert_string_equal(origin_of(f, "https://x.w.test/2", "/2"), "127.0.0.2");
	assert_string_equal(origin_of(f, "https://x.y.w.test/3", "/3"), "127.0.0.2");
}

static void requests_of_one_connection_may_be_for_several_sites(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 3; i++) {
		assert_string_equal(origin_of(f, "https://a.test/a", "/a"), "127.0.0.1");
		assert_string_equal(origin_of(f, "https://x.w.test/b", "/b"), "127.0.0.2");
	}
}

static void case_and_the_default_port_tell_no_hosts_apart(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(origin_of(f, "https://A.Test/1", "/1"), "127.0.0.1");
	assert_string_equal(origin_of(f, "https://a.test:443/2", "/2"), "127.0.0.1");
	assert_string_equal(origin_of(f, "https://a.test:8443/3", "/3"), "127.0.0.1");
}

static void a_host_that_no_site_has_is_a_421(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fake_get(f->client, "https://b.test/", "")->status, 421);
	assert_int_equal(fake_get(f->client, "https://w.test/", "")->status, 421);
	assert_int_equal(origin_requests(f->worker), 0);
	assert_int_equal(worker_count(f->worker, FR_COUNT_REQUESTS_REFUSED), 2);
}

static void a_malformed_host_is_a_400(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fake_get(f->client, "https://a.test:port/", "")->status, 400);
	assert_int_equal(fake_get(f->client, "https://a@b/", "")->status, 400);
}

static void a_refusal_is_not_remembered_for_the_next_request(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fake_get(f->client, "https://b.test/", "")->status, 421);
	assert_string_equal(origin_of(f, "https://a.test/1", "/1"), "127.0.0.1");
	assert_int_equal(fake_get(f->client, "https://b.test/", "")->status, 421);
}

static void after_a_reload_the_new_site_answers_on_old_connections(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(origin_of(f, "https://a.test/1", "/1"), "127.0.0.1");
	worker_reload(f->worker, "cache: {memory: 1MiB}\n"
	                         "sites: [{hosts: [a.test], origin: {url: 'http://127.0.0.3:80',"
	                         " host: origin}}]\n");
	assert_string_equal(origin_of(f, "https://a.test/2", "/2"), "127.0.0.3");
	assert_int_equal(fake_get(f->client, "https://x.w.test/", "")->status, 421);
}

FIXTURE(SITES, FAKE_H2)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_host_chooses_the_site),
		TEST(requests_of_one_connection_may_be_for_several_sites),
		TEST(case_and_the_default_port_tell_no_hosts_apart),
		TEST(a_host_that_no_site_has_is_a_421),
		TEST(a_malformed_host_is_a_400),
		TEST(a_refusal_is_not_remembered_for_the_next_request),
		TEST(after_a_reload_the_new_site_answers_on_old_connections),
	};
	RUN(tests);
}
