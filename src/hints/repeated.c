/* Finds and takes out links that a 103 has made superfluous. */
#include "hints/repeated.h"

#include <string.h>

void fr_repeated_note_asked(struct fr_plan *p, struct fr_str target)
{
	for (size_t i = 0; i < p->n && !p->has_acted; i++)
		p->has_acted = p->v[i]->delivery == FR_DELIVERY_EARLY_HINTS &&
		               fr_str_eq(p->v[i]->target, target);
}

static bool is_named_font(const struct fr_hint *hint)
{
	return hint->delivery == FR_DELIVERY_EARLY_HINTS && hint->as == FR_AS_FONT;
}

static bool has_named_font(const struct fr_plan *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (is_named_font(p->v[i]))
			return true;
	return false;
}

static bool is_repeated(struct fr_plan *p, const struct fr_link *link)
{
	const struct fr_hint *hint = fr_plan_find(p, link);

	return hint && is_named_font(hint);
}

/* White space and commas around a link are nobody's. */
static struct fr_str bare(struct fr_str s)
{
	s = fr_str_trim(s);
	while (s.len && (s.p[0] == ',' || s.p[s.len - 1] == ',')) {
		s = s.p[0] == ',' ? fr_str_sub(s, 1, s.len) : fr_str_sub(s, 0, s.len - 1);
		s = fr_str_trim(s);
	}
	return s;
}

/* What is left of a value; 0 bytes: nothing. False: nothing is taken out. */
static bool strip(struct fr_plan *p, struct fr_str value, struct fr_str *out)
{
	size_t len = 0, dropped = 0;
	struct fr_str rest = value;
	struct fr_link link;
	/* between two pieces there was a comma at least; now there is a space, too */
	char *text = fr_arena_alloc(p->arena, 2 * value.len + 1);
	bool more = text != NULL;

	while (more) {
		struct fr_str from = rest, piece;

		/* malformed text before a link goes with it, or stays with it */
		more = fr_link_next(p->arena, &rest, &link, NULL);
		piece = bare(fr_str_sub(from, 0, from.len - rest.len));
		if (more && is_repeated(p, &link)) {
			dropped++;
			continue;
		}
		if (len && piece.len) {
			text[len++] = ',';
			text[len++] = ' ';
		}
		memcpy(text + len, piece.p, piece.len);
		len += piece.len;
	}
	if (dropped)
		*out = fr_str_make(text, len);
	return dropped > 0;
}

void fr_repeated_drop(struct fr_plan *p, struct fr_fields *fields)
{
	size_t kept = 0;

	if (!p->has_acted || !has_named_font(p))
		return;
	for (size_t i = 0; i < fields->n; i++) {
		struct fr_field f = fields->v[i];

		if (f.id != FR_FIELD_LINK || !strip(p, fields->v[i].value, &f.value) || f.value.len)
			fields->v[kept++] = f;
	}
	fields->n = kept;
}
