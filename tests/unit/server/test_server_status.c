/* All figures of a running server at one moment: server/status.c. */
#include "fake_client.h"
#include "observe/status.h"
#include "server/server.h"
#include "stages/admin/admin.h"

#define CONFIG "cache: {memory: 4MiB}\n" ONE_SITE

static void snapshot(struct fixture *f, bool with_traffic, struct fr_status *out)
{
	struct fr_shared *shared = worker_shared(f->worker);

	shared->admin->snapshot(shared->server, shared, with_traffic, out);
}

static void counters_are_those_of_the_workers(void **state)
{
	struct fixture *f = *state;
	struct fr_status s;

	(void)fake_get(f->client, "https://a.test/1", "");
	(void)fake_get(f->client, "https://a.test/2", "");
	snapshot(f, false, &s);
	assert_int_equal(s.counters[FR_COUNT_REQUESTS], 2);
	assert_int_equal(s.n_workers, 1);
	assert_int_equal(s.workers[0].connections, 1);
	assert_int_equal(s.workers[0].exchanges, 2);
	fr_status_fini(&s);
}

static void the_cache_says_what_it_holds(void **state)
{
	struct fixture *f = *state;
	struct fr_status s;

	snapshot(f, false, &s);
	assert_int_equal(s.cache_objects, 0);
	assert_int_equal(s.cache_limit, 4u << 20);
	fr_status_fini(&s);
	(void)fake_get(f->client, "https://a.test/1", "");
	origin_answer(f->worker, "/1", "200 OK", "Cache-Control: max-age=60\r\n", "hello");
	snapshot(f, false, &s);
	assert_int_equal(s.cache_objects, 1);
	assert_true(s.cache_held > 5);
	fr_status_fini(&s);
}

static void traffic_is_told_only_where_it_is_asked_for(void **state)
{
	struct fixture *f = *state;
	struct fr_status s;

	(void)fake_get(f->client, "https://a.test/1", "");
	origin_answer(f->worker, "/1", "200 OK", "Content-Type: text/html\r\n", "<p>");
	snapshot(f, false, &s);
	assert_int_equal(s.top.n_pages, 0);
	fr_status_fini(&s);
	snapshot(f, true, &s);
	assert_int_equal(s.top.n_pages, 1);
	assert_string_equal(s.top.pages[0].name, "a.test/1");
	fr_status_fini(&s);
}

static void origins_are_among_them(void **state)
{
	struct fixture *f = *state;
	struct fr_status s;

	(void)fake_get(f->client, "https://a.test/1", "");
	snapshot(f, false, &s);
	assert_int_equal(s.n_origins, 1);
	fr_status_fini(&s);
}

static void a_reload_and_a_drain_show(void **state)
{
	struct fixture *f = *state;
	struct fr_status s;
	unsigned before;

	snapshot(f, false, &s);
	before = s.generation;
	assert_false(s.is_draining);
	fr_status_fini(&s);
	worker_reload(f->worker, CONFIG);
	worker_drain(f->worker);
	snapshot(f, false, &s);
	assert_int_equal(s.generation, before + 1);
	assert_true(s.is_draining);
	fr_status_fini(&s);
}

static void crashes_of_earlier_processes_are_told(void **state)
{
	struct fixture *f = *state;
	struct fr_status s;

	fr_server_note_crashes(worker_shared(f->worker)->server, 3);
	snapshot(f, false, &s);
	assert_int_equal(s.crashes, 3);
	fr_status_fini(&s);
}

static void the_process_itself_is_measured(void **state)
{
	struct fixture *f = *state;
	struct fr_status s;

	snapshot(f, false, &s);
	assert_true(s.rss_bytes > 0);
	assert_true(s.open_fds > 0);
	assert_true(s.max_fds >= s.open_fds);
	assert_non_null(s.memory_level);
	assert_false(s.has_log);
	fr_status_fini(&s);
}

FIXTURE(CONFIG, FAKE_H2)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(counters_are_those_of_the_workers),
		TEST(the_cache_says_what_it_holds),
		TEST(traffic_is_told_only_where_it_is_asked_for),
		TEST(origins_are_among_them),
		TEST(a_reload_and_a_drain_show),
		TEST(crashes_of_earlier_processes_are_told),
		TEST(the_process_itself_is_measured),
	};
	RUN(tests);
}
