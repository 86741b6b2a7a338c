/* Strings as pointer and length: comparison, trimming, numbers, items of lists. */
#include "base/str.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"

#define T FR_CH_TCHAR
#define D (FR_CH_DIGIT | FR_CH_HEX | FR_CH_TCHAR | FR_CH_FIELD | FR_CH_TARGET | FR_CH_HOST)
#define X (FR_CH_ALPHA | FR_CH_HEX | FR_CH_TCHAR | FR_CH_FIELD | FR_CH_TARGET | FR_CH_HOST)
#define A (FR_CH_ALPHA | FR_CH_TCHAR | FR_CH_FIELD | FR_CH_TARGET | FR_CH_HOST)
#define F FR_CH_FIELD
#define G FR_CH_TARGET
#define H FR_CH_HOST

/* In a request target we accept what RFC 3986 allows plus the printable
 * characters that browsers send unescaped (" < > \ ^ ` { | }); never space,
 * controls, '#' or bytes above 0x7e. */
const uint8_t fr_char_class[256] = {
	['\t'] = F,
	[' '] = F,
	['!'] = T | F | G | H,
	['"'] = F | G,
	['#'] = T | F,
	['$'] = T | F | G | H,
	['%'] = T | F | G | H,
	['&'] = T | F | G | H,
	['\''] = T | F | G | H,
	['('] = F | G | H,
	[')'] = F | G | H,
	['*'] = T | F | G | H,
	['+'] = T | F | G | H,
	[','] = F | G | H,
	['-'] = T | F | G | H,
	['.'] = T | F | G | H,
	['/'] = F | G,
	['0'] = D,
	['1'] = D,
	['2'] = D,
	['3'] = D,
	['4'] = D,
	['5'] = D,
	['6'] = D,
	['7'] = D,
	['8'] = D,
	['9'] = D,
	[':'] = F | G | H,
	[';'] = F | G | H,
	['<'] = F | G,
	['='] = F | G | H,
	['>'] = F | G,
	['?'] = F | G,
	['@'] = F | G,
	['A'] = X,
	['B'] = X,
	['C'] = X,
	['D'] = X,
	['E'] = X,
	['F'] = X,
	['G'] = A,
	['H'] = A,
	['I'] = A,
	['J'] = A,
	['K'] = A,
	['L'] = A,
	['M'] = A,
	['N'] = A,
	['O'] = A,
	['P'] = A,
	['Q'] = A,
	['R'] = A,
	['S'] = A,
	['T'] = A,
	['U'] = A,
	['V'] = A,
	['W'] = A,
	['X'] = A,
	['Y'] = A,
	['Z'] = A,
	['['] = F | G | H,
	['\\'] = F | G,
	[']'] = F | G | H,
	['^'] = T | F | G,
	['_'] = T | F | G | H,
	['`'] = T | F | G,
	['a'] = X,
	['b'] = X,
	['c'] = X,
	['d'] = X,
	['e'] = X,
	['f'] = X,
	['g'] = A,
	['h'] = A,
	['i'] = A,
	['j'] = A,
	['k'] = A,
	['l'] = A,
	['m'] = A,
	['n'] = A,
	['o'] = A,
	['p'] = A,
	['q'] = A,
	['r'] = A,
	['s'] = A,
	['t'] = A,
	['u'] = A,
	['v'] = A,
	['w'] = A,
	['x'] = A,
	['y'] = A,
	['z'] = A,
	['{'] = F | G,
	['|'] = T | F | G,
	['}'] = F | G,
	['~'] = T | F | G | H,
	[0x80 ... 0xff] = F,
};

#undef T
#undef D
#undef X
#undef A
#undef F
#undef G
#undef H

bool fr_str_ieq(struct fr_str a, struct fr_str b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (a.p[i] != b.p[i] && fr_ascii_lower(a.p[i]) != fr_ascii_lower(b.p[i]))
			return false;
	return true;
}

bool fr_str_starts(struct fr_str s, struct fr_str prefix)
{
	return s.len >= prefix.len && fr_str_eq(fr_str_make(s.p, prefix.len), prefix);
}

bool fr_str_istarts(struct fr_str s, struct fr_str prefix)
{
	return s.len >= prefix.len && fr_str_ieq(fr_str_make(s.p, prefix.len), prefix);
}

bool fr_str_ihas(struct fr_str s, struct fr_str word)
{
	for (size_t i = 0; i + word.len <= s.len; i++)
		if (fr_str_ieq(fr_str_sub(s, i, i + word.len), word))
			return true;
	return false;
}

bool fr_str_ends(struct fr_str s, struct fr_str suffix)
{
	return s.len >= suffix.len && fr_str_eq(fr_str_sub(s, s.len - suffix.len, s.len), suffix);
}

size_t fr_str_find(struct fr_str s, char c)
{
	const char *at = s.len ? memchr(s.p, c, s.len) : NULL;

	return at ? (size_t)(at - s.p) : s.len;
}

struct fr_str fr_str_sub(struct fr_str s, size_t from, size_t to)
{
	if (to > s.len)
		to = s.len;
	if (from >= to)
		return (struct fr_str){s.p ? s.p + (from > s.len ? s.len : from) : NULL, 0};
	return (struct fr_str){s.p + from, to - from};
}

static bool is_ows(char c)
{
	return c == ' ' || c == '\t';
}

bool fr_str_iis_one_of(struct fr_str s, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fr_str_iis(s, list[i]))
			return true;
	return false;
}

struct fr_str fr_str_trim(struct fr_str s)
{
	while (s.len && is_ows(s.p[0])) {
		s.p++;
		s.len--;
	}
	while (s.len && is_ows(s.p[s.len - 1]))
		s.len--;
	return s;
}

int fr_str_to_u64(struct fr_str s, uint64_t *out)
{
	uint64_t v = 0;

	if (s.len == 0)
		return FR_ERR_SYNTAX;
	for (size_t i = 0; i < s.len; i++) {
		unsigned d = (unsigned)(unsigned char)s.p[i] - '0';

		if (d > 9 || v > (UINT64_MAX - d) / 10)
			return FR_ERR_SYNTAX;
		v = v * 10 + d;
	}
	*out = v;
	return 0;
}

size_t fr_i64_format(char *out, int64_t v)
{
	uint64_t left = v < 0 ? (uint64_t)0 - (uint64_t)v : (uint64_t)v;
	size_t len = v < 0 ? 2 : 1;

	for (uint64_t rest = left; rest >= 10; rest /= 10)
		len++;
	for (size_t at = len; at > (v < 0 ? 1u : 0u); left /= 10)
		out[--at] = (char)('0' + left % 10);
	if (v < 0)
		out[0] = '-';
	return len;
}

char *fr_str_dup(struct fr_str s)
{
	char *copy = fr_malloc(s.len + 1);

	if (s.len)
		memcpy(copy, s.p, s.len);
	copy[s.len] = '\0';
	return copy;
}

/* The length of the element at the head of the list, up to its comma. */
static size_t item_len(struct fr_str s)
{
	bool quoted = false;
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (quoted && s.p[i] == '\\' && i + 1 < s.len)
			i++;
		else if (s.p[i] == '"')
			quoted = !quoted;
		else if (s.p[i] == ',' && !quoted)
			break;
	}
	return i;
}

bool fr_str_next_item(struct fr_str *rest, struct fr_str *item)
{
	while (rest->len) {
		size_t n = item_len(*rest);
		struct fr_str found = fr_str_trim(fr_str_sub(*rest, 0, n));

		*rest = fr_str_sub(*rest, n + 1, rest->len);
		if (found.len) {
			*item = found;
			return true;
		}
	}
	return false;
}

/* Does one of eight bytes lie below a space, or is it DEL? Bytes of 0x80 and more do
 * not; a tab does, and is looked at again. */
static bool has_control(const char *p)
{
	const uint64_t ones = UINT64_MAX / 255, tops = ones << 7;
	uint64_t w, del;

	memcpy(&w, p, sizeof w);
	del = w ^ ones * 0x7f;
	return (((w - ones * 0x20) & ~w) | ((del - ones) & ~del)) & tops;
}

size_t fr_str_field_span(struct fr_str s)
{
	size_t i = 0;

	while (i < s.len) {
		if (s.len - i >= 8 && !has_control(s.p + i))
			i += 8;
		else if (fr_char_is(s.p[i], FR_CH_FIELD))
			i++;
		else
			break;
	}
	return i;
}

bool fr_str_all(struct fr_str s, int classes)
{
	for (size_t i = 0; i < s.len; i++)
		if (!fr_char_is(s.p[i], classes))
			return false;
	return s.len > 0;
}
