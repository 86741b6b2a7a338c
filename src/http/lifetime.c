/* RFC 9111 §4.2 for a private cache: age, and lifetime by max-age, Expires or heuristics. */
#include "http/lifetime.h"

#include "http/date.h"

/* Negative if absent or malformed. */
static int64_t date_of(const struct fr_fields *f, enum fr_field_id id, int64_t now_s)
{
	int64_t t;

	return fr_http_date_parse(fr_fields_value(f, id), now_s, &t) < 0 ? -1 : t;
}

int64_t fr_response_date(const struct fr_fields *f, int64_t now_s)
{
	int64_t date_s = date_of(f, FR_FIELD_DATE, now_s);

	return date_s < 0 ? now_s : date_s;
}

int64_t fr_response_age(const struct fr_fields *f, int64_t date_s, int64_t now_s)
{
	struct fr_str text = fr_fields_value(f, FR_FIELD_AGE), first;
	int64_t apparent = now_s > date_s ? now_s - date_s : 0, age = 0;

	if (fr_str_next_item(&text, &first))
		age = fr_delta_seconds(first);
	return age > apparent ? age : apparent;
}

int64_t fr_response_lifetime(const struct fr_fields *f, const struct fr_cache_control *cc,
                             int64_t date_s, int64_t now_s)
{
	int64_t expires, modified;

	if (fr_fields_get(f, FR_FIELD_EXPIRES)) {
		/* "0" and the like mean the past; of several, who knows which */
		expires = fr_fields_count(f, FR_FIELD_EXPIRES) == 1
		                  ? date_of(f, FR_FIELD_EXPIRES, now_s)
		                  : -1;
		return expires > date_s ? expires - date_s : 0;
	}
	modified = date_of(f, FR_FIELD_LAST_MODIFIED, now_s);
	if (modified < 0 || modified >= date_s || (cc->flags & FR_CC_MUST_REVALIDATE))
		return 0;
	return (date_s - modified) / 10;
}

int64_t fr_browser_lifetime(const struct fr_fields *f, const struct fr_cache_control *cc,
                            int64_t now_s)
{
	int64_t date_s = fr_response_date(f, now_s), age = fr_response_age(f, date_s, now_s);
	int64_t lifetime;

	if ((cc->flags & (FR_CC_NO_STORE | FR_CC_NO_CACHE)) ||
	    fr_fields_has_token(f, FR_FIELD_PRAGMA, "no-cache") ||
	    fr_fields_has_token(f, FR_FIELD_VARY, "*"))
		return 0;
	lifetime = cc->max_age != FR_CC_ABSENT ? cc->max_age
	                                       : fr_response_lifetime(f, cc, date_s, now_s);
	lifetime = lifetime > age ? lifetime - age : 0;
	return lifetime < FR_CC_MAX_SECONDS ? lifetime : FR_CC_MAX_SECONDS;
}
