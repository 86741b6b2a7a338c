#include "base/timer.h"

#include "unit.h"

struct probe {
	struct fr_timer timer;
	struct fr_timers *wheel;
	unsigned fired;
	struct probe *stops; /* stopped from within */
	uint64_t again_ms;   /* set again from within; 0: not */
};

static void due(struct fr_timer *t, void *user)
{
	struct probe *p = user;

	assert_ptr_equal(t, &p->timer);
	p->fired++;
	if (p->stops)
		fr_timer_stop(p->wheel, &p->stops->timer);
	if (p->again_ms)
		fr_timer_set(p->wheel, t, p->again_ms);
}

static void probe_init(struct probe *p, struct fr_timers *w)
{
	memset(p, 0, sizeof *p);
	p->wheel = w;
	fr_timer_init(&p->timer, due, p);
}

static void timers_fire_once_never_early_and_soon_after(void **state)
{
	static const uint64_t after[] = {1, 15, 16, 17, 500, 16383, 16384, 16400, 40000, 3600000};
	struct fr_timers w;
	struct probe p;

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(after); i++) {
		uint64_t now = 1000;

		fr_timers_init(&w, now);
		probe_init(&p, &w);
		fr_timer_set(&w, &p.timer, now + after[i]);
		while (!p.fired) {
			now += 7;
			(void)fr_timers_advance(&w, now);
			if (p.fired)
				assert_true(now >= 1000 + after[i]);
			else
				assert_true(now < 1000 + after[i] + 2 * FR_TIMER_TICK_MS);
		}
		(void)fr_timers_advance(&w, now + 100000);
		assert_int_equal(p.fired, 1);
		assert_false(fr_timer_is_set(&p.timer));
		fr_timers_fini(&w);
	}
}

static void a_deadline_can_move_both_ways(void **state)
{
	struct fr_timers w;
	struct probe p;

	(void)state;
	fr_timers_init(&w, 0);
	probe_init(&p, &w);
	fr_timer_set(&w, &p.timer, 1000);
	fr_timer_set(&w, &p.timer, 5000);
	(void)fr_timers_advance(&w, 2000);
	assert_int_equal(p.fired, 0);
	fr_timer_set(&w, &p.timer, 2100);
	(void)fr_timers_advance(&w, 2200);
	assert_int_equal(p.fired, 1);
	fr_timers_fini(&w);
}

static void callbacks_may_stop_others_and_start_themselves(void **state)
{
	struct fr_timers w;
	struct probe a, b;

	(void)state;
	fr_timers_init(&w, 0);
	probe_init(&a, &w);
	probe_init(&b, &w);
	a.stops = &b;
	b.stops = &a;
	a.again_ms = b.again_ms = 500;
	fr_timer_set(&w, &a.timer, 100);
	fr_timer_set(&w, &b.timer, 100);
	(void)fr_timers_advance(&w, 200);
	assert_int_equal(a.fired + b.fired, 1);
	(void)fr_timers_advance(&w, 400);
	assert_int_equal(a.fired + b.fired, 1);
	(void)fr_timers_advance(&w, 600);
	assert_int_equal(a.fired + b.fired, 2);
	fr_timer_stop(&w, &a.timer);
	fr_timer_stop(&w, &b.timer);
	fr_timers_fini(&w);
}

static void a_clock_that_jumps_far_fires_everything(void **state)
{
	struct fr_timers w;
	struct probe p[64];
	unsigned fired = 0;

	(void)state;
	fr_timers_init(&w, 5);
	for (size_t i = 0; i < FR_ARRAY_LEN(p); i++) {
		probe_init(&p[i], &w);
		fr_timer_set(&w, &p[i].timer, 5 + i * 977);
	}
	assert_int_equal(fr_timers_advance(&w, 100000000), FR_ARRAY_LEN(p));
	for (size_t i = 0; i < FR_ARRAY_LEN(p); i++)
		fired += p[i].fired;
	assert_int_equal(fired, FR_ARRAY_LEN(p));
	fr_timers_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timers_fire_once_never_early_and_soon_after),
		cmocka_unit_test(a_deadline_can_move_both_ways),
		cmocka_unit_test(callbacks_may_stop_others_and_start_themselves),
		cmocka_unit_test(a_clock_that_jumps_far_fires_everything),
	};

	RUN(tests);
}
