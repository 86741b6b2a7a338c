#include "hints/page_head.h"

#include <zlib.h>

#include "unit.h"

static uint8_t page[40000];

/* A page whose head ends after `head` bytes. */
static size_t write_page(size_t head, const char *end)
{
	memset(page, 'x', sizeof page);
	memcpy(page, "<html><head>", 12);
	memcpy(page + head, end, strlen(end));
	return sizeof page;
}

static void a_plain_head_ends_within_a_step_of_its_tag(void **state)
{
	size_t len = write_page(1000, "</head>");

	(void)state;
	assert_int_equal(fr_page_head_bytes(S(""), page, len), 1024);
	len = write_page(1020, "</head>"); /* across two steps */
	assert_int_equal(fr_page_head_bytes(S(""), page, len), 1280);
}

static void a_body_tag_ends_the_head_and_case_does_not_matter(void **state)
{
	size_t len = write_page(300, "<BODY class=a>");

	(void)state;
	assert_int_equal(fr_page_head_bytes(S(""), page, len), 512);
	len = write_page(300, "</HEAD >");
	assert_int_equal(fr_page_head_bytes(S(""), page, len), 512);
}

static void the_end_of_the_data_bounds_the_answer(void **state)
{
	(void)state;
	assert_int_equal(fr_page_head_bytes(S(""), (const uint8_t *)"<head></head>", 13), 13);
}

static void a_head_whose_end_is_not_seen_has_the_usual_length(void **state)
{
	size_t len = write_page(FR_PAGE_HEAD_SEARCH_BYTES, "</head>");

	(void)state;
	assert_int_equal(fr_page_head_bytes(S(""), page, len), FR_PAGE_HEAD_UNKNOWN_BYTES);
	assert_int_equal(fr_page_head_bytes(S(""), page, 100), FR_PAGE_HEAD_UNKNOWN_BYTES);
	assert_int_equal(fr_page_head_bytes(S(""), NULL, 0), FR_PAGE_HEAD_UNKNOWN_BYTES);
}

static void a_head_that_does_not_decode_has_the_usual_length(void **state)
{
	size_t len = write_page(300, "</head>");

	(void)state;
	assert_int_equal(fr_page_head_bytes(S("gzip"), page, len), FR_PAGE_HEAD_UNKNOWN_BYTES);
	assert_int_equal(fr_page_head_bytes(S("zstd"), page, len), FR_PAGE_HEAD_UNKNOWN_BYTES);
}

static size_t gzip(uint8_t *out, size_t cap, size_t len)
{
	z_stream z = {.next_in = page, .avail_in = (uInt)len};

	z.next_out = out;
	z.avail_out = (uInt)cap;
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return cap - z.avail_out;
}

static void a_compressed_head_is_measured_in_compressed_bytes(void **state)
{
	static uint8_t out[sizeof page + 1000];
	size_t len = write_page(12000, "</head>"), n, at;
	uint32_t noise = 1;

	(void)state;
	/* half a byte of noise in each, so that compressed it takes half the room */
	for (size_t i = 12; i < len; i++)
		if (page[i] == 'x')
			page[i] = (uint8_t)('A' + ((noise = noise * 1664525u + 1013904223u) >> 28));
	n = gzip(out, sizeof out, len);
	at = fr_page_head_bytes(S("gzip"), out, n);
	assert_in_range(at, 6000, 7500);
	assert_int_equal(at % 256, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_head_ends_within_a_step_of_its_tag),
		cmocka_unit_test(a_body_tag_ends_the_head_and_case_does_not_matter),
		cmocka_unit_test(the_end_of_the_data_bounds_the_answer),
		cmocka_unit_test(a_head_whose_end_is_not_seen_has_the_usual_length),
		cmocka_unit_test(a_head_that_does_not_decode_has_the_usual_length),
		cmocka_unit_test(a_compressed_head_is_measured_in_compressed_bytes),
	};

	RUN(tests);
}
