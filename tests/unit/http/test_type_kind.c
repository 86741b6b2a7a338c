/* One table of media types, whoever asks: the cache, hints, the page model. */
#include "http/type_kind.h"

#include "base/err.h"
#include "unit.h"

static void a_type_has_one_kind_whoever_asks(void **state)
{
	static const struct {
		const char *type;
		enum fr_type_kind kind;
		bool everywhere, chromium;
	} rows[] = {
		{"text/css", FR_TYPE_STYLE, true, true},
		{"TEXT/CSS", FR_TYPE_STYLE, true, true},
		{"text/javascript", FR_TYPE_SCRIPT, true, true},
		{"text/javascript1.4", FR_TYPE_SCRIPT, true, true},
		{"text/javascript1.6", FR_TYPE_OTHER, false, false},
		{"application/x-javascript", FR_TYPE_SCRIPT, true, true},
		{"application/wasm", FR_TYPE_WASM, true, true},
		{"font/woff2", FR_TYPE_FONT, true, true},
		{"font/collection", FR_TYPE_FONT, false, true},
		{"font/unheard-of", FR_TYPE_FONT, false, false},
		{"application/x-font-opentype", FR_TYPE_FONT, false, false},
		{"application/vnd.ms-fontobject", FR_TYPE_FONT, false, false},
		{"image/png", FR_TYPE_PICTURE, true, true},
		{"image/avif", FR_TYPE_PICTURE, false, true},
		{"image/heic", FR_TYPE_PICTURE, false, false},
		{"text/html", FR_TYPE_OTHER, false, false},
		{"application/json", FR_TYPE_OTHER, false, false},
		{"application/octet-stream", FR_TYPE_OTHER, false, false},
		{"video/mp4", FR_TYPE_OTHER, false, false},
		{"image", FR_TYPE_OTHER, false, false},
		{"", FR_TYPE_OTHER, false, false},
		{"text/css; charset=utf-8", FR_TYPE_OTHER, false, false}, /* not without them */
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		struct fr_str type = S(rows[i].type);

		if (fr_type_kind_of(type) != rows[i].kind ||
		    fr_type_is_usable(type, FR_TYPE_EVERYWHERE) != rows[i].everywhere ||
		    fr_type_is_usable(type, FR_TYPE_CHROMIUM) != rows[i].chromium)
			fail_msg("%s", rows[i].type);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_type_has_one_kind_whoever_asks),
	};

	RUN(tests);
}
