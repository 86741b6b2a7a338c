/* What a media type is for, and which browsers can use it: one table for the cache (what is
 * an asset), for hints (what a client can use) and for the page model. No I/O. */
#ifndef FR_HTTP_TYPE_KIND_H
#define FR_HTTP_TYPE_KIND_H

#include <stdbool.h>

#include "base/str.h"

enum fr_type_kind {
	FR_TYPE_OTHER, /* documents, data, media, and what nobody knows */
	FR_TYPE_STYLE,
	FR_TYPE_SCRIPT, /* JavaScript, under each of its names (MIME Sniffing standard, 4.6) */
	FR_TYPE_WASM,
	FR_TYPE_FONT,
	FR_TYPE_PICTURE
};
/* Of a type without parameters, in any case. Fonts and pictures that have no row are known
 * by their tree ("font/", "image/"). */
enum fr_type_kind fr_type_kind_of(struct fr_str type);

enum fr_type_reach {
	FR_TYPE_EVERYWHERE = 1 << 0, /* every browser of today uses it */
	FR_TYPE_CHROMIUM = 1 << 1    /* Chromium 156 does */
};
bool fr_type_is_usable(struct fr_str type, enum fr_type_reach by);

#endif
