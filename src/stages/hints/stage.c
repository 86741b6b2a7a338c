/* The entries of the hint stages: which function of this folder runs at which step. */
#include "stages/hints/stage.h"

#include "observe/counters.h"
#include "stages/hints/client_cache.h"
#include "stages/hints/hints.h"
#include "stages/hints/html_watch.h"
#include "stages/hints/learn.h"
#include "stages/hints/page_order.h"
#include "stages/hints/push.h"
#include "stages/hints/sent.h"

/* --- hints --- */

static void begin_hints(struct fr_exchange *ex, void **slot)
{
	(void)slot;
	fr_hints_begin(ex);
}

static void take_interim(struct fr_exchange *ex, void **slot, const struct fr_response *resp)
{
	(void)slot;
	fr_hints_interim(ex, resp);
}

static void take_response(struct fr_exchange *ex, void **slot)
{
	(void)slot;
	if (ex->is_push)
		return;
	fr_hints_page(ex);
	if (ex->site && ex->site->config->n_patterns)
		fr_learn_members(ex);
}

static void end_hints(struct fr_exchange *ex, void **slot, enum fr_end how)
{
	(void)slot;
	if (how == FR_END_COMPLETED)
		fr_hints_note_body(ex);
	fr_hints_end(ex);
}

static void release_hints(struct fr_exchange *ex, void **slot)
{
	(void)slot;
	fr_hints_free(ex);
}

const struct fr_stage fr_hints_stage = {
	.name = "hints",
	.waiting = begin_hints,
	.interim = take_interim,
	.response = take_response,
	.end = end_hints,
	.release = release_hints,
};

/* --- pushes --- */

static enum fr_step note_request(struct fr_exchange *ex, void **slot)
{
	(void)slot;
	if (!ex->is_push)
		fr_sent_note_request(ex);
	return FR_STEP_NEXT;
}

static void take_back(struct fr_exchange *ex, void **slot)
{
	(void)slot;
	if (ex->site)
		fr_sent_failed(ex, ex->resp.status);
}

/* Every promise has exactly one outcome. */
static void count_outcome(struct fr_exchange *ex, enum fr_end how)
{
	static const enum fr_counter ids[] = {
		[FR_END_COMPLETED] = FR_COUNT_PUSHES_COMPLETED,
		[FR_END_CANCELLED] = FR_COUNT_PUSHES_CANCELLED,
		[FR_END_REFUSED] = FR_COUNT_PUSHES_REFUSED,
		[FR_END_FAILED] = FR_COUNT_PUSHES_FAILED,
	};
	struct fr_counters *c = &ex->worker->counters;

	fr_count_add(c, FR_COUNT_PUSHED_BYTES, ex->to_client.sent_bytes);
	fr_count(c, ids[how]);
	if (how == FR_END_CANCELLED || how == FR_END_REFUSED)
		fr_count_add(c, FR_COUNT_WASTED_BYTES, ex->to_client.sent_bytes);
}

static void end_push(struct fr_exchange *ex, void **slot, enum fr_end how)
{
	(void)slot;
	if (!ex->is_push || !ex->stream_id)
		return;
	count_outcome(ex, how);
	fr_push_ended(ex, how == FR_END_COMPLETED,
	              how == FR_END_CANCELLED || how == FR_END_REFUSED);
}

const struct fr_stage fr_push_stage = {
	.name = "push",
	.request = note_request,
	.taken_back = take_back,
	.end = end_push,
};

/* --- the order of a page --- */

static enum fr_step order_request(struct fr_exchange *ex, void **slot)
{
	(void)slot;
	if (!ex->is_push)
		fr_page_order_request(ex);
	return FR_STEP_NEXT;
}

static bool order_body(struct fr_exchange *ex, void **slot)
{
	(void)slot;
	return fr_page_order_body(ex);
}

static void forget_page(struct fr_exchange *ex, void **slot)
{
	(void)slot;
	fr_page_order_forget(ex);
}

const struct fr_stage fr_page_order_stage = {
	.name = "page-order",
	.request = order_request,
	.body = order_body,
	.release = forget_page,
};

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
