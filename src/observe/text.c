#include "observe/text.h"

#define CUT "..."
#define CUT_BYTES (sizeof(CUT) - 1)
#define ESCAPE_BYTES 6u /* of one byte, at most */

static const char hex[] = "0123456789abcdef";

static bool has_room(struct fr_text *t, size_t len)
{
	if (t->cap - t->n >= len)
		return true;
	t->is_full = true;
	return false;
}

/* Two digits at a time. */
static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233"
			    "34353637383940414243444546474849505152535455565758596061626364656667"
			    "6869707172737475767778798081828384858687888990919293949596979899";

void fr_text_u64(struct fr_text *t, uint64_t v)
{
	char digits[20];
	size_t at = sizeof digits;

	while (v >= 100) {
		at -= 2;
		memcpy(digits + at, pairs + 2 * (v % 100), 2);
		v /= 100;
	}
	if (v >= 10) {
		at -= 2;
		memcpy(digits + at, pairs + 2 * v, 2);
	} else {
		digits[--at] = (char)('0' + v);
	}
	fr_text_put(t, digits + at, sizeof digits - at);
}

void fr_text_i64(struct fr_text *t, int64_t v)
{
	if (v < 0)
		fr_text_put(t, "-", 1);
	fr_text_u64(t, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void fr_text_hex(struct fr_text *t, uint64_t v)
{
	char digits[16];

	for (unsigned i = 0; i < sizeof digits; i++)
		digits[i] = hex[v >> (60 - 4 * i) & 15];
	fr_text_put(t, digits, sizeof digits);
}

void fr_text_padded(struct fr_text *t, uint64_t v, unsigned width)
{
	char digits[20];

	for (unsigned i = width; i-- > 0; v /= 10)
		digits[i] = (char)('0' + v % 10);
	fr_text_put(t, digits, width);
}

/* --- escaping --- */

#define ONES 0x0101010101010101u
#define HIGHS 0x8080808080808080u

static inline uint64_t has_zero_byte(uint64_t v)
{
	return (v - ONES) & ~v & HIGHS;
}

/* Are eight bytes all printable ASCII but " and \? */
static inline bool is_plain_word(const char *p)
{
	uint64_t v, odd;

	memcpy(&v, p, sizeof v);
	odd = v & HIGHS;                               /* not ASCII */
	odd |= (v - 0x2020202020202020u) & HIGHS;      /* below SP, as none is above 0x7f */
	odd |= has_zero_byte(v ^ 0x2222222222222222u); /* " */
	odd |= has_zero_byte(v ^ 0x5c5c5c5c5c5c5c5cu); /* \ */
	odd |= has_zero_byte(v ^ 0x7f7f7f7f7f7f7f7fu); /* DEL */
	return odd == 0;
}

static inline bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Copies what needs no escape; returns how far. There is room. */
static size_t copy_plain(struct fr_text *t, struct fr_str s, size_t at)
{
	size_t from = at;

	while (at + 8 <= s.len && is_plain_word(s.p + at))
		at += 8;
	while (at < s.len && is_plain((unsigned char)s.p[at]))
		at++;
	memcpy(t->p + t->n, s.p + from, at - from);
	t->n += at - from;
	return at;
}

static bool is_tail(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

/* Bytes of the valid UTF-8 sequence at the beginning (RFC 3629 §4), or 0. */
static size_t utf8_len(const unsigned char *p, size_t len)
{
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		return len >= 2 && is_tail(p[1]) ? 2 : 0;
	if (p[0] >= 0xe0 && p[0] <= 0xef) {
		if (len < 3 || !is_tail(p[1]) || !is_tail(p[2]))
			return 0;
		/* overlong, surrogates */
		return (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ? 0 : 3;
	}
	if (p[0] >= 0xf0 && p[0] <= 0xf4) {
		if (len < 4 || !is_tail(p[1]) || !is_tail(p[2]) || !is_tail(p[3]))
			return 0;
		return (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f) ? 0 : 4;
	}
	return 0;
}

static void put_unicode(struct fr_text *t, unsigned char c)
{
	const char out[ESCAPE_BYTES] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

	fr_text_put(t, out, sizeof out);
}

/* One character that may need an escape; returns how far. */
static size_t put_json_odd(struct fr_text *t, struct fr_str s, size_t at)
{
	unsigned char c = (unsigned char)s.p[at];
	size_t len = c < 0x80 ? 0 : utf8_len((const unsigned char *)s.p + at, s.len - at);

	if (len) {
		fr_text_put(t, s.p + at, len);
		return at + len;
	}
	if (c == '"' || c == '\\') {
		const char out[2] = {'\\', (char)c};

		fr_text_put(t, out, sizeof out);
	} else {
		put_unicode(t, c);
	}
	return at + 1;
}

void fr_text_json(struct fr_text *t, struct fr_str s, size_t max)
{
	bool cut = s.len > max;
	size_t at = 0;

	if (cut)
		s.len = max;
	if (!has_room(t, ESCAPE_BYTES * s.len + CUT_BYTES + 2))
		return;
	t->p[t->n++] = '"';
	while (at < s.len) {
		at = copy_plain(t, s, at);
		if (at < s.len)
			at = put_json_odd(t, s, at);
	}
	if (cut)
		fr_text_put(t, CUT, CUT_BYTES);
	t->p[t->n++] = '"';
}

void fr_text_escaped(struct fr_text *t, struct fr_str s, size_t max)
{
	bool cut = s.len > max;
	size_t at = 0;

	if (cut)
		s.len = max;
	if (!has_room(t, 4 * s.len + CUT_BYTES))
		return;
	while (at < s.len) {
		unsigned char c;

		at = copy_plain(t, s, at);
		if (at == s.len)
			break;
		c = (unsigned char)s.p[at++];
		t->p[t->n++] = '\\';
		t->p[t->n++] = 'x';
		t->p[t->n++] = hex[c >> 4];
		t->p[t->n++] = hex[c & 15];
	}
	if (cut)
		fr_text_put(t, CUT, CUT_BYTES);
}
