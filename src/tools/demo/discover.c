#include "tools/demo/discover.h"

#include <libxml/HTMLparser.h>
#include <stdlib.h>

#include "base/mem.h"

/* No URL in a page or style sheet is longer. */
#define URL_MAX_BYTES 2048u

struct fr_discover {
	htmlParserCtxtPtr parser; /* owned */
	fr_discover_found *found;
	void *user; /* borrowed */
	bool in_head;
};

static const char *attribute(const xmlChar **atts, const char *name)
{
	for (size_t i = 0; atts && atts[i]; i += 2)
		if (fr_str_iis(fr_str_from((const char *)atts[i]), name))
			return atts[i + 1] ? (const char *)atts[i + 1] : "";
	return NULL;
}

static void report(struct fr_discover *d, const char *url, enum fr_as as, bool blocking)
{
	if (url && *url && strlen(url) <= URL_MAX_BYTES)
		d->found(d->user, fr_str_from(url), as, blocking);
}

static void on_link(struct fr_discover *d, const xmlChar **atts)
{
	const char *rel = attribute(atts, "rel"), *media = attribute(atts, "media");
	struct fr_str rest = fr_str_from(rel ? rel : "");

	if (media && !fr_str_iis(fr_str_from(media), "all") &&
	    !fr_str_iis(fr_str_from(media), "screen"))
		return;
	while (rest.len) {
		size_t n = fr_str_find(rest, ' ');

		if (fr_str_iis(fr_str_sub(rest, 0, n), "stylesheet"))
			report(d, attribute(atts, "href"), FR_AS_STYLE, true);
		rest = fr_str_sub(rest, n + 1, rest.len);
	}
}

static void on_element(void *user, const xmlChar *name, const xmlChar **atts)
{
	struct fr_discover *d = user;
	struct fr_str tag = fr_str_from((const char *)name);

	if (fr_str_iis(tag, "head"))
		d->in_head = true;
	else if (fr_str_iis(tag, "body"))
		d->in_head = false;
	else if (fr_str_iis(tag, "link"))
		on_link(d, atts);
	else if (fr_str_iis(tag, "script"))
		report(d, attribute(atts, "src"), FR_AS_SCRIPT,
		       d->in_head && !attribute(atts, "async") && !attribute(atts, "defer"));
	else if (fr_str_iis(tag, "img") && !attribute(atts, "loading"))
		report(d, attribute(atts, "src"), FR_AS_IMAGE, false);
}

struct fr_discover *fr_discover_new(fr_discover_found *found, void *user)
{
	struct fr_discover *d = fr_calloc(1, sizeof *d);
	htmlSAXHandler sax = {.startElement = on_element};

	d->found = found;
	d->user = user;
	d->parser = htmlCreatePushParserCtxt(&sax, d, NULL, 0, NULL, XML_CHAR_ENCODING_UTF8);
	FR_ASSERT(d->parser);
	/* not HTML_PARSE_RECOVER: with it the push parser stops where a piece ends
	 * behind a script's start tag */
	(void)htmlCtxtUseOptions(d->parser,
	                         HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET);
	return d;
}

void fr_discover_free(struct fr_discover **dp)
{
	if (!*dp)
		return;
	htmlFreeParserCtxt((*dp)->parser);
	free(*dp);
	*dp = NULL;
}

void fr_discover_html(struct fr_discover *d, const uint8_t *data, size_t len, bool end)
{
	while (len) {
		int n = len > 65536 ? 65536 : (int)len;

		(void)htmlParseChunk(d->parser, (const char *)data, n, 0);
		data += n;
		len -= (size_t)n;
	}
	if (end)
		(void)htmlParseChunk(d->parser, NULL, 0, 1);
}

static enum fr_as as_of_css_url(struct fr_str url)
{
	static const char *const fonts[] = {".woff2", ".woff", ".ttf", ".otf"};

	url = fr_str_sub(url, 0, fr_str_find(url, '?'));
	for (size_t i = 0; i < FR_COUNT(fonts); i++)
		if (fr_str_ends(url, fr_str_from(fonts[i])))
			return FR_AS_FONT;
	return FR_AS_IMAGE;
}

void fr_discover_css(struct fr_str css, fr_discover_found *found, void *user)
{
	for (size_t i = 0; i + 4 < css.len; i++) {
		struct fr_str url;

		if (!fr_str_istarts(fr_str_sub(css, i, css.len), FR_STR("url(")))
			continue;
		url = fr_str_sub(css, i + 4, i + 4 + URL_MAX_BYTES);
		url = fr_str_trim(fr_str_sub(url, 0, fr_str_find(url, ')')));
		i += 3 + url.len;
		if (url.len >= 2 && (url.p[0] == '"' || url.p[0] == '\'') &&
		    url.p[url.len - 1] == url.p[0])
			url = fr_str_sub(url, 1, url.len - 1);
		if (url.len && !fr_str_istarts(url, FR_STR("data:")))
			found(user, url, as_of_css_url(url), false);
	}
}
