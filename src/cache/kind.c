/* Tells assets from documents by media type, status, and names of files. */
#include "cache/kind.h"

#include "http/media_type.h"
#include "http/type_kind.h"

static const char *const font_extensions[] = {"woff", "woff2", "ttf", "otf", "eot"};
/* Of other assets. */
static const char *const other_extensions[] = {"css",  "js",  "mjs",  "wasm", "png",  "jpg",
                                               "jpeg", "gif", "webp", "svg",  "avif", "ico",
                                               "bmp",  "cur", "tiff", "apng", "jxl"};

/* Without parameters; empty unless there is exactly one. */
static struct fr_str media_type(const struct fr_response *resp)
{
	struct fr_str type = fr_fields_value(&resp->fields, FR_FIELD_CONTENT_TYPE);

	if (fr_fields_count(&resp->fields, FR_FIELD_CONTENT_TYPE) != 1 ||
	    fr_str_find(type, ',') < type.len)
		return (struct fr_str){0};
	return fr_media_type_of(type);
}

static bool is_handed_out(const struct fr_response *resp)
{
	const struct fr_field *f = fr_fields_find(&resp->fields, FR_STR("content-disposition"));

	return f && !fr_str_istarts(f->value, FR_STR("inline"));
}

static bool is_whole(const struct fr_response *resp)
{
	return resp->status == 200 || resp->status == 203;
}

bool fr_kind_is_asset(const struct fr_response *resp)
{
	return is_whole(resp) && fr_type_kind_of(media_type(resp)) != FR_TYPE_OTHER &&
	       !is_handed_out(resp);
}

bool fr_kind_is_picture(const struct fr_response *resp)
{
	return fr_kind_is_asset(resp) && fr_type_kind_of(media_type(resp)) == FR_TYPE_PICTURE;
}

/* The last segment of the path. */
static struct fr_str file_name(const struct fr_request *req)
{
	struct fr_str path = fr_str_sub(req->target, 0, fr_str_find(req->target, '?'));
	size_t at = path.len;

	while (at > 0 && path.p[at - 1] != '/')
		at--;
	return fr_str_sub(path, at, path.len);
}

/* "js" of "a.min.js"; empty: none. */
static struct fr_str extension(struct fr_str name)
{
	size_t at = name.len;

	while (at > 0 && name.p[at - 1] != '.')
		at--;
	return at > 1 ? fr_str_sub(name, at, name.len) : (struct fr_str){0};
}

/* Takes what stands before the next '-', '.' or '_'. */
static struct fr_str next_word(struct fr_str *rest)
{
	size_t n = 0;
	struct fr_str word;

	while (n < rest->len && rest->p[n] != '-' && rest->p[n] != '.' && rest->p[n] != '_')
		n++;
	word = fr_str_sub(*rest, 0, n);
	*rest = fr_str_sub(*rest, n + 1, rest->len);
	return word;
}

/* "sw.js", "service-worker.js", "firebase-messaging-sw.js", "ngsw-worker.js". */
static bool is_worker_name(struct fr_str name)
{
	struct fr_str before = {0};

	while (name.len) {
		struct fr_str word = next_word(&name);

		if (fr_str_iis(word, "sw") || fr_str_iis(word, "ngsw") ||
		    fr_str_iis(word, "serviceworker") ||
		    (fr_str_iis(word, "worker") && fr_str_iis(before, "service")))
			return true;
		before = word;
	}
	return false;
}

static bool is_plain_bytes(struct fr_str type)
{
	return fr_str_iis(type, "application/octet-stream") ||
	       fr_str_iis(type, "binary/octet-stream");
}

bool fr_kind_is_worker(const struct fr_request *req)
{
	struct fr_str name = file_name(req), ext = extension(name);

	return fr_str_is(fr_fields_value(&req->fields, FR_FIELD_SEC_FETCH_DEST), "serviceworker") ||
	       fr_fields_find(&req->fields, FR_STR("service-worker")) ||
	       ((fr_str_iis(ext, "js") || fr_str_iis(ext, "mjs")) && is_worker_name(name));
}

bool fr_kind_is_guessable(const struct fr_request *req, const struct fr_response *resp)
{
	if (fr_kind_is_worker(req))
		return false;
	return fr_kind_is_asset(resp) ||
	       (is_whole(resp) && is_plain_bytes(media_type(resp)) && !is_handed_out(resp) &&
	        fr_str_iis_one_of(extension(file_name(req)), font_extensions,
	                          FR_ARRAY_LEN(font_extensions)));
}

bool fr_kind_looks_like_asset(const struct fr_request *req)
{
	static const char *const destinations[] = {"style", "script", "font", "image"};
	struct fr_str dest = fr_fields_value(&req->fields, FR_FIELD_SEC_FETCH_DEST), ext;

	if (dest.p)
		return fr_str_iis_one_of(dest, destinations, FR_ARRAY_LEN(destinations));
	ext = extension(file_name(req));
	return fr_str_iis_one_of(ext, font_extensions, FR_ARRAY_LEN(font_extensions)) ||
	       fr_str_iis_one_of(ext, other_extensions, FR_ARRAY_LEN(other_extensions));
}
