/* Compares media types with patterns, and has the lists of those that compress well, and of streams. */
#include "http/media_type.h"

#include "base/err.h"

static bool is_token(struct fr_str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '-' || c == '.' || c == '+' || c == '_' || c == '!' || c == '#' ||
		      c == '$' || c == '&' || c == '^'))
			return false;
	}
	return s.len > 0;
}

bool fr_media_pattern_is_valid(struct fr_str p)
{
	size_t slash = fr_str_find(p, '/');

	if (p.len > 2 && p.p[0] == '*')
		return is_token(fr_str_sub(p, 1, p.len)) && p.p[1] == '+';
	return slash < p.len && is_token(fr_str_sub(p, 0, slash)) &&
	       (slash + 2 == p.len && p.p[slash + 1] == '*'
	                ? true
	                : is_token(fr_str_sub(p, slash + 1, p.len)));
}

bool fr_media_matches(struct fr_str p, struct fr_str type)
{
	if (p.len && p.p[0] == '*')
		return type.len >= p.len &&
		       fr_str_ieq(fr_str_sub(type, type.len - p.len + 1, type.len),
		                  fr_str_sub(p, 1, p.len));
	if (p.len && p.p[p.len - 1] == '*')
		return fr_str_istarts(type, fr_str_sub(p, 0, p.len - 1));
	return fr_str_ieq(p, type);
}

struct fr_str fr_media_type_of(struct fr_str content_type)
{
	return fr_str_trim(fr_str_sub(content_type, 0, fr_str_find(content_type, ';')));
}

/* Beside text: what is written as text under another tree, and what is stored plain. */
static const struct fr_str patterns[] = {
	FR_STR("text/*"),
	FR_STR("*+json"),
	FR_STR("*+xml"),
	FR_STR("application/javascript"),
	FR_STR("application/x-javascript"),
	FR_STR("application/ecmascript"),
	FR_STR("application/json"),
	FR_STR("application/json5"),
	FR_STR("application/jsonl"),
	FR_STR("application/x-ndjson"),
	FR_STR("application/json-seq"),
	FR_STR("application/xml"),
	FR_STR("application/xml-dtd"),
	FR_STR("application/yaml"),
	FR_STR("application/toml"),
	FR_STR("application/graphql"),
	FR_STR("application/sql"),
	FR_STR("application/rtf"),
	FR_STR("application/wasm"),
	FR_STR("application/vnd.apple.mpegurl"),
	FR_STR("application/x-mpegurl"),
	FR_STR("application/vnd.ms-fontobject"),
	FR_STR("application/x-font-ttf"),
	FR_STR("application/x-font-otf"),
	FR_STR("font/ttf"),
	FR_STR("font/otf"),
	FR_STR("font/sfnt"),
	FR_STR("font/collection"),
	FR_STR("image/bmp"),
	FR_STR("image/x-icon"),
	FR_STR("image/vnd.microsoft.icon"),
	FR_STR("model/obj"),
};

/* Remote calls whose messages go both ways, and values one after the other. */
static const struct fr_str streams[] = {
	FR_STR("application/grpc*"),         FR_STR("application/connect+*"),
	FR_STR("application/x-ndjson"),      FR_STR("application/json-seq"),
	FR_STR("application/stream+json"),   FR_STR("text/event-stream"),
	FR_STR("multipart/x-mixed-replace"),
};

static bool is_one_of(const struct fr_str *list, size_t n, struct fr_str type)
{
	for (size_t i = 0; i < n; i++)
		if (fr_media_matches(list[i], type))
			return true;
	return false;
}

bool fr_media_is_compressible(struct fr_str type)
{
	return is_one_of(patterns, FR_ARRAY_LEN(patterns), type);
}

bool fr_media_is_stream(struct fr_str type)
{
	return is_one_of(streams, FR_ARRAY_LEN(streams), type);
}
