/* The digest cookie, from the Cookie field on: what is read is bounded and
 * written again the same, and no cookie of that name is left for the origin. */
#include "hints/digest.h"

#define NOW INT64_C(1800000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_digest(struct fr_str value)
{
	char text[FR_DIGEST_MAX_BYTES + 1];
	struct fr_digest d, back, merged = {0};

	if (fr_digest_parse(value, NOW, &d) < 0)
		return;
	FR_ASSERT(d.n <= FR_DIGEST_MAX_ENTRIES);
	FR_ASSERT(fr_digest_expires_s(&d) <= NOW + FR_DIGEST_MAX_LIFETIME_S);
	for (size_t i = 0; i < d.n; i++)
		FR_ASSERT(fr_digest_has(&d, d.v[i]));
	if (fr_digest_format(&d, text)) {
		FR_ASSERT(fr_digest_parse(fr_str_from(text), NOW, &back) == 0);
		FR_ASSERT(memcmp(&d, &back, sizeof d) == 0);
	}
	(void)fr_digest_add(&d, 12345, NOW + 86400, NOW);
	fr_digest_merge(&merged, &d);
	FR_ASSERT(merged.n == d.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fr_str text = fr_str_make((const char *)data, size), value, rest, v, r;
	struct fr_arena arena;

	fr_arena_init(&arena, 1u << 20);
	check_digest(text);
	if (fr_digest_take(&arena, text, &value, &rest) == 1) {
		FR_ASSERT(rest.len < size);
		FR_ASSERT(fr_digest_take(&arena, rest, &v, &r) == 0);
		check_digest(value);
	}
	fr_arena_fini(&arena);
	return 0;
}
