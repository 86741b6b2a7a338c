#include "stages/hints/page_order.h"

#include "client/client.h"
#include "hints/budget.h"
#include "hints/scan_decode.h"
#include "stages/hints/page_load.h"

/* How exactly the end of a compressed head is found. */
#define STEP_BYTES 256u
/* Of a head whose end is not seen: most are not longer, compressed. */
#define UNKNOWN_HEAD_BYTES 4096u

uint64_t fr_page_order_idle_bytes(const struct fr_path *p, uint32_t think_ms)
{
	struct fr_budget_path budget = {
		.rtt_us = p->rtt_us,
		.min_rtt_us = p->min_rtt_us,
		.cwnd_bytes = p->cwnd_bytes,
		.unsent_bytes = p->unsent_bytes,
		.in_flight_bytes = p->in_flight_bytes,
		.delivery_rate_bytes_per_s = p->delivery_rate_bytes_per_s,
	};

	return fr_budget_idle_bytes(&budget, think_ms);
}

/* --- the page's head --- */

struct search {       /* for "</head" or "<body", across pieces */
	char tail[6]; /* lower case; the last bytes seen */
	bool is_found;
};

static void look_at(void *user, const char *p, size_t len)
{
	struct search *s = user;

	for (size_t i = 0; i < len && !s->is_found; i++) {
		memmove(s->tail, s->tail + 1, sizeof s->tail - 1);
		s->tail[sizeof s->tail - 1] =
			(char)(p[i] >= 'A' && p[i] <= 'Z' ? p[i] | 0x20 : p[i]);
		s->is_found =
			memcmp(s->tail, "</head", 6) == 0 || memcmp(s->tail + 1, "<body", 5) == 0;
	}
}

/* The offset behind the head's end; 0: it is not seen. */
static size_t end_of_head(struct fr_str encoding, const uint8_t *data, size_t len)
{
	struct search s = {.is_found = false};
	struct fr_scan_decode *d = fr_scan_decode_new(encoding, look_at, &s);
	size_t at = 0;

	while (d && at < len && !s.is_found && !fr_scan_decode_is_over(d)) {
		size_t n = len - at < STEP_BYTES ? len - at : STEP_BYTES;

		fr_scan_decode_feed(d, data + at, n);
		at += n;
	}
	fr_scan_decode_free(&d);
	return s.is_found ? at : 0;
}

void fr_page_order_body(struct fr_exchange *page)
{
	const uint8_t *data;
	size_t n;

	if (page->has_lead || !page->ops->page_head_first || !fr_exchange_body_len(page) ||
	    (!page->pushes && page->client->hinted != page))
		return;
	page->has_lead = true;
	n = fr_exchange_body_peek(page, &data);
	n = end_of_head(fr_fields_value(&page->resp.fields, FR_FIELD_CONTENT_ENCODING), data,
	                n < FR_PAGE_ORDER_HEAD_BYTES ? n : FR_PAGE_ORDER_HEAD_BYTES);
	page->ops->page_head_first(page, n ? n : UNKNOWN_HEAD_BYTES);
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
	for (size_t i = 0; i < page->plan->n; i++) {
		const struct fr_hint *hint = page->plan->v[i];

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
