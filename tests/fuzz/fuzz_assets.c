/* An asset's bytes as they were persisted: what is read is written again the
 * same, and the table stays within its capacity. */
#include "hints/assets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fr_assets *a = fr_assets_new(4, 1);
	uint8_t out[FR_ASSET_BLOB_BYTES], again[FR_ASSET_BLOB_BYTES];
	struct fr_assets_stats stats;

	for (uint64_t key = 0; key < 8; key++) {
		if (fr_assets_load(a, key, data, size) < 0)
			break;
		FR_ASSERT(fr_assets_save(a, key, out) == sizeof out);
		FR_ASSERT(fr_assets_load(a, key + 100, out, sizeof out) == 0);
		FR_ASSERT(fr_assets_save(a, key + 100, again) == sizeof again);
		FR_ASSERT(memcmp(out, again, sizeof out) == 0);
	}
	fr_assets_stats(a, &stats);
	FR_ASSERT(stats.entries <= 4);
	fr_assets_free(&a);
	return 0;
}
