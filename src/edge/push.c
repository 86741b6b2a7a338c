#include "edge/push.h"

#include "base/log.h"
#include "edge/client.h"

/* URLs remembered for one connection beyond the pushes it may have: what the
 * client asked for itself. */
#define MEMO_REQUESTS 1024u
/* Room for the summary of decisions. */
#define SUMMARY_BYTES 512u

static const struct fr_config_hints *settings(const struct fr_exchange *page)
{
	return fr_config_find_hints(page->site->config, page->req.target);
}

/* --- the promised request --- */

/* Fields of the page's request that a browser would send for the asset, too. */
static const enum fr_field_id inherited[] = {
	FR_FIELD_ACCEPT_ENCODING, FR_FIELD_ACCEPT_LANGUAGE, FR_FIELD_USER_AGENT,
	FR_FIELD_COOKIE,          FR_FIELD_AUTHORIZATION,
};

static int add_copy(struct fr_request *req, enum fr_field_id id, struct fr_str value)
{
	return fr_fields_add_copy(&req->fields, fr_field_name(id), value);
}

/* Copies: the push may outlive the page. */
static int make_request(struct fr_exchange *push, const struct fr_exchange *page,
                        const struct fr_hint *hint)
{
	struct fr_request *req = &push->req;
	struct fr_arena *a = &push->arena;
	struct fr_str referer = {0};
	int rc;

	req->method = FR_METHOD_GET;
	req->method_text = FR_STR("GET");
	req->version = page->req.version;
	req->content_length = -1;
	if (fr_arena_copy(a, page->req.scheme, &req->scheme) < 0 ||
	    fr_arena_copy(a, page->req.authority, &req->authority) < 0 ||
	    fr_arena_copy(a, hint->target, &req->target) < 0)
		return FR_ERR_NOMEM;
	rc = fr_fields_add_id(&req->fields, FR_FIELD_ACCEPT, fr_str_from(fr_as_accept(hint->as)));
	for (size_t i = 0; rc == 0 && i < FR_COUNT(inherited); i++) {
		const struct fr_field *f = fr_fields_get(&page->req.fields, inherited[i]);

		if (f)
			rc = add_copy(req, inherited[i], f->value);
	}
	if (rc == 0)
		rc = fr_arena_printf(a, &referer, "%.*s://%.*s%.*s", FR_STR_ARG(page->req.scheme),
		                     FR_STR_ARG(page->req.authority), FR_STR_ARG(page->req.target));
	return rc < 0 ? rc : fr_fields_add_id(&req->fields, FR_FIELD_REFERER, referer);
}

/* --- deciding --- */

static struct fr_memo *memo_of(struct fr_exchange *page)
{
	struct fr_client *c = page->client;

	if (!c->memo)
		c->memo = fr_memo_new(MEMO_REQUESTS + settings(page)->max_pushes_connection,
		                      c->worker->seed);
	return c->memo;
}

/* Why this candidate is not pushed; FR_REASON_PUSHED if nothing speaks
 * against it. The cheapest and most final reasons first. */
static enum fr_reason objection(struct fr_exchange *page, const struct fr_hint *hint)
{
	const struct fr_config_hints *h = settings(page);
	struct fr_client *c = page->client;
	struct fr_str authority = page->req.authority;

	if (!h->push)
		return FR_REASON_SITE_OFF;
	if (c->is_draining)
		return FR_REASON_DRAINING;
	if (!page->ops->push || !page->ops->push_is_enabled(page))
		return FR_REASON_PUSH_DISABLED;
	if (fr_memo_has(memo_of(page), authority, hint->target))
		return FR_REASON_ALREADY_SENT;
	if (fr_failures_has(page->site->failures, authority, hint->target,
	                    fr_loop_now(page->worker->loop)))
		return FR_REASON_RECENT_FAILURE;
	if (page->pushes >= h->max_pushes_page)
		return FR_REASON_LIMIT_PAGE;
	if (c->pushes >= h->max_pushes_connection)
		return FR_REASON_LIMIT_CONNECTION;
	if (c->origin_requests >= c->gen->config->limits.origin_requests_per_client)
		return FR_REASON_LIMIT_ORIGIN;
	if (!page->ops->push_has_room(page))
		return FR_REASON_LIMIT_STREAMS;
	return FR_REASON_PUSHED;
}

void fr_push_note_request(struct fr_exchange *ex)
{
	if (ex->req.method == FR_METHOD_GET && settings(ex)->push && ex->ops->push_is_enabled &&
	    ex->ops->push_is_enabled(ex))
		(void)fr_memo_add(memo_of(ex), ex->req.authority, ex->req.target);
}

/* Promises one asset and starts its request. */
static bool promise(struct fr_exchange *page, const struct fr_hint *hint)
{
	struct fr_client *c = page->client;
	struct fr_exchange *push = fr_exchange_new(page->worker, c, page->ops, 0);

	push->is_push = true;
	if (make_request(push, page, hint) < 0 ||
	    page->ops->push(page, push, fr_as_rank(hint->as)) < 0) {
		fr_exchange_leave(push, true, false, false);
		return false;
	}
	(void)fr_memo_add(memo_of(page), page->req.authority, hint->target);
	c->pushes++;
	page->pushes++;
	fr_count(&page->worker->counters, FR_COUNT_PUSHES_PROMISED);
	fr_exchange_begin(push, true);
	return true;
}

static void log_decision(struct fr_exchange *page, const struct fr_hint *hint)
{
	fr_counter_bump(&page->worker->counters.extra[hint->reason], 1);
	fr_count(&page->worker->counters, FR_COUNT_HINTS);
	FR_LOG(DEBUG, "hints", "%s: %.*s: <%.*s> as=%s from=%s: %s (%s)", page->client->peer,
	       FR_STR_ARG(page->req.target), FR_STR_ARG(hint->url), fr_as_str(hint->as),
	       fr_hint_source_str(hint->source), fr_delivery_str(hint->delivery),
	       fr_reason_str(hint->reason));
}

/* Decides what is still open, in the order of sending. is_page: whether the
 * page may push at all. */
static void decide(struct fr_exchange *page, bool is_page)
{
	struct fr_plan *plan = page->plan;

	fr_plan_order(plan);
	for (size_t i = 0; i < plan->n; i++) {
		struct fr_hint *hint = plan->v[i];
		enum fr_reason why;

		if (hint->reason != FR_REASON_UNDECIDED)
			continue;
		why = is_page ? objection(page, hint) : FR_REASON_NOT_PAGE;
		if (why == FR_REASON_PUSHED && promise(page, hint))
			fr_hint_decide(hint, FR_DELIVERY_PUSH, why);
		else
			fr_hint_decide(hint, FR_DELIVERY_LINK,
			               why == FR_REASON_PUSHED ? FR_REASON_FAILED : why);
	}
}

/* Takes the links of a message into the page's plan; false if it has none. */
static bool collect(struct fr_exchange *page, const struct fr_fields *fields)
{
	struct fr_plan_page about = {
		.scheme = page->req.scheme,
		.authority = page->req.authority,
		.target = page->req.target,
		.accept = fr_fields_value(&page->req.fields, FR_FIELD_ACCEPT),
		.absolute_links = settings(page)->absolute_links,
	};
	const struct fr_field *link = fr_fields_get(fields, FR_FIELD_LINK);

	if (!link)
		return false;
	if (!page->plan) {
		page->plan = fr_arena_alloc(&page->arena, sizeof *page->plan);
		if (!page->plan)
			return false;
		fr_plan_init(page->plan, &page->arena);
	}
	for (; link; link = fr_fields_next(fields, FR_FIELD_LINK, link))
		fr_plan_add_link_field(page->plan, &about, link->value, FR_HINT_SOURCE_LINK);
	return true;
}

static bool may_push(const struct fr_exchange *page)
{
	return !page->is_push && page->req.method == FR_METHOD_GET;
}

void fr_push_links(struct fr_exchange *page, const struct fr_fields *fields)
{
	if (may_push(page) && collect(page, fields))
		decide(page, true);
}

/* Summaries cost bytes: who asks for one gets it, and a share of the others. */
static bool wants_timing(const struct fr_exchange *page)
{
	const struct fr_config_hints *h = settings(page);
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

	if (!wants_timing(page) || fr_plan_summary(page->plan, summary, sizeof summary) == 0)
		return;
	if (fr_arena_printf(&page->arena, &value, "forerun;desc=\"%s\"", summary) < 0 ||
	    fr_fields_add_id(&page->resp.fields, FR_FIELD_SERVER_TIMING, value) < 0)
		FR_LOG(DEBUG, "hints", "%s: no room for Server-Timing", page->client->peer);
}

void fr_push_page(struct fr_exchange *page)
{
	struct fr_counters *c = &page->worker->counters;

	if (page->is_push)
		return;
	(void)collect(page, &page->resp.fields);
	if (!page->plan)
		return;
	decide(page, may_push(page) && page->resp.status == 200);
	for (size_t i = 0; i < page->plan->n; i++)
		log_decision(page, page->plan->v[i]);
	fr_count_add(c, FR_COUNT_HINTS_DROPPED, page->plan->dropped);
	fr_count_add(c, FR_COUNT_LINKS_MALFORMED, page->plan->malformed);
	add_server_timing(page);
}
