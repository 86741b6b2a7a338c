/* Reads and writes Link fields (RFC 8288), one link at a time. A malformed link is
 * skipped. */
#include "http/link.h"

#include <stddef.h>
#include <string.h>

#include "base/err.h"

/* Parameters that are kept as text, in the order in which they are written. */
static const struct {
	const char *name;
	size_t offset; /* of its struct fr_str in struct fr_link */
} texts[] = {
	{"as", offsetof(struct fr_link, as)},
	{"type", offsetof(struct fr_link, type)},
	{"media", offsetof(struct fr_link, media)},
	{"imagesrcset", offsetof(struct fr_link, imagesrcset)},
	{"imagesizes", offsetof(struct fr_link, imagesizes)},
	{"integrity", offsetof(struct fr_link, integrity)},
	{"referrerpolicy", offsetof(struct fr_link, referrerpolicy)},
	{"fetchpriority", offsetof(struct fr_link, fetchpriority)},
	{"anchor", offsetof(struct fr_link, anchor)},
};

static const struct {
	const char *name;
	unsigned rel;
} relations[] = {{"preload", FR_REL_PRELOAD},
                 {"modulepreload", FR_REL_MODULEPRELOAD},
                 {"preconnect", FR_REL_PRECONNECT}};

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
	for (size_t i = 1; i < s.len && i < FR_LINK_MAX_VALUE_BYTES; i++) {
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
	for (size_t i = 0; i < FR_ARRAY_LEN(relations); i++)
		if (fr_str_iis(name, relations[i].name))
			return relations[i].rel;
	return 0;
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

/* Where the first parameter of that name is kept; NULL: it is not. */
static struct fr_str *text_of(struct fr_link *l, struct fr_str name)
{
	for (size_t i = 0; i < FR_ARRAY_LEN(texts); i++)
		if (fr_str_iis(name, texts[i].name))
			return (struct fr_str *)(void *)((char *)l + texts[i].offset);
	return NULL;
}

static void take_parameter(struct reading *r, struct fr_str name, struct fr_str value)
{
	struct fr_link *l = &r->link;
	struct fr_str *text = text_of(l, name);

	if (text) {
		if (!text->p)
			*text = value.p ? value : FR_STR("");
		l->has_anchor = l->anchor.p != NULL;
	} else if (fr_str_iis(name, "rel")) {
		if (!r->has_rel)
			l->rels = rels_of(value);
		r->has_rel = true;
	} else if (fr_str_iis(name, "nopush")) {
		l->nopush = true;
	} else if (fr_str_iis(name, "crossorigin") && !r->has_crossorigin) {
		r->has_crossorigin = true;
		l->crossorigin = fr_str_iis(value, "use-credentials") ? FR_CORS_CREDENTIALS
		                                                      : FR_CORS_ANONYMOUS;
	}
}

/* The value after '=': a token as lenient as browsers take it, or a quoted
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
	struct fr_str head = fr_str_sub(*s, 0, FR_LINK_MAX_VALUE_BYTES);
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

/* --- writing --- */

struct writing {
	char *p; /* NULL while the length is measured */
	size_t n;
	int rc; /* the first error */
};

static void put(struct writing *w, struct fr_str s)
{
	if (w->p && s.len)
		memcpy(w->p + w->n, s.p, s.len);
	w->n += s.len;
}

static void fail(struct writing *w, int rc)
{
	if (w->rc == 0)
		w->rc = rc;
}

static void put_target(struct writing *w, struct fr_str target)
{
	if (target.len + 2 > FR_LINK_MAX_VALUE_BYTES)
		fail(w, FR_ERR_LIMIT);
	for (size_t i = 0; i < target.len; i++) {
		char c = target.p[i];

		/* a fragment is no part of a request target, but of a link's */
		if (c == '<' || c == '>' || (c != '#' && !fr_char_is(c, FR_CH_TARGET)))
			fail(w, FR_ERR_SYNTAX);
	}
	put(w, FR_STR("<"));
	put(w, target);
	put(w, FR_STR(">"));
}

/* A quoted string (RFC 9110 §5.6.4). */
static void put_quoted(struct writing *w, struct fr_str value)
{
	size_t before = w->n;

	put(w, FR_STR("\""));
	for (size_t i = 0; i < value.len; i++) {
		if (!fr_char_is(value.p[i], FR_CH_FIELD))
			fail(w, FR_ERR_SYNTAX);
		if (value.p[i] == '"' || value.p[i] == '\\')
			put(w, FR_STR("\\"));
		put(w, fr_str_make(value.p + i, 1));
	}
	put(w, FR_STR("\""));
	if (w->n - before > FR_LINK_MAX_VALUE_BYTES)
		fail(w, FR_ERR_LIMIT);
}

static void put_text(struct writing *w, const char *name, struct fr_str value)
{
	if (!value.p)
		return;
	put(w, FR_STR("; "));
	put(w, fr_str_from(name));
	put(w, FR_STR("="));
	if (fr_str_all(value, FR_CH_TCHAR) && value.len < FR_LINK_MAX_VALUE_BYTES)
		put(w, value);
	else
		put_quoted(w, value);
}

static void put_relations(struct writing *w, unsigned rels)
{
	bool several = (rels & (rels - 1)) != 0, any = false;

	put(w, several ? FR_STR("; rel=\"") : FR_STR("; rel="));
	for (size_t i = 0; i < FR_ARRAY_LEN(relations); i++) {
		if (!(rels & relations[i].rel))
			continue;
		if (any)
			put(w, FR_STR(" "));
		put(w, fr_str_from(relations[i].name));
		any = true;
	}
	if (several)
		put(w, FR_STR("\""));
	if (!any)
		fail(w, FR_ERR_INVALID);
}

static void put_link(struct writing *w, const struct fr_link *link, struct fr_str target)
{
	put_target(w, target);
	put_relations(w, link->rels);
	for (size_t i = 0; i < FR_ARRAY_LEN(texts); i++) {
		const char *at = (const char *)link + texts[i].offset;

		put_text(w, texts[i].name, *(const struct fr_str *)(const void *)at);
		if (i > 0)
			continue;
		/* beside as: together they say which request it is */
		if (link->crossorigin == FR_CORS_ANONYMOUS)
			put(w, FR_STR("; crossorigin"));
		else if (link->crossorigin == FR_CORS_CREDENTIALS)
			put(w, FR_STR("; crossorigin=use-credentials"));
	}
	if (link->nopush)
		put(w, FR_STR("; nopush"));
}

int fr_link_write(struct fr_arena *a, const struct fr_link *link, struct fr_str target,
                  struct fr_str *out)
{
	struct writing w = {0};

	put_link(&w, link, target);
	if (w.rc < 0)
		return w.rc;
	w.p = fr_arena_alloc(a, w.n + 1);
	if (!w.p)
		return FR_ERR_NOMEM;
	w.n = 0;
	put_link(&w, link, target);
	w.p[w.n] = '\0';
	*out = fr_str_make(w.p, w.n);
	return 0;
}
