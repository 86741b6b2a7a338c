/* Tables of destinations, media types and endings of paths. */
#include "lab/measurement/kind.h"

#include "http/media_type.h"
#include "http/type_kind.h"

struct row {
	const char *text;
	enum fr_as as;
};

enum fr_as fr_as_of_destination(struct fr_str name)
{
	static const struct row rows[] = {
		{"style", FR_AS_STYLE},
		{"stylesheet", FR_AS_STYLE},
		{"script", FR_AS_SCRIPT},
		{"font", FR_AS_FONT},
		{"image", FR_AS_IMAGE},
		{"imageset", FR_AS_IMAGE},
		{"fetch", FR_AS_FETCH},
		{"xhr", FR_AS_FETCH},
		{"empty", FR_AS_FETCH},
		{"track", FR_AS_TRACK},
		{"texttrack", FR_AS_TRACK},
		{"audio", FR_AS_AUDIO},
		{"video", FR_AS_VIDEO},
		{"media", FR_AS_VIDEO},
		{"document", FR_AS_DOCUMENT},
		{"iframe", FR_AS_DOCUMENT},
		{"frame", FR_AS_DOCUMENT},
		{"subdocument", FR_AS_DOCUMENT},
		{"embed", FR_AS_EMBED},
		{"object", FR_AS_OBJECT},
		{"worker", FR_AS_WORKER},
		{"sharedworker", FR_AS_WORKER},
		{"serviceworker", FR_AS_WORKER},
		{"manifest", FR_AS_UNKNOWN},
		{"report", FR_AS_UNKNOWN},
		{"cspviolationreport", FR_AS_UNKNOWN},
		{"csp_report", FR_AS_UNKNOWN},
		{"ping", FR_AS_UNKNOWN},
		{"beacon", FR_AS_UNKNOWN},
		{"preflight", FR_AS_UNKNOWN},
		{"prefetch", FR_AS_UNKNOWN},
		{"websocket", FR_AS_UNKNOWN},
		{"eventsource", FR_AS_UNKNOWN},
		{"webtransport", FR_AS_UNKNOWN},
		{"signedexchange", FR_AS_UNKNOWN},
		{"signed-exchange", FR_AS_UNKNOWN},
	};

	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++)
		if (fr_str_iis(name, rows[i].text))
			return rows[i].as;
	return FR_AS_NONE;
}

static bool contains(struct fr_str s, struct fr_str word)
{
	for (size_t i = 0; i + word.len <= s.len; i++)
		if (fr_str_istarts(fr_str_sub(s, i, s.len), word))
			return true;
	return false;
}

/* What browsers ask for it as. */
static enum fr_as as_of_kind(enum fr_type_kind kind)
{
	switch (kind) {
	case FR_TYPE_STYLE:
		return FR_AS_STYLE;
	case FR_TYPE_SCRIPT:
		return FR_AS_SCRIPT;
	case FR_TYPE_WASM:
		return FR_AS_FETCH;
	case FR_TYPE_FONT:
		return FR_AS_FONT;
	case FR_TYPE_PICTURE:
		return FR_AS_IMAGE;
	case FR_TYPE_OTHER:
		break;
	}
	return FR_AS_NONE;
}

enum fr_as fr_as_of_type(struct fr_str type)
{
	enum fr_as as;

	type = fr_media_type_of(type);
	as = as_of_kind(fr_type_kind_of(type));
	if (as != FR_AS_NONE)
		return as;
	if (fr_str_iis(type, "text/html") || fr_str_iis(type, "application/xhtml+xml"))
		return FR_AS_DOCUMENT;
	if (fr_str_iis(type, "application/manifest+json"))
		return FR_AS_UNKNOWN;
	if (fr_str_istarts(type, FR_STR("audio/")))
		return FR_AS_AUDIO;
	if (fr_str_istarts(type, FR_STR("video/")))
		return FR_AS_VIDEO;
	if (fr_str_iis(type, "text/vtt"))
		return FR_AS_TRACK;
	return contains(type, FR_STR("json")) ? FR_AS_FETCH : FR_AS_NONE;
}

enum fr_as fr_as_of_path(struct fr_str target)
{
	static const struct row rows[] = {
		{".css", FR_AS_STYLE},  {".js", FR_AS_SCRIPT},  {".mjs", FR_AS_SCRIPT},
		{".woff2", FR_AS_FONT}, {".woff", FR_AS_FONT},  {".ttf", FR_AS_FONT},
		{".otf", FR_AS_FONT},   {".png", FR_AS_IMAGE},  {".jpg", FR_AS_IMAGE},
		{".jpeg", FR_AS_IMAGE}, {".webp", FR_AS_IMAGE}, {".avif", FR_AS_IMAGE},
		{".svg", FR_AS_IMAGE},  {".gif", FR_AS_IMAGE},
	};

	target = fr_str_sub(target, 0, fr_str_find(target, '?'));
	target = fr_str_sub(target, 0, fr_str_find(target, '#'));
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		struct fr_str ending = fr_str_from(rows[i].text);

		if (target.len >= ending.len &&
		    fr_str_iis(fr_str_sub(target, target.len - ending.len, target.len), ending.p))
			return rows[i].as;
	}
	return FR_AS_NONE;
}
