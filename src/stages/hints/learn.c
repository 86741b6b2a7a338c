/* Turns loads and answers into lessons for the memories of pages and assets. */
#include "stages/hints/learn.h"

#include "hints/judge.h"
#include "hints/members.h"
#include "hints/scan.h"
#include "hints/teach.h"
#include "stages/hints/learned.h"
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
	struct fr_learned_answer answer;
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
	if (fr_learned_answer_of(&page->arena, page, &page->req, &lesson, &answer) == 0)
		fr_learned_answer_tell(&answer, &page->arena, &hints);
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

/* Asked for by a page of the site, and by nobody who only links to it from elsewhere. */
static bool is_of_the_site(const struct fr_request *req)
{
	struct fr_str site = fr_fields_value(&req->fields, FR_FIELD_SEC_FETCH_SITE);

	return !site.len || fr_str_iis(site, "same-origin") || fr_str_iis(site, "same-site");
}

void fr_learn_members(const struct fr_exchange *ex)
{
	const struct fr_config_site *site = ex->site->config;
	struct fr_member_seen seen = {.authority = ex->req.authority,
	                              .target = ex->req.target,
	                              .witnesses = fr_hints_settings(ex)->witnesses};
	bool is_gone = ex->resp.status == 404 || ex->resp.status == 410;

	if (ex->req.method != FR_METHOD_GET || !is_of_the_site(&ex->req) ||
	    (ex->resp.status != 200 && ex->resp.status != 304 && !is_gone))
		return;
	for (size_t i = 0; i < site->n_patterns; i++) {
		seen.pattern = fr_str_from(site->patterns[i]);
		if (!fr_member_matches(seen.pattern, seen.target))
			continue;
		seen.client = fr_exchange_client_hash(ex);
		seen.now_s = fr_loop_wall_s();
		/* what one person may not see is there for others */
		if (is_gone && !fr_teach_credential_kinds(&ex->req.fields))
			fr_members_gone(ex->gen->shared->members, &seen);
		else if (!is_gone)
			fr_members_saw(ex->gen->shared->members, &seen);
	}
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
