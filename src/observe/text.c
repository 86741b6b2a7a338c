/* Writes numbers, JSON strings and escaped text into a buffer of known size. */
#include "observe/text.h"

#include "observe/fast_text.h"

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

#define TENS(n) n "0" n "1" n "2" n "3" n "4" n "5" n "6" n "7" n "8" n "9"
#define SIXTEEN(n) TENS(n) n "a" n "b" n "c" n "d" n "e" n "f"

const char fr_digit_pairs[200] = TENS("0") TENS("1") TENS("2") TENS("3") TENS("4") TENS("5")
	TENS("6") TENS("7") TENS("8") TENS("9");
const char fr_hex_pairs[512] = SIXTEEN("0") SIXTEEN("1") SIXTEEN("2") SIXTEEN("3") SIXTEEN("4")
	SIXTEEN("5") SIXTEEN("6") SIXTEEN("7") SIXTEEN("8") SIXTEEN("9") SIXTEEN("a") SIXTEEN("b")
		SIXTEEN("c") SIXTEEN("d") SIXTEEN("e") SIXTEEN("f");

static unsigned digits_of(uint64_t v)
{
	unsigned n = 1;

	for (; v >= 10000; v /= 10000)
		n += 4;
	return n + (v >= 10) + (v >= 100) + (v >= 1000);
}

char *fr_large_put(char *p, uint64_t v)
{
	unsigned n = digits_of(v);
	char *at = p + n;

	for (unsigned left = n; left >= 2; left -= 2, v /= 100)
		(void)fr_pair_put(at -= 2, (uint32_t)(v % 100));
	if (n % 2)
		*p = (char)('0' + v);
	return p + n;
}

void fr_text_u64(struct fr_text *t, uint64_t v)
{
	char out[20 + FR_TEXT_SLACK];

	fr_text_put(t, out, (size_t)(fr_u64_put(out, v) - out));
}

void fr_text_i64(struct fr_text *t, int64_t v)
{
	if (v < 0)
		fr_text_put(t, "-", 1);
	fr_text_u64(t, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void fr_text_hex(struct fr_text *t, uint64_t v)
{
	if (has_room(t, 16))
		t->n = (size_t)(fr_hex_put(t->p + t->n, v) - t->p);
}

void fr_text_padded(struct fr_text *t, uint64_t v, unsigned width)
{
	char digits[20];

	for (unsigned i = width; i-- > 0; v /= 10)
		digits[i] = (char)('0' + v % 10);
	fr_text_put(t, digits, width);
}

/* --- escaping --- */

static inline bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Copies what needs no escape; returns how far. There is room. */
static size_t copy_plain(struct fr_text *t, struct fr_str s, size_t at)
{
	size_t from = at;
	fr_block b;

	for (; at + sizeof b <= s.len; at += sizeof b) {
		memcpy(&b, s.p + at, sizeof b);
		if (fr_odd_bytes(b, sizeof b))
			break;
	}
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
