/* A worker's loop: what is to be looked at again soon. */
#include "net/loop.h"

#include "unit.h"

static struct fr_loop *loop;
static struct fr_recheck a, b;
static int runs_a, runs_b;
static uint64_t began_ms, ended_ms;

static void on_wake(void *user)
{
	(void)user;
}

static void run_b(void *user)
{
	(void)user;
	runs_b++;
	ended_ms = fr_loop_now(loop);
	fr_loop_stop(loop);
}

/* Queues itself twice more, then lets b run. */
static void run_a(void *user)
{
	(void)user;
	runs_a++;
	if (runs_a < 3)
		fr_loop_recheck(loop, &a);
	else
		fr_loop_recheck(loop, &b);
}

static void run_stop_b(void *user)
{
	(void)user;
	runs_a++;
	fr_recheck_stop(&b);
	fr_loop_stop(loop);
}

static int set_up(void **state)
{
	(void)state;
	runs_a = runs_b = 0;
	a = (struct fr_recheck){.run = run_a};
	b = (struct fr_recheck){.run = run_b};
	assert_int_equal(fr_loop_new(on_wake, NULL, &loop), 0);
	began_ms = fr_loop_now(loop);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fr_loop_free(&loop);
	return 0;
}

static void what_is_queued_again_from_within_runs_a_next_time(void **state)
{
	(void)state;
	fr_loop_recheck(loop, &a);
	fr_loop_recheck(loop, &a);
	fr_loop_run(loop);
	assert_int_equal(runs_a, 3);
	assert_int_equal(runs_b, 1);
	/* four times, each later than at once */
	assert_true(ended_ms - began_ms >= 4);
}

static void what_is_stopped_does_not_run(void **state)
{
	(void)state;
	a.run = run_stop_b;
	/* the last one queued is the first to run */
	fr_loop_recheck(loop, &b);
	fr_loop_recheck(loop, &a);
	fr_loop_run(loop);
	assert_int_equal(runs_a, 1);
	assert_int_equal(runs_b, 0);
	fr_recheck_stop(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_queued_again_from_within_runs_a_next_time,
	                                        set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_stopped_does_not_run, set_up, tear_down),
	};

	RUN(tests);
}
