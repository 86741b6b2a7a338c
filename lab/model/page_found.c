/* What is found in the page and its style sheets becomes a use of an asset. */
#include "lab/model/module_scan.h"
#include "lab/model/page_priv.h"

/* --- what is found in the page --- */

static void on_asset(void *user, const struct fr_markup_asset *a)
{
	struct fr_page *p = user;
	struct fr_page_use u = {.as = a->as,
	                        .found = a->is_preload ? FR_FOUND_PRELOAD : FR_FOUND_HTML,
	                        .blocking = a->is_blocking,
	                        .late = a->is_late,
	                        .lazy = a->is_lazy,
	                        .cors = a->is_cors || a->as == FR_AS_FONT,
	                        .module = a->is_module,
	                        .inactive = a->is_inactive,
	                        .is_hint = a->is_preload};

	if (a->is_preload)
		u.cors = a->is_cors;
	if (u.as == FR_AS_SCRIPT && !u.late && !u.is_hint)
		u.order = ++p->n_scripts;
	fr_page_use(p, &p->base, a->url, u);
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

static void on_script(void *user)
{
	struct fr_page *p = user;

	p->load->has_unrun_scripts = true;
}

static void on_inline_style(void *user, struct fr_str css, bool applies)
{
	struct fr_page *p = user;

	p->style_applies = applies;
	fr_styles_add(p->styles, 0, css, applies);
}

static void on_declarations(void *user, struct fr_str css)
{
	struct fr_page *p = user;

	fr_styles_add_declarations(p->styles, css);
}

static void on_module(void *user, struct fr_str script)
{
	fr_page_module(user, 0, script);
}

/* --- style sheets --- */

void fr_page_use_from(struct fr_page *p, int sheet, struct fr_str ref, struct fr_page_use u)
{
	struct fr_url base = p->base;

	u.parent = sheet;
	if (sheet > 0 &&
	    fr_url_parse(&p->arena, fr_str_from(p->load->entries[sheet].url), &base) < 0)
		return;
	fr_page_use(p, &base, ref, u);
}

static void on_import(void *user, int sheet, struct fr_str url, bool applies)
{
	struct fr_page *p = user;
	bool blocking = sheet == 0 ? p->style_applies && !p->content_us
	                           : (p->load->entries[sheet].flags & FR_ENTRY_BLOCKING) != 0;

	fr_page_use_from(p, sheet, url,
	                 (struct fr_page_use){.as = FR_AS_STYLE,
	                                      .found = FR_FOUND_IMPORT,
	                                      .blocking = blocking, /* whatever its media are */
	                                      .inactive = !applies});
}

static void on_font(void *user, int sheet, struct fr_str url)
{
	fr_page_use_from(
		user, sheet, url,
		(struct fr_page_use){.as = FR_AS_FONT, .found = FR_FOUND_STYLE, .cors = true});
}

static void on_picture(void *user, int sheet, struct fr_str url)
{
	fr_page_use_from(user, sheet, url,
	                 (struct fr_page_use){.as = FR_AS_IMAGE, .found = FR_FOUND_STYLE});
}

/* --- modules: specifiers resolved by the import map and against the module --- */

struct module {
	struct fr_page *page; /* borrowed */
	size_t parent;
	struct fr_url base;
};

/* The address that an import map has for a specifier; its longest prefix counts. The
 * result lives in the page's arena; p is NULL if there is none. */
static struct fr_str mapped(struct fr_page *p, struct fr_str specifier)
{
	struct fr_str best = {NULL, 0}, out = {NULL, 0};
	const char *key, *address = NULL;
	json_t *value;

	json_object_foreach(json_object_get(p->import_map, "imports"), key, value)
	{
		struct fr_str k = fr_str_from(key);
		bool fits = fr_str_eq(k, specifier) ||
		            (fr_str_ends(k, FR_STR("/")) && fr_str_starts(specifier, k));

		if (fits && json_is_string(value) && k.len >= best.len) {
			best = k;
			address = json_string_value(value);
		}
	}
	if (!address ||
	    fr_arena_printf(&p->arena, &out, "%s%.*s", address,
	                    FR_STR_ARG(fr_str_sub(specifier, best.len, specifier.len))) < 0)
		return (struct fr_str){NULL, 0};
	return out;
}

static bool is_address(struct fr_str s)
{
	return fr_str_starts(s, FR_STR("/")) || fr_str_starts(s, FR_STR("./")) ||
	       fr_str_starts(s, FR_STR("../")) || fr_str_find(s, ':') < s.len;
}

static void on_specifier(void *user, struct fr_str specifier, enum fr_as as)
{
	struct module *m = user;
	struct fr_str address = mapped(m->page, specifier);
	const struct fr_url *base = address.p ? &m->page->base : &m->base;

	if (!address.p && !is_address(specifier))
		return;
	fr_page_use(m->page, base, address.p ? address : specifier,
	            (struct fr_page_use){.as = as,
	                                 .found = FR_FOUND_IMPORT,
	                                 .parent = (int)m->parent,
	                                 .late = true,
	                                 .cors = true,
	                                 .inactive = true,
	                                 .module = as == FR_AS_SCRIPT});
}

void fr_page_module(struct fr_page *p, size_t parent, struct fr_str script)
{
	struct module m = {.page = p, .parent = parent, .base = p->base};

	if (parent &&
	    fr_url_parse(&p->arena, fr_str_from(p->load->entries[parent].url), &m.base) < 0)
		return;
	fr_module_scan(script, on_specifier, &m);
}

/* The first one counts. */
static void on_import_map(void *user, struct fr_str json)
{
	struct fr_page *p = user;

	if (!p->import_map)
		p->import_map = json_loadb(json.p ? json.p : "", json.len, 0, NULL);
}

const struct fr_markup_events fr_page_markup_events = {.on_asset = on_asset,
                                                       .on_base = on_base,
                                                       .on_style = on_inline_style,
                                                       .on_script = on_script,
                                                       .on_declarations = on_declarations,
                                                       .on_module = on_module,
                                                       .on_import_map = on_import_map,
                                                       .on_content = on_content};

const struct fr_styles_events fr_page_styles_events = {
	.on_import = on_import, .on_font = on_font, .on_picture = on_picture};
