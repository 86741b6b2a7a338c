/* Many deadlines at low cost: a hashed wheel of lists. Moving a deadline to a later time
 * only stores a number; the wheel checks it when the old time comes. That suits time
 * limits that move with every byte and rarely fire. No clock and no I/O: the owner
 * (net/loop) passes the time in milliseconds and calls fr_timers_advance about every
 * FR_TIMER_TICK_MS.
 *
 * A timer never fires early, and at most one tick plus one loop turn late. Due timers are
 * collected before any callback runs, so callbacks may stop, start or free any timer (a
 * freed one must have been stopped). */
#ifndef FR_BASE_TIMER_H
#define FR_BASE_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FR_TIMER_TICK_MS 16u
#define FR_TIMER_SLOTS 1024u

struct fr_timer {
	struct fr_timer *next, **pprev; /* borrowed, in a slot's list; pprev NULL: not armed */
	uint64_t deadline_ms;           /* 0: stopped */
	uint64_t armed_ms;              /* when the wheel looks at it next */
	void (*on_due)(struct fr_timer *t, void *user);
	void *user; /* borrowed from the owner */
};

struct fr_timers {
	struct fr_timer *slots[FR_TIMER_SLOTS]; /* borrowed */
	uint64_t tick;                          /* ticks that have been handled */
	uint64_t now_ms;                        /* of the last advance */
	size_t count;                           /* armed timers */
};

void fr_timers_init(struct fr_timers *w, uint64_t now_ms);
/* All timers must have been stopped. */
void fr_timers_fini(struct fr_timers *w);

void fr_timer_init(struct fr_timer *t, void (*on_due)(struct fr_timer *, void *), void *user);
/* Fires once at deadline_ms (absolute, same clock as advance), or at the next
 * tick if that is past. Setting again moves it. */
void fr_timer_set(struct fr_timers *w, struct fr_timer *t, uint64_t deadline_ms);
void fr_timer_stop(struct fr_timers *w, struct fr_timer *t);
static inline bool fr_timer_is_set(const struct fr_timer *t)
{
	return t->deadline_ms != 0;
}

/* Runs what is due at now_ms. Returns how many fired. */
size_t fr_timers_advance(struct fr_timers *w, uint64_t now_ms);

#endif
