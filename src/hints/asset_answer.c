/* fr_asset_answer_from of assets.h: what a response says of its asset. */
#include "base/siphash.h"
#include "hints/assets.h"
#include "http/cache_control.h"
#include "http/fields.h"
#include "http/lifetime.h"

/* Stable: it ends up in digest cookies. */
#define VALIDATOR_SEED UINT64_C(0x66722d76616c6964)

static uint64_t validator_of(const struct fr_fields *f)
{
	struct fr_str text = fr_fields_value(f, FR_FIELD_ETAG);
	uint64_t h;

	if (fr_str_starts(text, FR_STR("W/")))
		text = fr_str_sub(text, 2, text.len);
	if (!text.len)
		text = fr_fields_value(f, FR_FIELD_LAST_MODIFIED);
	if (!text.len)
		return 0;
	h = fr_siphash(VALIDATOR_SEED, text.p, text.len);
	return h ? h : 1;
}

static bool is_whole(int status)
{
	/* 206 and 304 speak of a 200; no other status is an asset's */
	return status == 200 || status == 203 || status == 206 || status == 304;
}

/* Would a shared cache keep it, and have it fresh for the request that follows? */
static bool is_storable(const struct fr_response *resp, const struct fr_cache_control *cc,
                        int64_t date_s, int64_t now_s)
{
	const struct fr_fields *f = &resp->fields;
	struct fr_cache_control cdn;
	const struct fr_cache_control *said = cc;
	int64_t lifetime;

	fr_cdn_cache_control_read(f, &cdn);
	if (cdn.flags & FR_CC_PRESENT)
		said = &cdn; /* RFC 9213 §2.2 */
	if (!is_whole(resp->status) || resp->status == 206 ||
	    (said->flags & (FR_CC_NO_STORE | FR_CC_NO_CACHE | FR_CC_PRIVATE)) ||
	    fr_fields_has_token(f, FR_FIELD_VARY, "*"))
		return false;
	if (fr_fields_get(f, FR_FIELD_SET_COOKIE) && !(said->flags & FR_CC_PUBLIC) &&
	    said->s_maxage == FR_CC_ABSENT)
		return false;
	if (said->s_maxage != FR_CC_ABSENT)
		lifetime = said->s_maxage;
	else if (said->max_age != FR_CC_ABSENT)
		lifetime = said->max_age;
	else
		lifetime = said == &cdn ? 0 : fr_response_lifetime(f, cc, date_s, now_s);
	return lifetime > fr_response_age(f, date_s, now_s);
}

void fr_asset_answer_from(const struct fr_response *resp, int64_t now_s,
                          struct fr_asset_answer *out)
{
	struct fr_cache_control cc;
	int64_t date_s = fr_response_date(&resp->fields, now_s), lifetime = 0;

	fr_cache_control_read(&resp->fields, &cc);
	if (is_whole(resp->status))
		lifetime = fr_browser_lifetime(&resp->fields, &cc, now_s);
	*out = (struct fr_asset_answer){
		.status = resp->status,
		.bytes = resp->content_length >= 0 ? (uint64_t)resp->content_length : UINT64_MAX,
		.validator = validator_of(&resp->fields),
		.is_reusable = lifetime > 0,
		.is_storable = is_storable(resp, &cc, date_s, now_s),
		.lifetime_s = (uint32_t)lifetime,
	};
}
