/* The elements of HTML and SVG that load something. */
#include <stdio.h>

#include "base/err.h"
#include "lab/model/markup_priv.h"
#include "lab/model/media.h"
#include "lab/model/usable.h"

static bool has(const struct fr_html_tag *tag, const char *name)
{
	return fr_html_attribute(tag, name).p != NULL;
}

/* Is `word` one of the words of a list? */
static bool has_word(struct fr_str list, const char *word)
{
	for (list = fr_css_strip(list); list.len; list = fr_css_strip(list)) {
		size_t n = 0;

		while (n < list.len && !fr_css_is_space(list.p[n]))
			n++;
		if (fr_str_iis(fr_str_sub(list, 0, n), word))
			return true;
		list = fr_str_sub(list, n, list.len);
	}
	return false;
}

/* blocking="render" counts in the head. */
static bool blocks(const struct fr_markup *m, const struct fr_html_tag *tag)
{
	return !m->has_content && has_word(fr_html_attribute(tag, "blocking"), "render");
}

static void image(struct fr_markup *m, struct fr_str url)
{
	fr_markup_report(m, (struct fr_markup_asset){.url = url, .as = FR_AS_IMAGE});
}

/* --- links --- */

static void on_preload(struct fr_markup *m, const struct fr_html_tag *tag, bool module)
{
	struct fr_str as_text = fr_html_attribute(tag, "as");
	enum fr_as as = module ? FR_AS_SCRIPT : fr_as_parse(as_text);
	struct fr_str srcset = fr_html_attribute(tag, "imagesrcset");
	struct fr_markup_asset a = {.url = fr_html_attribute(tag, "href"),
	                            .as = as,
	                            .is_preload = true,
	                            .is_late = module,
	                            .is_module = module,
	                            .is_cors = module || has(tag, "crossorigin")};

	if (!fr_preload_is_usable(as, fr_html_attribute(tag, "type")))
		return;
	if (module && as_text.len && !fr_str_iis(as_text, "script")) {
		a.as = fr_as_parse(as_text);
		a.is_module = false;
		if (a.as != FR_AS_STYLE)
			return;
	}
	if (srcset.len)
		a.url = fr_srcset_choose(srcset, fr_html_attribute(tag, "imagesizes"));
	fr_markup_report(m, a);
}

/* Of several sets of style sheets that have titles the first counts. */
static bool is_of_other_set(struct fr_markup *m, struct fr_str title)
{
	if (!title.len)
		return false;
	if (!*m->set)
		(void)snprintf(m->set, sizeof m->set, "%.*s", FR_STR_ARG(title));
	return !fr_str_is(fr_str_sub(title, 0, sizeof m->set - 1), m->set);
}

static void on_style_sheet(struct fr_markup *m, const struct fr_html_tag *tag, bool alternate)
{
	enum fr_media media = fr_media_judge(fr_html_attribute(tag, "media"));
	struct fr_str title = fr_html_attribute(tag, "title");
	bool inactive = media == FR_MEDIA_NO || alternate;

	if (has(tag, "disabled") || !fr_style_type_is_usable(fr_html_attribute(tag, "type")))
		return;
	inactive = inactive || is_of_other_set(m, title);
	/* what does not apply is loaded, too: at the lowest priority, and nobody waits */
	fr_markup_report(m, (struct fr_markup_asset){.url = fr_html_attribute(tag, "href"),
	                                             .as = FR_AS_STYLE,
	                                             .is_blocking = !inactive &&
	                                                            media == FR_MEDIA_YES &&
	                                                            !m->has_content && !m->shadows,
	                                             .is_late = inactive,
	                                             .is_inactive = inactive,
	                                             .is_cors = has(tag, "crossorigin")});
}

static void on_link(struct fr_markup *m, const struct fr_html_tag *tag)
{
	struct fr_str rel = fr_html_attribute(tag, "rel");

	if (has_word(rel, "stylesheet")) {
		on_style_sheet(m, tag, has_word(rel, "alternate"));
		return;
	}
	if (!fr_media_applies(fr_html_attribute(tag, "media")))
		return;
	if (has_word(rel, "preload"))
		on_preload(m, tag, false);
	else if (has_word(rel, "modulepreload"))
		on_preload(m, tag, true);
}

/* --- scripts and style elements --- */

static void on_script(struct fr_markup *m, const struct fr_html_tag *tag)
{
	struct fr_str type = fr_html_attribute(tag, "type");
	struct fr_str url = fr_html_attribute(tag, "src");
	bool module = fr_str_iis(fr_css_strip(type), "module");
	bool late = module || has(tag, "async") || has(tag, "defer");

	if (fr_str_iis(fr_css_strip(type), "importmap"))
		m->collects = FR_TEXT_IMPORT_MAP;
	if (has(tag, "nomodule") ||
	    (!module && !fr_script_type_is_usable(type, fr_html_attribute(tag, "language"))))
		return;
	fr_markup_script(m);
	if (tag->is_foreign) {
		url = fr_html_attribute(tag, "href");
		url = url.p ? url : fr_html_attribute(tag, "xlink:href");
	}
	if (module && !url.p)
		m->collects = FR_TEXT_MODULE;
	fr_markup_report(m, (struct fr_markup_asset){.url = url,
	                                             .as = FR_AS_SCRIPT,
	                                             .is_blocking = (!late && !m->has_content) ||
	                                                            blocks(m, tag),
	                                             .is_late = late,
	                                             .is_module = module,
	                                             .is_cors = module || has(tag, "crossorigin")});
}

static void on_style(struct fr_markup *m, const struct fr_html_tag *tag)
{
	if (!fr_style_type_is_usable(fr_html_attribute(tag, "type")))
		return;
	m->collects = FR_TEXT_STYLE;
	m->style_applies = fr_media_applies(fr_html_attribute(tag, "media")) &&
	                   !is_of_other_set(m, fr_html_attribute(tag, "title"));
}

/* --- pictures --- */

static void on_image(struct fr_markup *m, const struct fr_html_tag *tag)
{
	struct fr_str url =
		fr_srcset_choose(fr_html_attribute(tag, "srcset"), fr_html_attribute(tag, "sizes"));
	bool lazy = fr_str_iis(fr_html_attribute(tag, "loading"), "lazy");

	fr_markup_content(m);
	if (m->in_picture && m->has_source)
		return;
	fr_markup_report(
		m, (struct fr_markup_asset){.url = url.len ? url : fr_html_attribute(tag, "src"),
	                                    .as = FR_AS_IMAGE,
	                                    .is_lazy = lazy,
	                                    .is_cors = has(tag, "crossorigin")});
}

/* A source of a picture: the first that applies is taken. */
static void on_source(struct fr_markup *m, const struct fr_html_tag *tag)
{
	struct fr_str type = fr_html_attribute(tag, "type"), url;

	if (!m->in_picture || m->has_source || !fr_media_applies(fr_html_attribute(tag, "media")) ||
	    !fr_image_type_is_usable(type))
		return;
	url = fr_srcset_choose(fr_html_attribute(tag, "srcset"), fr_html_attribute(tag, "sizes"));
	if (!url.len)
		return;
	m->has_source = true;
	image(m, url);
}

static void on_picture(struct fr_markup *m, const struct fr_html_tag *tag)
{
	(void)tag;
	m->in_picture = true;
	m->has_source = false;
}

static void on_drawn(struct fr_markup *m, const struct fr_html_tag *tag)
{
	(void)tag;
	fr_markup_content(m);
}

static void on_video(struct fr_markup *m, const struct fr_html_tag *tag)
{
	fr_markup_content(m);
	image(m, fr_html_attribute(tag, "poster"));
}

static void on_track(struct fr_markup *m, const struct fr_html_tag *tag)
{
	if (has(tag, "default"))
		fr_markup_report(m, (struct fr_markup_asset){.url = fr_html_attribute(tag, "src"),
		                                             .as = FR_AS_TRACK,
		                                             .is_late = true});
}

static void on_input(struct fr_markup *m, const struct fr_html_tag *tag)
{
	fr_markup_content(m);
	if (fr_str_iis(fr_html_attribute(tag, "type"), "image"))
		image(m, fr_html_attribute(tag, "src"));
}

/* <body background>, as old pages have it. */
static void on_background(struct fr_markup *m, const struct fr_html_tag *tag)
{
	image(m, fr_html_attribute(tag, "background"));
}

/* Of SVG: image, use of another file, feImage. */
static void on_reference(struct fr_markup *m, const struct fr_html_tag *tag)
{
	struct fr_str url = fr_html_attribute(tag, "href");

	image(m, url.p ? url : fr_html_attribute(tag, "xlink:href"));
}

/* --- documents in the document --- */

static void on_object(struct fr_markup *m, const struct fr_html_tag *tag)
{
	bool embed = fr_str_is(tag->name, "embed");

	fr_markup_content(m);
	fr_markup_report(
		m, (struct fr_markup_asset){.url = fr_html_attribute(tag, embed ? "src" : "data"),
	                                    .as = embed ? FR_AS_EMBED : FR_AS_OBJECT,
	                                    .is_late = true});
}

/* What a srcdoc loads; nothing of it holds up the page around it. */
static void on_frame_text(struct fr_markup *m, struct fr_str html)
{
	struct fr_markup *frame;

	if (m->frames == FR_MARKUP_MAX_FRAMES)
		return;
	frame = fr_markup_new(&m->events, m->user, m->names);
	frame->frames = m->frames + 1;
	frame->has_content = true;
	fr_markup_feed(frame, (const uint8_t *)html.p, html.len, true);
	fr_markup_free(&frame);
}

static void on_frame(struct fr_markup *m, const struct fr_html_tag *tag)
{
	struct fr_str text = fr_html_attribute(tag, "srcdoc");

	fr_markup_content(m);
	if (text.len)
		on_frame_text(m, text);
	else
		fr_markup_report(m, (struct fr_markup_asset){
					    .url = fr_html_attribute(tag, "src"),
					    .as = FR_AS_DOCUMENT,
					    .is_late = true,
					    .is_lazy = fr_str_iis(fr_html_attribute(tag, "loading"),
		                                                  "lazy")});
}

static void on_base(struct fr_markup *m, const struct fr_html_tag *tag)
{
	struct fr_str href = fr_html_attribute(tag, "href");

	if (m->has_base || m->frames || !href.p || href.len > FR_MARKUP_URL_BYTES)
		return;
	m->has_base = true;
	m->events.on_base(m->user, href);
}

static const struct element {
	const char *tag;
	void (*run)(struct fr_markup *m, const struct fr_html_tag *tag);
	bool is_foreign;
} elements[] = {
	{"link", on_link, false},        {"script", on_script, false},
	{"script", on_script, true},     {"style", on_style, false},
	{"style", on_style, true},       {"img", on_image, false},
	{"image", on_image, false},      {"image", on_reference, true},
	{"use", on_reference, true},     {"feimage", on_reference, true},
	{"source", on_source, false},    {"picture", on_picture, false},
	{"svg", on_drawn, true},         {"canvas", on_drawn, false},
	{"video", on_video, false},      {"track", on_track, false},
	{"input", on_input, false},      {"body", on_background, false},
	{"table", on_background, false}, {"thead", on_background, false},
	{"tbody", on_background, false}, {"tfoot", on_background, false},
	{"tr", on_background, false},    {"td", on_background, false},
	{"th", on_background, false},    {"object", on_object, false},
	{"embed", on_object, false},     {"iframe", on_frame, false},
	{"base", on_base, false},
};

void fr_markup_element(struct fr_markup *m, const struct fr_html_tag *tag)
{
	for (size_t i = 0; i < FR_ARRAY_LEN(elements); i++)
		if (fr_str_is(tag->name, elements[i].tag) &&
		    elements[i].is_foreign == tag->is_foreign)
			elements[i].run(m, tag);
}
