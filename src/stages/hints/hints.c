/* Runs a page load: when hints are looked up, delivered and decided, and what is said about it. */
#include "stages/hints/hints.h"

#include "base/log.h"
#include "hints/budget.h"
#include "hints/memory.h"
#include "hints/pacing.h"
#include "hints/repeated.h"
#include "hints/verdict.h"
#include "hints/way.h"
#include "stages/hints/comparison.h"
#include "stages/hints/early_hints.h"
#include "stages/hints/facts.h"
#include "stages/hints/learn.h"
#include "stages/hints/learned.h"
#include "stages/hints/page_load.h"
#include "stages/hints/page_order.h"
#include "stages/hints/push.h"
#include "stages/hints/recall.h"
#include "stages/hints/settings.h"
#include "stages/hints/warm.h"

/* Room for the summary of decisions. */
#define SUMMARY_BYTES 512u

/* Clients that say what their requests are for: only navigations load pages. */
static bool may_be_page(const struct fr_exchange *ex)
{
	struct fr_str mode = fr_fields_value(&ex->req.fields, FR_FIELD_SEC_FETCH_MODE);

	return fr_page_load_may_have_hints(ex) && (!mode.p || fr_str_iis(mode, "navigate"));
}

/* --- t0 --- */

/* What the link carries until the response comes, as far as can be known. */
static void measure_idle(struct fr_exchange *ex)
{
	struct fr_page_load *load = ex->page.load;
	struct fr_budget_path path;
	uint32_t think_ms = load->remembered ? atomic_load_explicit(&load->remembered->think_ms,
	                                                            memory_order_relaxed)
	                                     : 0;

	if (ex->ops->path(ex, &path) < 0)
		return;
	/* what a 103 names is asked for a round trip later */
	if (load->way == FR_WAY_EARLY && think_ms)
		think_ms = think_ms > path.rtt_us / 1000 ? think_ms - (uint32_t)(path.rtt_us / 1000)
		                                         : 1;
	load->idle_bytes = fr_budget_idle_bytes(&path, think_ms);
}

/* Before the response: as much as the way allows. */
static void deliver_early(struct fr_exchange *ex, const struct fr_response *origin)
{
	struct fr_page_load *load = ex->page.load;

	measure_idle(ex);
	if (!fr_way_is_early(load->way, fr_request_is_conditional(&ex->req)))
		return;
	if (load->way == FR_WAY_PUSH)
		fr_push_plan(ex, FR_MOMENT_BEFORE);
	else
		fr_early_hints_plan(ex, origin);
}

static void ask_memory(struct fr_exchange *ex)
{
	struct fr_page_load *load = ex->page.load;

	if (load->has_known)
		return;
	load->has_known = true;
	fr_recall_page(ex);
}

/* To the connection: what is known of the page that is due. */
static void announce(struct fr_exchange *ex)
{
	const struct fr_page_load *load = ex->page.load;
	struct fr_pacing_page page = {.links = load->plan.n};

	if (!ex->ops->page_due || !load->remembered)
		return;
	page.think_ms = atomic_load_explicit(&load->remembered->think_ms, memory_order_relaxed);
	page.body_bytes = atomic_load_explicit(&load->remembered->body_bytes, memory_order_relaxed);
	ex->ops->page_due(ex, &page);
}

void fr_hints_begin(struct fr_exchange *ex)
{
	ex->page.asked_ms = fr_loop_now(ex->worker->loop);
	if (!may_be_page(ex) || !fr_page_load_of(ex))
		return;
	ask_memory(ex);
	if (ex->page.load->plan.n == 0)
		return;
	fr_comparison_join(ex);
	announce(ex);
	deliver_early(ex, NULL);
}

/* --- the origin's interim responses --- */

/* Takes the links of a message into the plan; false if it has none. copies:
 * the message does not live as long as the exchange. */
static bool collect(struct fr_exchange *ex, const struct fr_fields *fields, bool copies)
{
	const struct fr_field *link = fr_fields_get(fields, FR_FIELD_LINK);

	if (!link || !fr_page_load_of(ex))
		return false;
	fr_plan_next_message(&ex->page.load->plan);
	for (; link; link = fr_fields_next(fields, FR_FIELD_LINK, link)) {
		struct fr_str value = link->value;

		if (copies && fr_arena_copy(&ex->arena, link->value, &value) < 0)
			continue;
		fr_plan_add_link_field(&ex->page.load->plan, value, FR_HINT_SOURCE_LINK, 0);
	}
	return true;
}

void fr_hints_interim(struct fr_exchange *ex, const struct fr_response *resp)
{
	if (!fr_page_load_may_have_hints(ex) || !collect(ex, &resp->fields, true))
		return;
	fr_comparison_join(ex);
	deliver_early(ex, resp);
	/* who gets a 103 of ours has it; others, where it can do no harm, the origin's */
	if (ex->page.load->way != FR_WAY_EARLY)
		fr_early_hints_relay(ex, resp);
}

/* --- t1 --- */

static void log_decision(struct fr_exchange *page, const struct fr_hint *hint)
{
	fr_counter_bump(&page->worker->counters.extra[hint->reason], 1);
	fr_count(&page->worker->counters, FR_COUNT_HINTS);
	FR_LOG(DEBUG, "hints", "%s: %.*s: <%.*s> as=%s from=%s: %s (%s)", page->whose.client->text,
	       FR_STR_ARG(page->req.target), FR_STR_ARG(hint->url), fr_as_str(hint->as),
	       fr_hint_source_str(hint->source), fr_delivery_str(hint->delivery),
	       fr_reason_str(hint->reason));
}

/* Decides what is open without delivering it. */
static void settle(struct fr_exchange *page, enum fr_moment moment)
{
	struct fr_plan *plan = &page->page.load->plan;
	struct fr_facts facts;

	fr_facts_of_page(page, moment, &facts);
	for (size_t i = 0; i < plan->n; i++) {
		struct fr_verdict v;

		if (plan->v[i]->reason != FR_REASON_UNDECIDED)
			continue;
		v = fr_facts_judge(page, plan->v[i], &facts);
		fr_hint_decide(plan->v[i], v.delivery, v.reason);
	}
}

static void close_load(struct fr_exchange *ex)
{
	struct fr_page_load *load = ex->page.load;

	load->is_closed = true;
	for (size_t i = 0; i < load->plan.n; i++)
		log_decision(ex, load->plan.v[i]);
	fr_count_add(&ex->worker->counters, FR_COUNT_HINTS_DROPPED, load->plan.dropped);
	fr_count_add(&ex->worker->counters, FR_COUNT_LINKS_MALFORMED, load->plan.malformed);
}

static void decide(struct fr_exchange *page)
{
	if (page->page.load->way == FR_WAY_PUSH && fr_page_load_may_have_hints(page) &&
	    page->resp.status == 200)
		fr_push_plan(page, FR_MOMENT_RESPONSE);
	else
		settle(page, FR_MOMENT_RESPONSE);
}

/* Summaries cost bytes: who asks for one gets it, and a share of the others. */
static bool wants_timing(const struct fr_exchange *page)
{
	const struct fr_config_hints *h = fr_hints_settings(page);
	uint8_t dice;

	if (h->timing_debug &&
	    fr_str_is(fr_fields_value(&page->req.fields, FR_FIELD_FORERUN_DEBUG), "1"))
		return true;
	if (h->timing_percent == 0)
		return false;
	fr_random_bytes(&dice, sizeof dice);
	return (uint32_t)dice * 100 / 256 < h->timing_percent;
}

static void add_server_timing(struct fr_exchange *page)
{
	char summary[SUMMARY_BYTES];
	struct fr_str value;

	if (!wants_timing(page) ||
	    (page->page.plan->n + page->page.plan->dropped == 0 &&
	     !page->page.plan->learning.waiting) ||
	    fr_plan_summary(page->page.plan, summary, sizeof summary) == 0)
		return;
	if (fr_arena_printf(&page->arena, &value, "forerun;desc=\"%s\"%s%s%s", summary,
	                    page->page.arm.name ? ", forerun-arm;desc=\"" : "",
	                    page->page.arm.name ? page->page.arm.name : "",
	                    page->page.arm.name ? "\"" : "") < 0 ||
	    fr_fields_add_id(&page->resp.fields, FR_FIELD_SERVER_TIMING, value) < 0)
		FR_LOG(DEBUG, "hints", "%s: no room for Server-Timing", page->whose.client->text);
}

static bool is_html(const struct fr_exchange *page)
{
	struct fr_str type = fr_fields_value(&page->resp.fields, FR_FIELD_CONTENT_TYPE);

	return fr_str_istarts(type, FR_STR("text/html"));
}

/* Everything that is to be decided is decided; what the origin said is learned. */
static void conclude(struct fr_exchange *page, bool from_origin)
{
	struct fr_page_load *load = page->page.load;

	if (load->way == FR_WAY_PUSH && page->resp.status == 200 && is_html(page))
		fr_comparison_join(page);
	decide(page);
	if (fr_page_load_may_have_hints(page) && page->resp.status == 200 && from_origin) {
		fr_learn_page(page);
		fr_warm_plan(page, load->way == FR_WAY_PUSH ? FR_DELIVERY_NONE : FR_DELIVERY_LINK);
	}
	if (load->was_early && page->resp.status != 200 && page->resp.status != 304)
		fr_count(&page->worker->counters, FR_COUNT_HINTS_BEFORE_ERROR);
	close_load(page);
	if (load->has_103)
		fr_repeated_drop(&load->plan, &page->resp.fields);
	add_server_timing(page);
}

void fr_hints_page(struct fr_exchange *page)
{
	bool from_origin = !page->cache.is_hit;

	if (page->page.asked_ms && from_origin)
		page->page.think_ms =
			(uint32_t)(fr_loop_now(page->worker->loop) - page->page.asked_ms);
	/* a page from the cache was not asked for: what is remembered counts now */
	if (!page->page.asked_ms && page->resp.status == 200 && may_be_page(page) &&
	    is_html(page) && fr_page_load_way(page) == FR_WAY_PUSH && fr_page_load_of(page))
		ask_memory(page);
	if (!collect(page, &page->resp.fields, false) && page->page.load)
		fr_plan_next_message(&page->page.load->plan); /* one without links */
	if (page->page.load)
		fr_learned_judge_response(page);
	if (page->page.load)
		conclude(page, from_origin);
}

/* --- the end --- */

void fr_hints_note_body(struct fr_exchange *ex)
{
	struct fr_page_load *load = ex->page.load;

	if (load && load->remembered && ex->resp.status == 200 && ex->to_client.sent_bytes &&
	    ex->to_client.sent_bytes <= UINT32_MAX)
		atomic_store_explicit(&load->remembered->body_bytes,
		                      (uint32_t)ex->to_client.sent_bytes, memory_order_relaxed);
}

void fr_hints_end(struct fr_exchange *ex)
{
	struct fr_page_load *load = ex->page.load;

	if (!load || load->is_closed)
		return;
	if (load->was_early)
		fr_count(&ex->worker->counters, FR_COUNT_HINTS_BEFORE_ERROR);
	settle(ex, FR_MOMENT_GONE);
	close_load(ex);
}

void fr_hints_free(struct fr_exchange *ex)
{
	if (ex->page.load)
		fr_remembered_page_unref(&ex->page.load->remembered);
	ex->page.load = NULL;
	ex->page.plan = NULL;
}
