/* One pass over the bytes, which copies them and replaces what a strict parser
 * would refuse. */
#include "lab/report/har_text.h"

#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD as UTF-8 */
/* A byte becomes at most U+FFFD, three bytes of UTF-8. */
#define GROWTH 3u
#define ESCAPE_BYTES 6u /* of "\u1234" */

struct repair {
	const unsigned char *in; /* borrowed */
	size_t n, at;
	char *out; /* owned */
	size_t len;
	bool in_string;
};

static void put(struct repair *r, const void *bytes, size_t n)
{
	memcpy(r->out + r->len, bytes, n);
	r->len += n;
}

/* The four hex digits of an escape at `at`; negative: it is none. */
static long escape_at(const struct repair *r, size_t at)
{
	char digits[5] = {0}, *end;
	long v;

	if (at + ESCAPE_BYTES > r->n || r->in[at] != '\\' || r->in[at + 1] != 'u')
		return -1;
	memcpy(digits, r->in + at + 2, 4);
	if (strspn(digits, "0123456789abcdefABCDEF") != 4)
		return -1;
	v = strtol(digits, &end, 16);
	return v;
}

static bool is_high(long v)
{
	return v >= 0xd800 && v <= 0xdbff;
}

static bool is_low(long v)
{
	return v >= 0xdc00 && v <= 0xdfff;
}

/* An escape within a string. A pair of surrogates stays; half a pair and NUL
 * become U+FFFD. */
static void take_escape(struct repair *r)
{
	long v = escape_at(r, r->at);

	if (v < 0) {
		size_t n = r->at + 1 < r->n ? 2 : 1;

		/* an escaped byte beyond ASCII is for the next step to judge */
		n = n == 2 && r->in[r->at + 1] >= 0x80 ? 1 : n;
		put(r, r->in + r->at, n);
		r->at += n;
	} else if (is_high(v) && is_low(escape_at(r, r->at + ESCAPE_BYTES))) {
		put(r, r->in + r->at, 2 * (size_t)ESCAPE_BYTES);
		r->at += 2 * (size_t)ESCAPE_BYTES;
	} else if (v == 0 || is_high(v) || is_low(v)) {
		put(r, REPLACEMENT, strlen(REPLACEMENT));
		r->at += ESCAPE_BYTES;
	} else {
		put(r, r->in + r->at, ESCAPE_BYTES);
		r->at += ESCAPE_BYTES;
	}
}

/* The length of the well-formed UTF-8 sequence at p (RFC 3629); 0: none. */
static size_t sequence(const unsigned char *p, size_t left)
{
	size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	unsigned char low = 0x80, high = 0xbf;

	if (p[0] < 0xc2 || p[0] > 0xf4 || left < n)
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

static void take_beyond_ascii(struct repair *r)
{
	size_t n = sequence(r->in + r->at, r->n - r->at);

	if (n)
		put(r, r->in + r->at, n);
	else
		put(r, REPLACEMENT, strlen(REPLACEMENT));
	r->at += n ? n : 1;
}

/* Numbers that JSON has no word for. */
static bool take_no_number(struct repair *r)
{
	static const char *const words[] = {"-Infinity", "Infinity", "NaN"};

	for (size_t i = 0; i < FR_ARRAY_LEN(words); i++) {
		size_t n = strlen(words[i]);

		if (r->n - r->at >= n && memcmp(r->in + r->at, words[i], n) == 0) {
			put(r, "null", 4);
			r->at += n;
			return true;
		}
	}
	return false;
}

static void take(struct repair *r)
{
	unsigned char c = r->in[r->at];

	if (r->in_string && c == '\\') {
		take_escape(r);
	} else if (c >= 0x80) {
		take_beyond_ascii(r);
	} else if (r->in_string && c < 0x20) {
		put(r, " ", 1); /* a control that should have been escaped */
		r->at++;
	} else if (r->in_string || !(c == '-' || c == 'I' || c == 'N') || !take_no_number(r)) {
		r->in_string ^= c == '"';
		put(r, &c, 1);
		r->at++;
	}
}

static json_t *parse_utf8(struct fr_str text, json_error_t *error)
{
	struct repair r = {.in = (const unsigned char *)text.p, .n = text.len};
	json_t *j;

	/* "NaN" grows by one byte of three, less than what is reckoned with */
	r.out = fr_try_malloc(GROWTH * text.len + 8);
	if (!r.out)
		return NULL;
	while (r.at < r.n)
		take(&r);
	j = json_loadb(r.out, r.len, 0, error);
	free(r.out);
	return j;
}

static json_t *parse_utf16(struct fr_str text, json_error_t *error)
{
	size_t left = text.len, room = 2 * text.len;
	char *in = (char *)(uintptr_t)text.p, *out = fr_try_malloc(room + 1), *to = out;
	iconv_t c = iconv_open("UTF-8", "UTF-16");
	json_t *j = NULL;

	if (out && c != (iconv_t)-1 && iconv(c, &in, &left, &to, &room) != (size_t)-1)
		j = parse_utf8(fr_str_make(out, (size_t)(to - out)), error);
	if (c != (iconv_t)-1)
		(void)iconv_close(c);
	free(out);
	return j;
}

json_t *fr_har_parse(struct fr_str text, json_error_t *error)
{
	if (fr_str_starts(text, FR_STR("\xef\xbb\xbf")))
		text = fr_str_sub(text, 3, text.len);
	if (fr_str_starts(text, FR_STR("\xff\xfe")) || fr_str_starts(text, FR_STR("\xfe\xff")))
		return parse_utf16(text, error);
	return parse_utf8(text, error);
}
