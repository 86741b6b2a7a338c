/* Finds in HTML what a browser's preload scanner finds, and notes which names the page
 * uses. */
#include "lab/model/markup.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "lab/model/markup_priv.h"
#include "lab/model/media.h"

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

void fr_markup_report(struct fr_markup *m, struct fr_markup_asset a)
{
	a.url = fr_css_strip(a.url);
	if (is_loadable(a.url))
		m->events.on_asset(m->user, &a);
}

void fr_markup_content(struct fr_markup *m)
{
	if (m->has_content || !m->in_body || m->hidden)
		return;
	m->has_content = true;
	m->events.on_content(m->user);
}

void fr_markup_script(struct fr_markup *m)
{
	if (m->events.on_script)
		m->events.on_script(m->user);
}

/* onload="..." and the like are scripts, too. */
static bool has_handler(const struct fr_html_tag *tag)
{
	for (size_t i = 0; i < tag->n; i++)
		if (fr_str_istarts(tag->attributes[i].name, FR_STR("on")))
			return true;
	return false;
}

static bool is_of_head(struct fr_str name)
{
	static const char *const names[] = {
		"html",   "head",     "title",    "base",    "link",     "meta",    "style",
		"script", "noscript", "template", "bgsound", "basefont", "noframes"};

	for (size_t i = 0; i < FR_ARRAY_LEN(names); i++)
		if (fr_str_is(name, names[i]))
			return true;
	return false;
}

static const char *const always_there[] = {"html", "head", "body"};

static bool is_always_there(struct fr_str name)
{
	for (size_t i = 0; i < FR_ARRAY_LEN(always_there); i++)
		if (fr_str_is(name, always_there[i]))
			return true;
	return false;
}

static void collect_names(struct fr_markup *m, const struct fr_html_tag *tag)
{
	static const char *const texts[] = {"value", "placeholder", "alt"};
	struct fr_str list = fr_html_attribute(tag, "class"), id = fr_html_attribute(tag, "id");

	fr_names_add(m->names, '<', tag->name);
	if (id.len)
		fr_names_add(m->names, '#', id);
	for (size_t from = 0, i = 0; i <= list.len; i++)
		if (i == list.len || fr_css_is_space(list.p[i])) {
			if (i > from)
				fr_names_add(m->names, '.', fr_str_sub(list, from, i));
			from = i + 1;
		}
	for (size_t i = 0; i < FR_ARRAY_LEN(texts); i++)
		fr_names_add_text(m->names, fr_html_attribute(tag, texts[i]));
}

/* --- events of the tokenizer --- */

/* A template is shown where it is a shadow root. */
static bool enters_template(struct fr_markup *m, const struct fr_html_tag *tag)
{
	struct fr_str mode = fr_html_attribute(tag, "shadowrootmode");

	if (!fr_str_is(tag->name, "template") || tag->is_foreign)
		return false;
	if (!m->hidden && (fr_str_iis(mode, "open") || fr_str_iis(mode, "closed")))
		m->shadows++;
	else
		m->hidden++;
	return true;
}

static void on_start(void *user, const struct fr_html_tag *tag)
{
	struct fr_markup *m = user;
	struct fr_str style;

	if (enters_template(m, tag) || m->hidden)
		return;
	m->in_body |= !is_of_head(tag->name);
	m->elements += !is_always_there(tag->name);
	(void)snprintf(m->opened, sizeof m->opened, "%.*s", FR_STR_ARG(tag->name));
	collect_names(m, tag);
	style = fr_html_attribute(tag, "style");
	if (style.len && m->events.on_declarations)
		m->events.on_declarations(m->user, style);
	if (has_handler(tag))
		fr_markup_script(m);
	fr_markup_element(m, tag);
}

/* The text of a style element or of a module is whole. */
static void take_collected(struct fr_markup *m)
{
	struct fr_str text = fr_str_make((const char *)fr_buf_data(&m->text), fr_buf_len(&m->text));

	switch (m->collects) {
	case FR_TEXT_STYLE:
		if (text.len)
			m->events.on_style(m->user, text, m->style_applies);
		break;
	case FR_TEXT_MODULE:
		if (m->events.on_module)
			m->events.on_module(m->user, text);
		break;
	case FR_TEXT_IMPORT_MAP:
		if (m->events.on_import_map)
			m->events.on_import_map(m->user, text);
		break;
	case FR_TEXT_NONE:
		break;
	}
	m->collects = FR_TEXT_NONE;
	fr_buf_clear(&m->text);
}

static void on_end(void *user, struct fr_str name)
{
	struct fr_markup *m = user;

	*m->opened = '\0';
	if (fr_str_is(name, "template")) {
		if (m->hidden)
			m->hidden--;
		else if (m->shadows)
			m->shadows--;
		return;
	}
	if (m->hidden)
		return;
	if (fr_str_is(name, "style") || fr_str_is(name, "script"))
		take_collected(m);
	else if (fr_str_is(name, "picture"))
		m->in_picture = false;
}

static void on_text(void *user, struct fr_str within, struct fr_str text)
{
	struct fr_markup *m = user;

	if (m->hidden)
		return;
	if (m->collects != FR_TEXT_NONE) {
		if (m->collected + text.len <= FR_MARKUP_STYLE_BYTES &&
		    fr_buf_append(&m->text, text.p, text.len) == 0)
			m->collected += text.len;
		return;
	}
	if (within.len && !fr_str_is(within, "textarea") && !fr_str_is(within, "xmp"))
		return;
	fr_names_add_text(m->names, text);
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.p[i] > ' ') {
			m->in_body = true;
			if (*m->opened)
				fr_names_add(m->names, 't', fr_str_from(m->opened));
			fr_markup_content(m);
			return;
		}
}

struct fr_markup *fr_markup_new(const struct fr_markup_events *events, void *user,
                                struct fr_names *names)
{
	const struct fr_html_events tokens = {
		.on_start = on_start, .on_end = on_end, .on_text = on_text};
	struct fr_markup *m = fr_calloc(1, sizeof *m);

	m->events = *events;
	m->user = user;
	m->names = names;
	/* browsers make these where the page has none */
	m->elements = FR_ARRAY_LEN(always_there);
	for (size_t i = 0; i < FR_ARRAY_LEN(always_there); i++)
		fr_names_add(names, '<', fr_str_from(always_there[i]));
	fr_buf_init(&m->text, FR_MARKUP_STYLE_BYTES);
	m->tokens = fr_html_tokens_new(&tokens, m);
	return m;
}

void fr_markup_free(struct fr_markup **mp)
{
	if (!*mp)
		return;
	fr_html_tokens_free(&(*mp)->tokens);
	fr_buf_fini(&(*mp)->text);
	free(*mp);
	*mp = NULL;
}

size_t fr_markup_elements(const struct fr_markup *m)
{
	return m->elements;
}

void fr_markup_feed(struct fr_markup *m, const uint8_t *data, size_t len, bool end)
{
	fr_html_tokens_feed(m->tokens, data, len, end);
	if (end && m->collects == FR_TEXT_STYLE)
		take_collected(m); /* a browser takes what it has of a style element */
}
