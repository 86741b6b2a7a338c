/* Which connections go when memory or descriptors are short: client/shedding.c. */
#include "client/shedding.h"

#include "exchange/worker.h"
#include "fake_client.h"

#define CONFIG                                                                                     \
	"limits: {response_buffer: 1MiB, spill: 0MiB}\n"                                           \
	"cache: {memory: 1MiB}\n"                                                                  \
	"sites: [{hosts: [a.test], origin: {url: 'http://127.0.0.1:80'}, cache: {enabled: "        \
	"false}}]\n"

/* The fixture's client keeps a request under way, so that it is not idle. */
static void keep_busy(struct fixture *f)
{
	(void)fake_get(f->client, "https://a.test/busy", "");
}

static bool shed_idle(struct fixture *f)
{
	bool found = fr_shed_idle(worker_clients(f->worker));

	worker_turn(f->worker);
	return found;
}

static void shed(struct fixture *f, uint64_t need)
{
	fr_shedding.shed(worker_clients(f->worker), need);
	worker_turn(f->worker);
}

static void the_one_that_waited_longest_makes_room(void **state)
{
	struct fixture *f = *state;
	struct fake_client *second, *third;

	keep_busy(f);
	second = fake_client_new(f->worker, FAKE_H2, 2);
	worker_advance(f->worker, 500);
	third = fake_client_new(f->worker, FAKE_H2, 3);
	assert_true(shed_idle(f));
	assert_false(fake_client_is_open(second));
	assert_true(fake_client_is_open(third));
	assert_true(shed_idle(f));
	assert_false(fake_client_is_open(third));
}

static void who_has_a_request_under_way_is_not_idle(void **state)
{
	struct fixture *f = *state;

	keep_busy(f);
	assert_false(shed_idle(f));
	assert_true(fake_client_is_open(f->client));
}

static void the_admin_interface_stays_reachable(void **state)
{
	struct fixture *f = *state;
	struct fake_client *admin = fake_client_new(f->worker, FAKE_ADMIN, 2);

	keep_busy(f);
	assert_false(shed_idle(f));
	worker_advance(f->worker, 2000);
	shed(f, UINT64_MAX);
	assert_true(fake_client_is_open(admin));
	assert_false(fake_client_is_open(f->client));
}

static void idle_ones_go_before_busy_ones(void **state)
{
	struct fixture *f = *state;
	struct fake_client *idle = fake_client_new(f->worker, FAKE_H2, 2);

	keep_busy(f);
	worker_advance(f->worker, 1100);
	shed(f, 1);
	assert_false(fake_client_is_open(idle));
	assert_true(fake_client_is_open(f->client));
	assert_int_equal(worker_count(f->worker, FR_COUNT_LIMIT_MEMORY_CLOSED), 1);
}

static void no_more_go_than_are_needed(void **state)
{
	struct fixture *f = *state;

	keep_busy(f);
	for (unsigned i = 2; i < 6; i++)
		(void)fake_client_new(f->worker, FAKE_H2, i);
	worker_advance(f->worker, 1100);
	shed(f, 1);
	assert_int_equal(worker_count(f->worker, FR_COUNT_CONNECTIONS_OPEN), 4);
}

static void between_two_requests_nobody_is_idle(void **state)
{
	struct fixture *f = *state;
	struct fake_client *fresh;

	keep_busy(f);
	worker_advance(f->worker, 2000);
	fresh = fake_client_new(f->worker, FAKE_H2, 2);
	shed(f, 1);
	/* it holds no less than others: whoever holds most goes */
	assert_false(fake_client_is_open(f->client));
	assert_true(fake_client_is_open(fresh));
}

static void who_holds_most_goes_first(void **state)
{
	struct fixture *f = *state;
	struct fake_client *heavy = fake_client_new(f->worker, FAKE_H2, 2);
	struct fake_request *r;
	char *body = fr_calloc(1, 400001);

	memset(body, 'x', 400000);
	keep_busy(f);
	r = fake_get(heavy, "https://a.test/x", "");
	r->is_stalled = true;
	origin_answer(f->worker, "/x", "200 OK", "", body);
	shed(f, 10000);
	assert_false(fake_client_is_open(heavy));
	assert_true(fake_client_is_open(f->client));
	free(body);
}

FIXTURE(CONFIG, FAKE_H2)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_one_that_waited_longest_makes_room),
		TEST(who_has_a_request_under_way_is_not_idle),
		TEST(the_admin_interface_stays_reachable),
		TEST(idle_ones_go_before_busy_ones),
		TEST(no_more_go_than_are_needed),
		TEST(between_two_requests_nobody_is_idle),
		TEST(who_holds_most_goes_first),
	};
	RUN(tests);
}
