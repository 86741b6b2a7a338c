/* One worker's event loop over libuv: timers, the queues at the end of a turn, and the
 * clock that is read once per turn. */
#include "net/loop.h"

#include <stdlib.h>
#include <time.h>
#include <uv.h>

#include "base/buf.h"
#include "base/histogram.h"
#include "base/list.h"
#include "base/mem.h"

/* How often due time limits are looked for while any is set: coarse enough to
 * cost nothing, fine beside limits that are counted in seconds. */
#define TICK_MS 50u

struct queue {
	struct fr_task *head; /* borrowed */
	struct fr_task **tail;
};

struct fr_loop {
	uv_loop_t uv;
	uv_prepare_t turn_end;
	uv_timer_t tick;
	uv_timer_t soon_tick;    /* runs while soon is not empty */
	struct fr_recheck *soon; /* borrowed */
	uv_async_t wake;
	struct fr_timers timers;
	struct queue steps, flush, release;
	bool is_ticking;
	uint64_t turn;
	uint64_t now_us;            /* 0: to be read */
	struct fr_histogram *turns; /* borrowed; NULL: not counted */
	uint32_t *note, idle;       /* borrowed; NULL: nobody looks */
	void (*on_wake)(void *user);
	void *user;      /* borrowed from the owner */
	uint8_t *buffer; /* owned; FR_READ_BYTES, twice */
	struct fr_buf_pool output;
};

static void queue_init(struct queue *q)
{
	q->head = NULL;
	q->tail = &q->head;
}

static void queue_put(struct queue *q, struct fr_task *t)
{
	if (t->is_queued)
		return;
	t->is_queued = true;
	t->next = NULL;
	*q->tail = t;
	q->tail = &t->next;
}

static struct fr_task *queue_take(struct queue *q)
{
	struct fr_task *t = q->head;

	if (!t)
		return NULL;
	q->head = t->next;
	if (!q->head)
		q->tail = &q->head;
	t->next = NULL;
	t->is_queued = false;
	return t;
}

/* A coarse clock, which costs next to nothing: what matters is tens of milliseconds. */
static void count_turn(struct fr_loop *l)
{
	struct timespec t;
	uint64_t end_ms;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	end_ms = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
	fr_histogram_add(l->turns, end_ms > uv_now(&l->uv) ? (end_ms - uv_now(&l->uv)) * 1000 : 0);
}

static void run_turn_end(uv_prepare_t *handle)
{
	struct fr_loop *l = handle->data;
	struct fr_task *t;

	l->now_us = 0;
	do {
		while ((t = queue_take(&l->steps)) || (t = queue_take(&l->flush)))
			t->run(t->user);
		t = queue_take(&l->release);
		if (t)
			t->run(t->user);
	} while (t || l->steps.head || l->flush.head);
	l->now_us = 0;
	if (l->turns)
		count_turn(l);
	if (l->note)
		*l->note = l->idle;
	l->turn++;
}

static void run_tick(uv_timer_t *handle)
{
	struct fr_loop *l = handle->data;

	fr_timers_advance(&l->timers, fr_loop_now(l));
	if (l->timers.count == 0) {
		(void)uv_timer_stop(&l->tick);
		l->is_ticking = false;
	}
}

static void run_soon(uv_timer_t *handle)
{
	struct fr_loop *l = handle->data;
	struct fr_recheck *due = l->soon, *s;

	/* what they queue is for the next time */
	l->soon = NULL;
	if (due)
		due->pprev = &due;
	while ((s = due)) {
		fr_recheck_stop(s);
		s->run(s->user);
	}
}

static void run_wake(uv_async_t *handle)
{
	struct fr_loop *l = handle->data;

	l->on_wake(l->user);
}

void fr_loop_note_idle(struct fr_loop *l, uint32_t *at, uint32_t idle)
{
	l->note = at;
	l->idle = idle;
}

int fr_loop_new(void (*on_wake)(void *user), void *user, struct fr_loop **out)
{
	struct fr_loop *l = fr_calloc(1, sizeof *l);

	if (uv_loop_init(&l->uv) < 0) {
		free(l);
		return FR_ERR_IO;
	}
	if (uv_async_init(&l->uv, &l->wake, run_wake) < 0) {
		(void)uv_loop_close(&l->uv);
		free(l);
		return FR_ERR_IO;
	}
	(void)uv_prepare_init(&l->uv, &l->turn_end);
	(void)uv_timer_init(&l->uv, &l->tick);
	(void)uv_timer_init(&l->uv, &l->soon_tick);
	l->wake.data = l->turn_end.data = l->tick.data = l->soon_tick.data = l;
	(void)uv_prepare_start(&l->turn_end, run_turn_end);
	/* the turn's end and the clock alone keep no loop alive; the wake-up does
	 * until fr_loop_stop */
	uv_unref((uv_handle_t *)&l->turn_end);
	uv_unref((uv_handle_t *)&l->tick);
	uv_unref((uv_handle_t *)&l->soon_tick);
	l->on_wake = on_wake;
	l->user = user;
	queue_init(&l->steps);
	queue_init(&l->flush);
	queue_init(&l->release);
	l->buffer = fr_malloc(2 * FR_READ_BYTES);
	fr_timers_init(&l->timers, fr_loop_now(l));
	*out = l;
	return 0;
}

void fr_loop_free(struct fr_loop **lp)
{
	struct fr_loop *l = *lp;

	if (!l)
		return;
	uv_close((uv_handle_t *)&l->turn_end, NULL);
	uv_close((uv_handle_t *)&l->tick, NULL);
	uv_close((uv_handle_t *)&l->soon_tick, NULL);
	if (!uv_is_closing((uv_handle_t *)&l->wake))
		uv_close((uv_handle_t *)&l->wake, NULL);
	(void)uv_run(&l->uv, UV_RUN_DEFAULT);
	FR_ASSERT(!l->steps.head && !l->flush.head && !l->release.head && !l->soon);
	fr_timers_fini(&l->timers);
	FR_ASSERT(uv_loop_close(&l->uv) == 0);
	fr_buf_pool_fini(&l->output);
	free(l->buffer);
	free(l);
	*lp = NULL;
}

void fr_loop_run(struct fr_loop *l)
{
	do {
		(void)uv_run(&l->uv, UV_RUN_DEFAULT);
		/* what the last callbacks queued may open or close handles */
		run_turn_end(&l->turn_end);
	} while (uv_loop_alive(&l->uv) || l->steps.head || l->flush.head || l->release.head);
}

void fr_loop_stop(struct fr_loop *l)
{
	if (!uv_is_closing((uv_handle_t *)&l->wake))
		uv_unref((uv_handle_t *)&l->wake);
}

void fr_loop_wake(struct fr_loop *l)
{
	(void)uv_async_send(&l->wake);
}

uint64_t fr_loop_turn(const struct fr_loop *l)
{
	return l->turn;
}

struct uv_loop_s *fr_loop_uv(struct fr_loop *l)
{
	return &l->uv;
}

uint64_t fr_loop_now(const struct fr_loop *l)
{
	return uv_now(&l->uv) + 1;
}

void fr_loop_count_turns(struct fr_loop *l, struct fr_histogram *h)
{
	l->turns = h;
}

uint64_t fr_loop_now_us(struct fr_loop *l)
{
	if (l->now_us == 0)
		l->now_us = uv_hrtime() / 1000 + 1;
	return l->now_us;
}

int64_t fr_loop_wall_s(void)
{
	struct timespec t;

	/* costs no system call and is off by a tick at most */
	clock_gettime(CLOCK_REALTIME_COARSE, &t);
	return t.tv_sec;
}

void fr_loop_timer_set(struct fr_loop *l, struct fr_timer *t, uint64_t after_ms)
{
	fr_timer_set(&l->timers, t, fr_loop_now(l) + after_ms);
	if (!l->is_ticking) {
		l->is_ticking = true;
		(void)uv_timer_start(&l->tick, run_tick, TICK_MS, TICK_MS);
	}
}

void fr_loop_timer_stop(struct fr_loop *l, struct fr_timer *t)
{
	fr_timer_stop(&l->timers, t);
}

void fr_loop_step_later(struct fr_loop *l, struct fr_task *t)
{
	queue_put(&l->steps, t);
}

void fr_loop_flush_later(struct fr_loop *l, struct fr_task *t)
{
	queue_put(&l->flush, t);
}

void fr_loop_release_later(struct fr_loop *l, struct fr_task *t)
{
	queue_put(&l->release, t);
}

void fr_loop_recheck(struct fr_loop *l, struct fr_recheck *s)
{
	if (s->pprev)
		return;
	if (!l->soon)
		(void)uv_timer_start(&l->soon_tick, run_soon, FR_LOOP_SOON_MS, 0);
	FR_LIST_PUSH(l->soon, s);
}

void fr_recheck_stop(struct fr_recheck *s)
{
	if (s->pprev)
		FR_LIST_REMOVE(s);
}

uint8_t *fr_loop_read_buffer(struct fr_loop *l)
{
	return l->buffer;
}

uint8_t *fr_loop_plain_buffer(struct fr_loop *l)
{
	return l->buffer + FR_READ_BYTES;
}

struct fr_buf_pool *fr_loop_buf_pool(struct fr_loop *l)
{
	return &l->output;
}
