/* A timer wheel for many coarse timers. Setting and stopping a timer takes constant
 * time. */
#include "base/timer.h"

#include "base/err.h"
#include "base/list.h"

void fr_timers_init(struct fr_timers *w, uint64_t now_ms)
{
	*w = (struct fr_timers){.tick = now_ms / FR_TIMER_TICK_MS, .now_ms = now_ms};
}

void fr_timers_fini(struct fr_timers *w)
{
	FR_ASSERT(w->count == 0);
}

void fr_timer_init(struct fr_timer *t, void (*on_due)(struct fr_timer *, void *), void *user)
{
	*t = (struct fr_timer){.on_due = on_due, .user = user};
}

/* Into the slot of the first tick at which the deadline has passed; one
 * farther away than the wheel turns is looked at once a turn. */
static void arm(struct fr_timers *w, struct fr_timer *t, uint64_t deadline_ms)
{
	uint64_t tick = deadline_ms / FR_TIMER_TICK_MS + 1;

	if (tick <= w->tick)
		tick = w->tick + 1;
	if (tick - w->tick > FR_TIMER_SLOTS - 1)
		tick = w->tick + FR_TIMER_SLOTS - 1;
	t->armed_ms = deadline_ms;
	FR_LIST_PUSH(w->slots[tick % FR_TIMER_SLOTS], t);
	w->count++;
}

void fr_timer_set(struct fr_timers *w, struct fr_timer *t, uint64_t deadline_ms)
{
	FR_ASSERT(t->on_due);
	t->deadline_ms = deadline_ms ? deadline_ms : 1;
	if (t->pprev) {
		if (t->deadline_ms >= t->armed_ms)
			return;
		FR_LIST_REMOVE(t);
		w->count--;
	}
	arm(w, t, t->deadline_ms);
}

void fr_timer_stop(struct fr_timers *w, struct fr_timer *t)
{
	t->deadline_ms = 0;
	if (!t->pprev)
		return;
	FR_LIST_REMOVE(t);
	w->count--;
}

/* Moves what is due from one slot to `due`, re-arms what was moved later. */
static void sweep(struct fr_timers *w, struct fr_timer **slot, struct fr_timer **due)
{
	struct fr_timer *t = *slot, *next;

	*slot = NULL;
	for (; t; t = next) {
		next = t->next;
		t->pprev = NULL;
		t->next = NULL;
		if (t->deadline_ms <= w->now_ms) {
			FR_LIST_PUSH(*due, t);
		} else {
			w->count--;
			arm(w, t, t->deadline_ms);
		}
	}
}

size_t fr_timers_advance(struct fr_timers *w, uint64_t now_ms)
{
	uint64_t to = now_ms / FR_TIMER_TICK_MS;
	struct fr_timer *due = NULL;
	size_t fired = 0, swept = 0;

	w->now_ms = now_ms;
	while (w->tick < to && swept++ < FR_TIMER_SLOTS) {
		w->tick++;
		sweep(w, &w->slots[w->tick % FR_TIMER_SLOTS], &due);
	}
	w->tick = to > w->tick ? to : w->tick;
	while (due) {
		struct fr_timer *t = due;

		FR_LIST_REMOVE(t);
		w->count--;
		t->deadline_ms = 0;
		fired++;
		t->on_due(t, t->user);
	}
	return fired;
}
