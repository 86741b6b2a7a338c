/* Conditions with three values. */
#include "lab/model/condition.h"

/* ((...)): brackets that are followed. */
#define MAX_DEPTH 16u

struct reading {
	enum fr_media (*leaf)(struct fr_str inner);
	unsigned depth;
};

enum fr_media fr_media_both(enum fr_media a, enum fr_media b)
{
	return a < b ? a : b;
}

enum fr_media fr_media_either(enum fr_media a, enum fr_media b)
{
	return a > b ? a : b;
}

enum fr_media fr_media_opposite(enum fr_media a)
{
	return (enum fr_media)(FR_MEDIA_YES - a);
}

static enum fr_media condition(struct fr_str *rest, const struct reading *r, bool allow_or);

struct fr_str fr_condition_word(struct fr_str s)
{
	size_t n = 0;

	while (n < s.len && !fr_css_is_space(s.p[n]) && s.p[n] != '(')
		n++;
	return fr_str_sub(s, 0, n);
}

bool fr_condition_take_word(struct fr_str *s, const char *word)
{
	struct fr_str w = fr_condition_word(*s);

	if (!fr_str_iis(w, word))
		return false;
	*s = fr_css_strip(fr_str_sub(*s, w.len, s->len));
	return true;
}

/* Takes "( ... )" off; what is in the brackets, or p NULL if they never end. */
static struct fr_str take_brackets(struct fr_str *s)
{
	size_t depth = 0;

	for (size_t i = 0; i < s->len; i++) {
		depth += s->p[i] == '(';
		if (s->p[i] == ')' && --depth == 0) {
			struct fr_str inner = fr_css_strip(fr_str_sub(*s, 1, i));

			*s = fr_css_strip(fr_str_sub(*s, i + 1, s->len));
			return inner;
		}
	}
	*s = fr_str_sub(*s, s->len, s->len);
	return (struct fr_str){NULL, 0};
}

/* In brackets: a condition, or a feature. */
static enum fr_media in_brackets(struct fr_str *s, const struct reading *r)
{
	const struct reading inside = {r->leaf, r->depth + 1};
	struct fr_str inner;

	if (!s->len || s->p[0] != '(') {
		*s = fr_str_sub(*s, s->len, s->len); /* a function that is not known */
		return FR_MEDIA_UNKNOWN;
	}
	inner = take_brackets(s);
	if (!inner.p || r->depth == MAX_DEPTH)
		return FR_MEDIA_UNKNOWN;
	if (inner.len && (inner.p[0] == '(' || fr_str_iis(fr_condition_word(inner), "not"))) {
		enum fr_media m = condition(&inner, &inside, true);

		return inner.len ? FR_MEDIA_UNKNOWN : m;
	}
	return r->leaf(inner);
}

static enum fr_media condition(struct fr_str *s, const struct reading *r, bool allow_or)
{
	enum fr_media m;

	if (fr_condition_take_word(s, "not"))
		return fr_media_opposite(in_brackets(s, r));
	m = in_brackets(s, r);
	if (fr_str_iis(fr_condition_word(*s), "and"))
		while (fr_condition_take_word(s, "and"))
			m = fr_media_both(m, in_brackets(s, r));
	else if (allow_or)
		while (fr_condition_take_word(s, "or"))
			m = fr_media_either(m, in_brackets(s, r));
	return m;
}

enum fr_media fr_condition_judge(struct fr_str *s, bool allow_or,
                                 enum fr_media (*leaf)(struct fr_str inner))
{
	const struct reading r = {leaf, 0};

	return condition(s, &r, allow_or);
}
