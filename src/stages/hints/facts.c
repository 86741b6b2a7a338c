/* Collects the facts of a page and answers what verdicts ask for. */
#include "stages/hints/facts.h"

#include "exchange/page_way.h"
#include "exchange/whose.h"
#include "hints/judge.h"
#include "stages/hints/client_cache.h"
#include "stages/hints/comparison.h"
#include "stages/hints/page_load.h"
#include "stages/hints/recall.h"
#include "stages/hints/sent.h"
#include "stages/hints/settings.h"

/* What changes with every delivery, and with what the client says meanwhile. Of a page that
 * is gone the connection may be gone, too. */
static void refresh(const struct fr_exchange *page, struct fr_facts *f)
{
	const struct fr_connection *c = page->client;
	const struct fr_page_load *load = page->page.load;

	if (f->moment == FR_MOMENT_GONE)
		return;
	f->request.takes_push = fr_page_takes_push(page);
	f->is_draining = c->is_draining;
	f->has_103 = load->has_103;
	f->origin_requests += page->page.pushes - f->pushes_page; /* promised since */
	f->pushes_page = page->page.pushes;
	/* a proxy's connection is many clients', and lasts */
	f->pushes_connection = fr_whose_is_proxied(page) ? 0 : c->pushes;
	f->push_bytes = load->push_bytes;
	f->idle_bytes = load->idle_bytes;
}

void fr_facts_of_page(const struct fr_exchange *page, enum fr_moment moment, struct fr_facts *out)
{
	const struct fr_config_hints *h = fr_hints_settings(page);

	*out = (struct fr_facts){.moment = moment,
	                         .way = page->page.load->way,
	                         .arm = page->page.load->arm,
	                         .held = page->page.load->withheld,
	                         .has_credentials = page->page.load->kinds != 0,
	                         .message = page->page.load->plan.message};
	if (moment == FR_MOMENT_GONE)
		return;
	out->request = fr_page_way_facts(page);
	out->pushes_page = page->page.pushes;
	if (fr_page_takes_push(page))
		out->origin_requests = fr_whose_places(page);
	out->is_page = fr_page_load_may_have_hints(page) &&
	               (moment == FR_MOMENT_BEFORE || page->resp.status == 200);
	out->limits = (struct fr_verdict_limits){
		.pushes_page = h->max_pushes_page,
		.pushes_connection = h->max_pushes_connection,
		.origin_requests = page->client->gen->config->limits.origin_requests_per_client,
		.push_bytes_page = h->max_push_bytes_page,
		.early_links = h->max_early_hints,
	};
}

static void find_link(struct fr_exchange *page, const struct fr_hint *hint, struct fr_str *out)
{
	if (fr_hint_early_link(&page->arena, hint, out) < 0)
		*out = (struct fr_str){0};
}

static void find(struct fr_exchange *page, const struct fr_hint *hint, enum fr_fact fact,
                 struct fr_hint_facts *out)
{
	out->known |= FR_BIT(fact);
	switch (fact) {
	case FR_FACT_ASSET:
		fr_recall_asset(page, hint, &out->asset);
		break;
	case FR_FACT_SENT:
		out->is_sent = fr_sent_has(page, hint);
		break;
	case FR_FACT_FAILED:
		out->has_failed = fr_sent_has_failed(page, hint);
		break;
	case FR_FACT_CACHED:
		out->is_cached = fr_client_cache_has(page, hint, &out->asset);
		break;
	case FR_FACT_STREAM:
		out->has_stream = page->ops->push_has_room(page);
		break;
	case FR_FACT_ADVICE:
		out->advice = fr_recall_advice(page, hint);
		break;
	case FR_FACT_LINK:
		find_link(page, hint, &out->link);
		break;
	case FR_FACT_NONE:
		break;
	}
}

struct fr_verdict fr_facts_judge(struct fr_exchange *page, struct fr_hint *hint, struct fr_facts *f)
{
	struct fr_verdict v;

	refresh(page, f);
	f->hint = (struct fr_hint_facts){.is_witness = fr_comparison_is_witness(page, hint)};
	for (;;) {
		v = fr_verdict_of(hint, f);
		if (v.kind != FR_VERDICT_ASKS)
			break;
		find(page, hint, v.asks, &f->hint);
	}
	if (v.kind == FR_VERDICT_LATER && v.reason != FR_REASON_UNDECIDED)
		hint->against.earlier = v.reason;
	/* found now, not kept from an earlier moment */
	if (v.reason == FR_REASON_GONE && (f->hint.known & FR_BIT(FR_FACT_ASSET)))
		fr_recall_forget(page, hint, &f->hint.asset);
	return v;
}
