/* Audiences by media type and Cache-Control, identities by cookies and fields. */
#include "cache/audience.h"

#include "cache/kind.h"
#include "cache/policy.h"

enum fr_audience fr_audience_of(const struct fr_response *resp)
{
	if (fr_kind_is_asset(resp))
		return FR_AUDIENCE_ALL;
	return fr_cache_is_for_all(resp) ? FR_AUDIENCE_DECLARED : FR_AUDIENCE_ANONYMOUS;
}

static bool has_credential(const struct fr_fields *req, const struct fr_identity_rules *rules,
                           const struct fr_fields *vary)
{
	for (size_t i = 0; i < req->n; i++) {
		const struct fr_field *f = &req->v[i];

		if (f->id != FR_FIELD_COOKIE && f->id != FR_FIELD_AUTHORIZATION &&
		    rules->is_credential(f) && !(vary && fr_cache_varies_by(vary, f->name)))
			return true;
	}
	return false;
}

enum fr_identity fr_identity_of(const struct fr_fields *req, const struct fr_identity_rules *rules,
                                const struct fr_fields *vary)
{
	switch (fr_cookies_judge(req, &rules->cookies)) {
	case FR_COOKIES_BYPASS:
		return FR_IDENTITY_BYPASS;
	case FR_COOKIES_COUNT:
		if (!vary || !fr_cache_varies_by(vary, FR_STR("cookie")))
			return FR_IDENTITY_COOKIE;
		break;
	case FR_COOKIES_NONE:
		break;
	}
	return rules->is_credential && has_credential(req, rules, vary) ? FR_IDENTITY_FIELD
	                                                                : FR_IDENTITY_NONE;
}

bool fr_audience_has(enum fr_audience a, enum fr_identity who)
{
	switch (a) {
	case FR_AUDIENCE_ALL:
		return true;
	case FR_AUDIENCE_DECLARED:
		return who != FR_IDENTITY_BYPASS;
	case FR_AUDIENCE_ANONYMOUS:
		break;
	}
	return who == FR_IDENTITY_NONE;
}
