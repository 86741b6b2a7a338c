/* Carries out verdicts about pushes: promises assets and begins their requests. */
#include "stages/hints/push.h"

#include "stages/hints/asset_request.h"
#include "stages/hints/facts.h"
#include "stages/hints/learn.h"
#include "stages/hints/page_load.h"
#include "stages/hints/recall.h"
#include "stages/hints/sent.h"

/* Promises one asset; its request begins with the next step. */
static bool promise(struct fr_exchange *page, const struct fr_hint *hint)
{
	struct fr_connection *c = page->client;
	struct fr_exchange *push = fr_exchange_new_for(page);

	if (!push)
		return false;
	push->is_push = true;
	push->seen.parent_id = page->seen.id;
	if (fr_asset_request_make(push, page, hint, true) < 0 ||
	    page->ops->push(page, push, hint->rank) < 0) {
		fr_exchange_leave(push, true, false, false);
		return false;
	}
	fr_sent_add(page, hint);
	c->pushes++;
	page->page.pushes++;
	fr_count(&page->worker->counters, FR_COUNT_PUSHES_PROMISED);
	fr_exchange_begin_later(push);
	return true;
}

static void carry_out(struct fr_exchange *page, struct fr_hint *hint, struct fr_facts *facts)
{
	struct fr_page_load *load = page->page.load;
	struct fr_verdict v = fr_facts_judge(page, hint, facts);

	if (v.reason == FR_REASON_PUSHED) {
		hint->rank = v.rank;
		if (promise(page, hint)) {
			load->push_bytes += facts->hint.asset.bytes;
			load->idle_bytes -= v.idle_bytes;
			load->was_early |= facts->moment == FR_MOMENT_BEFORE;
		} else {
			facts->hint.promise_failed = true;
			v = fr_verdict_of(hint, facts);
		}
	}
	if (v.kind == FR_VERDICT_NOW)
		fr_hint_decide(hint, v.delivery, v.reason);
}

void fr_push_plan(struct fr_exchange *page, enum fr_moment moment)
{
	struct fr_plan *plan = &page->page.load->plan;
	struct fr_facts facts;

	fr_recall_sizes(page);
	fr_plan_order(plan);
	fr_facts_of_page(page, moment, &facts);
	for (size_t i = 0; i < plan->n; i++)
		if (plan->v[i]->reason == FR_REASON_UNDECIDED)
			carry_out(page, plan->v[i], &facts);
}

void fr_push_ended(struct fr_exchange *push, bool complete, bool by_peer)
{
	if (complete || by_peer)
		fr_learn_pushed(push, !complete);
	/* one whose length nobody said: it is known now */
	if (complete && push->resp.content_length < 0 && push->to_client.sent_bytes &&
	    !push->cache.is_stored)
		fr_learn_answer(push->gen->shared, &(struct fr_observed_response){
							   .req = &push->req,
							   .resp = &push->resp,
							   .client = fr_exchange_client_hash(push),
							   .bytes = push->to_client.sent_bytes,
							   .is_ours = true});
}
