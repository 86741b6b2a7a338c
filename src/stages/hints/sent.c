/* Keeps what a connection was sent in a set of the client, and failed pushes in one of the site. */
#include "stages/hints/sent.h"

#include "hints/push_failures.h"
#include "hints/seen_urls.h"
#include "hints/teach.h"
#include "stages/hints/page_load.h"
#include "stages/hints/settings.h"

/* URLs remembered for one connection beyond the pushes it may have: what the
 * client asked for itself. */
#define MEMO_REQUESTS 1024u

static struct fr_seen_urls *memo_of(struct fr_exchange *page)
{
	struct fr_connection *c = page->client;

	if (!c->memo)
		c->memo = fr_seen_urls_new(MEMO_REQUESTS +
		                                   fr_hints_settings(page)->max_pushes_connection,
		                           c->worker->seed);
	return c->memo;
}

struct fr_str fr_sent_scope(struct fr_exchange *ex)
{
	struct fr_str scope = ex->req.authority;

	/* without memory it is taken for another URL: pushed again at worst */
	if (fr_whose_is_proxied(ex))
		(void)!fr_arena_printf(&ex->arena, &scope, "%s %.*s", ex->whose.client->text,
		                       FR_STR_ARG(ex->req.authority));
	return scope;
}

void fr_sent_failed(struct fr_exchange *push, int status)
{
	struct fr_push_target t = {
		.authority = push->req.authority,
		.target = push->req.target,
		.client = fr_exchange_client_hash(push),
		.has_credentials = fr_teach_credential_kinds(&push->req.fields) != 0,
	};

	fr_push_failures_add(push->site->failures, &t, status, fr_loop_now(push->worker->loop));
}

bool fr_sent_has_failed(const struct fr_exchange *page, const struct fr_hint *hint)
{
	struct fr_push_target t = {
		.authority = page->req.authority,
		.target = hint->target,
		.client = fr_exchange_client_hash(page),
		.has_credentials = page->page.load->kinds != 0,
	};

	return fr_push_failures_has(page->site->failures, &t, fr_loop_now(page->worker->loop));
}

bool fr_sent_has(struct fr_exchange *page, const struct fr_hint *hint)
{
	return fr_seen_urls_has(memo_of(page), fr_sent_scope(page), hint->target);
}

void fr_sent_note_request(struct fr_exchange *ex)
{
	if (ex->req.method == FR_METHOD_GET && fr_hints_may_push(ex))
		(void)fr_seen_urls_add(memo_of(ex), fr_sent_scope(ex), ex->req.target);
}

void fr_sent_add(struct fr_exchange *page, const struct fr_hint *hint)
{
	(void)fr_seen_urls_add(memo_of(page), fr_sent_scope(page), hint->target);
}
