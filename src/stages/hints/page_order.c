/* Tells the connection how a page and what blocks its rendering are ordered. */
#include "stages/hints/page_order.h"

#include "hints/page_head.h"

/* --- the page's head --- */

bool fr_page_order_body(struct fr_exchange *page)
{
	const uint8_t *data;
	size_t n;

	if (!page->ops->page_head_first || (!page->page.pushes && page->client->hinted != page))
		return false;
	if (!fr_exchange_body_len(page))
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

void fr_page_order_request(struct fr_exchange *ex)
{
	struct fr_exchange *page = ex->client->hinted;

	if (!page || page == ex || !ex->ops->after_page ||
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
