/* Makes a template of a path. */
#include "hints/proof/template.h"

/* Words of a segment that make it a title rather than a name. */
#define TITLE_HYPHENS 2u

struct text {
	char *p;
	size_t len, cap;
};

static void append(struct text *t, struct fr_str s)
{
	for (size_t i = 0; i < s.len && t->len < t->cap; i++)
		t->p[t->len++] = s.p[i] > ' ' && s.p[i] < 0x7f ? s.p[i] : '?';
}

/* One of many pages: a number, or a title. */
static bool is_variable(struct fr_str segment)
{
	unsigned hyphens = 0;

	for (size_t i = 0; i < segment.len; i++) {
		if (segment.p[i] >= '0' && segment.p[i] <= '9')
			return true;
		hyphens += segment.p[i] == '-' || segment.p[i] == '_';
	}
	return hyphens >= TITLE_HYPHENS;
}

size_t fr_proof_template(struct fr_str authority, struct fr_str path, char *out, size_t cap)
{
	struct text t = {.p = out, .cap = cap};
	struct fr_str rest = fr_str_sub(path, 1, path.len);
	size_t end = fr_str_find(rest, '/');

	append(&t, authority);
	append(&t, FR_STR("/"));
	if (end == rest.len) { /* one segment, or none */
		append(&t, is_variable(rest) ? FR_STR("*") : rest);
		return t.len;
	}
	append(&t, fr_str_sub(rest, 0, end));
	append(&t, FR_STR("/"));
	if (end + 1 < rest.len)
		append(&t, FR_STR("*"));
	return t.len;
}
