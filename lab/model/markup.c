/* Finds in HTML what a browser's preload scanner finds, and notes which names the page
 * uses. */
#include "lab/model/markup.h"
#include "lab/model/media.h"

#include <libxml/HTMLparser.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"

enum text { TEXT_NONE, TEXT_STYLE, TEXT_OTHER /* title, script */ };

struct fr_markup {
	htmlParserCtxtPtr parser; /* owned */
	struct fr_markup_events events;
	void *user;             /* borrowed */
	struct fr_names *names; /* borrowed */
	struct fr_buf style;    /* of the style element being read */
	size_t style_bytes;     /* of all of them */
	size_t elements;        /* so far */
	char opened[16];        /* the element that begins here; "": another place */
	unsigned hidden;        /* depth of noscript and template elements */
	bool in_body, has_content, has_base;
	bool style_applies;          /* its media does */
	bool in_picture, has_source; /* a source of the picture was taken */
	enum text text;
};

static struct fr_str attribute(const xmlChar **atts, const char *name)
{
	for (size_t i = 0; atts && atts[i]; i += 2)
		if (fr_str_iis(fr_str_from((const char *)atts[i]), name))
			return fr_str_from(atts[i + 1] ? (const char *)atts[i + 1] : "");
	return (struct fr_str){NULL, 0};
}

static bool has(const xmlChar **atts, const char *name)
{
	return attribute(atts, name).p != NULL;
}

/* Is `word` one of the words of a space-separated list? */
static bool has_word(struct fr_str list, const char *word)
{
	while (list.len) {
		size_t n = fr_str_find(list, ' ');

		if (fr_str_iis(fr_str_sub(list, 0, n), word))
			return true;
		list = fr_str_sub(list, n + 1, list.len);
	}
	return false;
}

static bool is_loadable(struct fr_str url)
{
	static const char *const not [] = {"data:", "blob:", "javascript:", "about:", "#"};

	if (!url.len || url.len > FR_MARKUP_URL_BYTES)
		return false;
	for (size_t i = 0; i < FR_ARRAY_LEN(not ); i++)
		if (fr_str_istarts(url, fr_str_from(not [i])))
			return false;
	return true;
}

static void report(struct fr_markup *m, struct fr_markup_asset a)
{
	a.url = fr_str_trim(a.url);
	if (is_loadable(a.url))
		m->events.on_asset(m->user, &a);
}

static void content(struct fr_markup *m)
{
	if (m->has_content || !m->in_body || m->hidden)
		return;
	m->has_content = true;
	m->events.on_content(m->user);
}

static void script(struct fr_markup *m)
{
	if (m->events.on_script)
		m->events.on_script(m->user);
}

/* onload="..." and the like are scripts, too. */
static bool has_handler(const xmlChar **atts)
{
	for (size_t i = 0; atts && atts[i]; i += 2)
		if (fr_str_istarts(fr_str_from((const char *)atts[i]), FR_STR("on")))
			return true;
	return false;
}

/* --- elements --- */

static void on_preload(struct fr_markup *m, const xmlChar **atts, bool module)
{
	enum fr_as as = module ? FR_AS_SCRIPT : fr_as_parse(attribute(atts, "as"));
	struct fr_str srcset = attribute(atts, "imagesrcset");
	struct fr_markup_asset a = {.url = attribute(atts, "href"),
	                            .as = as,
	                            .is_preload = true,
	                            .is_late = module,
	                            .is_module = module,
	                            .is_cors = module || has(atts, "crossorigin")};

	if (as == FR_AS_NONE || as == FR_AS_UNKNOWN)
		return;
	if (srcset.len)
		a.url = fr_srcset_choose(srcset, attribute(atts, "imagesizes"));
	report(m, a);
}

static void on_link(struct fr_markup *m, const xmlChar **atts)
{
	struct fr_str rel = attribute(atts, "rel");

	if (!fr_media_applies(attribute(atts, "media"))) {
		/* loaded at the lowest priority, and waited for by nobody */
		if (has_word(rel, "stylesheet") && !has_word(rel, "alternate"))
			report(m, (struct fr_markup_asset){.url = attribute(atts, "href"),
			                                   .as = FR_AS_STYLE,
			                                   .is_late = true});
		return;
	}
	if (has_word(rel, "stylesheet") && !has_word(rel, "alternate") && !has(atts, "disabled"))
		report(m, (struct fr_markup_asset){.url = attribute(atts, "href"),
		                                   .as = FR_AS_STYLE,
		                                   .is_blocking = !m->has_content,
		                                   .is_cors = has(atts, "crossorigin")});
	else if (has_word(rel, "preload"))
		on_preload(m, atts, false);
	else if (has_word(rel, "modulepreload"))
		on_preload(m, atts, true);
}

static void on_script(struct fr_markup *m, const xmlChar **atts)
{
	struct fr_str type = attribute(atts, "type");
	bool module = fr_str_iis(type, "module");
	bool late = module || has(atts, "async") || has(atts, "defer");

	m->text = TEXT_OTHER;
	if (has(atts, "nomodule") || (type.len && !module && !fr_str_iis(type, "text/javascript") &&
	                              !fr_str_iis(type, "application/javascript")))
		return;
	script(m);
	report(m, (struct fr_markup_asset){.url = attribute(atts, "src"),
	                                   .as = FR_AS_SCRIPT,
	                                   .is_blocking = !late && !m->has_content,
	                                   .is_late = late,
	                                   .is_module = module,
	                                   .is_cors = module || has(atts, "crossorigin")});
}

static void on_image(struct fr_markup *m, const xmlChar **atts)
{
	struct fr_str url = fr_srcset_choose(attribute(atts, "srcset"), attribute(atts, "sizes"));

	content(m);
	if (m->in_picture && m->has_source)
		return;
	report(m,
	       (struct fr_markup_asset){.url = url.len ? url : attribute(atts, "src"),
	                                .as = FR_AS_IMAGE,
	                                .is_lazy = fr_str_iis(attribute(atts, "loading"), "lazy"),
	                                .is_cors = has(atts, "crossorigin")});
}

/* A source of a picture: the first that applies is taken. */
static void on_source(struct fr_markup *m, const xmlChar **atts)
{
	struct fr_str type = attribute(atts, "type"), url;

	if (!m->in_picture || m->has_source || !fr_media_applies(attribute(atts, "media")) ||
	    fr_str_iis(type, "image/jxl") || fr_str_iis(type, "image/jp2"))
		return;
	url = fr_srcset_choose(attribute(atts, "srcset"), attribute(atts, "sizes"));
	if (!url.len)
		return;
	m->has_source = true;
	report(m, (struct fr_markup_asset){.url = url, .as = FR_AS_IMAGE});
}

static void on_style(struct fr_markup *m, const xmlChar **atts)
{
	m->text = TEXT_STYLE;
	m->style_applies = fr_media_applies(attribute(atts, "media"));
	fr_buf_clear(&m->style);
}

static void collect_names(struct fr_markup *m, struct fr_str tag, const xmlChar **atts)
{
	struct fr_str list = attribute(atts, "class"), id = attribute(atts, "id");

	fr_names_add(m->names, '<', tag);
	if (id.len)
		fr_names_add(m->names, '#', id);
	for (size_t from = 0, i = 0; i <= list.len; i++)
		if (i == list.len || list.p[i] == ' ' || list.p[i] == '\n' || list.p[i] == '\t') {
			if (i > from)
				fr_names_add(m->names, '.', fr_str_sub(list, from, i));
			from = i + 1;
		}
}

/* style="background: url(...)" */
static void on_style_attribute(struct fr_markup *m, struct fr_str css)
{
	for (size_t i = 0; i + 4 < css.len; i++) {
		struct fr_str url;
		size_t end;

		if (!fr_str_istarts(fr_str_sub(css, i, css.len), FR_STR("url(")))
			continue;
		url = fr_str_sub(css, i + 4, css.len);
		end = fr_str_find(url, ')');
		url = fr_str_trim(fr_str_sub(url, 0, end));
		if (url.len >= 2 && (url.p[0] == '"' || url.p[0] == '\''))
			url = fr_str_sub(url, 1, url.len - 1);
		report(m, (struct fr_markup_asset){.url = url, .as = FR_AS_IMAGE});
		i += 4 + end;
	}
}

struct element {
	const char *tag;
	void (*run)(struct fr_markup *m, const xmlChar **atts);
};

static void on_body(struct fr_markup *m, const xmlChar **atts)
{
	(void)atts;
	m->in_body = true;
}

static void on_hidden(struct fr_markup *m, const xmlChar **atts)
{
	(void)atts;
	m->hidden++;
}

static void on_picture(struct fr_markup *m, const xmlChar **atts)
{
	(void)atts;
	m->in_picture = true;
	m->has_source = false;
}

static void on_text(struct fr_markup *m, const xmlChar **atts)
{
	(void)atts;
	m->text = TEXT_OTHER;
}

static void on_drawn(struct fr_markup *m, const xmlChar **atts)
{
	(void)atts;
	content(m);
}

static void on_video(struct fr_markup *m, const xmlChar **atts)
{
	content(m);
	report(m, (struct fr_markup_asset){.url = attribute(atts, "poster"), .as = FR_AS_IMAGE});
}

static void on_base(struct fr_markup *m, const xmlChar **atts)
{
	struct fr_str href = attribute(atts, "href");

	if (m->has_base || !href.len || href.len > FR_MARKUP_URL_BYTES)
		return;
	m->has_base = true;
	m->events.on_base(m->user, href);
}

static void on_input(struct fr_markup *m, const xmlChar **atts)
{
	content(m);
	if (fr_str_iis(attribute(atts, "type"), "image"))
		report(m,
		       (struct fr_markup_asset){.url = attribute(atts, "src"), .as = FR_AS_IMAGE});
}

static const struct element elements[] = {
	{"link", on_link},       {"script", on_script},   {"img", on_image},
	{"source", on_source},   {"style", on_style},     {"body", on_body},
	{"template", on_hidden}, {"noscript", on_hidden}, {"picture", on_picture},
	{"title", on_text},      {"svg", on_drawn},       {"canvas", on_drawn},
	{"video", on_video},     {"base", on_base},       {"input", on_input},
};

static void start_element(void *user, const xmlChar *name, const xmlChar **atts)
{
	struct fr_markup *m = user;
	struct fr_str tag = fr_str_from((const char *)name), style;

	if (m->hidden) {
		if (fr_str_is(tag, "template") || fr_str_is(tag, "noscript"))
			m->hidden++;
		return;
	}
	m->elements++;
	(void)snprintf(m->opened, sizeof m->opened, "%.*s", FR_STR_ARG(tag));
	collect_names(m, tag, atts);
	style = attribute(atts, "style");
	if (style.len)
		on_style_attribute(m, style);
	if (has_handler(atts))
		script(m);
	for (size_t i = 0; i < FR_ARRAY_LEN(elements); i++)
		if (fr_str_iis(tag, elements[i].tag))
			elements[i].run(m, atts);
}

static void end_element(void *user, const xmlChar *name)
{
	struct fr_markup *m = user;
	struct fr_str tag = fr_str_from((const char *)name);

	*m->opened = '\0';
	if (m->hidden) {
		m->hidden -= fr_str_iis(tag, "template") || fr_str_iis(tag, "noscript");
		return;
	}
	if (m->text == TEXT_STYLE && fr_str_iis(tag, "style") && m->style_applies &&
	    fr_buf_len(&m->style))
		m->events.on_style(m->user, fr_str_make((const char *)fr_buf_data(&m->style),
		                                        fr_buf_len(&m->style)));
	if (fr_str_iis(tag, "style") || fr_str_iis(tag, "script") || fr_str_iis(tag, "title"))
		m->text = TEXT_NONE;
	else if (fr_str_iis(tag, "picture"))
		m->in_picture = false;
}

static void characters(void *user, const xmlChar *ch, int len)
{
	struct fr_markup *m = user;
	struct fr_str text = fr_str_make((const char *)ch, (size_t)len);

	if (m->hidden || m->text == TEXT_OTHER)
		return;
	if (m->text == TEXT_STYLE) {
		if (m->style_bytes + text.len <= FR_MARKUP_STYLE_BYTES &&
		    fr_buf_append(&m->style, text.p, text.len) == 0)
			m->style_bytes += text.len;
		return;
	}
	fr_names_add_text(m->names, text);
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.p[i] > ' ') {
			if (*m->opened)
				fr_names_add(m->names, 't', fr_str_from(m->opened));
			content(m);
			return;
		}
}

struct fr_markup *fr_markup_new(const struct fr_markup_events *events, void *user,
                                struct fr_names *names)
{
	struct fr_markup *m = fr_calloc(1, sizeof *m);
	htmlSAXHandler sax = {.startElement = start_element,
	                      .endElement = end_element,
	                      .characters = characters,
	                      .cdataBlock = characters};

	m->events = *events;
	m->user = user;
	m->names = names;
	fr_buf_init(&m->style, FR_MARKUP_STYLE_BYTES);
	m->parser = htmlCreatePushParserCtxt(&sax, m, NULL, 0, NULL, XML_CHAR_ENCODING_UTF8);
	FR_ASSERT(m->parser);
	/* not HTML_PARSE_RECOVER: with it the push parser stops where a piece ends
	 * after a script's start tag */
	(void)htmlCtxtUseOptions(m->parser,
	                         HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET);
	return m;
}

void fr_markup_free(struct fr_markup **mp)
{
	if (!*mp)
		return;
	htmlFreeParserCtxt((*mp)->parser);
	fr_buf_fini(&(*mp)->style);
	free(*mp);
	*mp = NULL;
}

size_t fr_markup_elements(const struct fr_markup *m)
{
	return m->elements;
}

void fr_markup_feed(struct fr_markup *m, const uint8_t *data, size_t len, bool end)
{
	while (len) {
		int n = len > 65536 ? 65536 : (int)len;

		(void)htmlParseChunk(m->parser, (const char *)data, n, 0);
		data += n;
		len -= (size_t)n;
	}
	if (end)
		(void)htmlParseChunk(m->parser, NULL, 0, 1);
}
