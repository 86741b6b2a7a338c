#include "lab/measurement/freshness.h"

#include "http/cache_control.h"
#include "http/date.h"

bool fr_is_reusable(const struct fr_fields *f)
{
	struct fr_cache_control cc;
	int64_t date = 0, expires = 0;

	fr_cache_control_read(f, &cc);
	if (cc.flags & (FR_CC_NO_STORE | FR_CC_NO_CACHE))
		return false;
	if (cc.max_age != FR_CC_ABSENT)
		return cc.max_age > 0;
	if (fr_fields_get(f, FR_FIELD_EXPIRES))
		return fr_http_date_parse(fr_fields_value(f, FR_FIELD_EXPIRES), 0, &expires) == 0 &&
		       (fr_http_date_parse(fr_fields_value(f, FR_FIELD_DATE), 0, &date) < 0 ||
		        expires > date);
	/* a heuristic lifetime needs something to reckon from (§4.2.2) */
	return fr_fields_get(f, FR_FIELD_LAST_MODIFIED) != NULL;
}
