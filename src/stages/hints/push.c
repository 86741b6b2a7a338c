#include "stages/hints/push.h"

#include "hints/push_failures.h"
#include "hints/teach.h"
#include "stages/hints/facts.h"
#include "stages/hints/learn.h"
#include "stages/hints/page_load.h"

/* URLs remembered for one connection beyond the pushes it may have: what the
 * client asked for itself. */
#define MEMO_REQUESTS 1024u

/* --- the promised request --- */

/* Fields of the page's request that a browser would send for the asset, too. */
static const enum fr_field_id inherited[] = {
	FR_FIELD_ACCEPT_LANGUAGE,
	FR_FIELD_USER_AGENT,
};
static const enum fr_field_id of_the_client[] = {FR_FIELD_COOKIE, FR_FIELD_AUTHORIZATION};

static int add_copies(struct fr_request *req, const struct fr_exchange *page,
                      const enum fr_field_id *ids, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct fr_field *f = fr_fields_get(&page->req.fields, ids[i]);
		int rc = f ? fr_fields_add_copy(&req->fields, fr_field_name(ids[i]), f->value) : 0;

		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Copies: the asset's exchange may outlive the page's. */
int fr_push_make_request(struct fr_exchange *ex, const struct fr_exchange *page,
                         const struct fr_hint *hint, bool with_client)
{
	struct fr_request *req = &ex->req;
	struct fr_arena *a = &ex->arena;
	struct fr_str referer = {0}, encoding;
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
	/* as the client writes it: browsers match a promise by that */
	if (rc == 0 && page->canonical.accept_encoding.p) {
		rc = fr_arena_copy(a, page->canonical.accept_encoding, &encoding);
		if (rc == 0)
			rc = fr_fields_add_id(&req->fields, FR_FIELD_ACCEPT_ENCODING, encoding);
	}
	if (rc == 0)
		rc = add_copies(req, page, inherited, FR_ARRAY_LEN(inherited));
	if (rc == 0 && with_client)
		rc = add_copies(req, page, of_the_client, FR_ARRAY_LEN(of_the_client));
	if (rc == 0)
		rc = fr_arena_printf(a, &referer, "%.*s://%.*s%.*s", FR_STR_ARG(page->req.scheme),
		                     FR_STR_ARG(page->req.authority), FR_STR_ARG(page->req.target));
	return rc < 0 ? rc : fr_fields_add_id(&req->fields, FR_FIELD_REFERER, referer);
}

/* --- deciding --- */

bool fr_push_is_way(const struct fr_exchange *page)
{
	struct fr_way_facts facts = fr_facts_of_request(page);

	return fr_way_pushes(&facts);
}

static struct fr_seen_urls *memo_of(struct fr_exchange *page)
{
	struct fr_connection *c = page->client;

	if (!c->memo)
		c->memo = fr_seen_urls_new(
			MEMO_REQUESTS + fr_page_load_settings(page)->max_pushes_connection,
			c->worker->seed);
	return c->memo;
}

void fr_push_failed(struct fr_exchange *push, int status)
{
	struct fr_push_target t = {
		.authority = push->req.authority,
		.target = push->req.target,
		.client = fr_exchange_client_hash(push),
		.has_credentials = fr_teach_credential_kinds(&push->req.fields) != 0,
	};

	fr_push_failures_add(push->site->failures, &t, status, fr_loop_now(push->worker->loop));
}

bool fr_push_has_failed(const struct fr_exchange *page, const struct fr_hint *hint)
{
	struct fr_push_target t = {
		.authority = page->req.authority,
		.target = hint->target,
		.client = fr_exchange_client_hash(page),
		.has_credentials = page->load->kinds != 0,
	};

	return fr_push_failures_has(page->site->failures, &t, fr_loop_now(page->worker->loop));
}

bool fr_push_was_sent(struct fr_exchange *page, const struct fr_hint *hint)
{
	return fr_seen_urls_has(memo_of(page), page->req.authority, hint->target);
}

void fr_push_note_request(struct fr_exchange *ex)
{
	if (ex->req.method == FR_METHOD_GET && fr_push_is_way(ex))
		(void)fr_seen_urls_add(memo_of(ex), ex->req.authority, ex->req.target);
}

/* Promises one asset; its request begins with the next step. */
static bool promise(struct fr_exchange *page, const struct fr_hint *hint)
{
	struct fr_connection *c = page->client;
	struct fr_exchange *push = fr_exchange_new_for(page);

	if (!push)
		return false;
	push->is_push = true;
	push->seen.parent_id = page->seen.id;
	if (fr_push_make_request(push, page, hint, true) < 0 ||
	    page->ops->push(page, push, hint->rank) < 0) {
		fr_exchange_leave(push, true, false, false);
		return false;
	}
	(void)fr_seen_urls_add(memo_of(page), page->req.authority, hint->target);
	c->pushes++;
	page->pushes++;
	fr_count(&page->worker->counters, FR_COUNT_PUSHES_PROMISED);
	fr_exchange_begin_later(push);
	return true;
}

static void carry_out(struct fr_exchange *page, struct fr_hint *hint, struct fr_facts *facts)
{
	struct fr_page_load *load = page->load;
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
	struct fr_plan *plan = &page->load->plan;
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
	if (complete && push->resp.content_length < 0 && push->body_sent_bytes &&
	    !push->cache.is_stored)
		fr_learn_answer(push->gen->shared, &(struct fr_observed_response){
							   .req = &push->req,
							   .resp = &push->resp,
							   .client = fr_exchange_client_hash(push),
							   .bytes = push->body_sent_bytes,
							   .is_ours = true});
}
