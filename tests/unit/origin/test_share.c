/* Shares of an origin's connections: turns, places in the queue, who makes way. */
#include "origin/share.h"

#include "origin/origin_priv.h"
#include "unit.h"

#define NOW_MS 100000u
#define A_LOT 40u

static struct fr_shares shares;
static struct fr_fetch fetches[A_LOT];
static size_t n_fetches;

static struct fr_fetch *add(uint8_t who)
{
	struct fr_fetch *f = &fetches[n_fetches++];

	assert_true(n_fetches <= A_LOT);
	*f = (struct fr_fetch){.moved_ms = NOW_MS, .waits_since_ms = NOW_MS};
	fr_share_join(&shares, f, (const uint8_t[16]){who});
	return f;
}

static struct fr_fetch *waits(uint8_t who)
{
	struct fr_fetch *f = add(who);

	f->state = FR_FETCH_WAITING;
	fr_share_enqueue(&shares, f);
	return f;
}

/* A response that comes without a pause. */
static struct fr_fetch *holds(uint8_t who)
{
	struct fr_fetch *f = add(who);

	f->state = FR_FETCH_RECEIVING;
	fr_share_hold(&shares, f);
	return f;
}

static struct fr_fetch *stalls(uint8_t who, uint64_t ms)
{
	struct fr_fetch *f = holds(who);

	f->is_paused = true;
	f->paused_ms = NOW_MS - ms;
	return f;
}

static int set_up(void **state)
{
	(void)state;
	n_fetches = 0;
	fr_shares_init(&shares, 7);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_fetches; i++) {
		struct fr_fetch *f = &fetches[i];

		if (f->pprev && f->state == FR_FETCH_WAITING)
			fr_share_unqueue(&shares, f);
		else if (f->pprev)
			fr_share_release(&shares, f);
		fr_share_leave(&shares, f);
	}
	assert_int_equal(shares.n_waiting, 0);
	assert_int_equal(shares.n_holders, 0);
	fr_shares_fini(&shares);
	return 0;
}

static void serve(struct fr_fetch *f)
{
	assert_ptr_equal(fr_share_next(&shares), f);
	fr_share_unqueue(&shares, f);
	fr_share_served(&shares, f->share);
	f->state = FR_FETCH_RECEIVING;
	fr_share_hold(&shares, f);
}

static void who_holds_least_is_served_first(void **state)
{
	struct fr_fetch *a, *b;

	(void)state;
	holds(1);
	a = waits(1);
	b = waits(2);
	serve(b);
	serve(a);
	assert_null(fr_share_next(&shares));
}

static void addresses_take_turns(void **state)
{
	struct fr_fetch *a[3], *b[2];

	(void)state;
	for (int i = 0; i < 3; i++)
		a[i] = waits(1);
	for (int i = 0; i < 2; i++)
		b[i] = waits(2);
	serve(a[0]);
	serve(b[0]);
	serve(a[1]);
	serve(b[1]);
	serve(a[2]);
}

static void one_address_is_served_in_order(void **state)
{
	struct fr_fetch *first, *second, *third;

	(void)state;
	first = waits(1);
	second = waits(1);
	third = waits(1);
	fr_share_unqueue(&shares, second);
	serve(first);
	serve(third);
}

static void what_is_promised_counts_as_held(void **state)
{
	struct fr_fetch *a, *b, *c;

	(void)state;
	a = waits(1);
	b = waits(1);
	c = waits(2);
	holds(2);
	fr_share_promise(a);
	assert_ptr_equal(fr_share_next(&shares), b);
	fr_share_promise(b);
	assert_ptr_equal(fr_share_next(&shares), c);
	fr_share_end_promises(&shares);
	assert_ptr_equal(fr_share_next(&shares), a);
}

static void the_latest_of_the_longest_queue_loses_its_place(void **state)
{
	struct fr_fetch *last, *other;

	(void)state;
	waits(1);
	last = waits(1);
	other = add(2);
	assert_ptr_equal(fr_share_crowded(&shares, other), last);
	/* its own new one does not drive out the old ones */
	assert_null(fr_share_crowded(&shares, last));
	fr_share_unqueue(&shares, last);
	assert_null(fr_share_crowded(&shares, other));
}

static void the_longest_stall_makes_way(void **state)
{
	struct fr_fetch *worst, *f;

	(void)state;
	stalls(1, 2000);
	worst = stalls(1, 3000);
	stalls(1, 2500);
	holds(1);
	f = waits(2);
	assert_ptr_equal(fr_share_victim(&shares, f, NOW_MS), worst);
}

static void a_slow_upload_stalls_and_a_fast_one_does_not(void **state)
{
	struct fr_fetch *up, *f;

	(void)state;
	up = holds(1);
	up->state = FR_FETCH_SENDING;
	f = waits(2);
	up->paid_us = (NOW_MS - 10) * 1000ull;
	assert_null(fr_share_victim(&shares, f, NOW_MS));
	up->paid_us = (NOW_MS - 2000) * 1000ull;
	assert_ptr_equal(fr_share_victim(&shares, f, NOW_MS), up);
	/* it is the origin that does not take it */
	up->is_held_up = true;
	assert_null(fr_share_victim(&shares, f, NOW_MS));
	/* all of it was sent: the origin's turn */
	up->is_held_up = false;
	up->request_ended = true;
	assert_null(fr_share_victim(&shares, f, NOW_MS));
}

static void a_stall_makes_no_way_for_who_holds_as_much(void **state)
{
	struct fr_fetch *f;

	(void)state;
	stalls(1, 60000);
	holds(2);
	f = waits(2);
	assert_null(fr_share_victim(&shares, f, NOW_MS));
}

static void a_short_stall_is_none(void **state)
{
	struct fr_fetch *f;

	(void)state;
	stalls(1, FR_SHARE_STALL_MS - 1);
	stalls(1, FR_SHARE_STALL_MS - 1);
	f = waits(2);
	assert_null(fr_share_victim(&shares, f, NOW_MS));
}

static void an_address_makes_way_for_itself_later(void **state)
{
	struct fr_fetch *f, *stalled;

	(void)state;
	stalled = stalls(1, FR_SHARE_STALL_OWN_MS - 1);
	holds(1);
	f = waits(1);
	f->waits_since_ms = 0;
	assert_null(fr_share_victim(&shares, f, NOW_MS));
	stalled->paused_ms--;
	assert_ptr_equal(fr_share_victim(&shares, f, NOW_MS), stalled);
}

/* Nobody stalls: the origin is slow. Who has waited long takes from who holds most. */
static void who_holds_most_makes_way_after_a_while(void **state)
{
	struct fr_fetch *quiet, *f;

	(void)state;
	holds(1);
	quiet = holds(1);
	quiet->moved_ms = NOW_MS - FR_SHARE_PATIENCE_MS;
	holds(3)->moved_ms = 0;
	f = waits(2);
	assert_null(fr_share_victim(&shares, f, NOW_MS));
	f->waits_since_ms = NOW_MS - FR_SHARE_PATIENCE_MS;
	assert_ptr_equal(fr_share_victim(&shares, f, NOW_MS), quiet);
	quiet->moved_ms++;
	assert_null(fr_share_victim(&shares, f, NOW_MS));
	f->waits_since_ms = NOW_MS - 2 * FR_SHARE_PATIENCE_MS;
	assert_ptr_equal(fr_share_victim(&shares, f, NOW_MS), quiet);
}

static void equal_shares_stay_as_they_are(void **state)
{
	struct fr_fetch *f;

	(void)state;
	holds(1);
	holds(1);
	holds(2);
	f = waits(2);
	f->waits_since_ms = 0;
	assert_null(fr_share_victim(&shares, f, NOW_MS));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_holds_least_is_served_first),
		TEST(addresses_take_turns),
		TEST(one_address_is_served_in_order),
		TEST(what_is_promised_counts_as_held),
		TEST(the_latest_of_the_longest_queue_loses_its_place),
		TEST(the_longest_stall_makes_way),
		TEST(a_slow_upload_stalls_and_a_fast_one_does_not),
		TEST(a_stall_makes_no_way_for_who_holds_as_much),
		TEST(a_short_stall_is_none),
		TEST(an_address_makes_way_for_itself_later),
		TEST(who_holds_most_makes_way_after_a_while),
		TEST(equal_shares_stay_as_they_are),
	};

	RUN(tests);
}
