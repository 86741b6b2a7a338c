/* Errors that the parts of the admin interface answer with, and how they read parameters. */
#include "base/err.h"
#include "stages/admin/admin_priv.h"

void fr_admin_error(struct fr_exchange *ex, int status, const char *error)
{
	struct fr_str text = FR_STR("");

	(void)!fr_arena_printf(&ex->arena, &text, "{\"error\":\"%s\"}\n", error);
	fr_exchange_answer(ex, status, FR_ADMIN_JSON, text);
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = fr_ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct fr_str fr_admin_decode(struct fr_arena *a, struct fr_str s)
{
	char *out = fr_arena_alloc(a, s.len + 1);
	size_t n = 0;

	for (size_t i = 0; out && i < s.len; i++) {
		if (s.p[i] != '%') {
			out[n++] = s.p[i];
			continue;
		}
		if (s.len - i < 3 || hex(s.p[i + 1]) < 0 || hex(s.p[i + 2]) < 0)
			return (struct fr_str){0};
		out[n++] = (char)(hex(s.p[i + 1]) << 4 | hex(s.p[i + 2]));
		i += 2;
	}
	return fr_str_make(out, n);
}
