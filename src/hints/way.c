/* The way of delivery: push before 103, 103 before the header alone. */
#include "hints/way.h"

bool fr_way_allows_103(const struct fr_way_facts *f)
{
	return !f->early_is_off &&
	       (f->version == FR_HTTP_2 || (f->version == FR_HTTP_1_1 && f->early_over_http1));
}

enum fr_way fr_way_choose(const struct fr_way_facts *f)
{
	if (!f->is_get)
		return FR_WAY_HEADER;
	/* of a page that may never be shown a push would be wasted */
	if (f->push_is_on && f->takes_push && !f->is_ahead)
		return FR_WAY_PUSH;
	if (fr_way_allows_103(f) && (f->is_navigation || f->early_for_all))
		return FR_WAY_EARLY;
	return FR_WAY_HEADER;
}

bool fr_way_is_early(enum fr_way way, bool is_conditional)
{
	switch (way) {
	case FR_WAY_PUSH:
		return !is_conditional;
	case FR_WAY_EARLY:
		return true;
	case FR_WAY_HEADER:
		break;
	}
	return false;
}
