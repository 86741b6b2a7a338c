/* What the tests of the knowledge of assets share. */
#ifndef FR_ASSETS_FIXTURE_H
#define FR_ASSETS_FIXTURE_H

#include "arena_fixture.h"
#include "hints/assets.h"

#define NOW INT64_C(1800000000)
#define HOST S("www.example.test")

static const struct fr_asset_answer fresh_day = {.status = 200,
                                                 .bytes = 1234,
                                                 .validator = 77,
                                                 .is_reusable = true,
                                                 .is_storable = true,
                                                 .lifetime_s = 86400};

static inline void answered(struct fr_assets *a, const char *target,
                            const struct fr_asset_answer *answer, int64_t now_s)
{
	fr_assets_answered(a, HOST, S(target), answer, now_s);
}

static inline struct fr_asset found(struct fr_assets *a, const char *target, int64_t now_s)
{
	struct fr_asset out;

	assert_true(fr_assets_find(a, HOST, S(target), now_s, &out));
	return out;
}

#endif
