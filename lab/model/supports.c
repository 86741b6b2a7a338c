/* @supports: what is surely supported, and what surely is not; the rest may be. */
#include "base/err.h"
#include "lab/model/condition.h"
#include "lab/model/media.h"

/* Declarations that every browser of today knows; value NULL: whatever it is. */
static const struct {
	const char *property, *value;
} known[] = {
	{"display", "grid"},        {"display", "inline-grid"}, {"display", "flex"},
	{"display", "inline-flex"}, {"display", "contents"},    {"display", "flow-root"},
	{"display", "block"},       {"position", "sticky"},     {"gap", NULL},
	{"aspect-ratio", NULL},     {"object-fit", NULL},       {"inset", NULL},
	{"backdrop-filter", NULL},  {"clip-path", NULL},        {"filter", NULL},
	{"transform", NULL},        {"transition", NULL},       {"animation", NULL},
	{"accent-color", NULL},     {"scroll-snap-type", NULL}, {"container-type", NULL},
	{"writing-mode", NULL},
};

static enum fr_media is_supported(struct fr_str inner)
{
	static const char *const foreign[] = {"-ms-", "-o-", "-khtml-"};
	size_t colon = fr_str_find(inner, ':');
	struct fr_str property = fr_css_strip(fr_str_sub(inner, 0, colon));
	struct fr_str value = fr_css_strip(fr_str_sub(inner, colon + 1, inner.len));

	if (fr_str_starts(property, FR_STR("--")))
		return FR_MEDIA_YES;
	for (size_t i = 0; i < FR_ARRAY_LEN(foreign); i++)
		if (fr_str_istarts(property, fr_str_from(foreign[i])))
			return FR_MEDIA_NO;
	for (size_t i = 0; i < FR_ARRAY_LEN(known); i++)
		if (fr_str_iis(property, known[i].property) &&
		    (!known[i].value || fr_str_iis(value, known[i].value)))
			return FR_MEDIA_YES;
	return FR_MEDIA_UNKNOWN;
}

enum fr_media fr_supports_judge(struct fr_str text)
{
	enum fr_media m;

	text = fr_css_strip(text);
	/* supports(display: grid): a declaration without brackets of its own */
	if (text.len && text.p[0] != '(' && !fr_str_iis(fr_condition_word(text), "not"))
		return fr_str_find(text, '(') < text.len ? FR_MEDIA_UNKNOWN : is_supported(text);
	m = fr_condition_judge(&text, true, is_supported);
	return text.len ? FR_MEDIA_UNKNOWN : m;
}
