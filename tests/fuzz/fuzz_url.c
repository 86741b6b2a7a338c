/* References against a base: a result is a clean target of an http(s) URL,
 * and resolving it again changes nothing. */
#include "http/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fr_str text = fr_str_make((const char *)data, size), host;
	struct fr_url base, url, again;
	struct fr_arena arena;
	uint16_t port;

	fr_arena_init(&arena, 1u << 20);
	FR_ASSERT(fr_url_parse(&arena, FR_STR("https://a.test:444/b/c/d?q"), &base) == 0);
	if (fr_authority_parse(text, &host, &port) == 0)
		FR_ASSERT(host.len && host.len <= size);
	if (fr_url_resolve(&arena, &base, text, &url) == 0) {
		FR_ASSERT(url.target.len && url.target.p[0] == '/');
		FR_ASSERT(fr_str_all(url.target, FR_CH_TARGET));
		FR_ASSERT(url.host.len && url.port);
		if (url.target.len < 2 || url.target.p[1] != '/') {
			FR_ASSERT(fr_url_resolve(&arena, &url, url.target, &again) == 0);
			FR_ASSERT(fr_str_eq(url.target, again.target));
		}
	}
	fr_arena_fini(&arena);
	return 0;
}
