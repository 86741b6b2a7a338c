/* What a request says of its purpose, and whether it saves data. The first byte says which
 * field each line is. Whatever the lines hold: a purpose has its text, fields of other names
 * make no difference, a well-formed Sec-Purpose wins over older fields, and a parameter alone
 * is no prefetch. */
#include "http/purpose.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const enum fr_field_id ids[] = {FR_FIELD_SEC_PURPOSE, FR_FIELD_PURPOSE, FR_FIELD_X_PURPOSE,
                                       FR_FIELD_X_MOZ, FR_FIELD_SAVE_DATA};

static void read_lines(struct fr_fields *f, struct fr_str lines, unsigned which)
{
	while (lines.len) {
		size_t end = fr_str_find(lines, '\n');

		if (fr_fields_add_id(f, ids[which % FR_ARRAY_LEN(ids)],
		                     fr_str_trim(fr_str_sub(lines, 0, end))) < 0)
			break;
		which /= FR_ARRAY_LEN(ids);
		lines = fr_str_sub(lines, end + 1, lines.len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fr_fields f;
	struct fr_arena arena;
	enum fr_purpose purpose;
	bool saves;

	if (size == 0)
		return 0;
	fr_arena_init(&arena, 1u << 20);
	fr_fields_init(&f, &arena);
	read_lines(&f, fr_str_make((const char *)data + 1, size - 1), data[0]);
	purpose = fr_purpose_of(&f);
	saves = fr_saves_data(&f);
	FR_ASSERT(fr_purpose_str(purpose));
	FR_ASSERT(purpose != FR_PURPOSE_PRERENDER || fr_fields_get(&f, FR_FIELD_SEC_PURPOSE));
	FR_ASSERT(!saves || fr_fields_get(&f, FR_FIELD_SAVE_DATA));
	/* an older field says nothing beside the newer one */
	if (fr_fields_get(&f, FR_FIELD_SEC_PURPOSE) &&
	    fr_fields_add_id(&f, FR_FIELD_PURPOSE, FR_STR("prefetch")) == 0)
		FR_ASSERT(fr_purpose_of(&f) == purpose);
	(void)fr_fields_remove(&f, FR_FIELD_SAVE_DATA);
	FR_ASSERT(fr_purpose_of(&f) == purpose && !fr_saves_data(&f));
	fr_arena_fini(&arena);
	return 0;
}
