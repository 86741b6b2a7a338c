#include "stages/hints/early_hints.h"

#include "base/log.h"
#include "client/client.h"
#include "hints/judge.h"
#include "stages/hints/hints.h"
#include "stages/hints/page_load.h"
#include "stages/hints/warm.h"
#include "stages/learning/learn.h"

static bool may_get_103(const struct fr_exchange *page)
{
	const struct fr_config_hints *h = fr_page_load_settings(page);

	return h->early_hints != FR_EARLY_HINTS_OFF &&
	       (page->req.version == FR_HTTP_2 ||
	        (page->req.version == FR_HTTP_1_1 && h->early_hints_http1));
}

bool fr_early_hints_is_way(const struct fr_exchange *page)
{
	const struct fr_config_hints *h = fr_page_load_settings(page);

	return may_get_103(page) && page->req.method == FR_METHOD_GET &&
	       (h->early_hints == FR_EARLY_HINTS_ALWAYS ||
	        fr_str_iis(fr_fields_value(&page->req.fields, FR_FIELD_SEC_FETCH_MODE),
	                   "navigate"));
}

/* --- what may be named --- */

/* A reason to leave it out; UNDECIDED: none. */
static enum fr_reason objection(struct fr_exchange *page, struct fr_hint *hint)
{
	struct fr_asset asset;

	if (hint->no_early != FR_REASON_UNDECIDED || !hint->target.len)
		return hint->no_early;
	if (hint->objection != FR_REASON_UNDECIDED)
		return hint->objection;
	fr_recall_asset(page, hint, &asset);
	if (hint->is_remembered && fr_recall_is_gone(page, &asset)) {
		fr_learn_gone(page, hint, &asset);
		return FR_REASON_GONE;
	}
	if (asset.is_known && !asset.is_reusable)
		return FR_REASON_NOT_REUSABLE;
	if (!fr_page_load_take_idle(page->load, hint, fr_recall_size(&asset, hint->as)))
		return FR_REASON_BUDGET;
	return FR_REASON_UNDECIDED;
}

struct text {    /* a Link value that grows */
	char *p; /* in the arena */
	size_t len, cap;
};

/* False: it does not fit. */
static bool append(struct text *t, struct fr_str link)
{
	size_t more = link.len + (t->len ? 2 : 0);

	if (more > t->cap - t->len)
		return false;
	if (t->len) {
		memcpy(t->p + t->len, ", ", 2);
		t->len += 2;
	}
	memcpy(t->p + t->len, link.p, link.len);
	t->len += link.len;
	return true;
}

/* Adds the links that may be named; they are decided by that. */
static size_t name_links(struct fr_exchange *page, struct text *t)
{
	struct fr_plan *plan = &page->load->plan;
	size_t n = 0, max = fr_page_load_settings(page)->max_early_hints;

	for (size_t i = 0; i < plan->n; i++) {
		struct fr_hint *hint = plan->v[i];
		struct fr_str link;

		if (hint->reason != FR_REASON_UNDECIDED)
			continue;
		hint->objection = n < max ? objection(page, hint) : FR_REASON_LIMIT_PAGE;
		if (hint->objection != FR_REASON_UNDECIDED)
			continue;
		if (fr_hint_early_link(&page->arena, hint, &link) < 0 || !append(t, link)) {
			hint->objection = FR_REASON_LIMIT_BYTES;
			continue;
		}
		fr_hint_decide(hint, FR_DELIVERY_EARLY_HINTS, FR_REASON_HINTED);
		n++;
	}
	return n;
}

/* --- sending --- */

static int add_csp(struct fr_exchange *page, struct fr_response *resp,
                   const struct fr_response *origin)
{
	const struct fr_field *f = NULL;
	int rc = 0;

	if (!origin || !fr_page_load_settings(page)->early_hints_csp)
		return 0;
	while (rc == 0 &&
	       (f = fr_fields_next(&origin->fields, FR_FIELD_CONTENT_SECURITY_POLICY, f)))
		rc = fr_fields_add_id(&resp->fields, FR_FIELD_CONTENT_SECURITY_POLICY, f->value);
	return rc;
}

static void send_103(struct fr_exchange *page, struct fr_response *resp)
{
	fr_count(&page->worker->counters, FR_COUNT_EARLY_HINTS);
	page->ops->informational(page, resp);
}

void fr_early_hints_plan(struct fr_exchange *page, const struct fr_response *origin)
{
	struct fr_page_load *load = page->load;
	struct fr_response resp;
	struct text t = {.cap = FR_EARLY_MAX_BYTES};

	if (load->has_103)
		return;
	fr_recall_sizes(page);
	fr_plan_order(&load->plan);
	t.p = fr_arena_alloc(&page->arena, t.cap);
	if (!t.p || name_links(page, &t) == 0)
		return;
	fr_response_init(&resp, &page->arena, 103);
	load->has_103 = true;
	load->was_early = true;
	page->client->hinted = page;
	if (fr_fields_add_id(&resp.fields, FR_FIELD_LINK, fr_str_make(t.p, t.len)) == 0 &&
	    add_csp(page, &resp, origin) == 0)
		send_103(page, &resp);
	fr_warm_plan(page, FR_DELIVERY_EARLY_HINTS);
}

void fr_early_hints_close(struct fr_exchange *page)
{
	struct fr_page_load *load = page->load;
	struct fr_plan *plan = &load->plan;

	for (size_t i = 0; i < plan->n; i++) {
		struct fr_hint *hint = plan->v[i];
		enum fr_reason why = hint->no_early;

		if (hint->reason != FR_REASON_UNDECIDED)
			continue;
		if (why == FR_REASON_UNDECIDED)
			why = hint->objection;
		if (why == FR_REASON_UNDECIDED)
			why = load->has_103 ? FR_REASON_AFTER_103 : FR_REASON_WITH_RESPONSE;
		fr_hint_decide(hint,
		               hint->message == plan->message ? FR_DELIVERY_LINK : FR_DELIVERY_NONE,
		               why);
	}
}

void fr_early_hints_relay(struct fr_exchange *page, const struct fr_response *origin)
{
	const struct fr_field *f = NULL;
	struct fr_response resp;
	int rc = 0;

	if (page->has_relayed || !may_get_103(page))
		return;
	fr_response_init(&resp, &page->arena, 103);
	while (rc == 0 && (f = fr_fields_next(&origin->fields, FR_FIELD_LINK, f)))
		rc = fr_fields_add_id(&resp.fields, FR_FIELD_LINK, f->value);
	if (rc < 0 || resp.fields.n == 0 || add_csp(page, &resp, origin) < 0)
		return;
	page->has_relayed = true;
	send_103(page, &resp);
}
