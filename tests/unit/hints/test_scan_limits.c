/* The scan with bodies cut anywhere, encoded, damaged, and too large. */
#include <brotli/encode.h>
#include <malloc.h>
#include <zlib.h>
#include <zstd.h>

#include "hints/scan_tags.h"
#include "scan_text.h"

static char body[4u << 20];
static uint8_t packed[4u << 20];
static struct scanned whole, other;

/* Every construct that the scanner has a state for. */
static const char page[] =
	"\xef\xbb\xbf<!doctype html><!-- <img src=/no> --!><html><head><title>a</b><img></title>"
	"<meta charset=\"utf-8\"><base href=\"/b/\"><style>a{}</style><link rel='stylesheet' "
	"href=a.css>"
	"<script>var a = '</b><img src=/no>';</script ><script/src=b.js/defer></script>"
	"<link\nrel = preload as=font href=\"f.woff2\" crossorigin/><noscript><img "
	"src=/no></noscript>"
	"</head><body class=\"a>b\" data-x='<img src=/no>'><!----><!--><![CDATA[>]]>\r\n"
	"<svg><title/><script href=/no /></svg><template><img src=/no></template>"
	"<picture><source srcset=x><img src=/no></picture><p>Caf\xc3\xa9 &amp; <3 </3>"
	"<img @click=\"a 'b\" alt=a\"b src=/\xc3\xa9.png?a&amp;b=&eacute;><img src='&#x2f;i.png'>"
	"<script type=module src=m.js></script><link rel=preconnect href=//c.test></body></html>";

/* Letters too irregular to be taken for a bomb. */
static void fill(size_t len)
{
	unsigned seed = 1;

	for (size_t i = 0; i < len; i++) {
		seed = seed * 1103515245u + 12345u;
		body[i] = (char)('a' + (seed >> 16) % 26);
	}
}

static size_t deflated(const void *data, size_t len, int window_bits)
{
	z_stream z = {0};

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (uint8_t *)data;
	z.avail_in = (uInt)len;
	z.next_out = packed;
	z.avail_out = sizeof packed;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	(void)deflateEnd(&z);
	return z.total_out;
}

static size_t gzip(const void *data, size_t len)
{
	return deflated(data, len, 15 + 16);
}

static size_t zlib(const void *data, size_t len)
{
	return deflated(data, len, 15);
}

/* Without zlib's header, as some servers send "deflate". */
static size_t raw(const void *data, size_t len)
{
	return deflated(data, len, -15);
}

static size_t zstd(const void *data, size_t len)
{
	size_t n = ZSTD_compress(packed, sizeof packed, data, len, 5);

	assert_false(ZSTD_isError(n));
	return n;
}

static size_t brotli(const void *data, size_t len)
{
	size_t n = sizeof packed;

	assert_true(BrotliEncoderCompress(5, BROTLI_MAX_WINDOW_BITS, BROTLI_MODE_TEXT, len, data,
	                                  &n, packed));
	return n;
}

static size_t plain(const void *data, size_t len)
{
	memcpy(packed, data, len);
	return len;
}

static const struct {
	const char *name;
	size_t (*pack)(const void *data, size_t len);
} encodings[] = {{"", plain},      {"gzip", gzip}, {"deflate", zlib},
                 {"deflate", raw}, {"br", brotli}, {"zstd", zstd}};

static void any_split_gives_the_same_hints(void **state)
{
	(void)state;
	scan_pieces(&whole, "text/html", "", page, sizeof page - 1, 0);
	assert_int_equal(whole.n, 7);
	assert_null(strstr(whole.text, "no>"));
	for (size_t e = 0; e < FR_ARRAY_LEN(encodings); e++) {
		size_t len = encodings[e].pack(page, sizeof page - 1);

		for (size_t piece = 1; piece <= len; piece++) {
			scan_pieces(&other, "text/html", encodings[e].name, packed, len, piece);
			if (strcmp(whole.text, other.text) != 0 ||
			    whole.head_bytes != other.head_bytes || !other.is_complete)
				fail_msg("%s in pieces of %zu: %s", encodings[e].name, piece,
				         other.text);
		}
	}
}

static void two_pieces_of_any_size_give_the_same_hints(void **state)
{
	(void)state;
	scan_pieces(&whole, "text/html", "", page, sizeof page - 1, 0);
	for (size_t cut = 0; cut < sizeof page; cut++) {
		struct fr_scan *s = fr_scan_new(S(PAGE), S("text/html"), S(""));
		const struct fr_scan_hint *hints;
		bool is_complete;

		fr_scan_feed(s, page, cut);
		fr_scan_feed(s, page + cut, sizeof page - 1 - cut);
		assert_int_equal(fr_scan_end(s, &hints, &is_complete), whole.n);
		assert_int_equal(fr_scan_head_bytes(s), whole.head_bytes);
		fr_scan_free(&s);
	}
}

static void a_cut_body_gives_what_came_before(void **state)
{
	(void)state;
	scan_pieces(&whole, "text/html", "", page, sizeof page - 1, 0);
	for (size_t e = 1; e < FR_ARRAY_LEN(encodings); e++) {
		size_t len = encodings[e].pack(page, sizeof page - 1);

		for (size_t n = 0; n < len; n++) {
			scan_pieces(&other, "text/html", encodings[e].name, packed, n, 0);
			assert_false(other.is_complete);
			assert_memory_equal(whole.text, other.text, strlen(other.text));
		}
	}
}

static void a_damaged_body_ends_the_scan(void **state)
{
	(void)state;
	for (size_t e = 1; e < FR_ARRAY_LEN(encodings); e++) {
		size_t len = encodings[e].pack(page, sizeof page - 1);

		for (size_t i = 0; i < len; i++) {
			packed[i] ^= 0x55;
			scan_pieces(&other, "text/html", encodings[e].name, packed, len, 7);
			packed[i] ^= 0x55;
		}
		memset(packed, 0xff, len);
		scan_pieces(&other, "text/html", encodings[e].name, packed, len, 0);
		assert_true(other.is_done && !other.is_complete && other.n == 0);
	}
}

static void what_follows_the_end_of_an_encoding_is_damage(void **state)
{
	size_t len, first;

	(void)state;
	len = gzip("<img src=/a>", 12);
	memcpy(body, packed, len);
	memcpy(body + len, packed, len); /* members may follow one another */
	scan_pieces(&other, HTML_UTF8, "gzip", body, 2 * len, 3);
	assert_true(other.is_complete && other.n == 1);
	body[len + 1] ^= 1; /* it begins like one */
	scan_pieces(&other, HTML_UTF8, "gzip", body, 2 * len, 0);
	assert_true(!other.is_complete && other.n == 1);
	memset(body + len, 0, len); /* but padding means nothing */
	scan_pieces(&other, HTML_UTF8, "gzip", body, 2 * len, 0);
	assert_true(other.is_complete && other.n == 1);
	len = zstd("<img src=/a>", 12);
	memcpy(body, packed, len);
	memcpy(body + len, packed, len); /* and so may frames */
	scan_pieces(&other, HTML_UTF8, "zstd", body, 2 * len, 3);
	assert_true(other.is_complete && other.n == 1);
	for (size_t piece = 0; piece < 2; piece++) {
		first = zlib("<img src=/a>", 12);
		packed[first] = 'x';
		scan_pieces(&other, HTML_UTF8, "deflate", packed, first + 1, piece);
		assert_true(!other.is_complete && other.n == 1);
		first = brotli("<img src=/a>", 12);
		packed[first] = 'x';
		scan_pieces(&other, HTML_UTF8, "br", packed, first + 1, piece);
		assert_true(!other.is_complete && other.n == 1);
	}
}

/* 16 MiB: more than a Content-Encoding may use (RFC 9659). */
static void a_zstd_window_is_bounded(void **state)
{
	static const struct {
		int log;
		bool is_read;
	} windows[] = {{23, true}, {24, false}};

	(void)state;
	fill(1000);
	memcpy(body, "<img src=/a>", 12);
	for (size_t i = 0; i < FR_ARRAY_LEN(windows); i++) {
		ZSTD_CCtx *c = ZSTD_createCCtx();
		ZSTD_inBuffer in = {.src = body, .size = 1000};
		ZSTD_outBuffer out = {.dst = packed, .size = sizeof packed};

		(void)ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, windows[i].log);
		while (in.pos < in.size)
			(void)ZSTD_compressStream2(c, &out, &in, ZSTD_e_continue);
		assert_int_equal(ZSTD_compressStream2(c, &out, &in, ZSTD_e_end), 0);
		ZSTD_freeCCtx(c);
		scan_pieces(&other, HTML_UTF8, "zstd", packed, out.pos, 0);
		assert_int_equal(other.n, windows[i].is_read);
		assert_int_equal(other.is_complete, windows[i].is_read);
	}
}

static void what_is_behind_the_limit_is_not_looked_at(void **state)
{
	static const char last[] = "<img src=/last>";

	(void)state;
	for (size_t e = 0; e < FR_ARRAY_LEN(encodings); e++)
		for (size_t over = 0; over < 2; over++) {
			size_t len = FR_SCAN_MAX_BYTES + over, n;

			fill(len);
			memcpy(body + len - sizeof last + 1, last, sizeof last - 1);
			n = encodings[e].pack(body, len);
			scan_pieces(&other, HTML_UTF8, encodings[e].name, packed, n, 16384);
			if (other.n != 1 - over || other.is_complete == over ||
			    other.is_done != over)
				fail_msg("%s, %zu over: %zu hints", encodings[e].name, over,
				         other.n);
		}
}

static void a_body_made_to_grow_ends_the_scan(void **state)
{
	(void)state;
	for (size_t e = 1; e < FR_ARRAY_LEN(encodings); e++) {
		size_t len;

		memset(body, ' ', 1u << 20);
		memcpy(body, "<img src=/a>", 12);
		memcpy(body + FR_DECODE_FREE_BYTES + 8192, "<img src=/b>", 12);
		len = encodings[e].pack(body, 1u << 20);
		assert_true(len < (1u << 20) / 500);
		scan_pieces(&other, HTML_UTF8, encodings[e].name, packed, len, 0);
		assert_true(other.is_done && !other.is_complete);
		assert_string_equal(other.text, "~</a>; rel=preload; as=image\n");
	}
}

/* Counted by the C library, so under AddressSanitizer this only runs. */
static void memory_is_bounded(void **state)
{
	size_t before, len;

	(void)state;
	fill(3u << 20);
	len = brotli(body, 3u << 20);
	before = mallinfo2().uordblks;
	for (size_t e = 0; e < FR_ARRAY_LEN(encodings); e++) {
		struct fr_scan *s = fr_scan_new(S(PAGE), S(HTML_UTF8), S(encodings[e].name));
		bool is_br = encodings[e].pack == brotli;
		size_t held;

		fr_scan_feed(s, is_br ? (void *)packed : body, len);
		held = mallinfo2().uordblks - before;
		if (held > (is_br ? FR_SCAN_MAX_DECODER_BYTES : 0) + 200u * 1024)
			fail_msg("%s: %zu bytes", encodings[e].name, held);
		fr_scan_free(&s);
	}
}

static void hints_are_bounded(void **state)
{
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < FR_SCAN_MAX_HINTS + 10; i++)
		n += (size_t)snprintf(body + n, 99, "<script src=/%zu></script>", i);
	scan_pieces(&other, HTML_UTF8, "", body, n, 0);
	assert_int_equal(other.n, FR_SCAN_MAX_HINTS);
	assert_true(other.is_done && !other.is_complete);
}

static void texts_of_hints_are_bounded(void **state)
{
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < FR_SCAN_MAX_HINTS + 10; i++) {
		n += (size_t)snprintf(body + n, 99,
		                      "<link rel=preload as=image href=/%zu "
		                      "imagesrcset='",
		                      i);
		memset(body + n, 'x', FR_SCAN_MAX_URL_BYTES);
		n += FR_SCAN_MAX_URL_BYTES;
		n += (size_t)snprintf(body + n, 99, "'>");
	}
	scan_pieces(&other, HTML_UTF8, "", body, n, 0);
	assert_true(other.is_done && !other.is_complete);
	assert_in_range(other.n, 30, FR_SCAN_MAX_HINTS - 1);
}

static void scan_long(const char *before, size_t n, const char *after)
{
	size_t len = (size_t)snprintf(body, 4096, "%s", before);

	memset(body + len, 'x', n);
	len += n;
	len += (size_t)snprintf(body + len, 4096, "%s><img src=/after>", after);
	scan_pieces(&other, HTML_UTF8, "", body, len, 0);
}

static void long_tags_and_values_are_passed_over(void **state)
{
	static const char after[] = "~</after>; rel=preload; as=image\n";

	(void)state;
	scan_long("<img src=/a alt='", FR_SCAN_MAX_TAG_BYTES - 50, "'");
	assert_int_equal(other.n, 2);
	scan_long("<img src=/a alt='", FR_SCAN_MAX_TAG_BYTES, "'");
	assert_string_equal(other.text, after);
	scan_long("<img src='data:", 300000, "'");
	assert_string_equal(other.text, after);
	scan_long("<link rel=preload as=script href=/", FR_SCAN_MAX_URL_BYTES - 1, "");
	assert_int_equal(other.n, 2);
	scan_long("<link rel=preload as=script href=/", FR_SCAN_MAX_URL_BYTES, "");
	assert_string_equal(other.text, after);
	scan_long("<link rel=preload as=script href=/a integrity=", FR_SCAN_MAX_VALUE_BYTES + 1,
	          "");
	assert_string_equal(other.text, after);
	scan_long("<img x", FR_SCAN_MAX_ATTRIBUTE_BYTES * 3, "src=/b");
	assert_string_equal(other.text, after);
	scan_long("<img-x", 3 * FR_SCAN_MAX_NAME_BYTES, " src=/b");
	assert_string_equal(other.text, after);
	assert_true(other.is_complete);
}

static void attributes_are_bounded(void **state)
{
	(void)state;
	for (size_t n = FR_SCAN_MAX_ATTRIBUTES - 1; n <= FR_SCAN_MAX_ATTRIBUTES; n++) {
		size_t len = (size_t)snprintf(body, 99, "<img src=/a");

		for (size_t i = 0; i < n; i++)
			len += (size_t)snprintf(body + len, 99, " a%zu", i);
		body[len++] = '>';
		scan_pieces(&other, HTML_UTF8, "", body, len, 0);
		assert_int_equal(other.n, n < FR_SCAN_MAX_ATTRIBUTES);
	}
}

static void without_memory_the_scan_ends_early(void **state)
{
	(void)state;
	for (unsigned n = 1; n < 40; n++) {
		struct fr_scan *s;
		const struct fr_scan_hint *hints;
		bool is_complete;
		size_t len = brotli(page, sizeof page - 1);

		fr_mem_fail_after(n);
		s = fr_scan_new(S(PAGE), S("text/html"), S("br"));
		if (s) {
			fr_scan_feed(s, packed, len);
			assert_true(fr_scan_end(s, &hints, &is_complete) <= 7);
		}
		fr_mem_fail_after(0);
		fr_scan_free(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_split_gives_the_same_hints),
		cmocka_unit_test(two_pieces_of_any_size_give_the_same_hints),
		cmocka_unit_test(a_cut_body_gives_what_came_before),
		cmocka_unit_test(a_damaged_body_ends_the_scan),
		cmocka_unit_test(what_follows_the_end_of_an_encoding_is_damage),
		cmocka_unit_test(a_zstd_window_is_bounded),
		cmocka_unit_test(what_is_behind_the_limit_is_not_looked_at),
		cmocka_unit_test(a_body_made_to_grow_ends_the_scan),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(hints_are_bounded),
		cmocka_unit_test(texts_of_hints_are_bounded),
		cmocka_unit_test(long_tags_and_values_are_passed_over),
		cmocka_unit_test(attributes_are_bounded),
		cmocka_unit_test(without_memory_the_scan_ends_early),
	};

	RUN(tests);
}
