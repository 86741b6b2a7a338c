/* Reads a page's settings, and asks its client side what the client takes. */
#include "stages/hints/settings.h"

#include "exchange/generation.h"
#include "exchange/page_way.h"

const struct fr_config_hints *fr_hints_settings(const struct fr_exchange *ex)
{
	return fr_config_find_hints(ex->site->config, &ex->canonical.path);
}

bool fr_hints_may_push(const struct fr_exchange *ex)
{
	return fr_hints_settings(ex)->push && fr_page_takes_push(ex);
}
