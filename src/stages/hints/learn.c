/* Turns loads and answers into lessons for the memories of pages and assets. */
#include "stages/hints/learn.h"

#include "hints/judge.h"
#include "hints/scan.h"
#include "hints/teach.h"
#include "stages/hints/lesson.h"
#include "stages/hints/page_load.h"
#include "stages/hints/settings.h"

/* --- what a load shows --- */

/* The links that this load named, as they are remembered. */
static size_t named(struct fr_exchange *page, struct fr_remembered *out, size_t cap)
{
	const struct fr_plan *plan = &page->page.load->plan;
	size_t n = 0;

	for (size_t i = 0; i < plan->n && n < cap; i++) {
		const struct fr_hint *h = plan->v[i];
		struct fr_str url = h->target.len ? h->target : h->whole;

		/* what is gone for this client is named all the same */
		if (h->message == 0 || !fr_hint_is_memorable(h) ||
		    fr_link_write(&page->arena, &h->link, url, &out[n].link) < 0)
			continue;
		out[n].source = FR_HINT_SOURCE_LINK;
		out[n++].flags = 0;
	}
	return n;
}

static bool remembers_links(const struct fr_page_load *load)
{
	for (size_t i = 0; load->remembered && i < load->remembered->n; i++)
		if (load->remembered->v[i].source == FR_HINT_SOURCE_LINK)
			return true;
	return false;
}

void fr_plan_learned(struct fr_plan *plan, const struct fr_hint_seen *seen)
{
	if (seen->waiting)
		plan->learning =
			(struct fr_plan_learning){seen->waiting, seen->seen_by, seen->witnesses};
}

void fr_learn_page(struct fr_exchange *page)
{
	struct fr_page_load *load = page->page.load;
	struct fr_lesson_hints hints = {.source = FR_HINT_SOURCE_LINK};
	struct fr_lesson lesson;
	struct fr_remembered *v;
	struct fr_hint_seen seen;

	if (!fr_hints_settings(page)->memory)
		return;
	v = fr_arena_calloc(&page->arena, load->plan.n + 1, sizeof *v);
	if (!v)
		return;
	hints.v = v;
	hints.n = named(page, v, load->plan.n);
	/* an answer in another format says nothing of what the document lacks */
	hints.is_partial = hints.n == 0 && !fr_scan_wants(fr_fields_value(&page->resp.fields,
	                                                                  FR_FIELD_CONTENT_TYPE),
	                                                  (struct fr_str){0});
	if ((hints.n == 0 && !remembers_links(load)) ||
	    !fr_lesson_make(&page->arena, page, &page->req, &page->resp, &lesson))
		return;
	lesson.think_ms = page->page.think_ms;
	fr_lesson_see(&lesson, &hints, &seen);
	fr_plan_learned(&load->plan, &seen);
}

/* --- assets --- */

void fr_learn_pushed(const struct fr_exchange *push, bool cancelled)
{
	fr_assets_pushed(
		push->gen->shared->assets, push->req.authority, push->req.target,
		fr_client_class_of(fr_fields_value(&push->req.fields, FR_FIELD_USER_AGENT)),
		cancelled);
}

/* Requests for the parts of pages: by what browsers say, or what we know. */
static bool is_for_asset(const struct fr_shared *shared, const struct fr_request *req)
{
	struct fr_str dest = fr_fields_value(&req->fields, FR_FIELD_SEC_FETCH_DEST);
	enum fr_as as = fr_as_parse(dest);
	struct fr_asset known;

	if (dest.len)
		return as != FR_AS_UNKNOWN && as != FR_AS_NONE && as != FR_AS_DOCUMENT;
	return fr_assets_find(shared->assets, req->authority, req->target, fr_loop_wall_s(),
	                      &known);
}

void fr_learn_answer(const struct fr_shared *shared, const struct fr_observed_response *a)
{
	struct fr_asset_answer answer;
	const struct fr_request *req = a->req;

	if (req->method != FR_METHOD_GET ||
	    !fr_teach_is_telling(req, a->resp->status, a->is_ours) ||
	    (!a->is_ours && !is_for_asset(shared, req)))
		return;
	fr_asset_answer_from(a->resp, fr_loop_wall_s(), &answer);
	answer.is_storable = a->is_storable;
	answer.client = a->client;
	answer.has_credentials = fr_teach_credential_kinds(&req->fields) != 0;
	answer.is_ours = a->is_ours;
	if (a->bytes)
		answer.bytes = a->bytes;
	fr_assets_answered(shared->assets, req->authority, req->target, &answer, fr_loop_wall_s());
}
