/* Tells the connection how a page and what blocks its rendering are ordered. */
#include "stages/hints/page_order.h"

#include "hints/page_head.h"
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

void fr_page_order_request(struct fr_exchange *ex)
{
	struct fr_exchange *page = ex->client->hinted;

	if (ex->client->late && ex->ops->needed_late &&
	    fr_seen_urls_has(ex->client->late, fr_sent_scope(ex), ex->req.target)) {
		ex->ops->needed_late(ex);
		return;
	}
	if (!page || page == ex || !ex->ops->after_page || !fr_whose_is_same(ex, page) ||
	    !fr_str_eq(ex->req.authority, page->req.authority))
		return;
	for (size_t i = 0; i < page->page.plan->n; i++) {
		const struct fr_hint *hint = page->page.plan->v[i];

		if (is_blocking(hint) && fr_str_eq(hint->target, ex->req.target)) {
			ex->ops->after_page(ex, page);
			return;
		}
	}
}

void fr_page_order_forget(struct fr_exchange *ex)
{
	if (ex->client->hinted == ex)
		ex->client->hinted = NULL;
}
