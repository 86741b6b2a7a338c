/* A worker's side of making twins again: it asks, looks whether it was done, and swaps. */
#include "stages/compression/recode.h"

#include <stdlib.h>

#include "base/list.h"
#include "cache/store.h"
#include "stages/compression/recoder.h"

struct fr_recode {
	struct fr_recode *next, **pprev; /* borrowed, among the worker's */
	struct fr_store *store;          /* borrowed; outlives the worker */
	struct fr_recode_job *job;       /* reference */
	struct fr_body *body, *twin;     /* references: of the object, and what is replaced; NULL */
	unsigned place;
};

static void over(struct fr_worker *w, struct fr_recode *r)
{
	fr_recode_job_drop(r->job);
	fr_recode_job_unref(&r->job);
	fr_body_unref(&r->body);
	fr_body_unref(&r->twin);
	FR_LIST_REMOVE(r);
	free(r);
	fr_count_down(&w->counters, FR_COUNT_RECODES_OPEN);
}

/* False: there is no memory, or another twin is there by now. */
static bool put_in_place(struct fr_recode *r)
{
	const uint8_t *data;
	size_t n = fr_recode_job_result(r->job, &data);
	struct fr_body *better = fr_body_new(fr_body_account(r->body), n);
	bool is_put = false;

	if (better && fr_body_append(better, data, n) == 0) {
		fr_body_end(better, true);
		fr_body_set_asks(better, FR_RECODE_ASKS);
		is_put = fr_body_set_twin(r->body, r->place, better, r->twin);
	}
	fr_body_unref(&better);
	return is_put;
}

static void take_result(struct fr_worker *w, struct fr_recode *r)
{
	const uint8_t *data;

	if (!put_in_place(r))
		return;
	fr_count(&w->counters, FR_COUNT_RECODED);
	fr_count_add(&w->counters, FR_COUNT_RECODED_SAVED,
	             fr_body_len(r->twin ? r->twin : r->body) -
	                     fr_recode_job_result(r->job, &data));
	(void)fr_store_trim(r->store);
}

/* Only this record has the body any more: its object was evicted, purged or replaced, and nobody
 * reads it. */
static bool is_gone(const struct fr_recode *r)
{
	return !fr_body_is_shared(r->body);
}

static void look(struct fr_timer *t, void *user)
{
	struct fr_worker *w = user;
	struct fr_recode *next;

	for (struct fr_recode *r = w->twin_jobs.recodes; r; r = next) {
		enum fr_recode_state state = fr_recode_job_state(r->job);

		next = r->next;
		if (state == FR_RECODE_DONE && !is_gone(r))
			take_result(w, r);
		if (state != FR_RECODE_UNDER_WAY || is_gone(r))
			over(w, r);
	}
	if (w->twin_jobs.recodes)
		fr_loop_timer_set(w->loop, t, FR_RECODE_LOOK_MS);
}

/* --- asking --- */

/* What is sent until there is something better; who asks for it is counted there. */
static struct fr_body *sent(const struct fr_recode_wish *wish)
{
	return wish->twin ? wish->twin : wish->body;
}

static struct fr_recode_job *make_job(const struct fr_recode_wish *wish)
{
	struct fr_recode_job *job = NULL;
	uint64_t len = fr_body_len(wish->body);
	struct fr_cursor from;
	const uint8_t *data;
	size_t n;

	if (len > FR_RECODE_BYTES_MOST || fr_cursor_init(&from, wish->body, 0) < 0)
		return NULL;
	job = fr_recode_job_new(wish->from, wish->to, (size_t)len, (size_t)fr_body_len(sent(wish)));
	while (job && (n = fr_cursor_peek(&from, &data)) > 0) {
		fr_recode_job_add(job, data, n);
		fr_cursor_skip(&from, n);
	}
	fr_cursor_fini(&from);
	return job;
}

static void keep(struct fr_exchange *ex, struct fr_recode_job *job,
                 const struct fr_recode_wish *wish)
{
	struct fr_worker *w = ex->worker;
	struct fr_recode *r = fr_calloc(1, sizeof *r);

	r->store = ex->gen->shared->store;
	r->job = job;
	r->body = wish->body;
	r->twin = wish->twin;
	r->place = wish->place;
	fr_body_ref(r->body);
	if (r->twin)
		fr_body_ref(r->twin);
	if (!w->twin_jobs.recodes) {
		fr_timer_init(&w->twin_jobs.recode_look, look, w);
		fr_loop_timer_set(w->loop, &w->twin_jobs.recode_look, FR_RECODE_LOOK_MS);
	}
	FR_LIST_PUSH(w->twin_jobs.recodes, r);
	fr_count(&w->counters, FR_COUNT_RECODES_OPEN);
}

/* It costs memory of its own, and nobody needs it. */
static bool is_time(struct fr_exchange *ex, const struct fr_recode_wish *wish)
{
	return !ex->worker->is_draining &&
	       fr_memory_level(&ex->worker->memory) == FR_MEMORY_PLENTY &&
	       fr_body_state(wish->body) == FR_BODY_COMPLETE &&
	       fr_body_state(sent(wish)) == FR_BODY_COMPLETE;
}

void fr_recode_asked(struct fr_exchange *ex, const struct fr_recode_wish *wish)
{
	struct fr_recode_job *job;

	if (!ex->gen->shared->recoder || !fr_body_ask(sent(wish), FR_RECODE_ASKS))
		return;
	if (!is_time(ex, wish)) {
		/* many ask while it is still on its way: as many askers later, again */
		fr_body_set_asks(sent(wish), 0);
		return;
	}
	job = make_job(wish);
	if (!job)
		return;
	if (fr_recoder_offer(ex->gen->shared->recoder, job)) {
		keep(ex, job, wish);
	} else {
		fr_recode_job_unref(&job);
		fr_body_set_asks(sent(wish), 0);
		fr_count(&ex->worker->counters, FR_COUNT_LIMIT_RECODES);
	}
}

void fr_recodes_cut(struct fr_worker *w)
{
	if (w->twin_jobs.recodes)
		fr_loop_timer_stop(w->loop, &w->twin_jobs.recode_look);
	while (w->twin_jobs.recodes)
		over(w, w->twin_jobs.recodes);
}
