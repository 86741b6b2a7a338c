/* Judges the words of a path, and the parts of a query, one by one. */
#include "lab/replay/version.h"

#include <stdio.h>

#include "base/err.h"

/* Of a hash: hex digits, or letters and digits of any kind. */
#define HEX_LEAST 6u
#define MIXED_LEAST 8u
/* Seconds since 1970, and finer. */
#define STAMP_LEAST 10u

struct writer {
	char *out;
	size_t len, cap;
	bool has_star;
};

static void put(struct writer *w, struct fr_str s)
{
	size_t room = w->cap - 1 - w->len, n = s.len < room ? s.len : room;

	if (n)
		memcpy(w->out + w->len, s.p, n);
	w->len += n;
	w->out[w->len] = '\0';
}

static void put_star(struct writer *w)
{
	put(w, FR_STR("*"));
	w->has_star = true;
}

/* --- words --- */

struct census { /* of a word's characters */
	size_t digits, hex, lower, upper, turns;
};

static struct census count(struct fr_str s)
{
	struct census c = {0};

	for (size_t i = 0; i < s.len; i++) {
		bool upper = s.p[i] >= 'A' && s.p[i] <= 'Z';
		bool was = i && s.p[i - 1] >= 'A' && s.p[i - 1] <= 'Z';

		c.digits += fr_char_is(s.p[i], FR_CH_DIGIT);
		c.hex += fr_char_is(s.p[i], FR_CH_HEX);
		c.upper += upper;
		c.lower += s.p[i] >= 'a' && s.p[i] <= 'z';
		c.turns += i && upper != was;
	}
	return c;
}

/* No word that somebody wrote: hex digits, a time stamp, or letters and digits in a mix
 * that only an encoder makes. */
static bool is_hash(struct fr_str s)
{
	struct census c = count(s);

	if (c.digits + c.lower + c.upper != s.len)
		return false;
	if (c.digits == s.len)
		return s.len >= STAMP_LEAST;
	if (c.hex == s.len && s.len >= HEX_LEAST && c.digits)
		return true;
	if (s.len < MIXED_LEAST)
		return false;
	/* "BxKdJtZe" changes its case at nearly each letter, "FontAwesome" does not */
	return (c.digits && c.upper && c.lower && c.digits + c.turns >= 3) ||
	       (!c.digits && c.turns * 2 >= s.len && c.turns >= 4) ||
	       (c.digits >= 3 && s.len >= 16);
}

/* "3.6.0" at the start; 0: none. It ends where a word ends. */
static size_t number_with_dots(struct fr_str s)
{
	size_t at = s.len && (s.p[0] == 'v' || s.p[0] == 'V') ? 1 : 0, dots = 0, end = 0;

	while (at < s.len && fr_char_is(s.p[at], FR_CH_DIGIT)) {
		while (at < s.len && fr_char_is(s.p[at], FR_CH_DIGIT))
			at++;
		if (dots && (at == s.len || strchr(".-_~+", s.p[at])))
			end = at;
		if (at + 1 >= s.len || s.p[at] != '.' || !fr_char_is(s.p[at + 1], FR_CH_DIGIT))
			break;
		dots++;
		at++;
	}
	return end;
}

/* "version1700000000", as some shops have it in a folder's name. */
static bool is_stamped_word(struct fr_str s, struct fr_str *word)
{
	size_t n = 0;

	while (n < s.len && !fr_char_is(s.p[n], FR_CH_DIGIT))
		n++;
	*word = fr_str_sub(s, 0, n);
	return fr_str_iis(*word, "version") && s.len - n >= 4 &&
	       fr_str_all(fr_str_sub(s, n, s.len), FR_CH_DIGIT);
}

/* One segment of the path: words between '.', '-', '_' and '~'. */
static void put_segment(struct writer *w, struct fr_str s)
{
	while (s.len) {
		size_t number = number_with_dots(s), n = number;
		struct fr_str word;

		while (!number && n < s.len && !strchr(".-_~", s.p[n]))
			n++;
		if (!number && is_stamped_word(fr_str_sub(s, 0, n), &word)) {
			put(w, word);
			put_star(w);
		} else if (number || is_hash(fr_str_sub(s, 0, n))) {
			put_star(w);
		} else {
			put(w, fr_str_sub(s, 0, n));
		}
		s = fr_str_sub(s, n, s.len);
		put(w, fr_str_sub(s, 0, s.len ? 1 : 0));
		s = fr_str_sub(s, 1, s.len);
	}
}

static void put_path(struct writer *w, struct fr_str path)
{
	while (path.len) {
		size_t n = fr_str_find(path, '/');

		put_segment(w, fr_str_sub(path, 0, n));
		put(w, fr_str_sub(path, n, n + 1));
		path = fr_str_sub(path, n + 1, path.len);
	}
}

/* --- queries --- */

/* What a star of a rule stands for. */
static bool is_plain(struct fr_str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!fr_char_is(s.p[i], FR_CH_DIGIT | FR_CH_ALPHA) && !strchr("._~-", s.p[i]))
			return false;
	return s.len > 0;
}

static bool is_version_name(struct fr_str name)
{
	static const char *const names[] = {
		"v",     "ver",      "version", "rev",  "revision", "hash",  "h",        "t",
		"ts",    "_",        "cb",      "bust", "vsn",      "build", "release",  "m",
		"mtime", "modified", "sha",     "md5",  "etag",     "cache", "timestamp"};

	return fr_str_iis_one_of(name, names, FR_ARRAY_LEN(names));
}

static void put_part(struct writer *w, struct fr_str part)
{
	size_t n = fr_str_find(part, '=');
	struct fr_str name = fr_str_sub(part, 0, n), value = fr_str_sub(part, n + 1, part.len);
	bool has_digit = count(n < part.len ? value : name).digits > 0;

	if (n == part.len && is_plain(part) && has_digit) {
		put_star(w); /* "?1700000000", "?3.2.1" */
	} else if (n < part.len && is_plain(value) &&
	           ((is_version_name(name) && has_digit) || is_hash(value) ||
	            number_with_dots(value) == value.len)) {
		put(w, fr_str_sub(part, 0, n + 1));
		put_star(w);
	} else {
		put(w, part);
	}
}

static void put_query(struct writer *w, struct fr_str query)
{
	while (query.len) {
		size_t n = fr_str_find(query, '&');

		put_part(w, fr_str_sub(query, 0, n));
		put(w, fr_str_sub(query, n, n + 1));
		query = fr_str_sub(query, n + 1, query.len);
	}
}

bool fr_version_star(struct fr_str target, char *out, size_t cap)
{
	struct writer w = {.out = out, .cap = cap};
	size_t query = fr_str_find(target, '?'), path = 0;

	*out = '\0';
	if (target.len && target.p[0] != '/') { /* after the host of a URL */
		path = fr_str_find(target, ':') + strlen("://");
		path += fr_str_find(fr_str_sub(target, path, target.len), '/');
		path = path < query ? path : query;
	}
	put(&w, fr_str_sub(target, 0, path));
	put_path(&w, fr_str_sub(target, path, query));
	put(&w, fr_str_sub(target, query, query + 1));
	put_query(&w, fr_str_sub(target, query + 1, target.len));
	return w.has_star;
}
