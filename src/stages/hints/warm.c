/* Fetches hinted assets into the cache, by exchanges that only carry a request. */
#include "stages/hints/warm.h"

#include "hints/assets.h"
#include "stages/hints/asset_request.h"
#include "stages/hints/page_load.h"
#include "stages/hints/recall.h"
#include "stages/hints/settings.h"

static void warm(struct fr_exchange *page, const struct fr_hint *hint)
{
	/* never begun: it only carries the request */
	struct fr_exchange *ex = fr_exchange_new_for(page);

	if (!ex)
		return;
	if (page->stages.row->warm && fr_asset_request_make(ex, page, hint, false) == 0)
		fr_exchange_warm_later(ex);
	else
		fr_exchange_leave(ex, true, false, false);
}

void fr_warm_plan(struct fr_exchange *page, enum fr_delivery delivery)
{
	const struct fr_plan *plan = &page->page.load->plan;

	if (!fr_hints_settings(page)->warm)
		return;
	for (size_t i = 0; i < plan->n; i++) {
		const struct fr_hint *hint = plan->v[i];
		struct fr_asset asset;

		if (hint->delivery != delivery || !hint->target.len ||
		    hint->reason == FR_REASON_DUPLICATE || hint->reason == FR_REASON_SELF)
			continue;
		fr_recall_asset(page, hint, &asset);
		if (!asset.no_warm && !asset.is_gone[FR_ASSET_BARE])
			warm(page, hint);
	}
}
