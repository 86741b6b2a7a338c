/* How threads tell one another that something changed: net/wakeup.c. */
#include "net/wakeup.h"

#include "unit.h"

static struct fr_loop *loop;
static struct fr_wakeup_queue queue;
static unsigned runs, wakes;

static void on_wake(void *user)
{
	(void)user;
	wakes++;
	fr_wakeups_run(&queue);
}

static int set_up(void **state)
{
	(void)state;
	runs = wakes = 0;
	memset(&queue, 0, sizeof queue);
	assert_int_equal(fr_loop_new(on_wake, NULL, &loop), 0);
	fr_wakeups_init(&queue, loop);
	return 0;
}

/* Runs the loop until nothing is left to do: what was posted has run then. */
static void finish(void)
{
	fr_loop_stop(loop);
	fr_loop_run(loop);
}

static int tear_down(void **state)
{
	(void)state;
	fr_wakeups_fini(&queue);
	fr_loop_free(&loop);
	return 0;
}

static void run(void *user)
{
	unsigned *n = user;

	++*n;
}

static void wake(struct fr_wakeup *n)
{
	n->watcher.wake(&n->watcher);
}

static void *wake_elsewhere(void *user)
{
	for (int i = 0; i < 100; i++)
		wake(user);
	return NULL;
}

static void on_another_thread(struct fr_wakeup *n)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, wake_elsewhere, n), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void it_runs_later_and_once_for_any_number_of_wakes(void **state)
{
	struct fr_wakeup *n = fr_wakeup_new(&queue, run, &runs);

	(void)state;
	wake(n);
	wake(n);
	assert_int_equal(runs, 0);
	finish();
	assert_int_equal(runs, 1);
	/* on its own thread nothing had to be woken */
	assert_int_equal(wakes, 0);
	fr_wakeup_close(&n);
	assert_null(n);
}

static void it_runs_on_its_own_thread_whoever_wakes_it(void **state)
{
	struct fr_wakeup *n = fr_wakeup_new(&queue, run, &runs);

	(void)state;
	on_another_thread(n);
	assert_int_equal(runs, 0);
	fr_wakeups_run(&queue);
	assert_int_equal(runs, 1);
	/* and it may be woken again */
	on_another_thread(n);
	fr_wakeups_run(&queue);
	assert_int_equal(runs, 2);
	fr_wakeup_close(&n);
	finish();
}

static void several_run_each(void **state)
{
	unsigned counts[3] = {0};
	struct fr_wakeup *n[3];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		n[i] = fr_wakeup_new(&queue, run, &counts[i]);
		wake(n[i]);
	}
	finish();
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(counts[i], 1);
		fr_wakeup_close(&n[i]);
	}
}

static void one_that_was_closed_does_not_run(void **state)
{
	struct fr_wakeup *own = fr_wakeup_new(&queue, run, &runs),
			 *posted = fr_wakeup_new(&queue, run, &runs);

	(void)state;
	wake(own);
	on_another_thread(posted);
	fr_wakeup_close(&own);
	fr_wakeup_close(&posted);
	fr_wakeups_run(&queue);
	finish();
	assert_int_equal(runs, 0);
}

static void closing_none_is_allowed(void **state)
{
	struct fr_wakeup *none = NULL;

	(void)state;
	fr_wakeup_close(&none);
	finish();
}

static void what_was_not_run_is_dropped_at_the_end(void **state)
{
	struct fr_wakeup *n = fr_wakeup_new(&queue, run, &runs);

	(void)state;
	/* freed by tear_down, or the sanitizer tells */
	on_another_thread(n);
	fr_wakeup_close(&n);
	assert_int_equal(runs, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(it_runs_later_and_once_for_any_number_of_wakes),
		T(it_runs_on_its_own_thread_whoever_wakes_it),
		T(several_run_each),
		T(one_that_was_closed_does_not_run),
		T(closing_none_is_allowed),
		T(what_was_not_run_is_dropped_at_the_end),
	};
	RUN(tests);
}
