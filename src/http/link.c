#include "http/link.h"

/* No URL or quoted string of a link is longer. Also what keeps a field full
 * of "<" or quotes that never end from being read over and over. */
#define VALUE_MAX_BYTES 8192u

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

static struct fr_str skip_space(struct fr_str s)
{
	while (s.len && is_space(s.p[0])) {
		s.p++;
		s.len--;
	}
	return s;
}

static struct fr_str after(struct fr_str s, size_t n)
{
	return fr_str_sub(s, n, s.len);
}

/* The length of a quoted string with its quotes; 0 if it does not end. */
static size_t quoted_length(struct fr_str s)
{
	for (size_t i = 1; i < s.len && i < VALUE_MAX_BYTES; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			return i + 1;
	}
	return 0;
}

/* Past the next comma outside of quoted strings: where the next link begins
 * after a malformed one. A quote that is never closed hides nothing. */
static struct fr_str skip_link(struct fr_str s)
{
	size_t i = 0;

	while (i < s.len && s.p[i] != ',') {
		size_t quoted = s.p[i] == '"' ? quoted_length(after(s, i)) : 0;

		i += quoted ? quoted : 1;
	}
	return after(s, i + (i < s.len));
}

/* --- parameters --- */

/* Without its quotes; escapes removed (RFC 9110 §5.6.4). */
static bool unquote(struct fr_arena *a, struct fr_str s, struct fr_str *out)
{
	struct fr_str inner = fr_str_sub(s, 1, s.len - 1);
	size_t n = 0;
	char *p;

	if (fr_str_find(inner, '\\') == inner.len) {
		*out = inner;
		return true;
	}
	p = fr_arena_alloc(a, inner.len);
	if (!p)
		return false;
	for (size_t i = 0; i < inner.len; i++) {
		if (inner.p[i] == '\\' && i + 1 < inner.len)
			i++;
		p[n++] = inner.p[i];
	}
	*out = fr_str_make(p, n);
	return true;
}

static unsigned rel_of(struct fr_str name)
{
	if (fr_str_iis(name, "preload"))
		return FR_REL_PRELOAD;
	if (fr_str_iis(name, "modulepreload"))
		return FR_REL_MODULEPRELOAD;
	return fr_str_iis(name, "preconnect") ? FR_REL_PRECONNECT : 0;
}

/* A space-separated list (RFC 8288 §3.3). */
static unsigned rels_of(struct fr_str value)
{
	unsigned rels = 0;

	while ((value = skip_space(value)).len) {
		size_t n = 0;

		while (n < value.len && !is_space(value.p[n]))
			n++;
		rels |= rel_of(fr_str_sub(value, 0, n));
		value = after(value, n);
	}
	return rels;
}

struct reading { /* of one link: what occurred already */
	struct fr_link link;
	bool has_rel, has_crossorigin;
};

static void set_first(struct fr_str *to, struct fr_str value)
{
	if (!to->p)
		*to = value.p ? value : FR_STR("");
}

static void take_parameter(struct reading *r, struct fr_str name, struct fr_str value)
{
	struct fr_link *l = &r->link;

	if (fr_str_iis(name, "rel")) {
		if (!r->has_rel)
			l->rels = rels_of(value);
		r->has_rel = true;
	} else if (fr_str_iis(name, "as")) {
		set_first(&l->as, value);
	} else if (fr_str_iis(name, "nopush")) {
		l->nopush = true;
	} else if (fr_str_iis(name, "type")) {
		set_first(&l->type, value);
	} else if (fr_str_iis(name, "media")) {
		set_first(&l->media, value);
	} else if (fr_str_iis(name, "anchor")) {
		set_first(&l->anchor, value);
		l->has_anchor = true;
	} else if (fr_str_iis(name, "imagesrcset")) {
		set_first(&l->imagesrcset, value);
	} else if (fr_str_iis(name, "fetchpriority")) {
		set_first(&l->fetchpriority, value);
	} else if (fr_str_iis(name, "crossorigin") && !r->has_crossorigin) {
		r->has_crossorigin = true;
		l->crossorigin = fr_str_iis(value, "use-credentials") ? FR_CORS_CREDENTIALS
		                                                      : FR_CORS_ANONYMOUS;
	}
}

/* The value behind '=': a token as lenient as browsers take it, or a quoted
 * string. False: malformed. */
static bool read_value(struct fr_arena *a, struct fr_str *s, struct fr_str *value)
{
	size_t n = 0;

	*s = skip_space(*s);
	if (s->len && s->p[0] == '"') {
		n = quoted_length(*s);
		if (n == 0 || !unquote(a, fr_str_sub(*s, 0, n), value))
			return false;
	} else {
		while (n < s->len && s->p[n] != ';' && s->p[n] != ',' && !is_space(s->p[n]) &&
		       s->p[n] != '"')
			n++;
		*value = fr_str_sub(*s, 0, n);
	}
	*s = after(*s, n);
	return true;
}

/* One ";name[=value]"; *s is at the semicolon. False: malformed. */
static bool read_parameter(struct fr_arena *a, struct fr_str *s, struct reading *r)
{
	struct fr_str name, value = FR_STR("");
	size_t n = 0;

	*s = skip_space(after(*s, 1));
	while (n < s->len && fr_char_is(s->p[n], FR_CH_TCHAR))
		n++;
	name = fr_str_sub(*s, 0, n);
	*s = skip_space(after(*s, n));
	if (s->len && s->p[0] == '=') {
		if (name.len == 0)
			return false;
		*s = after(*s, 1);
		if (!read_value(a, s, &value))
			return false;
		*s = skip_space(*s);
	}
	if (name.len)
		take_parameter(r, name, value);
	return s->len == 0 || s->p[0] == ';' || s->p[0] == ',';
}

/* --- links --- */

/* One link-value at the head of *s; *s then stands at its comma or the end. */
static bool read_link(struct fr_arena *a, struct fr_str *s, struct reading *r)
{
	struct fr_str head = fr_str_sub(*s, 0, VALUE_MAX_BYTES);
	size_t close;

	if (s->p[0] != '<')
		return false;
	close = fr_str_find(head, '>');
	/* a '<' is part of no URL: this one was never closed */
	if (close == head.len || fr_str_find(fr_str_sub(head, 1, close), '<') < close - 1)
		return false;
	r->link.target = fr_str_trim(fr_str_sub(*s, 1, close));
	*s = skip_space(after(*s, close + 1));
	while (s->len && s->p[0] == ';')
		if (!read_parameter(a, s, r))
			return false;
	return s->len == 0 || s->p[0] == ',';
}

bool fr_link_next(struct fr_arena *a, struct fr_str *rest, struct fr_link *out, size_t *bad)
{
	while (rest->len) {
		struct reading r = {0};
		struct fr_str s = skip_space(*rest);

		if (s.len == 0 || s.p[0] == ',') {
			*rest = after(s, 1);
			continue;
		}
		if (read_link(a, &s, &r)) {
			*rest = after(s, 1);
			*out = r.link;
			return true;
		}
		if (bad)
			(*bad)++;
		*rest = skip_link(skip_space(*rest));
	}
	return false;
}
