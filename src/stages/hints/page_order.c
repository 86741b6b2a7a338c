/* Tells the connection how a page and what blocks its rendering are ordered. */
#include "stages/hints/page_order.h"

#include "hints/page_head.h"
#include "hints/repeated.h"
#include "hints/seen_urls.h"
#include "stages/hints/sent.h"

/* --- the page's head --- */

bool fr_page_order_body(struct fr_exchange *page)
{
	const uint8_t *data;
	size_t n;

	if (!page->ops->page_head_first || (!page->page.pushes && page->client->hinted != page))
		return false;
	if (!fr_exchange_body_ready(page))
		return true;
	n = fr_exchange_body_peek(page, &data);
	n = fr_page_head_bytes(fr_fields_value(&page->resp.fields, FR_FIELD_CONTENT_ENCODING), data,
	                       n);
	page->ops->page_head_first(page, n);
	return false;
}

/* --- what follows a 103 --- */

static bool is_blocking(const struct fr_hint *hint)
{
	return hint->delivery == FR_DELIVERY_EARLY_HINTS && hint->rank == FR_RANK_BLOCKING;
}

/* What the page needs late: large fonts, which are mostly icons. The browser asks for them at
 * once, with a high priority, and without the 103 it would have asked only after the style
 * sheets. */
static bool is_late(const struct fr_hint *hint)
{
	return hint->rank == FR_RANK_LATE && hint->as == FR_AS_FONT;
}

void fr_page_order_hinted(struct fr_exchange *page, const struct fr_hint *hint)
{
	struct fr_connection *c = page->client;

	if (!is_late(hint) || !page->ops->needed_late)
		return;
	if (!c->late)
		c->late = fr_seen_urls_new(FR_PAGE_ORDER_LATE, c->worker->seed);
	if (c->late)
		(void)fr_seen_urls_add(c->late, fr_sent_scope(page), hint->target);
}

/* The page whose 103 this request may follow; NULL: none. */
static struct fr_exchange *page_of(const struct fr_exchange *ex)
{
	struct fr_exchange *page = ex->client->hinted;

	return page && page != ex && fr_whose_is_same(ex, page) &&
	                       fr_str_eq(ex->req.authority, page->req.authority)
	               ? page
	               : NULL;
}

static bool follows_blocking(const struct fr_exchange *ex, const struct fr_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		if (is_blocking(plan->v[i]) && fr_str_eq(plan->v[i]->target, ex->req.target))
			return true;
	return false;
}

void fr_page_order_request(struct fr_exchange *ex)
{
	struct fr_exchange *page = page_of(ex);

	if (page && ex->req.method == FR_METHOD_GET)
		fr_repeated_note_asked(page->page.plan, ex->req.target);
	if (ex->client->late && ex->ops->needed_late &&
	    fr_seen_urls_has(ex->client->late, fr_sent_scope(ex), ex->req.target))
		ex->ops->needed_late(ex);
	else if (page && ex->ops->after_page && follows_blocking(ex, page->page.plan))
		ex->ops->after_page(ex, page);
}

void fr_page_order_forget(struct fr_exchange *ex)
{
	if (ex->client->hinted == ex)
		ex->client->hinted = NULL;
}
