/* Pages and style sheets of anybody's making. */
#include "tools/demo/discover.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void found(void *user, struct fr_str url, enum fr_as as, bool blocking)
{
	size_t *n = user;

	(void)as;
	(void)blocking;
	*n += url.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t n = 0, half = size / 2;
	struct fr_discover *d = fr_discover_new(found, &n);

	fr_discover_html(d, data, half, false);
	fr_discover_html(d, data + half, size - half, true);
	fr_discover_free(&d);
	fr_discover_css(fr_str_make((const char *)data, size), found, &n);
	return 0;
}
