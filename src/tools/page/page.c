#include "tools/page/page.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "http/link.h"
#include "tools/page/decode.h"
#include "tools/page/freshness.h"
#include "tools/page/markup.h"
#include "tools/page/style.h"

#define ARENA_BYTES (8u << 20)
/* Imports and redirects in a row. */
#define MAX_CHAIN 12u
/* The page is laid out again each time so much of it has come. */
#define LAYOUT_BYTES 16384u

struct body {                     /* what is kept of an entry's body */
	struct fr_decode *decode; /* owned; NULL: not looked at */
	struct fr_buf css;
};

struct fr_page {
	struct fr_load *load; /* borrowed */
	struct fr_page_options options;
	const struct fr_page_ops *ops;
	void *user; /* borrowed */
	struct fr_arena arena;
	struct fr_url url, base;
	struct fr_markup *markup; /* owned */
	struct fr_styles *styles; /* owned */
	struct fr_names names;
	struct body *bodies; /* owned; FR_LOAD_MAX_ENTRIES */
	uint64_t now_us;     /* of the event being handled */
	uint64_t content_us; /* there is something to draw; 0: not yet */
	size_t laid_out;     /* bytes of the page at the last layout */
	size_t html_bytes;
	bool is_parsed, is_complete;
};

static struct fr_load_entry *entry(struct fr_page *p, size_t i)
{
	return &p->load->entries[i];
}

/* --- asking --- */

/* As Chromium does. */
static unsigned urgency_of(enum fr_as as, bool blocking, bool late)
{
	switch (as) {
	case FR_AS_DOCUMENT:
		return 0;
	case FR_AS_STYLE:
		return late ? 4 : 0;
	case FR_AS_SCRIPT:
		return blocking ? 1 : (late ? 3 : 2);
	case FR_AS_FONT:
	case FR_AS_FETCH:
		return 1;
	default:
		return 3;
	}
}

struct use { /* of an asset, as found */
	enum fr_as as;
	enum fr_found found;
	int parent;
	bool blocking, late, lazy, cors;
	bool is_hint; /* a preload: no use yet */
};

static bool is_hint(enum fr_found f)
{
	return f == FR_FOUND_PRELOAD || f == FR_FOUND_LINK || f == FR_FOUND_EARLY_HINTS;
}

static unsigned chain_of(const struct fr_load *l, int i)
{
	unsigned n = 0;

	for (; i > 0 && n < MAX_CHAIN; n++)
		i = l->entries[i].parent;
	return n;
}

static void fetch(struct fr_page *p, struct fr_str url, const struct use *u, unsigned flags)
{
	struct fr_load_entry *e = fr_load_add(p->load, url);
	size_t i;

	if (!e)
		return;
	i = p->load->n - 1;
	e->as = u->as;
	e->found = u->found;
	e->parent = u->parent;
	e->start_us = p->now_us;
	e->urgency = urgency_of(u->as, u->blocking || (u->is_hint && !u->late), u->late);
	e->flags = flags | (u->blocking ? FR_ENTRY_BLOCKING : 0) | (u->cors ? FR_ENTRY_CORS : 0) |
	           (u->found == FR_FOUND_EARLY_HINTS ? FR_ENTRY_EARLY : 0);
	if (!u->is_hint) {
		e->flags |= FR_ENTRY_NEEDED;
		e->needed_us = p->now_us;
	}
	fr_buf_init(&p->bodies[i].css, FR_STYLE_SHEET_BYTES);
	if (u->lazy)
		e->flags = (e->flags | FR_ENTRY_LAZY) & ~(unsigned)FR_ENTRY_NEEDED;
	else if (!p->ops->request(p->user, i))
		entry(p, i)->flags |= FR_ENTRY_SKIPPED | FR_ENTRY_DONE;
}

/* May what was fetched as e serve this use? As browsers match them: a push by
 * its URL, a preload by URL and CORS mode, what came early from the HTTP cache. */
static bool serves(const struct fr_load_entry *e, const struct use *u)
{
	if (e->flags & (FR_ENTRY_CANCELLED | FR_ENTRY_SKIPPED | FR_ENTRY_LAZY))
		return false;
	if (e->flags & FR_ENTRY_NEEDED)
		return true;
	if (e->flags & FR_ENTRY_PUSHED)
		return !(e->flags & FR_ENTRY_FAILED);
	if (!is_hint(e->found))
		return true;
	if (!!(e->flags & FR_ENTRY_CORS) != u->cors)
		return false;
	return e->found != FR_FOUND_EARLY_HINTS || !e->first_us || (e->flags & FR_ENTRY_CACHEABLE);
}

static void take(struct fr_page *p, size_t i, const struct use *u)
{
	struct fr_load_entry *e = entry(p, i);

	if (u->is_hint)
		return;
	if (!(e->flags & FR_ENTRY_NEEDED))
		e->needed_us = p->now_us;
	e->flags |= FR_ENTRY_NEEDED | (u->blocking ? FR_ENTRY_BLOCKING : 0);
	if (e->as == FR_AS_NONE || e->as == FR_AS_UNKNOWN)
		e->as = u->as;
	if ((e->flags & FR_ENTRY_PUSHED) && e->found == FR_FOUND_PUSH) {
		e->found = u->found;
		e->parent = u->parent;
	}
}

static void style_ready(struct fr_page *p, size_t i);

/* The page has a use for ref, or a hint at it. */
static void use(struct fr_page *p, const struct fr_url *base, struct fr_str ref, struct use u)
{
	struct fr_str text;
	struct fr_url url;
	unsigned flags = 0;

	if (fr_url_resolve(&p->arena, base, ref, &url) < 0 ||
	    chain_of(p->load, u.parent) == MAX_CHAIN)
		return;
	if (!fr_url_same_origin(&url, &p->url))
		flags |= FR_ENTRY_CROSS_ORIGIN;
	if (fr_arena_printf(&p->arena, &text, "%.*s://%.*s", FR_STR_ARG(url.scheme),
	                    FR_STR_ARG(url.host)) < 0 ||
	    (url.port != fr_scheme_default_port(url.scheme) &&
	     fr_arena_printf(&p->arena, &text, "%.*s:%u", FR_STR_ARG(text), url.port) < 0) ||
	    fr_arena_printf(&p->arena, &text, "%.*s%.*s", FR_STR_ARG(text),
	                    FR_STR_ARG(url.target)) < 0)
		return;
	for (size_t i = 0; i < p->load->n; i++) {
		bool was_needed = entry(p, i)->flags & FR_ENTRY_NEEDED;

		if (!fr_str_is(text, entry(p, i)->url))
			continue;
		if (serves(entry(p, i), &u)) {
			take(p, i, &u);
			if (!was_needed && (entry(p, i)->flags & FR_ENTRY_DONE))
				style_ready(p, i);
			return;
		}
		if (!(entry(p, i)->flags & (FR_ENTRY_LAZY | FR_ENTRY_SKIPPED)))
			flags |= FR_ENTRY_DUPLICATE;
		else if (u.lazy || (entry(p, i)->flags & FR_ENTRY_SKIPPED))
			return;
	}
	fetch(p, text, &u, flags);
}

/* --- what is found in the page --- */

static void on_asset(void *user, const struct fr_markup_asset *a)
{
	struct fr_page *p = user;
	struct use u = {.as = a->as,
	                .found = a->is_preload ? FR_FOUND_PRELOAD : FR_FOUND_HTML,
	                .blocking = a->is_blocking,
	                .late = a->is_late,
	                .lazy = a->is_lazy,
	                .cors = a->is_cors || a->as == FR_AS_FONT,
	                .is_hint = a->is_preload};

	if (a->is_preload)
		u.cors = a->is_cors;
	use(p, &p->base, a->url, u);
}

static void on_base(void *user, struct fr_str url)
{
	struct fr_page *p = user;
	struct fr_url base;

	if (fr_url_resolve(&p->arena, &p->url, url, &base) == 0)
		p->base = base;
}

static void on_content(void *user)
{
	struct fr_page *p = user;

	p->content_us = p->now_us;
}

static void on_inline_style(void *user, struct fr_str css)
{
	struct fr_page *p = user;

	fr_styles_add(p->styles, 0, css);
}

/* --- style sheets --- */

/* URLs in a style sheet are relative to it. */
static void use_from_sheet(struct fr_page *p, int sheet, struct fr_str ref, struct use u)
{
	struct fr_url base = p->base;

	u.parent = sheet;
	if (sheet > 0 &&
	    fr_url_parse(&p->arena, fr_str_from(entry(p, (size_t)sheet)->url), &base) < 0)
		return;
	use(p, &base, ref, u);
}

static void on_import(void *user, int sheet, struct fr_str url)
{
	struct fr_page *p = user;
	bool blocking = sheet == 0 ? !p->content_us
	                           : (entry(p, (size_t)sheet)->flags & FR_ENTRY_BLOCKING) != 0;

	use_from_sheet(
		p, sheet, url,
		(struct use){.as = FR_AS_STYLE, .found = FR_FOUND_IMPORT, .blocking = blocking});
}

static void on_font(void *user, int sheet, struct fr_str url)
{
	use_from_sheet(user, sheet, url,
	               (struct use){.as = FR_AS_FONT, .found = FR_FOUND_STYLE, .cors = true});
}

static void on_picture(void *user, int sheet, struct fr_str url)
{
	use_from_sheet(user, sheet, url, (struct use){.as = FR_AS_IMAGE, .found = FR_FOUND_STYLE});
}

static bool is_blocked(const struct fr_page *p)
{
	for (size_t i = 0; i < p->load->n; i++) {
		unsigned f = p->load->entries[i].flags;

		if ((f & FR_ENTRY_BLOCKING) && !(f & FR_ENTRY_DONE) &&
		    p->load->entries[i].as == FR_AS_STYLE)
			return true;
	}
	return false;
}

static void lay_out(struct fr_page *p)
{
	if (!p->content_us || is_blocked(p))
		return;
	p->laid_out = p->html_bytes;
	fr_styles_apply(p->styles, &p->names);
}

static void style_ready(struct fr_page *p, size_t i)
{
	struct fr_buf *css = &p->bodies[i].css;

	if (entry(p, i)->as != FR_AS_STYLE || !(entry(p, i)->flags & FR_ENTRY_NEEDED))
		return;
	fr_styles_add(p->styles, (int)i,
	              fr_str_make((const char *)fr_buf_data(css), fr_buf_len(css)));
	fr_buf_clear(css);
	fr_buf_trim(css);
	lay_out(p);
}

/* --- links in fields --- */

static void on_link(struct fr_page *p, const struct fr_link *l, enum fr_found found)
{
	bool module = l->rels & FR_REL_MODULEPRELOAD;
	struct use u = {.as = module ? FR_AS_SCRIPT : fr_as_parse(l->as),
	                .found = found,
	                .late = module,
	                .cors = module || l->crossorigin != FR_CORS_NONE,
	                .is_hint = true};

	if (!(l->rels & (FR_REL_PRELOAD | FR_REL_MODULEPRELOAD)) || u.as == FR_AS_NONE ||
	    u.as == FR_AS_UNKNOWN || l->has_anchor || !fr_media_applies(l->media) ||
	    l->imagesrcset.len)
		return;
	u.blocking = false;
	use(p, &p->url, l->target, u);
}

static void take_links(struct fr_page *p, const struct fr_fields *fields, enum fr_found found)
{
	const struct fr_field *f = fr_fields_get(fields, FR_FIELD_LINK);

	for (; f; f = fr_fields_next(fields, FR_FIELD_LINK, f)) {
		struct fr_str rest = f->value;
		struct fr_link l;

		while (fr_link_next(&p->arena, &rest, &l, NULL))
			on_link(p, &l, found);
	}
}

void fr_page_informational(struct fr_page *p, size_t i, const struct fr_response *resp,
                           uint64_t now_us)
{
	p->now_us = now_us;
	if (i != 0 || resp->status != 103)
		return;
	if (!p->load->early_hints_us)
		p->load->early_hints_us = now_us;
	/* browsers act on the first one */
	if (p->load->n_early_hints++ == 0 && p->options.early_hints)
		take_links(p, &resp->fields, FR_FOUND_EARLY_HINTS);
}

/* --- responses --- */

static void keep_type(struct fr_load_entry *e, struct fr_str type)
{
	type = fr_str_trim(fr_str_sub(type, 0, fr_str_find(type, ';')));
	(void)snprintf(e->type, sizeof e->type, "%.*s", FR_STR_ARG(type));
}

void fr_page_head(struct fr_page *p, size_t i, const struct fr_response *resp, uint64_t now_us)
{
	struct fr_load_entry *e = entry(p, i);
	bool redirect = resp->status >= 300 && resp->status < 400 && resp->status != 304;

	p->now_us = now_us;
	e->first_us = now_us;
	e->status = resp->status;
	keep_type(e, fr_fields_value(&resp->fields, FR_FIELD_CONTENT_TYPE));
	free(e->response_fields);
	e->response_fields = fr_fields_text(&resp->fields);
	if (fr_is_reusable(&resp->fields))
		e->flags |= FR_ENTRY_CACHEABLE;
	if (e->as == FR_AS_NONE && fr_str_is(fr_str_from(e->type), "text/css"))
		e->as = FR_AS_STYLE;
	if (i == 0 || e->as == FR_AS_STYLE)
		p->bodies[i].decode =
			fr_decode_new(fr_fields_value(&resp->fields, FR_FIELD_CONTENT_ENCODING));
	if (i == 0 && redirect) {
		char to[160];

		(void)snprintf(to, sizeof to, "%.*s",
		               FR_STR_ARG(fr_fields_value(&resp->fields, FR_FIELD_LOCATION)));
		fr_load_fail(p->load, "the page redirects; measure its target instead", to);
	}
	if (i == 0 && resp->status == 200)
		take_links(p, &resp->fields, FR_FOUND_LINK);
	if (i && redirect && fr_fields_value(&resp->fields, FR_FIELD_LOCATION).len)
		use_from_sheet(p, (int)i, fr_fields_value(&resp->fields, FR_FIELD_LOCATION),
		               (struct use){.as = e->as,
		                            .found = e->found,
		                            .blocking = e->flags & FR_ENTRY_BLOCKING,
		                            .cors = e->flags & FR_ENTRY_CORS});
}

static void html_piece(void *user, const uint8_t *data, size_t len)
{
	struct fr_page *p = user;

	p->html_bytes += len;
	fr_markup_feed(p->markup, data, len, false);
}

struct css_piece {
	struct fr_page *p;
	size_t i;
};

static void css_piece(void *user, const uint8_t *data, size_t len)
{
	struct css_piece *c = user;

	if (fr_buf_append(&c->p->bodies[c->i].css, data, len) < 0)
		return; /* what is beyond the limit is not searched */
}

void fr_page_data(struct fr_page *p, size_t i, const uint8_t *data, size_t len, uint64_t now_us)
{
	struct css_piece c = {p, i};

	p->now_us = now_us;
	entry(p, i)->bytes += len;
	if (!p->bodies[i].decode)
		return;
	fr_decode_feed(p->bodies[i].decode, data, len, i == 0 ? html_piece : css_piece,
	               i == 0 ? (void *)p : (void *)&c);
	if (i == 0 && p->html_bytes - p->laid_out >= LAYOUT_BYTES)
		lay_out(p);
}

static void maybe_complete(struct fr_page *p)
{
	if (p->is_complete || !p->is_parsed)
		return;
	for (size_t i = 0; i < p->load->n; i++)
		if ((entry(p, i)->flags & (FR_ENTRY_NEEDED | FR_ENTRY_DONE)) == FR_ENTRY_NEEDED)
			return;
	p->is_complete = true;
	p->ops->on_complete(p->user);
}

void fr_page_end(struct fr_page *p, size_t i, bool ok, uint64_t now_us)
{
	struct fr_load_entry *e = entry(p, i);

	if (e->flags & FR_ENTRY_DONE)
		return;
	p->now_us = now_us;
	e->end_us = now_us;
	e->flags |= FR_ENTRY_DONE;
	if (!e->first_us)
		e->first_us = now_us;
	if (!ok || e->status < 200 || e->status > 399)
		e->flags |= FR_ENTRY_FAILED;
	fr_decode_free(&p->bodies[i].decode);
	if (i == 0) {
		fr_markup_feed(p->markup, NULL, 0, true);
		if (!p->content_us)
			p->content_us = now_us;
		p->is_parsed = true;
		if (e->flags & FR_ENTRY_FAILED)
			fr_load_fail(p->load, "the page could not be loaded", "");
		lay_out(p);
	} else {
		style_ready(p, i);
		lay_out(p);
	}
	maybe_complete(p);
}

/* --- pushes --- */

static enum fr_as as_of_accept(struct fr_str accept)
{
	if (fr_str_starts(accept, FR_STR("text/css")))
		return FR_AS_STYLE;
	if (fr_str_starts(accept, FR_STR("image/")))
		return FR_AS_IMAGE;
	return FR_AS_NONE;
}

/* On its way already: by a request, or by another promise. */
static bool is_known(struct fr_page *p, struct fr_str url)
{
	for (size_t i = 0; i < p->load->n; i++)
		if (fr_str_is(url, entry(p, i)->url) &&
		    !(entry(p, i)->flags & (FR_ENTRY_LAZY | FR_ENTRY_CANCELLED)))
			return true;
	return false;
}

int fr_page_promise(struct fr_page *p, const struct fr_request *req, uint64_t now_us)
{
	struct fr_load_entry *e;
	struct fr_str text;
	struct fr_url url;
	unsigned flags = FR_ENTRY_PUSHED;

	p->now_us = now_us;
	if (fr_arena_printf(&p->arena, &text, "%.*s://%.*s%.*s", FR_STR_ARG(req->scheme),
	                    FR_STR_ARG(req->authority), FR_STR_ARG(req->target)) < 0 ||
	    fr_url_parse(&p->arena, text, &url) < 0)
		return FR_ERR_REFUSED;
	if (!fr_url_same_origin(&url, &p->url))
		flags |= FR_ENTRY_CANCELLED | FR_ENTRY_DONE;
	if (is_known(p, text))
		flags |= FR_ENTRY_CANCELLED | FR_ENTRY_DONE | FR_ENTRY_DUPLICATE;
	e = fr_load_add(p->load, text);
	if (!e)
		return FR_ERR_LIMIT;
	fr_buf_init(&p->bodies[p->load->n - 1].css, FR_STYLE_SHEET_BYTES);
	e->flags = flags;
	e->found = FR_FOUND_PUSH;
	e->parent = 0;
	e->as = as_of_accept(fr_fields_value(&req->fields, FR_FIELD_ACCEPT));
	e->promised_us = e->start_us = now_us;
	e->request_fields = fr_fields_text(&req->fields);
	return flags & FR_ENTRY_CANCELLED ? FR_ERR_REFUSED : (int)(p->load->n - 1);
}

/* --- begin and end --- */

int fr_page_new(struct fr_load *load, const struct fr_page_options *options,
                const struct fr_page_ops *ops, void *user, struct fr_page **out)
{
	struct fr_markup_events found = {.on_asset = on_asset,
	                                 .on_base = on_base,
	                                 .on_style = on_inline_style,
	                                 .on_content = on_content};
	struct fr_styles_events styles = {
		.on_import = on_import, .on_font = on_font, .on_picture = on_picture};
	struct fr_page *p = fr_calloc(1, sizeof *p);

	fr_arena_init(&p->arena, ARENA_BYTES);
	if (fr_url_parse(&p->arena, fr_str_from(load->url), &p->url) < 0 ||
	    !fr_str_is(p->url.scheme, "https")) {
		fr_arena_fini(&p->arena);
		free(p);
		return FR_ERR_SYNTAX;
	}
	p->base = p->url;
	p->load = load;
	p->options = *options;
	p->ops = ops;
	p->user = user;
	p->bodies = fr_calloc(FR_LOAD_MAX_ENTRIES, sizeof *p->bodies);
	p->markup = fr_markup_new(&found, p, &p->names);
	p->styles = fr_styles_new(&styles, p);
	*out = p;
	return 0;
}

void fr_page_free(struct fr_page **pp)
{
	struct fr_page *p = *pp;

	if (!p)
		return;
	for (size_t i = 0; i < p->load->n; i++) {
		fr_decode_free(&p->bodies[i].decode);
		fr_buf_fini(&p->bodies[i].css);
	}
	free(p->bodies);
	fr_markup_free(&p->markup);
	fr_styles_free(&p->styles);
	fr_arena_fini(&p->arena);
	free(p);
	*pp = NULL;
}

const struct fr_url *fr_page_url(const struct fr_page *p)
{
	return &p->url;
}

void fr_page_begin(struct fr_page *p, uint64_t now_us)
{
	struct use u = {.as = FR_AS_DOCUMENT, .found = FR_FOUND_NAVIGATION, .parent = -1};

	p->now_us = now_us;
	fetch(p, fr_str_from(p->load->url), &u, 0);
}

bool fr_page_is_complete(const struct fr_page *p)
{
	return p->is_complete;
}

void fr_page_finish(struct fr_page *p, uint64_t now_us)
{
	struct fr_load *l = p->load;
	uint64_t render = p->content_us;

	for (size_t i = 0; i < l->n; i++) {
		struct fr_load_entry *e = &l->entries[i];

		if (!(e->flags & FR_ENTRY_DONE) && !(e->flags & FR_ENTRY_LAZY))
			e->end_us = now_us;
		if ((e->flags & FR_ENTRY_BLOCKING) && e->end_us > render)
			render = e->end_us;
	}
	l->render_us = render;
	fr_load_finish(l);
}
