/* Feeds the page loads of a connection with its exchanges. */
#include "stages/learning/stage.h"

#include "base/timer.h"
#include "config/config.h"
#include "exchange/exchange.h"
#include "exchange/generation.h"
#include "exchange/page_way.h"
#include "exchange/whose.h"
#include "hints/budget.h"
#include "hints/learning/load.h"
#include "hints/learning/loads.h"
#include "hints/learning/model.h"
#include "hints/teach.h"
#include "hints/way.h"
#include "http/destination.h"
#include "http/purpose.h"
#include "net/loop.h"
#include "stages/learning/take.h"

/* What an exchange is to its connection's loads: in its slot. */
struct part {
	bool is_page;
	struct fr_loads_ref asset;
	enum fr_as as;
};

/* --- whose --- */

static bool is_watched(const struct fr_exchange *ex)
{
	return ex->req.version == FR_HTTP_2 && ex->req.method == FR_METHOD_GET &&
	       !ex->req.has_override && !ex->canonical.path.is_ambiguous &&
	       fr_config_find_hints(ex->site->config, &ex->canonical.path)->learned &&
	       !fr_whose_is_proxied(ex);
}

static uint64_t now_of(const struct fr_exchange *ex)
{
	return fr_loop_now(ex->worker->loop);
}

/* Ends the windows that are due, and looks again when the next one may be. */
static void tick(struct fr_timer *t, void *user)
{
	struct fr_connection *c = user;
	uint64_t now = fr_loop_now(c->worker->loop);
	uint64_t next = fr_loads_tick(c->loads.open, now);

	if (next)
		fr_loop_timer_set(c->worker->loop, t, next - now);
}

static struct fr_loads *loads_of(struct fr_exchange *ex)
{
	struct fr_connection *c = ex->client;

	if (c->loads.open)
		return c->loads.open;
	c->loads.open = fr_loads_new(fr_learning_take, c);
	if (c->loads.open)
		fr_timer_init(&c->loads.timer, tick, c);
	return c->loads.open;
}

/* --- the request --- */

static bool is_navigation(const struct fr_request *req)
{
	struct fr_str dest = fr_fields_value(&req->fields, FR_FIELD_SEC_FETCH_DEST);

	if (dest.len)
		return fr_str_is(dest, "document");
	return fr_destination_may_be_page(req) &&
	       fr_str_istarts(fr_fields_value(&req->fields, FR_FIELD_ACCEPT), FR_STR("text/html"));
}

static bool is_reload(const struct fr_request *req)
{
	return fr_str_iis(fr_fields_value(&req->fields, FR_FIELD_CACHE_CONTROL), "max-age=0") ||
	       fr_str_iis(fr_fields_value(&req->fields, FR_FIELD_CACHE_CONTROL), "no-cache");
}

static bool begin_page(struct fr_exchange *ex)
{
	const struct fr_party *party = ex->whose.client;
	struct fr_load_client client;
	struct fr_loads_page page = {
		.authority = ex->req.authority,
		.target = ex->req.target,
		.client = &client,
		.id = ex->seen.id,
		.witnesses = (uint8_t)fr_config_find_hints(ex->site->config, &ex->canonical.path)
	                             ->witnesses,
		.is_ahead = fr_purpose_of(&ex->req.fields) != FR_PURPOSE_VIEW,
		.is_reload = is_reload(&ex->req),
	};
	struct fr_loads *loads;

	fr_load_client_of(&ex->req.fields, party->has_ip ? &party->ip : NULL, ex->gen->shared->seed,
	                  &client);
	client.has_digest = ex->page.digest.len != 0;
	loads = client.is_bot ? NULL : loads_of(ex);
	if (!loads)
		return false;
	fr_loads_page(loads, &page, now_of(ex));
	if (!fr_timer_is_set(&ex->client->loads.timer))
		fr_loop_timer_set(ex->worker->loop, &ex->client->loads.timer, FR_LOADS_SILENCE_MS);
	return true;
}

static struct fr_loads_ref begin_asset(struct fr_exchange *ex, enum fr_as *as)
{
	struct fr_loads_request r = {
		.authority = ex->req.authority,
		.target = ex->req.target,
		.referer = fr_fields_value(&ex->req.fields, FR_FIELD_REFERER),
		.as = fr_as_parse(fr_fields_value(&ex->req.fields, FR_FIELD_SEC_FETCH_DEST)),
		.is_conditional = fr_request_is_conditional(&ex->req),
		.is_cors = fr_str_is(fr_fields_value(&ex->req.fields, FR_FIELD_SEC_FETCH_MODE),
	                             "cors"),
	};

	/* "empty" is what scripts fetch; what says nothing is no browser's */
	if (fr_str_is(fr_fields_value(&ex->req.fields, FR_FIELD_SEC_FETCH_DEST), "empty"))
		r.as = FR_AS_FETCH;
	if (r.as == FR_AS_NONE || r.as == FR_AS_UNKNOWN || r.as == FR_AS_DOCUMENT)
		return (struct fr_loads_ref){0};
	*as = r.as;
	return fr_loads_asked(ex->client->loads.open, &r, now_of(ex));
}

static enum fr_step begin(struct fr_exchange *ex, void **slot)
{
	struct part part = {0}, *kept;

	if (ex->is_push || !is_watched(ex))
		return FR_STEP_NEXT;
	if (is_navigation(&ex->req))
		part.is_page = begin_page(ex);
	else if (ex->client->loads.open)
		part.asset = begin_asset(ex, &part.as);
	if (!part.is_page && !part.asset.load)
		return FR_STEP_NEXT;
	kept = fr_arena_alloc(&ex->arena, sizeof *kept);
	if (kept)
		*kept = part;
	*slot = kept;
	return FR_STEP_NEXT;
}

/* --- the response --- */

static unsigned flags_of(const struct fr_hint *h)
{
	unsigned flags = h->message && h->source == FR_HINT_SOURCE_LINK ? FR_LOAD_NAMED : 0;

	if (h->reason == FR_REASON_HINTED)
		return flags | FR_LOAD_HINTED;
	if (h->reason == FR_REASON_PUSHED)
		return flags | FR_LOAD_PUSHED;
	if (h->reason == FR_REASON_HELD_OUT || h->reason == FR_REASON_HARMFUL ||
	    h->reason == FR_REASON_WITNESS || h->reason == FR_REASON_LEFT_OUT)
		return flags | FR_LOAD_OMITTED;
	if (h->reason == FR_REASON_ALREADY_SENT || h->reason == FR_REASON_CACHED)
		return flags | FR_LOAD_HAD;
	return flags;
}

static void note_offers(struct fr_exchange *ex)
{
	const struct fr_plan *plan = ex->page.plan;

	for (size_t i = 0; plan && i < plan->n; i++) {
		const struct fr_hint *h = plan->v[i];
		unsigned flags = flags_of(h);

		if (flags && h->target.len && h->reason != FR_REASON_DUPLICATE)
			fr_loads_offered(ex->client->loads.open, ex->seen.id, h->target, h->as,
			                 flags);
	}
}

static bool is_load(const struct fr_exchange *ex)
{
	struct fr_str type = fr_fields_value(&ex->resp.fields, FR_FIELD_CONTENT_TYPE);

	return ex->resp.status == 200 && (fr_str_istarts(type, FR_STR("text/html")) ||
	                                  fr_str_istarts(type, FR_STR("application/xhtml+xml")));
}

/* Shown something else, or nothing: it is told nothing the next time. */
static void note_turned_away(struct fr_exchange *ex)
{
	const struct fr_party *party = ex->whose.client;
	int status = ex->resp.status;
	struct fr_load_client client;

	if ((status < 300 || status >= 400 || status == 304) && status != 401 && status != 403)
		return;
	fr_load_client_of(&ex->req.fields, party->has_ip ? &party->ip : NULL, ex->gen->shared->seed,
	                  &client);
	fr_model_turned_away(ex->gen->shared->model, ex->req.authority, ex->req.target, &client);
}

static void answer_page(struct fr_exchange *ex)
{
	struct fr_teach_load teach = {.req = &ex->req, .resp = &ex->resp};
	struct fr_way_facts facts = fr_page_way_facts(ex);
	struct fr_loads_answer answer = {
		.is_load = is_load(ex),
		.from_origin = !ex->cache.is_hit,
		.is_personal = fr_teach_whom_of(fr_teach_judge(&teach)) != FR_TEACH_EVERYBODY,
		.way = (uint8_t)fr_way_choose(&facts),
		.arm = ex->page.arm.mark,
		.visitor = {.id = ex->page.arm.visitor, .network = ex->page.arm.network},
	};
	struct fr_budget_path path;

	if (answer.is_load && ex->ops->path(ex, &path) == 0)
		answer.rtt_us = (uint32_t)path.rtt_us;
	if (!answer.is_load)
		note_turned_away(ex);
	fr_loads_page_answered(ex->client->loads.open, ex->seen.id, &answer, now_of(ex));
	if (answer.is_load)
		note_offers(ex);
}

/* Did a 103 make the client ask for it? */
static bool is_hinted(const struct fr_exchange *ex)
{
	const struct fr_exchange *page = ex->client->hinted;
	const struct fr_plan *plan = page ? page->page.plan : NULL;

	for (size_t i = 0; plan && i < plan->n; i++)
		if (plan->v[i]->reason == FR_REASON_HINTED &&
		    fr_str_eq(plan->v[i]->target, ex->req.target))
			return true;
	return false;
}

static void note_asset(struct fr_exchange *ex, const struct part *part)
{
	const struct fr_party *party = ex->whose.client;
	struct fr_model *model = ex->gen->shared->model;
	int status = ex->resp.status;
	uint64_t network = party->has_ip ? fr_load_network(&party->ip, ex->gen->shared->seed) : 1;

	if (status == 200 || status == 304)
		fr_model_seen(model, ex->req.authority, ex->req.target, part->as, network,
		              !is_hinted(ex), fr_loop_wall_s());
	else if (status == 404 || status == 410)
		fr_model_gone(model, ex->req.authority, ex->req.target, part->as);
}

static void answer(struct fr_exchange *ex, void **slot)
{
	const struct part *part = *slot;

	if (part && part->is_page)
		answer_page(ex);
	else if (part) {
		fr_loads_answered(ex->client->loads.open, part->asset, ex->resp.status);
		note_asset(ex, part);
	}
}

/* --- the end --- */

static void end(struct fr_exchange *ex, void **slot, enum fr_end how)
{
	const struct part *part = *slot;
	struct fr_loads *loads = ex->client->loads.open;

	if (ex->is_push && loads && how == FR_END_CANCELLED)
		fr_loads_push_cancelled(loads, ex->seen.parent_id, ex->req.target);
	if (ex->is_push && loads && how == FR_END_COMPLETED)
		fr_loads_push_sent(loads, ex->seen.parent_id, now_of(ex));
	if (part && !part->is_page && how == FR_END_COMPLETED)
		fr_loads_sent(loads, part->asset, now_of(ex));
	if (part && part->is_page)
		fr_loads_page_ended(loads, ex->seen.id, how == FR_END_COMPLETED,
		                    ex->to_client.sent_bytes, now_of(ex));
}

const struct fr_stage fr_learning_stage = {
	.name = "learning",
	.request = begin,
	.response = answer,
	.end = end,
};
