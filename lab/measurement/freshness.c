/* Judges by http/lifetime.h whether a browser may reuse a response right after it came. */
#include "lab/measurement/freshness.h"

#include "base/mem.h"

#include "http/cache_control.h"
#include "http/lifetime.h"

/* Without a Date: before what is to expire, after what was modified. */
/* Of one response. */
#define FIELDS_BYTES (512u << 10)

static int64_t when_made(const struct fr_fields *f)
{
	return fr_response_date(f, fr_fields_get(f, FR_FIELD_EXPIRES) ? 0 : INT32_MAX);
}

bool fr_is_reusable(const struct fr_fields *f)
{
	struct fr_cache_control cc;

	fr_cache_control_read(f, &cc);
	return fr_browser_lifetime(f, &cc, when_made(f)) > 0;
}

bool fr_is_reusable_text(const char *response)
{
	struct fr_str rest = fr_str_from(response);
	struct fr_arena arena;
	struct fr_fields fields;
	bool is;

	fr_arena_init(&arena, FIELDS_BYTES);
	fr_fields_init(&fields, &arena);
	while (rest.len) {
		struct fr_str line = fr_str_sub(rest, 0, fr_str_find(rest, '\n')), name;
		size_t colon = fr_str_find(line, ':');

		rest = fr_str_sub(rest, line.len + 1, rest.len);
		if (fr_arena_copy(&arena, fr_str_sub(line, 0, colon), &name) < 0)
			break;
		for (size_t i = 0; i < name.len; i++)
			((char *)(uintptr_t)name.p)[i] = fr_ascii_lower(name.p[i]);
		if (fr_fields_add_copy(&fields, name,
		                       fr_str_trim(fr_str_sub(line, colon + 1, line.len))) < 0)
			break;
	}
	is = fr_is_reusable(&fields);
	fr_arena_fini(&arena);
	return is;
}
