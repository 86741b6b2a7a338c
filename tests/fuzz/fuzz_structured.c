/* Lines of a field that is a dictionary of structured fields: what is handed out
 * lies in the input, and each value says the same when it stands alone. */
#include "http/structured.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bounds {
	const char *from, *to;
};

static void visit(void *ctx, const struct fr_sf_member *m)
{
	const struct bounds *b = ctx;
	struct fr_sf_dictionary d;
	struct fr_sf_member again;
	struct fr_str whole = fr_str_make(m->key.p, (size_t)(m->raw.p + m->raw.len - m->key.p));

	FR_ASSERT(m->key.len && m->key.p >= b->from && m->raw.p >= m->key.p);
	FR_ASSERT(m->raw.p + m->raw.len <= b->to);
	FR_ASSERT(m->type != FR_SF_BOOLEAN || m->n == 0 || m->n == 1);
	FR_ASSERT(fr_sf_string(m).len <= m->raw.len);
	fr_sf_dictionary_init(&d, whole);
	FR_ASSERT(fr_sf_next(&d, &again) == 1 && fr_str_eq(again.key, m->key) &&
	          again.type == m->type && again.n == m->n && fr_str_eq(again.raw, m->raw));
	FR_ASSERT(fr_sf_next(&d, &again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fr_str rest = fr_str_make((const char *)data, size);
	struct bounds bounds = {rest.p, rest.p + size};
	struct fr_arena arena;
	struct fr_fields f;

	fr_arena_init(&arena, 1u << 20);
	fr_fields_init(&f, &arena);
	while (rest.len) {
		size_t end = fr_str_find(rest, '\n');

		if (fr_fields_add_id(&f, FR_FIELD_PRIORITY, fr_str_sub(rest, 0, end)) < 0)
			break;
		rest = fr_str_sub(rest, end + 1, rest.len);
	}
	(void)!fr_sf_read(&f, FR_FIELD_PRIORITY, visit, &bounds);
	fr_arena_fini(&arena);
	return 0;
}
