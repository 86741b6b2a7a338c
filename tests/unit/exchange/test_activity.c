/* What a worker notes for a crash report: exchange/activity.h. */
#include "exchange/activity.h"

#include "fake_client.h"

#define CONFIG "cache: {memory: 1MiB}\n" ONE_SITE

static const struct fr_activity *activity(struct fixture *f)
{
	return worker_of(f->worker)->activity;
}

static void the_request_that_is_worked_on_is_noted(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = fake_get(f->client, "https://a.test/x/y", "");
	const struct fr_activity *a = activity(f);

	assert_string_equal(a->method, "GET");
	assert_str(fr_str_make(a->host, a->host_len), "a.test");
	assert_str(fr_str_make(a->path, a->path_len), "/x/y");
	assert_int_equal(a->version, FR_HTTP_2);
	assert_int_equal(a->clients, 1);
	assert_int_not_equal(a->connection, 0);
	assert_non_null(r->ex);
}

static void queries_are_nobodys_business(void **state)
{
	struct fixture *f = *state;

	(void)fake_get(f->client, "https://a.test/x?token=secret", "");
	assert_str(fr_str_make(activity(f)->path, activity(f)->path_len), "/x");
}

static void an_exchange_is_noted_with_its_connection_and_stream(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = fake_send(f->client, "DELETE", "https://a.test/x", "", false);

	assert_int_equal(activity(f)->exchange, r->ex->seen.id);
	assert_int_equal(activity(f)->stream, r->ex->stream_id);
	assert_int_equal(activity(f)->of_connection, activity(f)->connection);
	assert_string_equal(activity(f)->method, "DELETE");
}

static void what_the_cache_fetches_is_nobodys_exchange(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = fake_get(f->client, "https://a.test/x", "");

	assert_int_equal(activity(f)->exchange, r->ex->seen.id);
	origin_send(f->worker, "/x",
	            "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 9\r\n\r\n");
	r->is_stalled = true;
	origin_send(f->worker, "/x", "hello");
	assert_int_equal(activity(f)->exchange, 0);
	assert_int_equal(activity(f)->of_connection, 0);
	assert_str(fr_str_make(activity(f)->path, activity(f)->path_len), "/x");
}

static void the_worker_is_idle_when_nothing_is_left_to_do(void **state)
{
	struct fixture *f = *state;

	(void)fake_get(f->client, "https://a.test/x", "");
	assert_int_equal(activity(f)->stage, FR_ACTIVITY_IDLE);
}

static void long_names_are_cut(void **state)
{
	struct fr_activity a = {0};
	struct fr_request req = {0};
	char path[4 * FR_ACTIVITY_PATH_BYTES], host[4 * FR_ACTIVITY_HOST_BYTES];

	(void)state;
	memset(path, 'p', sizeof path);
	memset(host, 'h', sizeof host);
	req.method_text = S("PROPFIND-AND-MORE");
	req.authority = fr_str_make(host, sizeof host);
	req.target = fr_str_make(path, sizeof path);
	fr_activity_request(&a, &req, FR_ACTIVITY_REQUEST);
	assert_string_equal(a.method, "PROPFIND-AN");
	assert_int_equal(a.host_len, FR_ACTIVITY_HOST_BYTES);
	assert_int_equal(a.path_len, FR_ACTIVITY_PATH_BYTES);
	assert_int_equal(a.stage, FR_ACTIVITY_REQUEST);
}

static void a_short_method_follows_a_long_one(void **state)
{
	struct fr_activity a = {0};
	struct fr_request req = {.method_text = S("OPTIONS"), .target = S("*")};

	(void)state;
	fr_activity_request(&a, &req, FR_ACTIVITY_REQUEST);
	assert_string_equal(a.method, "OPTIONS");
	req.method_text = S("GET");
	fr_activity_request(&a, &req, FR_ACTIVITY_REQUEST);
	assert_string_equal(a.method, "GET");
}

FIXTURE(CONFIG, FAKE_H2)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_request_that_is_worked_on_is_noted),
		TEST(queries_are_nobodys_business),
		TEST(an_exchange_is_noted_with_its_connection_and_stream),
		TEST(what_the_cache_fetches_is_nobodys_exchange),
		TEST(the_worker_is_idle_when_nothing_is_left_to_do),
		cmocka_unit_test(long_names_are_cut),
		cmocka_unit_test(a_short_method_follows_a_long_one),
	};
	RUN(tests);
}
