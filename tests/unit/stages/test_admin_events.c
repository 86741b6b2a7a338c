/* The status as a stream of events: stages/admin/events.c. */
#include "fake_client.h"

#define CONFIG "cache: {memory: 4MiB}\n" ONE_SITE

static struct fake_request *events(struct fixture *f)
{
	return fake_get(f->client, "http://localhost/events", "");
}

static size_t count(const struct fake_request *r)
{
	size_t n = 0;

	for (const char *p = r->body; (p = strstr(p, "event: status\ndata: {")); p++)
		n++;
	return n;
}

static void the_first_event_comes_at_once_and_then_one_a_second(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = events(f);

	assert_int_equal(r->status, 200);
	assert_str(fake_field(r, "content-type"), "text/event-stream");
	assert_int_equal(count(r), 1);
	assert_false(r->is_complete);
	worker_advance(f->worker, 1100);
	assert_int_equal(count(r), 2);
	worker_advance(f->worker, 2300);
	assert_int_equal(count(r), 4);
	assert_true(fr_str_ends(fr_str_make(r->body, r->body_len), S("\n\n")));
}

static void a_slow_reader_misses_some(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = events(f);

	r->is_stalled = true;
	worker_advance(f->worker, 1100);
	worker_advance(f->worker, 3000);
	r->is_stalled = false;
	worker_turn(f->worker);
	assert_int_equal(count(r), 2);
}

static void there_are_so_many_streams_at_most(void **state)
{
	struct fixture *f = *state;
	struct fake_request *first = events(f);

	for (int i = 1; i < 8; i++)
		assert_int_equal(events(f)->status, 200);
	assert_int_equal(events(f)->status, 503);
	/* one that ends makes room */
	fake_cancel(first, false);
	assert_int_equal(events(f)->status, 200);
}

static void a_stream_lives_through_a_reload(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = events(f);

	worker_reload(f->worker, CONFIG);
	worker_advance(f->worker, 1100);
	assert_int_equal(count(r), 2);
}

static void streams_do_not_hold_up_the_end(void **state)
{
	struct fixture *f = *state;

	/* worker_free ends it */
	(void)events(f);
}

FIXTURE(CONFIG, FAKE_ADMIN)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_event_comes_at_once_and_then_one_a_second),
		TEST(a_slow_reader_misses_some),
		TEST(there_are_so_many_streams_at_most),
		TEST(a_stream_lives_through_a_reload),
		TEST(streams_do_not_hold_up_the_end),
	};
	RUN(tests);
}
