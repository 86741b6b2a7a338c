/* Pages of anybody's making. The first byte says how they are encoded (two
 * bits) and where they are cut: in one piece, in pieces of its other bits.
 * The newer codings have bit 7. What is
 * given can be written, reads back, and is the same however it was cut. */
#include "hints/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fr_scan *scan(const uint8_t *data, size_t size, size_t piece)
{
	static const char *const encodings[] = {"", "gzip", "br", "", "", "deflate", "zstd", ""};
	struct fr_scan *s = fr_scan_new(
		FR_STR("https://h.test/d/x?q"),
		data[0] & 4 ? FR_STR("text/html") : FR_STR("application/xhtml+xml;charset=utf-8"),
		fr_str_from(encodings[(data[0] & 3) | (data[0] & 0x80) >> 5]));

	FR_ASSERT(s);
	for (size_t at = 1, n; at < size; at += n) {
		n = size - at < piece ? size - at : piece;
		fr_scan_feed(s, data + at, n);
	}
	return s;
}

static void check(const struct fr_scan_hint *h)
{
	struct fr_arena arena;
	struct fr_link back;
	struct fr_str value;
	int rc;

	FR_ASSERT(h->link.target.len && h->link.target.len <= 3 * FR_SCAN_MAX_URL_BYTES);
	FR_ASSERT(fr_str_all(h->link.target, FR_CH_TARGET));
	FR_ASSERT(!fr_str_starts(h->link.target, FR_STR("//")));
	FR_ASSERT(!(h->is_blocking && h->is_late));
	fr_arena_init(&arena, 1u << 20);
	rc = fr_link_write(&arena, &h->link, h->link.target, &value);
	FR_ASSERT(rc == 0 && fr_link_next(&arena, &value, &back, NULL) && value.len == 0);
	FR_ASSERT(fr_str_eq(back.target, h->link.target) && back.rels == h->link.rels);
	fr_arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct fr_scan_hint *hints, *again;
	struct fr_scan *one, *two;
	bool is_complete, is_too;
	size_t n;

	if (size < 2)
		return 0;
	one = scan(data, size, size);
	two = scan(data, size, 1 + (data[0] >> 3 & 15));
	n = fr_scan_end(one, &hints, &is_complete);
	FR_ASSERT(n <= FR_SCAN_MAX_HINTS);
	for (size_t i = 0; i < n; i++)
		check(&hints[i]);
	/* how much of an encoded body is taken before damage is noticed may differ */
	if ((data[0] & 3) == 0 || (data[0] & 3) == 3 || is_complete) {
		FR_ASSERT(fr_scan_end(two, &again, &is_too) == n && is_too == is_complete);
		for (size_t i = 0; i < n; i++)
			FR_ASSERT(fr_str_eq(hints[i].link.target, again[i].link.target) &&
			          hints[i].is_late == again[i].is_late &&
			          hints[i].is_blocking == again[i].is_blocking);
		FR_ASSERT(fr_scan_head_bytes(one) == fr_scan_head_bytes(two));
	}
	fr_scan_free(&one);
	fr_scan_free(&two);
	return 0;
}
