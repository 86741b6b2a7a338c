/* Asks settings, request and client side how hints may leave. */
#include "exchange/page_way.h"

#include "exchange/generation.h"
#include "http/purpose.h"

bool fr_page_takes_push(const struct fr_exchange *ex)
{
	struct fr_exchange *asked = (struct fr_exchange *)(uintptr_t)ex;

	return ex->ops->push && ex->ops->push_is_enabled(asked);
}

struct fr_way_facts fr_page_way_facts(const struct fr_exchange *ex)
{
	const struct fr_config_hints *h =
		fr_config_find_hints(ex->site->config, &ex->canonical.path);
	struct fr_str mode = fr_fields_value(&ex->req.fields, FR_FIELD_SEC_FETCH_MODE);

	return (struct fr_way_facts){
		.version = ex->req.version,
		.is_get = ex->req.method == FR_METHOD_GET,
		.is_navigation = fr_str_iis(mode, "navigate"),
		.is_ahead = fr_purpose_of(&ex->req.fields) != FR_PURPOSE_VIEW,
		.saves_data = fr_saves_data(&ex->req.fields),
		.takes_push = fr_page_takes_push(ex),
		.push_is_on = h->push,
		.early_is_off = h->early_hints == FR_EARLY_HINTS_OFF,
		.early_for_all = h->early_hints == FR_EARLY_HINTS_ALWAYS,
		.early_over_http1 = h->early_hints_http1,
	};
}
