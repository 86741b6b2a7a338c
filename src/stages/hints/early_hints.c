/* Carries out verdicts about 103 responses: writes one, or passes on the origin's. */
#include "stages/hints/early_hints.h"

#include "base/holds.h"
#include "exchange/page_way.h"
#include "hints/verdict.h"
#include "hints/way.h"
#include "stages/hints/facts.h"
#include "stages/hints/page_load.h"
#include "stages/hints/page_order.h"
#include "stages/hints/recall.h"
#include "stages/hints/settings.h"
#include "stages/hints/warm.h"

/* --- what may be named --- */

struct text {    /* a Link value that grows */
	char *p; /* in the arena */
	size_t len, cap;
};

/* It fits: the verdict saw to that. */
static void append(struct text *t, struct fr_str link)
{
	size_t separator = t->len ? 2 : 0;

	if (!FR_HOLDS(link.len + separator <= t->cap - t->len))
		return;
	if (separator) {
		memcpy(t->p + t->len, ", ", 2);
		t->len += 2;
	}
	memcpy(t->p + t->len, link.p, link.len);
	t->len += link.len;
}

/* Adds the links that may be named; they are decided by that. */
static size_t name_links(struct fr_exchange *page, struct text *t)
{
	struct fr_plan *plan = &page->page.load->plan;
	struct fr_facts facts;

	fr_facts_of_page(page, FR_MOMENT_BEFORE, &facts);
	for (size_t i = 0; i < plan->n; i++) {
		struct fr_hint *hint = plan->v[i];
		struct fr_verdict v;

		if (hint->reason != FR_REASON_UNDECIDED)
			continue;
		v = fr_facts_judge(page, hint, &facts);
		if (v.kind != FR_VERDICT_NOW)
			continue;
		append(t, facts.hint.link);
		page->page.load->idle_bytes -= v.idle_bytes;
		fr_hint_decide(hint, v.delivery, v.reason);
		fr_page_order_hinted(page, hint);
		facts.links_named++;
		facts.link_bytes = t->len;
	}
	return facts.links_named;
}

/* --- sending --- */

static int add_csp(struct fr_exchange *page, struct fr_response *resp,
                   const struct fr_response *origin)
{
	const struct fr_field *f = NULL;
	int rc = 0;

	if (!origin || !fr_hints_settings(page)->early_hints_csp)
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
	struct fr_page_load *load = page->page.load;
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

void fr_early_hints_relay(struct fr_exchange *page, const struct fr_response *origin)
{
	const struct fr_field *f = NULL;
	struct fr_response resp;
	struct fr_way_facts facts = fr_page_way_facts(page);
	int rc = 0;

	/* it is passed on whole, or not */
	if (page->page.has_relayed || facts.saves_data || !fr_way_allows_103(&facts))
		return;
	fr_response_init(&resp, &page->arena, 103);
	while (rc == 0 && (f = fr_fields_next(&origin->fields, FR_FIELD_LINK, f)))
		rc = fr_fields_add_id(&resp.fields, FR_FIELD_LINK, f->value);
	if (rc < 0 || resp.fields.n == 0 || add_csp(page, &resp, origin) < 0)
		return;
	page->page.has_relayed = true;
	send_103(page, &resp);
}
