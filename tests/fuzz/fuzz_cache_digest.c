/* Cache-Digest fields, two of them parted by a NUL: what is read keeps to the
 * limits, in order and within its bits. */
#include "hints/cache_digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* No hash at all: what the digest holds is looked for. */
static void first_octets(const struct fr_str *parts, size_t n, uint8_t out[32])
{
	memset(out, 0, 32);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < parts[i].len && j < 8; j++)
			out[j] ^= (uint8_t)parts[i].p[j];
}

static void check_set(const struct fr_cache_digest *d, const struct fr_cache_digest_set *set)
{
	FR_ASSERT(set->hash_bits >= 1 && set->hash_bits <= 62);
	for (size_t i = 0; i < set->n; i++) {
		uint64_t hash = set->v[i] << (64 - set->hash_bits);
		char url[8];

		FR_ASSERT(set->v[i] >> set->hash_bits == 0);
		FR_ASSERT(i == 0 || set->v[i - 1] < set->v[i]);
		for (unsigned j = 0; j < 8; j++)
			url[j] = (char)(hash >> (56 - 8 * j));
		/* an ETag that changes nothing */
		FR_ASSERT(fr_cache_digest_find(d, first_octets, fr_str_make(url, 8),
		                               fr_str_make("", 1)) >= FR_CACHE_HOLDING_FRESH);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fr_str text = fr_str_make((const char *)data, size);
	struct fr_cache_digest d;
	struct fr_arena arena;
	size_t end = fr_str_find(text, '\0'), n = 0;

	fr_arena_init(&arena, 1u << 20);
	fr_cache_digest_init(&d, &arena);
	fr_cache_digest_add(&d, fr_str_sub(text, 0, end));
	fr_cache_digest_add(&d, fr_str_sub(text, end + 1, text.len));
	FR_ASSERT(d.n <= FR_CACHE_DIGEST_MAX_SETS && d.n_entries <= FR_CACHE_DIGEST_MAX_ENTRIES);
	for (size_t i = 0; i < d.n; i++) {
		check_set(&d, &d.sets[i]);
		n += d.sets[i].n;
	}
	FR_ASSERT(n == d.n_entries);
	fr_arena_fini(&arena);
	return 0;
}
