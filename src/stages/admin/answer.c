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

/* Percent-decoded into the arena; p is NULL if malformed. */
static struct fr_str decode(struct fr_arena *a, struct fr_str s)
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

bool fr_admin_parameters(struct fr_arena *a, struct fr_str query,
                         bool (*take)(void *user, struct fr_str name, struct fr_str value),
                         void *user)
{
	while (query.len) {
		size_t end = fr_str_find(query, '&');
		struct fr_str part = fr_str_sub(query, 0, end);
		size_t eq = fr_str_find(part, '=');
		struct fr_str value = decode(a, fr_str_sub(part, eq + 1, part.len));

		if (!value.p || !take(user, fr_str_sub(part, 0, eq), value))
			return false;
		query = fr_str_sub(query, end + 1, query.len);
	}
	return true;
}
