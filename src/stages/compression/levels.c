/* Levels and counters by coding. */
#include "stages/compression/levels.h"

int fr_coding_level(const struct fr_config_compression *rules, enum fr_coding coding)
{
	if (coding == FR_CODING_BR)
		return (int)rules->br_level;
	return (int)(coding == FR_CODING_ZSTD ? rules->zstd_level : rules->gzip_level);
}

void fr_coding_count(struct fr_counters *c, enum fr_coding to, uint64_t taken, uint64_t given)
{
	static const struct {
		enum fr_counter bodies, in, out;
	} ids[FR_CODINGS] = {
		[FR_CODING_IDENTITY] = {FR_COUNT_DECODED, FR_COUNT_DECODED_IN,
	                                FR_COUNT_DECODED_OUT},
		[FR_CODING_GZIP] = {FR_COUNT_ENCODED_GZIP, FR_COUNT_ENCODED_GZIP_IN,
	                            FR_COUNT_ENCODED_GZIP_OUT},
		[FR_CODING_BR] = {FR_COUNT_ENCODED_BR, FR_COUNT_ENCODED_BR_IN,
	                          FR_COUNT_ENCODED_BR_OUT},
		[FR_CODING_ZSTD] = {FR_COUNT_ENCODED_ZSTD, FR_COUNT_ENCODED_ZSTD_IN,
	                            FR_COUNT_ENCODED_ZSTD_OUT},
	};

	fr_count(c, ids[to].bodies);
	fr_count_add(c, ids[to].in, taken);
	fr_count_add(c, ids[to].out, given);
}
