/* Matches what a page turns out to need with pushes, preloads and the links of a 103, or
 * requests it. */
#include "http/link.h"
#include "lab/model/media.h"
#include "lab/model/page_priv.h"
#include "lab/model/usable.h"

/* Imports and redirects in a row. */
#define MAX_CHAIN 12u

static struct fr_measurement_entry *entry(struct fr_page *p, size_t i)
{
	return &p->load->entries[i];
}

/* --- asking --- */

/* As Chromium does. */
static unsigned urgency_of(enum fr_as as, bool blocking, bool late, bool hint)
{
	switch (as) {
	case FR_AS_DOCUMENT:
		return late ? 3 : 0; /* a frame; the page */
	case FR_AS_STYLE:
		return late ? 4 : 0;
	case FR_AS_SCRIPT:
		return blocking ? 1 : (late ? 3 : 2);
	case FR_AS_FONT:
		return hint ? 1 : 0;
	case FR_AS_FETCH:
		return 1;
	case FR_AS_NONE:
	case FR_AS_IMAGE:
	case FR_AS_TRACK:
	case FR_AS_AUDIO:
	case FR_AS_VIDEO:
	case FR_AS_EMBED:
	case FR_AS_OBJECT:
	case FR_AS_WORKER:
	case FR_AS_UNKNOWN:
		break;
	}
	return 3;
}

static bool is_hint(enum fr_found f)
{
	return f == FR_FOUND_PRELOAD || f == FR_FOUND_LINK || f == FR_FOUND_EARLY_HINTS;
}

static unsigned chain_of(const struct fr_measurement *l, int i)
{
	unsigned n = 0;

	for (; i > 0 && n < MAX_CHAIN; n++)
		i = l->entries[i].parent;
	return n;
}

static void fetch(struct fr_page *p, struct fr_str url, const struct fr_page_use *u, unsigned flags)
{
	struct fr_measurement_entry *e = fr_measurement_add(p->load, url);
	size_t i;

	if (!e)
		return;
	i = p->load->n - 1;
	e->as = u->as;
	e->found = u->found;
	e->parent = u->parent;
	e->start_us = p->now_us;
	e->urgency =
		urgency_of(u->as, u->blocking || (u->is_hint && !u->late), u->late, u->is_hint);
	e->flags = flags | (u->blocking ? FR_ENTRY_BLOCKING : 0) | (u->cors ? FR_ENTRY_CORS : 0) |
	           (u->module ? FR_ENTRY_MODULE : 0) |
	           (u->found == FR_FOUND_EARLY_HINTS ? FR_ENTRY_EARLY : 0);
	if (!u->is_hint) {
		e->flags |= FR_ENTRY_NEEDED;
		e->needed_us = p->now_us;
	}
	fr_buf_init(&p->bodies[i].text, FR_STYLE_SHEET_BYTES);
	p->bodies[i].order = u->order;
	p->bodies[i].is_inactive = u->inactive;
	if (u->lazy) {
		e->flags = (e->flags | FR_ENTRY_LAZY) & ~(unsigned)FR_ENTRY_NEEDED;
	} else if (!p->ops->request(p->user, i)) {
		entry(p, i)->flags |= FR_ENTRY_SKIPPED | FR_ENTRY_DONE;
		p->bodies[i].is_posted = p->bodies[i].is_taken = true;
	}
}

/* May what was fetched as e serve this use? As browsers match them: a push by
 * its URL, a preload by URL and CORS mode, what came early from the HTTP cache. */
static bool serves(const struct fr_measurement_entry *e, const struct fr_page_use *u)
{
	if (e->flags & (FR_ENTRY_CANCELLED | FR_ENTRY_SKIPPED | FR_ENTRY_LAZY))
		return false;
	if (e->flags & FR_ENTRY_NEEDED)
		return true;
	if (e->flags & FR_ENTRY_PUSHED)
		return !(e->flags & FR_ENTRY_FAILED);
	if (!is_hint(e->found))
		return true;
	/* a preload serves the destination that it names, and no other */
	if (!!(e->flags & FR_ENTRY_CORS) != u->cors || (!u->is_hint && e->as != u->as))
		return false;
	return e->found != FR_FOUND_EARLY_HINTS || !e->first_us || (e->flags & FR_ENTRY_CACHEABLE);
}

static void take(struct fr_page *p, size_t i, const struct fr_page_use *u)
{
	struct fr_measurement_entry *e = entry(p, i);

	if (u->is_hint)
		return;
	if (!(e->flags & FR_ENTRY_NEEDED)) {
		e->needed_us = p->now_us;
		p->bodies[i].is_inactive = u->inactive;
	}
	p->bodies[i].is_inactive &= u->inactive;
	if (!p->bodies[i].order)
		p->bodies[i].order = u->order;
	e->flags |= FR_ENTRY_NEEDED | (u->blocking ? FR_ENTRY_BLOCKING : 0) |
	            (u->module ? FR_ENTRY_MODULE : 0);
	/* the use decides what it is, not what somebody called it */
	e->as = u->as;
	if ((e->flags & FR_ENTRY_PUSHED) && e->found == FR_FOUND_PUSH) {
		e->found = u->found;
		e->parent = u->parent;
	}
}

/* The page has a use for ref, or a hint at it. */
void fr_page_use(struct fr_page *p, const struct fr_url *base, struct fr_str ref,
                 struct fr_page_use u)
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
		if (!fr_str_is(text, entry(p, i)->url))
			continue;
		if (serves(entry(p, i), &u)) {
			take(p, i, &u);
			fr_page_arrived(p, i);
			return;
		}
		if (!(entry(p, i)->flags & (FR_ENTRY_LAZY | FR_ENTRY_SKIPPED)))
			flags |= FR_ENTRY_DUPLICATE;
		else if (u.lazy || (entry(p, i)->flags & FR_ENTRY_SKIPPED))
			return;
	}
	fetch(p, text, &u, flags);
}

/* --- links in fields --- */

static void on_link(struct fr_page *p, const struct fr_link *l, enum fr_found found)
{
	bool module = l->rels & FR_REL_MODULEPRELOAD;
	struct fr_page_use u = {.as = module ? FR_AS_SCRIPT : fr_as_parse(l->as),
	                        .found = found,
	                        .late = module,
	                        .module = module,
	                        .cors = module || l->crossorigin != FR_CORS_NONE,
	                        .is_hint = true};

	if (!(l->rels & (FR_REL_PRELOAD | FR_REL_MODULEPRELOAD)) ||
	    !fr_preload_is_usable(u.as, l->type) || l->has_anchor || !fr_media_applies(l->media))
		return;
	u.blocking = false;
	fr_page_use(p, &p->url, fr_link_choice(l), u);
}

void fr_page_use_links(struct fr_page *p, struct fr_str value, enum fr_found found)
{
	struct fr_link l;

	while (fr_link_next(&p->arena, &value, &l, NULL))
		on_link(p, &l, found);
}

void fr_page_navigate(struct fr_page *p)
{
	struct fr_page_use u = {.as = FR_AS_DOCUMENT, .found = FR_FOUND_NAVIGATION, .parent = -1};

	fetch(p, fr_str_from(p->load->url), &u, 0);
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
	struct fr_measurement_entry *e;
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
	e = fr_measurement_add(p->load, text);
	if (!e)
		return FR_ERR_LIMIT;
	fr_buf_init(&p->bodies[p->load->n - 1].text, FR_STYLE_SHEET_BYTES);
	e->flags = flags;
	e->found = FR_FOUND_PUSH;
	e->parent = 0;
	e->as = as_of_accept(fr_fields_value(&req->fields, FR_FIELD_ACCEPT));
	e->promised_us = e->start_us = now_us;
	e->request_fields = fr_fields_text(&req->fields);
	return flags & FR_ENTRY_CANCELLED ? FR_ERR_REFUSED : (int)(p->load->n - 1);
}
