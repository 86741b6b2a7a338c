/* Scans the HTML that passes, and remembers what was found. */
#include "stages/hints/html_watch.h"

#include <stdlib.h>

#include "hints/learning/model.h"
#include "hints/scan.h"
#include "stages/hints/learned.h"
#include "stages/hints/lesson.h"
#include "stages/hints/settings.h"

/* For the key and the links: what the memory keeps of one page fits in. */
#define ARENA_BYTES (256u << 10)

struct fr_html_watch {
	struct fr_worker *worker; /* borrowed */
	struct fr_site *site;     /* borrowed: of the generation that the holder keeps, as is
	                             what the lesson has */
	struct fr_arena arena;
	struct fr_lesson lesson;
	struct fr_str authority;         /* to note when it was scanned */
	struct fr_learned_answer answer; /* to the model */
	uint64_t deployment;             /* as the model counted when it began */
	struct fr_scan *scan;            /* owned */
};

static void free_tap(struct fr_html_watch *t)
{
	fr_scan_free(&t->scan);
	fr_arena_fini(&t->arena);
	fr_count_down(&t->worker->counters, FR_COUNT_TAPS_OPEN);
	free(t);
}

static bool is_wanted(const struct fr_exchange *ex, const struct fr_request *req,
                      const struct fr_response *resp)
{
	const struct fr_config_hints *settings = fr_hints_settings(ex);
	struct fr_str type = fr_fields_value(&resp->fields, FR_FIELD_CONTENT_TYPE);

	if (!settings->html || !settings->memory || req->method != FR_METHOD_GET ||
	    resp->status != 200 || !fr_scan_is_html(type))
		return false;
	if (fr_scan_wants(type, fr_fields_value(&resp->fields, FR_FIELD_CONTENT_ENCODING)))
		return true;
	fr_count(&ex->worker->counters, FR_COUNT_PAGES_UNREADABLE);
	return false;
}

/* Does the load teach anybody, and was the page not looked at lately? */
static bool begin(struct fr_html_watch *t, const struct fr_exchange *ex,
                  const struct fr_request *req, const struct fr_response *resp)
{
	struct fr_str url;

	t->deployment = fr_model_deployment(ex->gen->shared->model, req->authority);
	if (!fr_lesson_make(&t->arena, ex, req, resp, &t->lesson) ||
	    fr_url_ttl_set_has(t->site->scanned, t->deployment, req->authority, t->lesson.keys.own,
	                       fr_loop_now(t->worker->loop)) ||
	    fr_arena_copy(&t->arena, req->authority, &t->authority) < 0 ||
	    fr_learned_answer_of(&t->arena, ex, req, &t->lesson, &t->answer) < 0 ||
	    fr_arena_printf(&t->arena, &url, "%.*s://%.*s%.*s", FR_STR_ARG(req->scheme),
	                    FR_STR_ARG(req->authority), FR_STR_ARG(req->target)) < 0)
		return false;
	t->scan = fr_scan_new(url, fr_fields_value(&resp->fields, FR_FIELD_CONTENT_TYPE),
	                      fr_fields_value(&resp->fields, FR_FIELD_CONTENT_ENCODING));
	return t->scan != NULL;
}

struct fr_html_watch *fr_html_watch_new(const struct fr_exchange *ex, const struct fr_request *req,
                                        const struct fr_response *resp)
{
	struct fr_html_watch *t;

	if (ex->req.has_override || !is_wanted(ex, req, resp))
		return NULL;
	t = fr_try_calloc(1, sizeof *t);
	if (!t)
		return NULL;
	fr_count(&ex->worker->counters, FR_COUNT_TAPS_OPEN);
	t->worker = ex->worker;
	t->site = ex->site;
	fr_arena_init(&t->arena, ARENA_BYTES);
	if (!begin(t, ex, req, resp)) {
		free_tap(t);
		return NULL;
	}
	if (ex->page.asked_ms)
		t->lesson.think_ms = (uint32_t)(fr_loop_now(ex->worker->loop) - ex->page.asked_ms);
	fr_count(&ex->worker->counters, FR_COUNT_PAGES_SCANNED);
	return t;
}

void fr_html_watch_feed(struct fr_html_watch *t, const void *data, size_t len)
{
	if (!fr_scan_is_done(t->scan))
		fr_scan_feed(t->scan, data, len);
}

static void remember(struct fr_html_watch *t, const struct fr_scan_hint *found, size_t n,
                     bool is_complete, struct fr_hint_seen *seen)
{
	struct fr_remembered *v = fr_arena_calloc(&t->arena, n + 1, sizeof *v);
	struct fr_lesson_hints hints = {
		.source = FR_HINT_SOURCE_HTML, .v = v, .is_partial = !is_complete};

	for (size_t i = 0; v && i < n; i++) {
		const struct fr_scan_hint *h = &found[i];

		if (fr_link_write(&t->arena, &h->link, h->link.target, &v[hints.n].link) < 0)
			continue;
		v[hints.n].source = FR_HINT_SOURCE_HTML;
		v[hints.n++].flags = (h->is_blocking ? FR_REMEMBERED_BLOCKING : 0u) |
		                     (h->is_late ? FR_REMEMBERED_ASYNC : 0u);
	}
	if (!v)
		return;
	fr_lesson_see(&t->lesson, &hints, seen);
	fr_learned_answer_tell(&t->answer, &t->arena, &hints);
	/* what needs further witnesses is looked at again */
	if (seen->is_settled && !seen->changed)
		fr_url_ttl_set_add(t->site->scanned, t->deployment, t->authority,
		                   t->lesson.keys.own, fr_loop_now(t->worker->loop));
}

void fr_html_watch_end(struct fr_html_watch **tp, struct fr_plan *plan)
{
	struct fr_html_watch *t = *tp;
	const struct fr_scan_hint *found = NULL;
	struct fr_hint_seen seen = {0};
	bool is_complete = false;
	size_t n;

	*tp = NULL;
	if (!t)
		return;
	n = fr_scan_end(t->scan, &found, &is_complete);
	if (is_complete || n)
		remember(t, found, n, is_complete, &seen);
	if (plan)
		fr_plan_learned(plan, &seen);
	free_tap(t);
}

void fr_html_watch_drop(struct fr_html_watch **tp)
{
	if (*tp)
		free_tap(*tp);
	*tp = NULL;
}
