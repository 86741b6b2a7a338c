#include "hints/proof/subject.h"

#include <math.h>

#include "hints/proof_sim.h"
#include "unit.h"

#define NOW_S 1790000000

static const struct fr_holdout holdout = {.percent = 10};

/* --- a page with visitors --- */

struct world {
	struct fr_subject s;
	struct sim sim;
	double harm; /* added to the logarithm of the paint by hints; below 0: a gain */
	double harm_of_blocking;
	double spread;
	uint64_t skeleton;
	int64_t now_s;
	uint64_t visitors;
	unsigned held_out;
};

static struct world *new_world(uint64_t seed)
{
	struct world *w = test_calloc(1, sizeof *w);

	w->sim.state = seed * 7919 + 13;
	w->spread = 0.4;
	w->skeleton = 1;
	w->now_s = NOW_S;
	return w;
}

static uint32_t us_of(double log_ms)
{
	return (uint32_t)(1000 * exp(log_ms));
}

/* One load by a new visitor; true: it switched the state. */
static bool load(struct world *w)
{
	uint64_t visitor = sim_bits(&w->sim);
	struct fr_mark mark = fr_subject_ask(&w->s, visitor, &holdout, w->now_s);
	double late = mark.arm == FR_ARM_ALL        ? w->harm
	              : mark.arm == FR_ARM_BLOCKING ? w->harm_of_blocking
	                                            : 0;
	double rtt = sim_uniform(&w->sim);
	uint32_t paint = us_of(6 + rtt + late + w->spread * sim_normal(&w->sim));
	const struct fr_layout_asset assets[] = {
		{.asset = 1, .asked_us = 1000, .is_blocking = true},
		{.asset = 2, .asked_us = paint, .is_of_style = true, .is_image = true},
	};
	struct fr_compared_load l = {
		.mark = mark,
		.visitor = visitor,
		.skeleton = w->skeleton,
		.is_cold = true,
		.is_mobile = sim_uniform(&w->sim) < 0.5,
		.rtt_us = us_of(2 + 3 * rtt),
		.complete_us = us_of(7 + rtt + w->spread * sim_normal(&w->sim)),
		.first_byte_us = us_of(4 + rtt + w->spread * sim_normal(&w->sim)),
		.assets = assets,
		.n_assets = 2,
		.offered = 3,
	};

	w->visitors++;
	w->held_out += mark.arm == FR_ARM_NONE;
	return fr_subject_add(&w->s, &l, w->now_s);
}

static void loads(struct world *w, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		(void)load(w);
}

/* --- states --- */

static void states_follow_their_table(void **state)
{
	static const enum fr_trial_state to[FR_TRIAL_COUNT][FR_TRIAL_EVENTS] = {
		/*                    BEGUN              HARM               AGAIN */
		[FR_TRIAL_NEW] = {FR_TRIAL_ALL, FR_TRIAL_NEW, FR_TRIAL_NEW},
		[FR_TRIAL_ALL] = {FR_TRIAL_ALL, FR_TRIAL_BLOCKING, FR_TRIAL_ALL},
		[FR_TRIAL_BLOCKING] = {FR_TRIAL_BLOCKING, FR_TRIAL_NONE, FR_TRIAL_ALL},
		[FR_TRIAL_NONE] = {FR_TRIAL_NONE, FR_TRIAL_NONE, FR_TRIAL_ALL},
	};

	(void)state;
	for (unsigned s = 0; s < FR_TRIAL_COUNT; s++)
		for (unsigned e = 0; e < FR_TRIAL_EVENTS; e++)
			assert_int_equal(
				fr_trial_next((enum fr_trial_state)s, (enum fr_trial_event)e),
				to[s][e]);
}

static void a_mark_is_one_octet(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 256; i++) {
		struct fr_mark m = fr_mark_unpack((uint8_t)i);

		if ((i & 3) != 3) /* no arm */
			assert_int_equal(fr_mark_pack(&m), i);
	}
	assert_int_equal(fr_mark_unpack(0).arm, FR_ARM_ALL);
	assert_int_equal(fr_mark_unpack(0).state, FR_TRIAL_NEW);
}

static void nobody_is_held_out_of_a_page_that_few_load(void **state)
{
	struct world *w = new_world(1);

	(void)state;
	loads(w, FR_SUBJECT_BEGIN_LOADS);
	assert_int_equal(w->held_out, 0);
	assert_int_equal(w->s.state, FR_TRIAL_NEW);
	loads(w, 1);
	assert_int_equal(w->s.state, FR_TRIAL_ALL);
	test_free(w);
}

static void loads_without_hints_begin_no_trial(void **state)
{
	struct fr_subject *s = test_calloc(1, sizeof *s);

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		struct fr_mark mark = fr_subject_ask(s, i * 0x100000001u, &holdout, NOW_S);
		struct fr_compared_load l = {.mark = mark, .visitor = i + 1};

		assert_false(fr_subject_add(s, &l, NOW_S));
	}
	assert_int_equal(s->state, FR_TRIAL_NEW);
	test_free(s);
}

/* Twice the share while nothing is known, then the share itself. */
static void the_share_is_halved_once_a_gain_is_known(void **state)
{
	struct world *w = new_world(2);

	(void)state;
	loads(w, FR_SUBJECT_BEGIN_LOADS + 1);
	assert_int_equal(fr_subject_share(&w->s, &holdout), 200);
	w->harm = log(0.6);
	loads(w, 600);
	assert_int_equal(w->s.state, FR_TRIAL_ALL);
	assert_int_equal(fr_subject_share(&w->s, &holdout), 100);
	assert_int_equal(fr_subject_share(&w->s, &(struct fr_holdout){.percent = 60}),
	                 500); /* never more than half */
	test_free(w);
}

static void a_visitor_counts_once_an_hour(void **state)
{
	struct world *w = new_world(3);
	struct fr_compared_load l = {.visitor = 42, .offered = 1};

	(void)state;
	loads(w, FR_SUBJECT_BEGIN_LOADS + 1);
	l.mark = fr_subject_ask(&w->s, 42, &holdout, NOW_S);
	for (unsigned i = 0; i < 50; i++)
		(void)fr_subject_add(&w->s, &l, NOW_S);
	assert_int_equal(w->s.counts.loads, 2);
	(void)fr_subject_add(&w->s, &l, NOW_S + 3600);
	assert_int_equal(w->s.counts.loads, 3);
	test_free(w);
}

static void a_network_counts_six_times_a_day(void **state)
{
	struct world *w = new_world(4);

	(void)state;
	loads(w, FR_SUBJECT_BEGIN_LOADS + 1);
	for (unsigned i = 0; i < 100; i++) {
		struct fr_compared_load l = {.visitor = 1000 + i, .network = 77, .offered = 1};

		l.mark = fr_subject_ask(&w->s, l.visitor, &holdout, NOW_S);
		(void)fr_subject_add(&w->s, &l, NOW_S + 30 * i);
	}
	assert_int_equal(w->s.counts.loads, 1 + FR_SUBJECT_OF_NETWORK);
	test_free(w);
}

static void an_experiment_holds_out_its_share_from_the_first_load(void **state)
{
	const struct fr_holdout fixed = {.percent = 30, .is_fixed = true};
	struct world *w = new_world(20);

	(void)state;
	assert_int_equal(fr_subject_ask(&w->s, 1, &fixed, NOW_S).state, FR_TRIAL_ALL);
	assert_int_equal(fr_subject_share(&w->s, &fixed), 300);
	w->harm = log(0.6);
	loads(w, 600);
	assert_int_equal(fr_subject_share(&w->s, &fixed), 300);
	test_free(w);
}

/* --- harm --- */

static unsigned loads_until_switched(struct world *w, unsigned most)
{
	for (unsigned i = 1; i <= most; i++)
		if (load(w))
			return i;
	return 0;
}

static void harm_of_a_fifth_is_stopped_within_300_loads(void **state)
{
	unsigned stopped = 0, runs = 200;

	(void)state;
	for (unsigned i = 0; i < runs; i++) {
		struct world *w = new_world(i);

		w->harm = log(1.2);
		loads(w, FR_SUBJECT_BEGIN_LOADS);
		stopped += loads_until_switched(w, 300) > 0 && w->s.harm == FR_HARM_PAINT;
		test_free(w);
	}
	print_message("harm of a fifth: stopped within 300 loads in %u of %u runs\n", stopped,
	              runs);
	assert_true(stopped * 10 >= runs * 9);
}

static void hints_that_do_nothing_are_seldom_stopped(void **state)
{
	unsigned stopped = 0, runs = 100;

	(void)state;
	for (unsigned i = 0; i < runs; i++) {
		struct world *w = new_world(5000 + i);

		loads(w, FR_SUBJECT_BEGIN_LOADS);
		stopped += loads_until_switched(w, 1500) > 0;
		test_free(w);
	}
	print_message("no effect: stopped within 1500 loads in %u of %u runs\n", stopped, runs);
	assert_true(stopped <= 15);
}

static void harm_is_switched_down_step_by_step(void **state)
{
	struct world *w = new_world(5);

	(void)state;
	w->harm = log(2);
	w->harm_of_blocking = log(1.5);
	loads(w, FR_SUBJECT_BEGIN_LOADS);
	assert_true(loads_until_switched(w, 300));
	assert_int_equal(w->s.state, FR_TRIAL_BLOCKING);
	assert_int_equal(w->s.counts.loads, 0); /* a trial of its own */
	assert_true(loads_until_switched(w, 300));
	assert_int_equal(w->s.state, FR_TRIAL_NONE);
	assert_int_equal(w->s.harm, FR_HARM_PAINT);
	assert_int_equal(w->s.switched_s, NOW_S);
	assert_int_equal(w->s.switches, 2);
	w->held_out = 0;
	loads(w, 50);
	assert_int_equal(w->held_out, 50);
	/* a week later it is tried again */
	w->now_s += FR_TRIAL_AGAIN_S;
	loads(w, 1);
	assert_int_equal(w->s.state, FR_TRIAL_ALL);
	test_free(w);
}

static void what_blocks_rendering_may_be_hinted_still(void **state)
{
	struct world *w = new_world(6);

	(void)state;
	w->harm = log(2);
	w->harm_of_blocking = log(0.7);
	loads(w, 1000);
	assert_int_equal(w->s.state, FR_TRIAL_BLOCKING);
	test_free(w);
}

static void a_changed_page_is_tried_again(void **state)
{
	struct world *w = new_world(7);

	(void)state;
	w->harm = w->harm_of_blocking = log(2);
	loads(w, 600);
	assert_int_equal(w->s.state, FR_TRIAL_NONE);
	w->skeleton = 2;
	loads(w, FR_TRIAL_CHANGED_LOADS - 1);
	assert_int_equal(w->s.state, FR_TRIAL_NONE);
	loads(w, 1);
	assert_int_equal(w->s.state, FR_TRIAL_ALL);
	test_free(w);
}

static void a_load_of_an_earlier_trial_does_not_count(void **state)
{
	struct world *w = new_world(8);
	struct fr_compared_load l = {.visitor = 42, .offered = 1};

	(void)state;
	w->harm = log(2);
	loads(w, FR_SUBJECT_BEGIN_LOADS + 1);
	l.mark = fr_subject_ask(&w->s, 42, &holdout, NOW_S);
	assert_true(loads_until_switched(w, 300));
	(void)fr_subject_add(&w->s, &l, NOW_S);
	assert_int_equal(w->s.counts.loads, 0);
	test_free(w);
}

static void pushes_that_are_mostly_cancelled_are_harm(void **state)
{
	struct world *w = new_world(9);
	bool is_switched = false;

	(void)state;
	loads(w, FR_SUBJECT_BEGIN_LOADS + 1);
	for (unsigned i = 0; i < 60 && !is_switched; i++) {
		struct fr_compared_load l = {
			.visitor = 1000 + i, .offered = 1, .pushes = 1, .cancelled = i % 4 > 0};

		l.mark = fr_subject_ask(&w->s, l.visitor, &holdout, NOW_S);
		is_switched = fr_subject_add(&w->s, &l, NOW_S);
	}
	assert_true(is_switched);
	assert_int_equal(w->s.harm, FR_HARM_RESETS);
	test_free(w);
}

/* A warm cache has little to fetch: such loads are not like the others. */
static void warm_loads_do_not_tell_when_a_page_is_complete(void **state)
{
	struct world *w = new_world(21);
	struct fr_compared_load l = {.visitor = 42, .offered = 1, .complete_us = 5000};
	struct fr_gain before, after;

	(void)state;
	loads(w, 100);
	fr_subject_gain(&w->s, FR_METRIC_COMPLETE, &before);
	l.mark = fr_subject_ask(&w->s, 42, &holdout, NOW_S);
	(void)fr_subject_add(&w->s, &l, NOW_S);
	fr_subject_gain(&w->s, FR_METRIC_COMPLETE, &after);
	assert_true(before.of.n_with + before.of.n_without == after.of.n_with + after.of.n_without);
	test_free(w);
}

static void a_witness_that_was_hinted_tells_nothing(void **state)
{
	struct world *w = new_world(10);
	const struct fr_layout_asset assets[] = {
		{.asset = 1, .asked_us = 1000, .is_blocking = true},
		{.asset = 2, .asked_us = 2000, .is_hinted = true},
	};
	struct fr_compared_load l = {
		.visitor = 42, .is_cold = true, .assets = assets, .n_assets = 2, .offered = 1};
	struct fr_gain before, after;

	(void)state;
	loads(w, 100);
	fr_subject_gain(&w->s, FR_METRIC_PAINT, &before);
	l.mark = fr_subject_ask(&w->s, 42, &holdout, NOW_S);
	(void)fr_subject_add(&w->s, &l, NOW_S);
	fr_subject_gain(&w->s, FR_METRIC_PAINT, &after);
	assert_true(before.of.n_with + before.of.n_without == after.of.n_with + after.of.n_without);
	test_free(w);
}

/* --- bytes --- */

static void bytes_give_the_same_subject(void **state)
{
	static uint8_t bytes[FR_SUBJECT_BLOB_BYTES], again[FR_SUBJECT_BLOB_BYTES];
	struct world *w = new_world(11);
	struct fr_subject *s = test_calloc(1, sizeof *s);
	struct fr_gain a, b;

	(void)state;
	w->harm = log(0.8);
	loads(w, 700);
	fr_subject_save(&w->s, bytes);
	assert_int_equal(fr_subject_load(bytes, sizeof bytes, s), 0);
	fr_subject_save(s, again);
	assert_memory_equal(bytes, again, sizeof bytes);
	fr_subject_gain(&w->s, FR_METRIC_PAINT, &a);
	fr_subject_gain(s, FR_METRIC_PAINT, &b);
	assert_true(a.low == b.low && a.high == b.high);
	test_free(s);
	test_free(w);
}

static void a_changed_octet_is_refused(void **state)
{
	static uint8_t bytes[FR_SUBJECT_BLOB_BYTES];
	struct world *w = new_world(12);
	struct fr_subject *s = test_calloc(1, sizeof *s);

	(void)state;
	loads(w, 100);
	fr_subject_save(&w->s, bytes);
	for (size_t i = 0; i < sizeof bytes; i++) {
		bytes[i] ^= 0x40;
		assert_true(fr_subject_load(bytes, sizeof bytes, s) < 0);
		bytes[i] ^= 0x40;
	}
	for (size_t n = 0; n < sizeof bytes; n++)
		assert_true(fr_subject_load(bytes, n, s) < 0);
	test_free(s);
	test_free(w);
}

static void many_loads_can_be_replayed(void **state)
{
	struct world *w = new_world(13);

	(void)state;
	w->harm = log(0.9);
	loads(w, 200000);
	assert_int_equal(w->s.state, FR_TRIAL_ALL);
	test_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_follow_their_table),
		cmocka_unit_test(a_mark_is_one_octet),
		cmocka_unit_test(nobody_is_held_out_of_a_page_that_few_load),
		cmocka_unit_test(loads_without_hints_begin_no_trial),
		cmocka_unit_test(the_share_is_halved_once_a_gain_is_known),
		cmocka_unit_test(a_visitor_counts_once_an_hour),
		cmocka_unit_test(a_network_counts_six_times_a_day),
		cmocka_unit_test(an_experiment_holds_out_its_share_from_the_first_load),
		cmocka_unit_test(harm_of_a_fifth_is_stopped_within_300_loads),
		cmocka_unit_test(hints_that_do_nothing_are_seldom_stopped),
		cmocka_unit_test(harm_is_switched_down_step_by_step),
		cmocka_unit_test(what_blocks_rendering_may_be_hinted_still),
		cmocka_unit_test(a_changed_page_is_tried_again),
		cmocka_unit_test(a_load_of_an_earlier_trial_does_not_count),
		cmocka_unit_test(pushes_that_are_mostly_cancelled_are_harm),
		cmocka_unit_test(warm_loads_do_not_tell_when_a_page_is_complete),
		cmocka_unit_test(a_witness_that_was_hinted_tells_nothing),
		cmocka_unit_test(bytes_give_the_same_subject),
		cmocka_unit_test(a_changed_octet_is_refused),
		cmocka_unit_test(many_loads_can_be_replayed),
	};

	RUN(tests);
}
