/* A request target as rules match it: never longer than its path, without repeated
 * slashes and dot segments; a target that is not ambiguous and has no escapes left
 * reads the same again. */
#include <string.h>

#include "http/url_path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool has(struct fr_str s, const char *what)
{
	size_t n = strlen(what);

	for (size_t i = 0; i + n <= s.len; i++)
		if (memcmp(s.p + i, what, n) == 0)
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fr_str target = fr_str_make((const char *)data, size);
	struct fr_url_path path, again;
	struct fr_arena arena;

	fr_arena_init(&arena, 1u << 20);
	if (size && data[0] == '/' && fr_url_path_read(&arena, target, &path) == 0) {
		FR_ASSERT(path.text.len >= 1 && path.text.len <= size && path.text.p[0] == '/');
		FR_ASSERT(!has(path.text, "//") && !has(path.text, "/../") &&
		          !has(path.text, "/./"));
		if (!path.is_ambiguous && !has(path.text, "%") && !has(path.text, "\\") &&
		    !has(path.text, ";") && !has(path.text, "?") &&
		    fr_url_path_read(&arena, path.text, &again) == 0)
			FR_ASSERT(fr_str_eq(again.text, path.text) && !again.is_ambiguous);
	}
	fr_arena_fini(&arena);
	return 0;
}
