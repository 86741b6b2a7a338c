/* Judges by http/lifetime.h whether a browser may reuse a response right after it came. */
#include "lab/measurement/freshness.h"

#include "http/cache_control.h"
#include "http/lifetime.h"

/* Without a Date: before what is to expire, after what was modified. */
static int64_t when_made(const struct fr_fields *f)
{
	return fr_response_date(f, fr_fields_get(f, FR_FIELD_EXPIRES) ? 0 : INT32_MAX);
}

bool fr_is_reusable(const struct fr_fields *f)
{
	struct fr_cache_control cc;

	fr_cache_control_read(f, &cc);
	return fr_browser_lifetime(f, &cc, when_made(f)) > 0;
}
