#include "http/media_type.h"

#include "base/err.h"
#include "unit.h"

static void text_is_worth_it_and_what_is_compressed_is_not(void **state)
{
	static const char *const yes[] = {"text/html",
	                                  "text/css",
	                                  "TEXT/Plain",
	                                  "text/event-stream",
	                                  "text/javascript",
	                                  "application/json",
	                                  "application/ld+json",
	                                  "application/vnd.api+json",
	                                  "application/xhtml+xml",
	                                  "image/svg+xml",
	                                  "application/rss+xml",
	                                  "application/javascript",
	                                  "application/wasm",
	                                  "font/ttf",
	                                  "image/x-icon",
	                                  "application/manifest+json"};
	static const char *const no[] = {"",
	                                 "text",
	                                 "image/png",
	                                 "image/jpeg",
	                                 "image/webp",
	                                 "image/avif",
	                                 "font/woff2",
	                                 "font/woff",
	                                 "video/mp4",
	                                 "application/zip",
	                                 "application/octet-stream",
	                                 "application/pdf",
	                                 "application/grpc",
	                                 "application/grpc+proto",
	                                 "json",
	                                 "multipart/byteranges",
	                                 "application/jsonx"};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(yes); i++)
		if (!fr_media_is_compressible(S(yes[i])))
			fail_msg("%s", yes[i]);
	for (size_t i = 0; i < FR_ARRAY_LEN(no); i++)
		if (fr_media_is_compressible(S(no[i])))
			fail_msg("%s", no[i]);
}

static void streams_are_told_by_their_type(void **state)
{
	static const char *const yes[] = {"application/grpc", "application/grpc-web+proto",
	                                  "application/connect+json", "application/X-NDJSON",
	                                  "text/event-stream"};
	static const char *const no[] = {
		"",           "application/json", "application/octet-stream", "multipart/form-data",
		"text/plain", "video/mp4"};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(yes); i++)
		if (!fr_media_is_stream(S(yes[i])))
			fail_msg("%s", yes[i]);
	for (size_t i = 0; i < FR_ARRAY_LEN(no); i++)
		if (fr_media_is_stream(S(no[i])))
			fail_msg("%s", no[i]);
}

static void patterns_have_a_slash_or_a_suffix(void **state)
{
	static const char *const valid[] = {"text/css", "text/*", "*+json", "application/x.y-z"};
	static const char *const odd[] = {"",
	                                  "*",
	                                  "*/*",
	                                  "text",
	                                  "/css",
	                                  "text/",
	                                  "te*t/css",
	                                  "text/c*",
	                                  "*json",
	                                  "*+",
	                                  "text/css; charset=utf-8",
	                                  "text /css"};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(valid); i++)
		if (!fr_media_pattern_is_valid(S(valid[i])))
			fail_msg("%s", valid[i]);
	for (size_t i = 0; i < FR_ARRAY_LEN(odd); i++)
		if (fr_media_pattern_is_valid(S(odd[i])))
			fail_msg("%s", odd[i]);
}

static void parameters_are_no_part_of_a_type(void **state)
{
	(void)state;
	assert_str(fr_media_type_of(S("text/css; charset=utf-8")), "text/css");
	assert_str(fr_media_type_of(S(" text/css ;a=b")), "text/css");
	assert_true(fr_media_matches(S("*+json"), S("a/b+JSON")));
	assert_false(fr_media_matches(S("*+json"), S("+jso")));
	assert_false(fr_media_matches(S("text/css"), S("text/cssx")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_worth_it_and_what_is_compressed_is_not),
		cmocka_unit_test(streams_are_told_by_their_type),
		cmocka_unit_test(patterns_have_a_slash_or_a_suffix),
		cmocka_unit_test(parameters_are_no_part_of_a_type),
	};

	RUN(tests);
}
