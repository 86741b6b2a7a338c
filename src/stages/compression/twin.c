/* Makes the coded twins of stored bodies, a piece in each turn of the loop. */
#include "stages/compression/twin.h"

#include <stdlib.h>

#include "base/list.h"
#include "cache/store.h"
#include "http/encode.h"
#include "net/wakeup.h"
#include "stages/compression/levels.h"
#include "stages/compression/recode.h"

struct fr_twin_job {
	struct fr_twin_job *next, **pprev; /* borrowed, among the worker's */
	struct fr_worker *worker;          /* borrowed */
	struct fr_generation *gen;         /* reference */
	struct fr_cursor plain;            /* of the plain body */
	struct fr_body *twin;              /* reference */
	struct fr_encoder *encoder;        /* owned */
	struct fr_wakeup *note;            /* owned: either body moved */
	struct fr_timer timer;             /* to the next turn's piece */
	struct fr_task release_task;
	enum fr_coding coding;
	bool watches;      /* the plain body, which fills */
	bool is_held_back; /* the encoder has what is not in the twin */
	bool is_over;      /* freed at the turn's end */
};

static unsigned place_of(enum fr_coding c)
{
	return c == FR_CODING_GZIP ? 0 : c == FR_CODING_BR ? 1 : 2;
}

static struct fr_store *store_of(const struct fr_twin_job *j)
{
	return j->gen->shared->store;
}

/* --- the end --- */

static void release(void *user)
{
	struct fr_twin_job *j = user;
	struct fr_worker *w = j->worker;

	fr_cursor_fini(&j->plain);
	fr_body_unref(&j->twin);
	fr_wakeup_close(&j->note);
	fr_generation_unref(&j->gen);
	free(j);
	w->on_fill_ended(w->user);
}

static void over(struct fr_twin_job *j)
{
	j->is_over = true;
	fr_loop_timer_stop(j->worker->loop, &j->timer);
	if (j->watches)
		fr_body_unwatch(j->plain.body, &j->note->watcher);
	fr_body_set_filler(j->twin, NULL);
	fr_encoder_free(&j->encoder);
	FR_LIST_REMOVE(j);
	j->worker->twin_jobs.n--;
	fr_count_down(&j->worker->counters, FR_COUNT_CODERS_OPEN);
	fr_loop_release_later(j->worker->loop, &j->release_task);
}

/* Who reads it is told; who asks next has it made anew. */
static void give_up(struct fr_twin_job *j)
{
	(void)fr_body_set_twin(j->plain.body, place_of(j->coding), NULL, j->twin);
	fr_body_end(j->twin, false);
	over(j);
}

/* The last chunk of a body of unknown length is mostly empty: what is kept lies in chunks of its
 * size. */
static void compact(struct fr_twin_job *j)
{
	struct fr_body *exact = fr_body_new(fr_body_account(j->twin), fr_body_len(j->twin));
	struct fr_cursor from;
	const uint8_t *data;
	size_t n;
	int rc;

	if (!exact)
		return;
	rc = fr_cursor_init(&from, j->twin, 0);
	while (rc == 0 && (n = fr_cursor_peek(&from, &data)) > 0) {
		rc = fr_body_append(exact, data, n);
		fr_cursor_skip(&from, n);
	}
	fr_cursor_fini(&from);
	if (rc == 0) {
		fr_body_end(exact, true);
		(void)fr_body_set_twin(j->plain.body, place_of(j->coding), exact, j->twin);
	}
	fr_body_unref(&exact);
}

static void finish(struct fr_twin_job *j)
{
	fr_coding_count(&j->worker->counters, j->coding, j->plain.pos, fr_body_len(j->twin));
	fr_body_end(j->twin, true);
	if (!fr_body_is_loose(j->twin))
		compact(j);
	over(j);
}

/* --- a turn's work --- */

static int put(void *user, const uint8_t *p, size_t len)
{
	struct fr_twin_job *j = user;

	return fr_body_append(j->twin, p, len);
}

static bool encode(struct fr_twin_job *j, const uint8_t *data, size_t len, enum fr_encode_op op)
{
	j->is_held_back = op == FR_ENCODE_MORE;
	return fr_encode(j->encoder, data, len, op, put, j) == 0;
}

/* Like its plain body, or where the store has no room. */
static void follow_loose(struct fr_twin_job *j)
{
	if (fr_body_is_loose(j->twin) ||
	    (!fr_body_is_loose(j->plain.body) && fr_store_trim(store_of(j))))
		return;
	(void)fr_body_set_twin(j->plain.body, place_of(j->coding), NULL, j->twin);
	fr_body_cut_loose(j->twin);
}

static bool is_far_ahead(const struct fr_twin_job *j)
{
	return fr_body_is_loose(j->twin) &&
	       fr_body_backlog(j->twin) > j->gen->config->limits.response_buffer_bytes;
}

/* All that is there was encoded. */
static void settle(struct fr_twin_job *j, enum fr_body_state state)
{
	if (state == FR_BODY_FAILED ||
	    !encode(j, NULL, 0, state == FR_BODY_COMPLETE ? FR_ENCODE_END : FR_ENCODE_FLUSH))
		give_up(j);
	else if (state == FR_BODY_COMPLETE)
		finish(j);
}

static void work(struct fr_twin_job *j)
{
	size_t left = FR_TWIN_TURN_BYTES;

	while (left && !is_far_ahead(j)) {
		enum fr_body_state state = fr_body_state(j->plain.body);
		const uint8_t *data;
		size_t n = fr_cursor_peek(&j->plain, &data);

		if (n == 0) {
			if (state != FR_BODY_FILLING || j->is_held_back)
				settle(j, state);
			return;
		}
		n = n < FR_ENCODE_PIECE_BYTES ? n : FR_ENCODE_PIECE_BYTES;
		n = n < left ? n : left;
		if (!encode(j, data, n, FR_ENCODE_MORE)) {
			give_up(j);
			return;
		}
		fr_cursor_skip(&j->plain, n);
		if (j->watches)
			fr_body_moved(j->plain.body, &j->note->watcher, j->plain.pos);
		follow_loose(j);
		left -= n;
	}
	if (left == 0)
		fr_loop_timer_set(j->worker->loop, &j->timer, 1);
}

static void moved(void *user)
{
	struct fr_twin_job *j = user;

	if (j->is_over)
		return;
	if (!fr_body_has_readers(j->twin) && (j->watches || fr_body_is_loose(j->twin)) &&
	    fr_body_state(j->plain.body) == FR_BODY_FILLING)
		give_up(j);
	else
		work(j);
}

static void turn_came(struct fr_timer *t, void *user)
{
	(void)t;
	moved(user);
}

/* --- the beginning --- */

static struct fr_twin_job *job_new(struct fr_exchange *ex, struct fr_object *o,
                                   const struct fr_encode_how *how)
{
	struct fr_twin_job *j = fr_try_calloc(1, sizeof *j);

	if (!j)
		return NULL;
	j->twin = fr_body_new(fr_body_account(o->body), FR_BODY_UNKNOWN);
	j->encoder = fr_encoder_new(how);
	if (!j->twin || !j->encoder || fr_cursor_init(&j->plain, o->body, 0) < 0) {
		fr_body_unref(&j->twin);
		fr_encoder_free(&j->encoder);
		free(j);
		return NULL;
	}
	j->worker = ex->worker;
	j->gen = fr_generation_ref(ex->gen);
	j->coding = how->coding;
	j->note = fr_wakeup_new(&ex->worker->wakeups, moved, j);
	j->release_task = (struct fr_task){.run = release, .user = j};
	fr_timer_init(&j->timer, turn_came, j);
	FR_LIST_PUSH(ex->worker->twin_jobs.first, j);
	ex->worker->twin_jobs.n++;
	fr_count(&ex->worker->counters, FR_COUNT_CODERS_OPEN);
	return j;
}

static bool has_room(const struct fr_exchange *ex)
{
	if (ex->worker->twin_jobs.n >= FR_TWIN_JOBS_MOST) {
		fr_count(&ex->worker->counters, FR_COUNT_LIMIT_TWINS);
		return false;
	}
	return !ex->worker->is_draining &&
	       fr_memory_level(&ex->worker->memory) < FR_MEMORY_NO_STORING;
}

static struct fr_body *make(struct fr_exchange *ex, struct fr_object *o, enum fr_coding coding,
                            int level)
{
	struct fr_encode_how how = {
		.coding = coding, .level = level, .length = fr_object_length(o)};
	struct fr_twin_job *j = has_room(ex) ? job_new(ex, o, &how) : NULL;
	struct fr_body *twin;

	if (!j)
		return NULL;
	if (!fr_body_set_twin(o->body, place_of(coding), j->twin, NULL)) {
		give_up(j); /* another worker was first */
		return fr_twin_of(o, coding);
	}
	twin = j->twin;
	fr_body_ref(twin);
	fr_body_set_filler(twin, &j->note->watcher);
	work(j);
	if (!j->is_over && fr_body_state(o->body) == FR_BODY_FILLING) {
		j->watches = true;
		atomic_store(&j->note->watcher.pos, j->plain.pos);
		fr_body_watch(o->body, &j->note->watcher);
	}
	return twin;
}

struct fr_body *fr_twin_of(struct fr_object *o, enum fr_coding coding)
{
	struct fr_body *twin = fr_body_twin(o->body, place_of(coding));

	if (twin && fr_body_state(twin) == FR_BODY_FAILED)
		fr_body_unref(&twin);
	return twin;
}

struct fr_body *fr_twin_for(struct fr_exchange *ex, struct fr_object *o, enum fr_coding coding,
                            const struct fr_config_compression *rules)
{
	struct fr_body *twin = fr_twin_of(o, coding);

	if (!twin)
		return make(ex, o, coding, fr_coding_level(rules, coding));
	if (rules->recompress)
		fr_recode_asked(ex, &(struct fr_recode_wish){.body = o->body,
		                                             .twin = twin,
		                                             .to = coding,
		                                             .place = place_of(coding)});
	return twin;
}

void fr_twin_wanted(struct fr_exchange *ex, struct fr_object *o, enum fr_coding coding,
                    enum fr_coding stored)
{
	fr_recode_asked(ex, &(struct fr_recode_wish){.body = o->body,
	                                             .from = stored,
	                                             .to = coding,
	                                             .place = place_of(coding)});
}

void fr_twin_jobs_cut(struct fr_worker *w)
{
	while (w->twin_jobs.first)
		give_up(w->twin_jobs.first);
}
