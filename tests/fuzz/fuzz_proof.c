/* What a comparison's bytes in the database may be: what is read is written again the same, and
 * gives figures. The checksum is made right, so that what is behind it is reached. */
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/siphash.h"
#include "hints/proof/experiments.h"
#include "hints/proof/proof.h"
#include "hints/proof/subject.h"

#define LOADED_BYTES (FR_SUBJECT_BLOB_BYTES - FR_SUBJECT_CHECK_BYTES)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(struct fr_str key, const uint8_t *bytes)
{
	struct fr_proof *p = fr_proof_new(1);
	struct fr_proof_row row;
	char text[FR_PROOF_TEXT_BYTES];

	FR_ASSERT(fr_proof_load(p, key, bytes, FR_SUBJECT_BLOB_BYTES, 1) == 0);
	FR_ASSERT(fr_proof_rows(p, &row, 1) == 1);
	FR_ASSERT(strlen(fr_proof_text(&row, text)) < sizeof text);
	fr_proof_free(&p);
}

/* Makes the last octets the checksum of those before. */
static void sign(uint8_t *bytes, size_t len, uint64_t key)
{
	uint64_t check = fr_siphash(key, bytes, len - 8);

	for (unsigned i = 0; i < 8; i++)
		bytes[len - 8 + i] = (uint8_t)(check >> (8 * i));
}

/* The operator's experiments, which are in the same table. */
static void check_experiments(const uint8_t *data, size_t size)
{
	static struct fr_experiments e, again;
	uint8_t bytes[4096] = {0};
	struct fr_buf out;
	size_t len = (size < sizeof bytes - 8 ? size : sizeof bytes - 8) + 8;

	memcpy(bytes, data, len - 8);
	sign(bytes, len, FR_EXPERIMENTS_CHECK);
	if (fr_experiments_load(bytes, len, &e) < 0)
		return;
	fr_buf_init(&out, 1u << 16);
	FR_ASSERT(fr_experiments_save(&e, &out) == 0);
	FR_ASSERT(fr_experiments_load(fr_buf_data(&out), fr_buf_len(&out), &again) == 0);
	FR_ASSERT(memcmp(&e, &again, sizeof e) == 0);
	fr_buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t bytes[FR_SUBJECT_BLOB_BYTES] = {0}, again[FR_SUBJECT_BLOB_BYTES];
	struct fr_compared_load load = {.visitor = 1, .offered = 1, .complete_us = 1000};
	static struct fr_subject s;

	check_experiments(data, size);
	memcpy(bytes, data, size < LOADED_BYTES ? size : LOADED_BYTES);
	sign(bytes, sizeof bytes, FR_SUBJECT_BLOB_CHECK);
	if (fr_subject_load(bytes, sizeof bytes, &s) < 0)
		return 0;
	fr_subject_save(&s, bytes); /* what may be written in several ways, in ours */
	FR_ASSERT(fr_subject_load(bytes, sizeof bytes, &s) == 0);
	fr_subject_save(&s, again);
	FR_ASSERT(memcmp(bytes, again, sizeof bytes) == 0);
	check_text(FR_STR("a/"), bytes);
	load.mark = fr_subject_ask(&s, 1, &(struct fr_holdout){.percent = 10}, 1000);
	(void)fr_subject_add(&s, &load, 1000);
	return 0;
}
