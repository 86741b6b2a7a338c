/* Sets up what the exchanges of one worker run in, and takes it down. */
#include "exchange/worker.h"

#include <time.h>

#include "http/date.h"
#include "net/tls.h"

int fr_worker_init(struct fr_worker *w, unsigned index, struct fr_admission *admission,
                   void (*on_wake)(void *user), void *user)
{
	w->index = index;
	w->admission = admission;
	w->user = user;
	fr_random_bytes(&w->seed, sizeof w->seed);
	if (fr_loop_new(on_wake, user, &w->loop) < 0)
		return FR_ERR_IO;
	fr_recorder_init(&w->observer, w);
	fr_wakeups_init(&w->wakeups, w->loop);
	fr_loop_count_turns(w->loop, &w->observer.metrics.loop_turn);
	w->activity = fr_crash_slot(index);
	if (!w->activity)
		w->activity = &w->own_activity;
	fr_loop_note_idle(w->loop, &w->activity->stage, FR_ACTIVITY_IDLE);
	return 0;
}

size_t fr_worker_fini(struct fr_worker *w)
{
	uint64_t live = 0;

	fr_wakeups_fini(&w->wakeups);
	fr_recorder_fini(&w->observer);
	fr_pool_fini(&w->pool);
	fr_block_pool_fini(&w->body_blocks);
	fr_loop_free(&w->loop);
	for (int i = 0; i < FR_GAUGES_END; i++)
		live += w->counters.v[i];
	return (size_t)live;
}

struct fr_str fr_worker_date(struct fr_worker *w)
{
	struct timespec now;

	/* the coarse clock costs no system call and is off by a tick at most */
	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	if (now.tv_sec != w->date.s) {
		w->date.s = now.tv_sec;
		fr_http_date_format(now.tv_sec, w->date.text);
	}
	return fr_str_from(w->date.text);
}
