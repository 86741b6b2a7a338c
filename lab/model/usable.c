/* Tables of what Chromium 156 takes. */
#include "lab/model/usable.h"

#include <stdio.h>

#include "base/err.h"
#include "http/type_kind.h"
#include "lab/model/media.h"

#define IS_ONE_OF(text, list) fr_str_iis_one_of(text, list, FR_ARRAY_LEN(list))

/* Without parameters. */
static struct fr_str essence(struct fr_str type)
{
	return fr_css_strip(fr_str_sub(type, 0, fr_str_find(type, ';')));
}

static bool is_script(struct fr_str type)
{
	return fr_type_kind_of(type) == FR_TYPE_SCRIPT;
}

bool fr_script_type_is_usable(struct fr_str type, struct fr_str language)
{
	char text[64];
	int n;

	if (type.p)
		return !type.len || is_script(fr_css_strip(type));
	if (!language.len)
		return true;
	n = snprintf(text, sizeof text, "text/%.*s", FR_STR_ARG(language));
	return n > 0 && (size_t)n < sizeof text && is_script(fr_str_from(text));
}

bool fr_style_type_is_usable(struct fr_str type)
{
	type = essence(type);
	return !type.len || fr_type_kind_of(type) == FR_TYPE_STYLE;
}

bool fr_image_type_is_usable(struct fr_str type)
{
	type = essence(type);
	return !type.len || (fr_type_kind_of(type) == FR_TYPE_PICTURE &&
	                     fr_type_is_usable(type, FR_TYPE_CHROMIUM));
}

static bool is_font(struct fr_str type)
{
	return fr_type_kind_of(type) == FR_TYPE_FONT && fr_type_is_usable(type, FR_TYPE_CHROMIUM);
}

bool fr_preload_is_usable(enum fr_as as, struct fr_str type)
{
	type = essence(type);
	switch (as) {
	case FR_AS_STYLE:
		return fr_style_type_is_usable(type);
	case FR_AS_SCRIPT:
		return !type.len || is_script(type);
	case FR_AS_IMAGE:
		return fr_image_type_is_usable(type);
	case FR_AS_FONT:
		return !type.len || is_font(type);
	case FR_AS_FETCH:
	case FR_AS_TRACK:
		return true;
	case FR_AS_NONE:
	case FR_AS_AUDIO:
	case FR_AS_VIDEO:
	case FR_AS_DOCUMENT:
	case FR_AS_EMBED:
	case FR_AS_OBJECT:
	case FR_AS_WORKER:
	case FR_AS_UNKNOWN:
		break;
	}
	return false;
}

bool fr_font_is_usable(struct fr_str format, struct fr_str tech)
{
	static const char *const formats[] = {"woff2",
	                                      "woff",
	                                      "truetype",
	                                      "opentype",
	                                      "collection",
	                                      "truetype-aat",
	                                      "woff2-variations",
	                                      "woff-variations",
	                                      "truetype-variations",
	                                      "opentype-variations"};
	static const char *const techs[] = {"variations",   "palettes",     "features-opentype",
	                                    "features-aat", "color-colrv0", "color-colrv1",
	                                    "color-sbix",   "color-cbdt"};
	struct fr_str item;

	if (format.len && !IS_ONE_OF(format, formats))
		return false;
	while (fr_str_next_item(&tech, &item))
		if (!IS_ONE_OF(item, techs))
			return false;
	return true;
}
