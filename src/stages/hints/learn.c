#include "stages/hints/learn.h"

#include "hints/judge.h"
#include "hints/scan.h"
#include "stages/hints/page_load.h"

_Static_assert((unsigned)FR_HINT_BLOCKING == (unsigned)FR_REMEMBERED_BLOCKING &&
                       (unsigned)FR_HINT_LATE == (unsigned)FR_REMEMBERED_ASYNC,
               "what is remembered of a hint is what it was");

/* --- what is known before --- */

static struct fr_remembered_page *find(struct fr_exchange *page, struct fr_str key,
                                       const struct fr_hint_asker *who, struct fr_hint_found *found)
{
	struct fr_remembered_page *p = fr_hint_memory_find(page->gen->shared->memory, key, who,
	                                                   fr_page_load_now_s(), found);

	if (p)
		page->load->known_as = key;
	return p;
}

/* Under its own key, else under what the path's queries have in common. */
static struct fr_remembered_page *find_page(struct fr_exchange *page, struct fr_hint_found *found)
{
	struct fr_witness client = fr_lesson_witness(page, &page->req);
	struct fr_hint_asker who = {.kinds = client.kinds, .self = client.self};
	struct fr_remembered_page *p;
	struct fr_page_keys keys;
	struct fr_hint_found of_path;

	if (fr_page_keys_make(&page->arena, fr_page_load_settings(page), &page->req, &keys) < 0)
		return NULL;
	p = find(page, keys.path, &who, &of_path);
	*found = of_path;
	if (!of_path.vary && fr_str_eq(keys.own, keys.path))
		return p;
	fr_remembered_page_unref(&p);
	if (fr_page_keys_vary(&page->arena, &page->req, of_path.vary, &keys) < 0)
		return NULL;
	p = find(page, keys.own, &who, found);
	if (p || !keys.shared.len)
		return p;
	who.is_sharing = true;
	return find(page, keys.shared, &who, &of_path);
}

static void add_remembered(struct fr_exchange *page)
{
	struct fr_page_load *load = page->load;
	struct fr_hint_found found = {0};

	if (!fr_page_load_settings(page)->memory)
		return;
	load->remembered = find_page(page, &found);
	load->plan.learning =
		(struct fr_plan_learning){.waiting = found.waiting,
	                                  .seen_by = found.seen_by,
	                                  .witnesses = fr_page_load_settings(page)->witnesses};
	for (size_t i = 0; load->remembered && i < load->remembered->n; i++) {
		const struct fr_remembered *r = &load->remembered->v[i];

		fr_plan_add_link_field(&load->plan, r->link, r->source,
		                       r->flags | (r->needs ? FR_HINT_RESTRICTED : 0u));
	}
}

static void add_rules(struct fr_exchange *page)
{
	const struct fr_config_site *site = page->site->config;

	for (size_t i = 0; i < site->n_rules; i++) {
		const struct fr_config_rule *rule = &site->rules[i];

		if (!fr_config_rule_matches(rule, &page->canonical.path))
			continue;
		for (size_t k = 0; k < rule->n_links; k++)
			fr_plan_add_link_field(&page->load->plan, fr_str_from(rule->links[k]),
			                       FR_HINT_SOURCE_RULE, 0);
	}
}

void fr_recall_page(struct fr_exchange *page)
{
	add_remembered(page);
	add_rules(page);
}

/* --- what a load shows --- */

/* The links that this load named, as they are remembered. */
static size_t named(struct fr_exchange *page, struct fr_remembered *out, size_t cap)
{
	const struct fr_plan *plan = &page->load->plan;
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
	struct fr_page_load *load = page->load;
	struct fr_lesson_hints hints = {.source = FR_HINT_SOURCE_LINK};
	struct fr_lesson lesson;
	struct fr_remembered *v;
	struct fr_hint_seen seen;

	if (!fr_page_load_settings(page)->memory)
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
	lesson.think_ms = page->think_ms;
	fr_lesson_see(&lesson, &hints, &seen);
	fr_plan_learned(&load->plan, &seen);
}

void fr_learn_gone(struct fr_exchange *page, const struct fr_hint *hint,
                   const struct fr_asset *asset)
{
	if (!asset->is_gone[FR_ASSET_BARE] || !asset->is_gone[FR_ASSET_KNOWN] ||
	    !page->load->known_as.len)
		return;
	fr_hint_memory_forget(page->gen->shared->memory, page->load->known_as, hint->target);
	fr_count(&page->worker->counters, FR_COUNT_HINTS_FORGOTTEN);
}

/* --- assets --- */

bool fr_recall_is_gone(const struct fr_exchange *page, const struct fr_asset *asset)
{
	return asset->is_gone[page->load->kinds ? FR_ASSET_KNOWN : FR_ASSET_BARE];
}

void fr_recall_asset(const struct fr_exchange *page, const struct fr_hint *hint,
                     struct fr_asset *out)
{
	if (!hint->target.len || !fr_assets_find(page->gen->shared->assets, page->req.authority,
	                                         hint->target, fr_page_load_now_s(), out))
		*out = (struct fr_asset){0};
}

void fr_recall_sizes(struct fr_exchange *page)
{
	const struct fr_plan *plan = &page->load->plan;
	struct fr_asset asset;

	for (size_t i = 0; i < plan->n; i++) {
		struct fr_hint *h = plan->v[i];

		if (h->bytes || h->reason != FR_REASON_UNDECIDED)
			continue;
		fr_recall_asset(page, h, &asset);
		h->bytes = asset.bytes;
	}
}

static enum fr_client_class class_of(const struct fr_exchange *ex)
{
	return fr_client_class_of(fr_fields_value(&ex->req.fields, FR_FIELD_USER_AGENT));
}

enum fr_push_advice fr_recall_advice(const struct fr_exchange *page, const struct fr_hint *hint)
{
	return fr_assets_advise(page->gen->shared->assets, page->req.authority, hint->target,
	                        class_of(page));
}

void fr_learn_pushed(const struct fr_exchange *push, bool cancelled)
{
	fr_assets_pushed(push->gen->shared->assets, push->req.authority, push->req.target,
	                 class_of(push), cancelled);
}

/* Requests for the parts of pages: by what browsers say, or what we know. */
static bool is_for_asset(const struct fr_shared *shared, const struct fr_request *req)
{
	struct fr_str dest = fr_fields_value(&req->fields, FR_FIELD_SEC_FETCH_DEST);
	enum fr_as as = fr_as_parse(dest);
	struct fr_asset known;

	if (dest.len)
		return as != FR_AS_UNKNOWN && as != FR_AS_NONE && as != FR_AS_DOCUMENT;
	return fr_assets_find(shared->assets, req->authority, req->target, fr_page_load_now_s(),
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
	fr_asset_answer_from(a->resp, fr_page_load_now_s(), &answer);
	answer.is_storable = a->is_storable;
	answer.client = a->client;
	answer.has_credentials = fr_teach_credential_kinds(&req->fields) != 0;
	answer.is_ours = a->is_ours;
	if (a->bytes)
		answer.bytes = a->bytes;
	fr_assets_answered(shared->assets, req->authority, req->target, &answer,
	                   fr_page_load_now_s());
}
