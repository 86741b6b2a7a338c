/* Who may ask the admin interface for what, and its answers: stages/admin/admin.c. */
#include <jansson.h>

#include "base/log.h"
#include "fake_client.h"

#define CONFIG "cache: {memory: 4MiB}\n" ONE_SITE

static struct fake_request *get(struct fixture *f, const char *path, const char *fields)
{
	char url[256];

	(void)snprintf(url, sizeof url, "http://localhost%s", path);
	return fake_get(f->client, url, fields);
}

static struct fake_request *post(struct fixture *f, const char *path)
{
	char url[256];

	(void)snprintf(url, sizeof url, "http://localhost%s", path);
	return fake_send(f->client, "POST", url, "", false);
}

static void assert_error(const struct fake_request *r, int status)
{
	json_t *json = json_loads(r->body, 0, NULL);

	assert_int_equal(r->status, status);
	assert_str(fake_field(r, "content-type"), "application/json");
	if (!json_is_string(json_object_get(json, "error")))
		fail_msg("no error in: %s", r->body);
	json_decref(json);
}

static void a_running_server_is_live_and_ready(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(get(f, "/live", "")->body, "live\n");
	assert_string_equal(get(f, "/ready", "")->body, "ready\n");
	assert_int_equal(get(f, "/ready", "")->status, 200);
}

static void a_server_that_drains_is_live_but_not_ready(void **state)
{
	struct fixture *f = *state;
	struct fake_client *site = fake_client_new(f->worker, FAKE_H2, 2);

	/* a request that is under way keeps the worker */
	(void)fake_get(site, "https://a.test/", "");
	worker_drain(f->worker);
	worker_turn(f->worker);
	assert_int_equal(get(f, "/live", "")->status, 200);
	assert_int_equal(get(f, "/ready", "")->status, 503);
	assert_string_equal(get(f, "/ready", "")->body, "draining\n");
}

static void metrics_are_prometheus_text(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = get(f, "/metrics", "");

	assert_int_equal(r->status, 200);
	assert_str(fake_field(r, "content-type"), "text/plain; version=0.0.4; charset=utf-8");
	assert_non_null(strstr(r->body, "# TYPE "));
}

static void the_status_is_json(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = get(f, "/status", "");
	json_t *json = json_loads(r->body, 0, NULL);

	assert_int_equal(r->status, 200);
	assert_true(json_is_object(json));
	json_decref(json);
}

static void the_dashboard_is_at_the_root(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = get(f, "/", "");

	assert_int_equal(r->status, 200);
	assert_str(fake_field(r, "content-type"), "text/html; charset=utf-8");
	assert_string_equal(get(f, "/dashboard/", "")->body, r->body);
	assert_error(get(f, "/dashboard/nothing", ""), 404);
}

static void every_answer_tells_browsers_what_they_may_do_with_it(void **state)
{
	static const char *const paths[] = {"/", "/live", "/status", "/nothing"};
	struct fixture *f = *state;

	for (size_t i = 0; i < FR_ARRAY_LEN(paths); i++) {
		struct fake_request *r = get(f, paths[i], "");

		assert_true(fr_str_starts(fake_field(r, "content-security-policy"),
		                          S("default-src 'none'")));
		assert_str(fake_field(r, "x-content-type-options"), "nosniff");
		assert_str(fake_field(r, "x-frame-options"), "DENY");
		assert_str(fake_field(r, "cross-origin-resource-policy"), "same-origin");
	}
}

static void a_wrong_method_is_a_405(void **state)
{
	struct fixture *f = *state;

	assert_error(post(f, "/live"), 405);
	assert_error(get(f, "/purge?all=1", ""), 405);
	assert_error(get(f, "/log-level?level=info", ""), 405);
	assert_int_equal(fake_send(f->client, "HEAD", "http://localhost/live", "", false)->status,
	                 200);
}

static void an_unknown_path_is_a_404_that_names_the_known_ones(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = get(f, "/nothing", "");

	assert_error(r, 404);
	assert_non_null(strstr(r->body, "/purge"));
}

/* --- who asks --- */

static void pages_of_other_sites_may_ask_for_nothing(void **state)
{
	struct fixture *f = *state;

	assert_error(get(f, "/status", "origin: https://evil.test\n"), 403);
	assert_error(get(f, "/status", "origin: null\n"), 403);
	assert_error(get(f, "/status", "sec-fetch-site: cross-site\n"), 403);
	assert_error(get(f, "/live", "sec-fetch-site: same-site\n"), 403);
	assert_int_equal(get(f, "/status", "sec-fetch-site: same-origin\n")->status, 200);
	assert_int_equal(get(f, "/status", "sec-fetch-site: none\n")->status, 200);
	assert_int_equal(get(f, "/status", "origin: http://localhost\n")->status, 200);
}

static void without_a_token_the_host_must_be_of_this_machine(void **state)
{
	struct fixture *f = *state;

	assert_error(fake_get(f->client, "http://evil.test/status", ""), 403);
	assert_int_equal(fake_get(f->client, "http://127.0.0.1:9000/status", "")->status, 200);
	assert_int_equal(fake_get(f->client, "http://forerun/status", "")->status, 200);
	assert_int_equal(fake_get(f->client, "http://x.localhost/status", "")->status, 200);
}

static void a_token_is_demanded_where_one_is_configured(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	worker_reload_with_token(f->worker, CONFIG, "a-secret-of-sixteen-bytes");
	r = get(f, "/status", "");
	assert_error(r, 401);
	assert_str(fake_field(r, "www-authenticate"), "Bearer realm=\"forerun\"");
	r = get(f, "/status", "authorization: Bearer a-secret-of-sixteen-bytez\n");
	assert_error(r, 401);
	assert_str(fake_field(r, "www-authenticate"),
	           "Bearer realm=\"forerun\", error=\"invalid_token\"");
	assert_error(get(f, "/status", "authorization: Bearer a-secret\n"), 401);
	assert_error(get(f, "/status", "authorization: Bearer \n"), 401);
	assert_error(get(f, "/nothing", ""), 401);
	assert_int_equal(
		get(f, "/status", "authorization: bearer a-secret-of-sixteen-bytes\n")->status,
		200);
	/* health needs none, nor does the empty dashboard */
	assert_int_equal(get(f, "/live", "")->status, 200);
	assert_int_equal(get(f, "/", "")->status, 200);
}

/* --- log levels --- */

static void the_log_level_can_be_set(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(post(f, "/log-level?level=error")->status, 200);
	assert_int_equal(post(f, "/log-level?level=error&module=h2")->status, 200);
	assert_int_equal(post(f, "/log-level?level=default&module=h2")->status, 200);
}

static void a_log_level_that_is_none_is_a_400(void **state)
{
	struct fixture *f = *state;

	assert_error(post(f, "/log-level"), 400);
	assert_error(post(f, "/log-level?level=loud"), 400);
	assert_error(post(f, "/log-level?level=default"), 400);
	assert_error(post(f, "/log-level?level=error&what=x"), 400);
	assert_error(post(f, "/log-level?level=error%2"), 400);
	assert_error(post(f, "/log-level?level=error-error-error-error"), 400);
}

FIXTURE(CONFIG, FAKE_ADMIN)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_running_server_is_live_and_ready),
		TEST(a_server_that_drains_is_live_but_not_ready),
		TEST(metrics_are_prometheus_text),
		TEST(the_status_is_json),
		TEST(the_dashboard_is_at_the_root),
		TEST(every_answer_tells_browsers_what_they_may_do_with_it),
		TEST(a_wrong_method_is_a_405),
		TEST(an_unknown_path_is_a_404_that_names_the_known_ones),
		TEST(pages_of_other_sites_may_ask_for_nothing),
		TEST(without_a_token_the_host_must_be_of_this_machine),
		TEST(a_token_is_demanded_where_one_is_configured),
		TEST(the_log_level_can_be_set),
		TEST(a_log_level_that_is_none_is_a_400),
	};
	RUN(tests);
}
