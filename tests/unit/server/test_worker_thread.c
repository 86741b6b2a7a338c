/* How a worker takes over configurations, drains and ends: server/worker_thread.c. */
#include "fake_client.h"

#define CONFIG                                                                                     \
	"timeouts: {drain: 30s}\n"                                                                 \
	"cache: {memory: 1MiB}\n" ONE_SITE

static void a_drain_waits_for_requests_that_are_under_way(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = fake_get(f->client, "https://a.test/x", "");

	worker_drain(f->worker);
	worker_advance(f->worker, 5000);
	assert_true(worker_of(f->worker)->is_draining);
	assert_true(fake_client_is_drained(f->client));
	assert_int_equal(worker_count(f->worker, FR_COUNT_CONNECTIONS_OPEN), 1);
	origin_answer(f->worker, "/x", "200 OK", "", "hello");
	assert_string_equal(r->body, "hello");
	assert_int_equal(worker_count(f->worker, FR_COUNT_TIMEOUT_DRAIN), 0);
}

static void what_is_left_after_the_drains_time_is_cut(void **state)
{
	struct fixture *f = *state;

	(void)fake_get(f->client, "https://a.test/x", "");
	worker_drain(f->worker);
	worker_advance(f->worker, 31000);
	assert_int_equal(worker_count(f->worker, FR_COUNT_CONNECTIONS_OPEN), 0);
	assert_int_equal(worker_count(f->worker, FR_COUNT_TIMEOUT_DRAIN), 1);
	assert_int_equal(worker_count(f->worker, FR_COUNT_REQUESTS_ABORTED), 1);
}

static void told_to_stop_again_it_cuts_at_once(void **state)
{
	struct fixture *f = *state;

	(void)fake_get(f->client, "https://a.test/x", "");
	worker_drain(f->worker);
	worker_turn(f->worker);
	assert_int_equal(worker_count(f->worker, FR_COUNT_CONNECTIONS_OPEN), 1);
	worker_drain(f->worker);
	worker_turn(f->worker);
	assert_int_equal(worker_count(f->worker, FR_COUNT_CONNECTIONS_OPEN), 0);
}

static void the_admin_interface_does_not_hold_up_the_end(void **state)
{
	struct fixture *f = *state;
	struct fake_client *admin = fake_client_new(f->worker, FAKE_ADMIN, 2);

	(void)fake_get(admin, "http://localhost/events", "");
	fake_client_free(f->client);
	worker_drain(f->worker);
	worker_advance(f->worker, 100);
	/* the last client of a site has gone: the worker has ended */
	assert_null(worker_of(f->worker)->gen);
	assert_int_equal(worker_count(f->worker, FR_COUNT_CONNECTIONS_OPEN), 0);
}

static void what_is_fetched_behind_does_not_hold_up_the_end(void **state)
{
	struct fixture *f = *state;

	(void)fake_get(f->client, "https://a.test/x", "");
	origin_answer(f->worker, "/x", "200 OK",
	              "Cache-Control: max-age=1, stale-while-revalidate=60\r\n", "hello");
	worker_advance(f->worker, 2100);
	(void)fake_get(f->client, "https://a.test/x", "");
	assert_int_equal(worker_count(f->worker, FR_COUNT_FILLS_OPEN), 1);
	fake_client_free(f->client);
	worker_drain(f->worker);
	worker_advance(f->worker, 100);
	assert_int_equal(worker_count(f->worker, FR_COUNT_FILLS_OPEN), 0);
	assert_null(worker_of(f->worker)->gen);
}

static void the_date_is_the_wall_clocks(void **state)
{
	struct fixture *f = *state;

	assert_str(fr_worker_date(worker_of(f->worker)), "Tue, 14 Nov 2023 22:30:00 GMT");
	worker_advance(f->worker, 900);
	assert_str(fr_worker_date(worker_of(f->worker)), "Tue, 14 Nov 2023 22:30:00 GMT");
	worker_advance(f->worker, 200);
	assert_str(fr_worker_date(worker_of(f->worker)), "Tue, 14 Nov 2023 22:30:01 GMT");
}

static void connections_are_counted(void **state)
{
	struct fixture *f = *state;
	struct fake_client *second = fake_client_new(f->worker, FAKE_H2, 2);

	assert_int_equal(worker_of(f->worker)->n_clients, 2);
	fake_client_free(second);
	assert_int_equal(worker_of(f->worker)->n_clients, 1);
}

FIXTURE(CONFIG, FAKE_H2)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_drain_waits_for_requests_that_are_under_way),
		TEST(what_is_left_after_the_drains_time_is_cut),
		TEST(told_to_stop_again_it_cuts_at_once),
		TEST(the_admin_interface_does_not_hold_up_the_end),
		TEST(what_is_fetched_behind_does_not_hold_up_the_end),
		TEST(the_date_is_the_wall_clocks),
		TEST(connections_are_counted),
	};
	RUN(tests);
}
