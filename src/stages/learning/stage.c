/* The entries of the learning stages: which function of this folder runs at which step. */
#include "stages/learning/stage.h"

#include "stages/learning/client_cache.h"
#include "stages/learning/html_watch.h"
#include "stages/learning/learn.h"

/* --- the client's cache --- */

static enum fr_step take_digest(struct fr_exchange *ex, void **slot)
{
	(void)slot;
	if (!ex->is_push)
		fr_client_cache_take(ex);
	return FR_STEP_NEXT;
}

static void note_response(struct fr_exchange *ex, void **slot)
{
	(void)slot;
	if (!ex->is_push)
		fr_client_cache_page(ex);
	fr_client_cache_note(ex);
}

const struct fr_stage fr_client_cache_stage = {
	.name = "client-cache",
	.request = take_digest,
	.response = note_response,
};

/* --- what origins answer --- */

static void *begin_watch(const struct fr_exchange *ex, const struct fr_request *req,
                         const struct fr_response *resp)
{
	return fr_html_watch_new(ex, req, resp);
}

static void watch_body(void *watched, const void *data, size_t len)
{
	fr_html_watch_feed(watched, data, len);
}

static void end_watch(void *watched, struct fr_plan *plan)
{
	struct fr_html_watch *w = watched;

	fr_html_watch_end(&w, plan);
}

static void drop_watch(void *watched)
{
	struct fr_html_watch *w = watched;

	fr_html_watch_drop(&w);
}

const struct fr_origin_watch fr_learning_watch = {
	.answered = fr_learn_answer,
	.begin = begin_watch,
	.body = watch_body,
	.end = end_watch,
	.drop = drop_watch,
};
