/* Configurations in use, old and new: exchange/generation.c. */
#include "exchange/generation.h"

#include "fake_client.h"

#define OLD                                                                                        \
	"cache: {memory: 1MiB}\n"                                                                  \
	"sites:\n"                                                                                 \
	"  - {hosts: [a.test], origin: {url: 'http://127.0.0.1:80'}}\n"                            \
	"  - {hosts: ['*.b.test'], origin: {url: 'http://127.0.0.2:80'}}\n"
#define NEW                                                                                        \
	"cache: {memory: 1MiB}\n"                                                                  \
	"sites: [{hosts: [c.test], origin: {url: 'http://127.0.0.3:80'}}]\n"

/* The configuration of now, held so that its references can be counted. */
static struct fr_shared *hold(struct fixture *f)
{
	struct fr_shared *shared = worker_shared(f->worker);

	fr_shared_ref(shared);
	return shared;
}

static bool is_held_by_us_alone(struct fixture *f, struct fr_shared *shared)
{
	worker_turn(f->worker);
	return atomic_load(&shared->refs) == 1;
}

static void a_host_finds_its_site(void **state)
{
	struct fixture *f = *state;
	struct fr_generation *g = worker_of(f->worker)->gen;

	assert_ptr_equal(fr_generation_site(g, S("a.test")), &g->sites[0]);
	assert_ptr_equal(fr_generation_site(g, S("x.b.test")), &g->sites[1]);
	assert_null(fr_generation_site(g, S("b.test")));
	assert_null(fr_generation_site(g, S("c.test")));
}

static void generations_are_numbered(void **state)
{
	struct fixture *f = *state;
	uint64_t serial = worker_of(f->worker)->gen->serial;

	worker_reload(f->worker, NEW);
	assert_int_equal(worker_of(f->worker)->gen->serial, serial + 1);
}

static void a_request_ends_under_the_configuration_it_began_under(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = fake_get(f->client, "https://a.test/x", "");

	worker_reload(f->worker, NEW);
	origin_answer(f->worker, "/x", "200 OK", "", "hello");
	assert_string_equal(r->body, "hello");
	assert_int_equal(fake_get(f->client, "https://a.test/x", "")->status, 421);
}

static void the_old_one_goes_with_the_last_that_uses_it(void **state)
{
	struct fixture *f = *state;
	struct fr_shared *old = hold(f);
	struct fake_request *r = fake_get(f->client, "https://a.test/x", "");

	worker_reload(f->worker, NEW);
	assert_false(is_held_by_us_alone(f, old));
	/* the connection has the limits that it was accepted under */
	fake_cancel(r, false);
	assert_false(is_held_by_us_alone(f, old));
	fake_client_free(f->client);
	assert_true(is_held_by_us_alone(f, old));
	fr_shared_unref(&old);
	assert_null(old);
}

static void an_old_one_that_nobody_uses_goes_at_once(void **state)
{
	struct fixture *f = *state;
	struct fr_shared *old;

	worker_reload(f->worker, NEW);
	old = hold(f);
	worker_reload(f->worker, OLD);
	assert_true(is_held_by_us_alone(f, old));
	fr_shared_unref(&old);
}

static void a_push_keeps_the_configuration_of_its_page(void **state)
{
	struct fixture *f = *state;
	struct fr_shared *old = hold(f);
	struct fake_client *c = fake_client_new(f->worker, FAKE_PUSHABLE, 2);
	struct fake_request *page = fake_get(c, "https://a.test/", ""), *push;

	worker_reload(f->worker, NEW);
	origin_answer(f->worker, "/", "200 OK", "Link: </a.css>; rel=preload; as=style\r\n", "<p>");
	push = fake_pushed(page, "https://a.test/a.css");
	origin_answer(f->worker, "/a.css", "200 OK", "", "a{}");
	assert_string_equal(push->body, "a{}");
	fake_client_free(c);
	fake_client_free(f->client);
	assert_true(is_held_by_us_alone(f, old));
	fr_shared_unref(&old);
}

static void idle_origin_connections_of_the_old_one_are_closed(void **state)
{
	struct fixture *f = *state;

	(void)fake_get(f->client, "https://a.test/x", "");
	origin_answer(f->worker, "/x", "200 OK", "", "hello");
	assert_int_equal(worker_count(f->worker, FR_COUNT_ORIGIN_CONNECTIONS_OPEN), 1);
	worker_reload(f->worker, OLD);
	worker_turn(f->worker);
	assert_int_equal(worker_count(f->worker, FR_COUNT_ORIGIN_CONNECTIONS_OPEN), 0);
}

static void a_busy_origin_connection_of_the_old_one_closes_after_its_response(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = fake_get(f->client, "https://a.test/x", "");

	worker_reload(f->worker, OLD);
	worker_turn(f->worker);
	assert_int_equal(worker_count(f->worker, FR_COUNT_ORIGIN_CONNECTIONS_OPEN), 1);
	origin_answer(f->worker, "/x", "200 OK", "", "hello");
	assert_string_equal(r->body, "hello");
	assert_int_equal(worker_count(f->worker, FR_COUNT_ORIGIN_CONNECTIONS_OPEN), 0);
}

FIXTURE(OLD, FAKE_H2)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_host_finds_its_site),
		TEST(generations_are_numbered),
		TEST(a_request_ends_under_the_configuration_it_began_under),
		TEST(the_old_one_goes_with_the_last_that_uses_it),
		TEST(an_old_one_that_nobody_uses_goes_at_once),
		TEST(a_push_keeps_the_configuration_of_its_page),
		TEST(idle_origin_connections_of_the_old_one_are_closed),
		TEST(a_busy_origin_connection_of_the_old_one_closes_after_its_response),
	};
	RUN(tests);
}
