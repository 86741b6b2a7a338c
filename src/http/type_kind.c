/* The table of media types that pages are made of. */
#include "http/type_kind.h"

#include <stddef.h>

#include "base/err.h"

#define BOTH (FR_TYPE_EVERYWHERE | FR_TYPE_CHROMIUM)
#define NEWER FR_TYPE_CHROMIUM

static const struct {
	struct fr_str type; /* lengths are compared first */
	enum fr_type_kind kind;
	unsigned reach; /* FR_TYPE_EVERYWHERE, FR_TYPE_CHROMIUM */
} known[] = {
	{FR_STR("text/css"), FR_TYPE_STYLE, BOTH},
	{FR_STR("text/javascript"), FR_TYPE_SCRIPT, BOTH},
	{FR_STR("application/javascript"), FR_TYPE_SCRIPT, BOTH},
	{FR_STR("application/x-javascript"), FR_TYPE_SCRIPT, BOTH},
	{FR_STR("application/ecmascript"), FR_TYPE_SCRIPT, BOTH},
	{FR_STR("application/x-ecmascript"), FR_TYPE_SCRIPT, BOTH},
	{FR_STR("text/ecmascript"), FR_TYPE_SCRIPT, BOTH},
	{FR_STR("text/x-ecmascript"), FR_TYPE_SCRIPT, BOTH},
	{FR_STR("text/x-javascript"), FR_TYPE_SCRIPT, BOTH},
	{FR_STR("text/jscript"), FR_TYPE_SCRIPT, BOTH},
	{FR_STR("text/livescript"), FR_TYPE_SCRIPT, BOTH},
	{FR_STR("text/javascript1.0"), FR_TYPE_SCRIPT, BOTH},
	{FR_STR("text/javascript1.1"), FR_TYPE_SCRIPT, BOTH},
	{FR_STR("text/javascript1.2"), FR_TYPE_SCRIPT, BOTH},
	{FR_STR("text/javascript1.3"), FR_TYPE_SCRIPT, BOTH},
	{FR_STR("text/javascript1.4"), FR_TYPE_SCRIPT, BOTH},
	{FR_STR("text/javascript1.5"), FR_TYPE_SCRIPT, BOTH},
	{FR_STR("application/wasm"), FR_TYPE_WASM, BOTH},
	{FR_STR("font/woff2"), FR_TYPE_FONT, BOTH},
	{FR_STR("font/woff"), FR_TYPE_FONT, BOTH},
	{FR_STR("font/ttf"), FR_TYPE_FONT, BOTH},
	{FR_STR("font/otf"), FR_TYPE_FONT, BOTH},
	{FR_STR("font/sfnt"), FR_TYPE_FONT, NEWER},
	{FR_STR("font/collection"), FR_TYPE_FONT, NEWER},
	{FR_STR("application/font-woff2"), FR_TYPE_FONT, BOTH},
	{FR_STR("application/font-woff"), FR_TYPE_FONT, BOTH},
	{FR_STR("application/font-sfnt"), FR_TYPE_FONT, NEWER},
	{FR_STR("application/x-font-ttf"), FR_TYPE_FONT, NEWER},
	{FR_STR("application/x-font-woff"), FR_TYPE_FONT, NEWER},
	{FR_STR("application/vnd.ms-opentype"), FR_TYPE_FONT, NEWER},
	{FR_STR("application/vnd.ms-fontobject"), FR_TYPE_FONT, 0},
	{FR_STR("image/png"), FR_TYPE_PICTURE, BOTH},
	{FR_STR("image/jpeg"), FR_TYPE_PICTURE, BOTH},
	{FR_STR("image/gif"), FR_TYPE_PICTURE, BOTH},
	{FR_STR("image/svg+xml"), FR_TYPE_PICTURE, BOTH},
	{FR_STR("image/bmp"), FR_TYPE_PICTURE, BOTH},
	{FR_STR("image/x-icon"), FR_TYPE_PICTURE, BOTH},
	{FR_STR("image/vnd.microsoft.icon"), FR_TYPE_PICTURE, BOTH},
	{FR_STR("image/jpg"), FR_TYPE_PICTURE, NEWER},
	{FR_STR("image/pjpeg"), FR_TYPE_PICTURE, NEWER},
	{FR_STR("image/x-png"), FR_TYPE_PICTURE, NEWER},
	{FR_STR("image/apng"), FR_TYPE_PICTURE, NEWER},
	{FR_STR("image/webp"), FR_TYPE_PICTURE, NEWER},
	{FR_STR("image/avif"), FR_TYPE_PICTURE, NEWER},
	{FR_STR("image/jxl"), FR_TYPE_PICTURE, NEWER},
};

/* Of what has no row. */
static const struct {
	struct fr_str tree;
	enum fr_type_kind kind;
} trees[] = {
	{FR_STR("font/"), FR_TYPE_FONT},
	{FR_STR("application/font-"), FR_TYPE_FONT},
	{FR_STR("application/x-font-"), FR_TYPE_FONT},
	{FR_STR("image/"), FR_TYPE_PICTURE},
};

enum fr_type_kind fr_type_kind_of(struct fr_str type)
{
	for (size_t i = 0; i < FR_ARRAY_LEN(known); i++)
		if (fr_str_ieq(type, known[i].type))
			return known[i].kind;
	for (size_t i = 0; i < FR_ARRAY_LEN(trees); i++)
		if (fr_str_istarts(type, trees[i].tree))
			return trees[i].kind;
	return FR_TYPE_OTHER;
}

bool fr_type_is_usable(struct fr_str type, enum fr_type_reach by)
{
	for (size_t i = 0; i < FR_ARRAY_LEN(known); i++)
		if (fr_str_ieq(type, known[i].type))
			return (known[i].reach & by) != 0;
	return false;
}
