/* One worker's event loop, over libuv: a cached clock, cheap time limits
 * (base/timer.h), and work that is put off to the end of the turn. Everything
 * that a worker does runs on its loop's thread; only fr_loop_wake may be
 * called from another one.
 *
 * The end of a turn (just before the loop waits for events again): first all
 * flush tasks, so that what many events queued for one socket leaves with one
 * system call; then all release tasks, so that no object is freed while one of
 * its callbacks is still on the stack. */
#ifndef FR_NET_LOOP_H
#define FR_NET_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/timer.h"

struct fr_buf_pool;
struct uv_loop_s;
struct fr_histogram;
struct fr_loop;

struct fr_task {
	struct fr_task *next; /* borrowed, in one of the loop's queues */
	bool is_queued;
	void (*run)(void *user);
	void *user; /* borrowed */
};

/* on_wake runs on the loop's thread after fr_loop_wake; several calls may be
 * answered by one. 0 or FR_ERR_IO. */
int fr_loop_new(void (*on_wake)(void *user), void *user, struct fr_loop **out) FR_MUST_USE;
/* The loop must have ended: no handle but its own may be open. */
void fr_loop_free(struct fr_loop **l);
/* Runs until fr_loop_stop has been called and no handle is open any more. */
void fr_loop_run(struct fr_loop *l);
/* Lets fr_loop_run return once everything else on the loop has been closed. */
void fr_loop_stop(struct fr_loop *l);
/* Thread-safe. */
void fr_loop_wake(struct fr_loop *l);

/* Counts how long each turn takes, from then on; h: borrowed for the loop's life. */
void fr_loop_count_turns(struct fr_loop *l, struct fr_histogram *h);

/* Stores `idle` there whenever nothing is left to do before the next event; at: borrowed for the
 * loop's life. */
void fr_loop_note_idle(struct fr_loop *l, uint32_t *at, uint32_t idle);

struct uv_loop_s *fr_loop_uv(struct fr_loop *l);

/* The number of the turn: it changes just before the loop waits again. What a socket
 * reports in a turn was there before anything was written to it in that turn. */
uint64_t fr_loop_turn(const struct fr_loop *l);

/* Monotonic, of this turn, in milliseconds. Never 0. */
uint64_t fr_loop_now(const struct fr_loop *l);

/* The same in microseconds, as exact as what belongs together in a turn needs:
 * read when first asked for, and anew when the turn's flush tasks begin. */
uint64_t fr_loop_now_us(struct fr_loop *l);
/* Wall clock, in seconds. */
int64_t fr_loop_wall_s(void);

void fr_loop_timer_set(struct fr_loop *l, struct fr_timer *t, uint64_t after_ms);
void fr_loop_timer_stop(struct fr_loop *l, struct fr_timer *t);

/* Queue for the end of this turn; queued already: nothing happens. Steps run first, for what
 * must not happen inside of what is happening now; flush tasks follow, and release tasks
 * when neither are left. All may queue further tasks of every kind. The task must stay
 * valid until it ran. */
void fr_loop_step_later(struct fr_loop *l, struct fr_task *t);
void fr_loop_flush_later(struct fr_loop *l, struct fr_task *t);
void fr_loop_release_later(struct fr_loop *l, struct fr_task *t);

/* Something that is looked at again in a few milliseconds, for which no event
 * comes and timers are too coarse. */
#define FR_LOOP_SOON_MS 4u
struct fr_recheck {
	struct fr_recheck *next, **pprev; /* borrowed, in the loop's list; pprev NULL: not queued */
	void (*run)(void *user);
	void *user; /* borrowed */
};
/* Runs it once, 1 to FR_LOOP_SOON_MS from now; queued already: nothing happens. It must
 * stay valid until it ran or was stopped. It may queue or stop any, itself included. */
void fr_loop_recheck(struct fr_loop *l, struct fr_recheck *s);
void fr_recheck_stop(struct fr_recheck *s);

/* Memory for one read from a socket, shared by all streams of the loop:
 * valid until the read callback returns. */
#define FR_READ_BYTES 65536u
uint8_t *fr_loop_read_buffer(struct fr_loop *l);
/* The same for plaintext out of TLS. */
uint8_t *fr_loop_plain_buffer(struct fr_loop *l);
/* Memory for the output of all streams of the loop. */
struct fr_buf_pool *fr_loop_buf_pool(struct fr_loop *l);

#endif
