/* Pages and style sheets of anybody's making, compressed or not. The first byte
 * chooses the encoding. */
#include "hints/scan.h"
#include "http/decode.h"
#include "lab/model/markup.h"
#include "lab/model/module_scan.h"
#include "lab/model/style.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_asset(void *user, const struct fr_markup_asset *a)
{
	size_t *n = user;

	*n += a->url.len;
}

static void on_text(void *user, struct fr_str text)
{
	size_t *n = user;

	*n += text.len;
}

static void on_style(void *user, struct fr_str text, bool applies)
{
	size_t *n = user;

	*n += text.len + applies;
}

static void on_specifier(void *user, struct fr_str specifier, enum fr_as as)
{
	size_t *n = user;

	*n += specifier.len + as;
}

static void on_module(void *user, struct fr_str text)
{
	fr_module_scan(text, on_specifier, user);
}

static void on_content(void *user)
{
	size_t *n = user;

	++*n;
}

static void on_url(void *user, int sheet, struct fr_str url)
{
	size_t *n = user;

	(void)sheet;
	*n += url.len;
}

static void on_import(void *user, int sheet, struct fr_str url, bool applies)
{
	on_url(user, sheet, url);
	(void)applies;
}

static void piece(void *user, const char *data, size_t len)
{
	fr_markup_feed(user, (const uint8_t *)data, len, false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const encodings[] = {"", "gzip", "br", "deflate"};
	const struct fr_markup_events events = {.on_asset = on_asset,
	                                        .on_base = on_text,
	                                        .on_style = on_style,
	                                        .on_declarations = on_text,
	                                        .on_module = on_module,
	                                        .on_import_map = on_text,
	                                        .on_content = on_content};
	const struct fr_styles_events styles = {
		.on_import = on_import, .on_font = on_url, .on_picture = on_url};
	struct fr_names names = {.has_others = false};
	struct fr_decoder *d;
	struct fr_markup *m;
	struct fr_styles *s;
	size_t n = 0, half;

	if (size < 1)
		return 0;
	m = fr_markup_new(&events, &n, &names);
	d = fr_decoder_new(fr_str_from(encodings[data[0] % 4]), &fr_scan_decode_limits, piece, m);
	data++;
	size--;
	half = size / 2;
	fr_decoder_feed(d, data, half);
	fr_decoder_feed(d, data + half, size - half);
	fr_markup_feed(m, NULL, 0, true);
	fr_markup_free(&m);
	fr_decoder_free(&d);
	s = fr_styles_new(&styles, &n);
	fr_styles_add(s, 1, fr_str_make((const char *)data, size), true);
	fr_styles_add_declarations(s, fr_str_make((const char *)data, size));
	fr_module_scan(fr_str_make((const char *)data, size), on_specifier, &n);
	fr_styles_apply(s, &names);
	fr_styles_free(&s);
	return 0;
}
