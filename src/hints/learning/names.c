/* Reads names of assets and pages. */
#include "hints/learning/names.h"

#include <stdint.h>
#include <string.h>

#include "base/err.h"

/* --- text that grows --- */

struct text {
	char *p;
	size_t len, cap;
	bool is_full;
};

static void put(struct text *t, struct fr_str s)
{
	if (s.len > t->cap - t->len) {
		t->is_full = true;
		return;
	}
	if (s.len)
		memcpy(t->p + t->len, s.p, s.len);
	t->len += s.len;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}
static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}
static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* --- versions --- */

struct look { /* which kinds of characters a word has */
	bool digit, lower, inner_upper, hex, base64;
};

static struct look look_at(struct fr_str s)
{
	struct look l = {.hex = true, .base64 = true};

	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		l.digit |= is_digit(c);
		l.lower |= is_lower(c);
		l.inner_upper |= is_upper(c) && i > 0;
		l.hex &= is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
		l.base64 &= is_digit(c) || is_lower(c) || is_upper(c) || c == '-' || c == '_';
	}
	return l;
}

static bool is_code(enum fr_as as)
{
	return as == FR_AS_STYLE || as == FR_AS_SCRIPT || as == FR_AS_FONT;
}

static bool is_version(struct fr_str s, enum fr_as as)
{
	struct look l = look_at(s);
	bool has_letter = l.lower || l.inner_upper || (s.len && is_upper(s.p[0]));

	if (s.len < 6 || s.len > FR_NAME_VERSION_MAX_BYTES)
		return false;
	if (l.hex && l.digit && has_letter)
		return true;
	if (s.len < 8 || !l.base64)
		return false;
	if (!has_letter)
		return is_code(as) && l.hex; /* a number: an id, where it is a picture's */
	return (l.digit && has_letter) || (l.lower && l.inner_upper);
}

/* Looks a word between separators like a piece of base64url? */
static bool is_random_piece(struct fr_str s)
{
	struct look l = look_at(s);

	return s.len && ((l.digit && (l.lower || l.inner_upper)) || (l.lower && l.inner_upper));
}

static bool is_separator(char c)
{
	return c == '-' || c == '_' || c == '.';
}

/* In target from `from` to `to`, the stem of a name: the last version that begins after a
 * separator, or the whole stem. */
static bool version_in_stem(struct fr_str target, size_t from, size_t to, enum fr_as as, size_t *at)
{
	size_t i = to, before;

	while (i > from && !is_separator(target.p[i - 1]))
		i--;
	for (;; i--) {
		if ((i == from || is_separator(target.p[i - 1])) &&
		    is_version(fr_str_sub(target, i, to), as))
			break;
		if (i == from || target.p[i - 1] == '.')
			return false;
	}
	/* base64url has the separators - and _ itself */
	while (i > from + 1 && (target.p[i - 1] == '-' || target.p[i - 1] == '_')) {
		before = i - 1;
		while (before > from && !is_separator(target.p[before - 1]))
			before--;
		if (!is_random_piece(fr_str_sub(target, before, i - 1)) || before == from ||
		    !is_version(fr_str_sub(target, before, to), as))
			break;
		i = before;
	}
	*at = i;
	return i > from || is_code(as); /* a picture's name that is all version is somebody's */
}

static bool version_in_name(struct fr_str target, size_t path_end, enum fr_as as, size_t *at,
                            size_t *len)
{
	size_t name = path_end, end = path_end;

	while (name > 0 && target.p[name - 1] != '/')
		name--;
	/* from the last extension to the left, so that app.HASH.min.js is found */
	for (unsigned tries = 0; tries < 4; tries++) {
		if (tries > 0 || memchr(target.p + name, '.', end - name) == NULL) {
			if (version_in_stem(target, name, end, as, at)) {
				*len = end - *at;
				return true;
			}
		}
		while (end > name && target.p[end - 1] != '.')
			end--;
		if (end == name)
			return false;
		end--; /* the dot */
	}
	return false;
}

static bool version_in_query(struct fr_str target, size_t path_end, size_t *at, size_t *len)
{
	for (size_t i = path_end; i < target.len;) {
		struct fr_str item = fr_str_sub(target, i + 1, target.len);
		size_t end = fr_str_find(item, '&'), eq;

		item = fr_str_sub(item, 0, end);
		eq = fr_str_find(item, '=');
		if (eq < item.len && item.len - eq - 1 > 0 &&
		    item.len - eq - 1 <= FR_NAME_VERSION_MAX_BYTES &&
		    (fr_str_is(fr_str_sub(item, 0, eq), "v") ||
		     fr_str_is(fr_str_sub(item, 0, eq), "ver"))) {
			*at = i + 1 + eq + 1;
			*len = item.len - eq - 1;
			return true;
		}
		if (eq == item.len && is_version(item, FR_AS_SCRIPT)) {
			*at = i + 1;
			*len = item.len;
			return true;
		}
		i += 1 + end;
	}
	return false;
}

bool fr_name_version(struct fr_str target, enum fr_as as, size_t *at, size_t *len)
{
	size_t path_end = fr_str_find(target, '?');

	if (target.len > FR_NAME_MAX_BYTES)
		return false;
	return version_in_query(target, path_end, at, len) ||
	       version_in_name(target, path_end, as, at, len);
}

/* --- segments --- */

struct segments {
	struct fr_str v[FR_NAME_MAX_SEGMENTS];
	size_t n;
	struct fr_str query; /* without the question mark */
};

static bool split(struct fr_str target, struct segments *out)
{
	size_t path_end = fr_str_find(target, '?');
	struct fr_str rest = fr_str_sub(target, 1, path_end);

	out->n = 0;
	out->query = path_end < target.len ? fr_str_sub(target, path_end + 1, target.len)
	                                   : (struct fr_str){0};
	if (!target.len || target.p[0] != '/' || target.len > FR_NAME_MAX_BYTES)
		return false;
	for (;;) {
		size_t end = fr_str_find(rest, '/');

		if (out->n == FR_NAME_MAX_SEGMENTS)
			return false;
		out->v[out->n++] = fr_str_sub(rest, 0, end);
		if (end == rest.len)
			return true;
		rest = fr_str_sub(rest, end + 1, rest.len);
	}
}

/* "html" of "a.html"; empty: none. */
static struct fr_str extension_of(struct fr_str segment)
{
	size_t i = segment.len;

	while (i > 0 && segment.p[i - 1] != '.')
		i--;
	if (i == 0 || segment.len - i == 0 || segment.len - i > 5)
		return (struct fr_str){0};
	return fr_str_sub(segment, i, segment.len);
}

static bool is_number(struct fr_str s)
{
	size_t i = 0;

	while (i < s.len && is_digit(s.p[i]))
		i++;
	return s.len && i == s.len;
}

/* --- templates --- */

static void put_shape(struct text *t, struct fr_str segment)
{
	struct fr_str ext = extension_of(segment);

	if (!segment.len)
		return;
	put(t, is_number(segment) ? FR_STR("#") : FR_STR("*"));
	if (ext.len && !is_number(ext)) {
		put(t, FR_STR("."));
		put(t, ext);
	}
}

static void put_query(struct text *t, struct fr_str query)
{
	bool is_first = true;

	while (query.len) {
		size_t end = fr_str_find(query, '&');
		struct fr_str item = fr_str_sub(query, 0, end);

		put(t, is_first ? FR_STR("?") : FR_STR("&"));
		put(t, fr_str_sub(item, 0, fr_str_find(item, '=')));
		put(t, FR_STR("=*"));
		is_first = false;
		query = end < query.len ? fr_str_sub(query, end + 1, query.len)
		                        : (struct fr_str){0};
	}
}

static bool make_template(const struct segments *s, size_t kept, struct fr_name_template *out)
{
	struct text t = {.p = out->text, .cap = sizeof out->text};

	for (size_t i = 0; i < s->n; i++) {
		put(&t, FR_STR("/"));
		if (i < kept)
			put(&t, s->v[i]);
		else if (i + 1 == s->n || (i + 2 == s->n && !s->v[i + 1].len))
			put_shape(&t, s->v[i]);
		else
			put(&t, FR_STR("*"));
	}
	put_query(&t, s->query);
	out->len = t.len;
	out->first_free = (unsigned)kept;
	return !t.is_full;
}

size_t fr_name_templates(struct fr_str page, struct fr_name_template out[FR_NAME_TEMPLATES])
{
	struct segments s;
	size_t n = 0, kept;

	if (!split(page, &s))
		return 0;
	if (s.n && !s.v[s.n - 1].len)
		kept = s.n - 1; /* the slash at the end is kept as it is */
	else
		kept = s.n;
	if (s.query.len && make_template(&s, s.n, &out[n]))
		n++;
	while (kept > 0 && n < FR_NAME_TEMPLATES)
		if (make_template(&s, --kept, &out[n]))
			n++;
	return n;
}

/* --- slots --- */

/* A mark: this byte, which no URL has, then the segment (or, from QUERY on, the value), then
 * which piece of it. */
#define MARK '\x01'
#define MARK_BYTES 3u
#define QUERY 0x40
enum { WHOLE = 0x10, FROM_START = 0x20, FROM_END = 0x30, PIECES = 8 };

struct piece {
	struct fr_str text;
	char mark[MARK_BYTES];
};

#define PIECES_MAX 48u

struct pieces {
	struct piece v[PIECES_MAX];
	size_t n;
};

static void add_piece(struct pieces *p, struct fr_str text, unsigned where, unsigned which)
{
	bool is_telling = is_number(text) || text.len >= 3;

	if (!is_telling || p->n == PIECES_MAX)
		return;
	p->v[p->n++] = (struct piece){text, {MARK, (char)where, (char)which}};
}

/* The words of a segment between its separators. */
static void add_words(struct pieces *p, struct fr_str segment, unsigned where)
{
	struct fr_str words[PIECES];
	size_t n = 0, from = 0;

	for (size_t i = 0; i <= segment.len; i++) {
		if (i < segment.len && !is_separator(segment.p[i]))
			continue;
		if (n == PIECES)
			return;
		words[n++] = fr_str_sub(segment, from, i);
		from = i + 1;
	}
	if (n < 2)
		return;
	for (size_t i = 0; i < n; i++)
		add_piece(p, words[i], where,
		          i <= n - 1 - i ? FROM_START + (unsigned)i
		                         : FROM_END + (unsigned)(n - 1 - i));
}

static struct fr_str stem_of(struct fr_str segment)
{
	struct fr_str ext = extension_of(segment);

	return ext.len ? fr_str_sub(segment, 0, segment.len - ext.len - 1) : segment;
}

/* Whole ones first: they say most. */
static void take_pieces(const struct segments *s, unsigned first_free, struct pieces *p)
{
	struct fr_str query = s->query;
	unsigned k = 0;

	p->n = 0;
	for (size_t i = s->n; i-- > first_free;)
		add_piece(p, stem_of(s->v[i]), (unsigned)i + 1, WHOLE);
	while (query.len && k < PIECES) {
		size_t end = fr_str_find(query, '&');
		struct fr_str item = fr_str_sub(query, 0, end);
		size_t eq = fr_str_find(item, '=');

		if (eq < item.len)
			add_piece(p, fr_str_sub(item, eq + 1, item.len), QUERY + k, WHOLE);
		k++;
		query = end < query.len ? fr_str_sub(query, end + 1, query.len)
		                        : (struct fr_str){0};
	}
	for (size_t i = s->n; i-- > first_free;)
		add_words(p, stem_of(s->v[i]), (unsigned)i + 1);
}

static bool is_edge(struct fr_str s, size_t i)
{
	return i >= s.len || is_separator(s.p[i]) || s.p[i] == '/' || s.p[i] == '?' ||
	       s.p[i] == '&' || s.p[i] == '=';
}

static const struct piece *piece_at(const struct pieces *p, struct fr_str asset, size_t i)
{
	for (size_t k = 0; k < p->n; k++)
		if (fr_str_starts(fr_str_sub(asset, i, asset.len), p->v[k].text) &&
		    is_edge(asset, i + p->v[k].text.len))
			return &p->v[k];
	return NULL;
}

bool fr_name_abstract(struct fr_str page, unsigned first_free, struct fr_str asset,
                      char out[FR_NAME_MAX_BYTES], size_t *len)
{
	struct text t = {.p = out, .cap = FR_NAME_MAX_BYTES};
	struct segments s;
	struct pieces p;
	bool has_mark = false;

	if (asset.len > FR_NAME_MAX_BYTES || !split(page, &s))
		return false;
	take_pieces(&s, first_free, &p);
	for (size_t i = 0; i < asset.len;) {
		const struct piece *found =
			i > 0 && is_edge(asset, i - 1) ? piece_at(&p, asset, i) : NULL;

		put(&t, found ? fr_str_make(found->mark, MARK_BYTES) : fr_str_sub(asset, i, i + 1));
		has_mark |= found != NULL;
		i += found ? found->text.len : 1;
	}
	*len = t.len;
	return has_mark && !t.is_full;
}

bool fr_name_concrete(struct fr_str page, struct fr_str pattern, char out[FR_NAME_MAX_BYTES],
                      size_t *len)
{
	struct text t = {.p = out, .cap = FR_NAME_MAX_BYTES};
	struct segments s;
	struct pieces p;

	if (!split(page, &s))
		return false;
	take_pieces(&s, 0, &p);
	for (size_t i = 0; i < pattern.len;) {
		size_t k = 0;

		if (pattern.p[i] != MARK) {
			put(&t, fr_str_sub(pattern, i, i + 1));
			i++;
			continue;
		}
		while (k < p.n && (i + MARK_BYTES > pattern.len ||
		                   memcmp(p.v[k].mark, pattern.p + i, MARK_BYTES) != 0))
			k++;
		if (k == p.n)
			return false;
		put(&t, p.v[k].text);
		i += MARK_BYTES;
	}
	*len = t.len;
	return !t.is_full;
}

bool fr_name_is_pattern(struct fr_str text)
{
	return text.len && memchr(text.p, MARK, text.len) != NULL;
}
