/* Derives advice from measured loads: links to add or remove, mistakes, expected gains. */
#include "lab/replay/advice.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/enum.h"
#include "base/mem.h"
#include "http/link.h"
#include "http/url.h"
#include "lab/model/media.h"
#include "lab/replay/findings.h"
#include "lab/replay/marked.h"

#define TEXT_BYTES 1024u
/* The links of one response, as they are read. */
#define LINKS_BYTES (1u << 20)

FR_ENUM_STR(fr_advice_kind_str, fr_advice_kind, FR_ADVICE_TABLE)

void fr_advice_add(struct fr_advice *a, enum fr_advice_kind kind, const char *link,
                   const char *format, ...)
{
	struct fr_advice_item *item;
	char text[TEXT_BYTES];
	va_list args;

	if (a->n == FR_ADVICE_MAX_ITEMS)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	item = &a->items[a->n++];
	*item = (struct fr_advice_item){.kind = kind, .text = fr_str_dup(fr_str_from(text))};
	if (link)
		item->link = fr_str_dup(fr_str_from(link));
}

void fr_advice_fini(struct fr_advice *a)
{
	for (size_t i = 0; i < a->n; i++) {
		free(a->items[i].text);
		free(a->items[i].link);
	}
	for (size_t i = 0; i < a->n_links; i++)
		free(a->links[i]);
	free(a->url);
	*a = (struct fr_advice){0};
}

/* --- words --- */

struct fr_str fr_advice_target(const char *page, const char *url)
{
	struct fr_str s = fr_str_from(url), origin = fr_url_origin(url);

	return fr_str_eq(origin, fr_url_origin(page)) ? fr_str_sub(s, origin.len, s.len) : s;
}

char *fr_advice_link(struct fr_str target, enum fr_as as, unsigned flags)
{
	struct fr_link link = {.rels = FR_REL_PRELOAD, .as = fr_str_from(fr_as_str(as))};
	/* fonts and what scripts fetch are asked for with CORS, also from one's own host */
	bool cors = (flags & FR_ENTRY_CORS) || as == FR_AS_FONT || as == FR_AS_FETCH;
	struct fr_arena arena;
	struct fr_str text;
	char *out = NULL;

	if ((flags & FR_ENTRY_MODULE) && as == FR_AS_SCRIPT)
		link = (struct fr_link){.rels = FR_REL_MODULEPRELOAD};
	else if (cors)
		link.crossorigin = FR_CORS_ANONYMOUS;
	fr_arena_init(&arena, 65536);
	if (fr_link_write(&arena, &link, target, &text) == 0)
		out = fr_str_dup(text);
	fr_arena_fini(&arena);
	return out;
}

/* --- what to add --- */

static bool is_own(const struct fr_measurement_entry *e)
{
	return (e->flags & FR_ENTRY_NEEDED) &&
	       !(e->flags &
	         (FR_ENTRY_CROSS_ORIGIN | FR_ENTRY_SKIPPED | FR_ENTRY_LAZY | FR_ENTRY_FAILED));
}

static bool has_as(const struct fr_measurement_entry *e)
{
	return e->as == FR_AS_STYLE || e->as == FR_AS_SCRIPT || e->as == FR_AS_FONT ||
	       e->as == FR_AS_IMAGE || e->as == FR_AS_FETCH;
}

/* Named by another asset, not by the page. */
static bool is_late(const struct fr_measurement *l, const struct fr_measurement_entry *e)
{
	return e->parent > 0 && (size_t)e->parent < l->n;
}

#define GROUPS 5u
#define SCRIPTS 2u

/* In the order in which they are worth it: what blocks, then what is found
 * late, then other scripts, then pictures. */
static unsigned group_of(const struct fr_measurement *l, const struct fr_measurement_entry *e)
{
	if (e->flags & FR_ENTRY_BLOCKING)
		return 0;
	if (e->as == FR_AS_FONT || (is_late(l, e) && e->as == FR_AS_STYLE))
		return 1;
	if (e->as == FR_AS_SCRIPT || e->as == FR_AS_STYLE)
		return SCRIPTS;
	return is_late(l, e) ? 3 : 4;
}

/* never at the cost of rendering */
static bool is_worse(const struct fr_replay_result *a, const struct fr_replay_result *b)
{
	return a->render_us > b->render_us + b->render_us / 200 ||
	       a->text_us > b->text_us + b->text_us / 200;
}

/* A page that is there and does not react is not what anybody waits for: scripts
 * may take some of what rendering gained if the page is complete sooner by twice
 * that, and rendering is still no later than without hints. */
static bool is_fair(const struct fr_replay_result *a, const struct fr_replay_result *b,
                    const struct fr_replay_result *none)
{
	uint64_t lost = a->render_us > b->render_us ? a->render_us - b->render_us : 0;

	return !is_worse(a, none) && a->complete_us + 2 * lost < b->complete_us;
}

/* a hint has to be worth its line */
static bool is_better(const struct fr_replay_result *a, const struct fr_replay_result *b)
{
	return a->complete_us + b->complete_us / 100 < b->complete_us ||
	       a->text_us + b->text_us / 100 < b->text_us ||
	       a->render_us + b->render_us / 100 < b->render_us;
}

static size_t add_group(const struct fr_measurement *l, unsigned group, bool *early, size_t n)
{
	for (size_t i = 1; i < l->n && n < FR_ADVICE_MAX_LINKS; i++) {
		const struct fr_measurement_entry *e = &l->entries[i];

		if (!early[i] && is_own(e) && has_as(e) && (e->flags & FR_ENTRY_CACHEABLE) &&
		    group_of(l, e) == group) {
			early[i] = true;
			n++;
		}
	}
	return n;
}

static bool is_refused(const struct fr_replay_result *with, const struct fr_replay_result *so_far,
                       const struct fr_replay_result *none, unsigned group)
{
	return is_worse(with, so_far) && (group != SCRIPTS || !is_fair(with, so_far, none));
}

/* Group by group, as long as one way of delivery gains by it and none loses. What neither
 * gains nor loses waits for the next group: chains may only be shorter together. */
static void choose(const struct fr_measurement *l, const struct fr_network *network,
                   struct fr_advice *a, bool *early)
{
	uint64_t think = fr_replay_think(l, network);
	bool *trial = fr_calloc(l->n, sizeof *trial), *kept = fr_calloc(l->n, sizeof *kept);
	size_t n = 0;

	a->before = fr_replay(l, network, think, NULL, FR_DELIVERY_NONE);
	a->push = a->early_hints = a->before;
	for (unsigned g = 0; g < GROUPS; g++) {
		struct fr_replay_result push, hints;
		size_t more;

		memcpy(trial, kept, l->n * sizeof *trial);
		more = add_group(l, g, trial, n);
		if (more == n)
			continue;
		push = fr_replay(l, network, think, trial, FR_DELIVERY_PUSH);
		hints = fr_replay(l, network, think, trial, FR_DELIVERY_EARLY_HINTS);
		if (is_refused(&push, &a->push, &a->before, g) ||
		    is_refused(&hints, &a->early_hints, &a->before, g))
			continue;
		memcpy(kept, trial, l->n * sizeof *trial);
		n = more;
		if (!is_better(&push, &a->push) && !is_better(&hints, &a->early_hints))
			continue;
		memcpy(early, trial, l->n * sizeof *trial);
		a->push = push;
		a->early_hints = hints;
	}
	free(trial);
	free(kept);
}

static bool is_worth(uint64_t before, uint64_t after)
{
	return before > after && before - after >= FR_ADVICE_LEAST_US &&
	       (before - after) * 100 >= before * FR_ADVICE_LEAST_PERCENT;
}

static bool has_link(const struct fr_advice *a, const char *link)
{
	for (size_t i = 0; i < a->n_links; i++)
		if (strcmp(a->links[i], link) == 0)
			return true;
	return false;
}

static void add_links(const struct fr_measurement *l, const bool *early, struct fr_advice *a)
{
	for (size_t i = 1; i < l->n; i++) {
		const struct fr_measurement_entry *e = &l->entries[i];
		char *link;

		if (!early[i] || a->n_links == FR_ADVICE_MAX_LINKS)
			continue;
		link = fr_advice_link(fr_advice_target(l->url, e->url), e->as, e->flags);
		if (link && !has_link(a, link))
			a->links[a->n_links++] = link;
		else
			free(link);
	}
}

static bool gains(const struct fr_replay_result *before, const struct fr_replay_result *after)
{
	return is_worth(before->render_us, after->render_us) ||
	       is_worth(before->text_us, after->text_us) ||
	       is_worth(before->complete_us, after->complete_us);
}

static double sooner(uint64_t before, uint64_t after)
{
	return ((double)before - (double)after) / 1000;
}

/* Did that load have early all that is advised? Then the server knows of it. */
static bool had_all(const struct fr_measurement *hinted, const bool *early,
                    const struct fr_measurement *l)
{
	for (size_t i = 1; i < l->n; i++) {
		bool had = !early[i];

		for (size_t k = 1; !had && k < hinted->n; k++)
			had = (hinted->entries[k].flags & (FR_ENTRY_PUSHED | FR_ENTRY_EARLY)) &&
			      strcmp(hinted->entries[k].url, l->entries[i].url) == 0;
		if (!had)
			return false;
	}
	return true;
}

#define UNKNOWN "before the page does, so that they are on their way while it is still being made"
#define KNOWN                                                                                      \
	"can be sent early, and the server does so once it has seen the page; named in Link, the " \
	"first load gains, too"
#define PERSONAL                                                                                   \
	" The page may be one visitor's own, so an edge in front of visitors sends this to "       \
	"others "                                                                                  \
	"once three of them have shown it (hints.witnesses), and by a rule at once."

static void advise_hints(const struct fr_measurement *l, const struct fr_measurement *hinted,
                         const struct fr_network *network, struct fr_advice *a)
{
	bool *early = fr_calloc(l->n, sizeof *early), is_known;

	choose(l, network, a, early);
	is_known = hinted && had_all(hinted, early, l);
	a->has_gain = gains(&a->before, &a->push) || gains(&a->before, &a->early_hints);
	if (a->has_gain) {
		add_links(l, early, a);
		fr_advice_add(a, FR_ADVICE_ADD, NULL,
		              "%s%zu asset%s %s. Expected with 103: drawn %.0f ms sooner, complete "
		              "%.0f ms sooner; with push: %.0f and %.0f ms.%s",
		              is_known ? "" : "Name ", a->n_links, a->n_links == 1 ? "" : "s",
		              is_known ? KNOWN : UNKNOWN,
		              sooner(a->before.render_us, a->early_hints.render_us),
		              sooner(a->before.complete_us, a->early_hints.complete_us),
		              sooner(a->before.render_us, a->push.render_us),
		              sooner(a->before.complete_us, a->push.complete_us),
		              fr_findings_is_personal(l) ? PERSONAL : "");
	}
	free(early);
}

/* --- what is wrong --- */

static bool is_chained(const struct fr_measurement *l, size_t i)
{
	const struct fr_measurement_entry *e = &l->entries[i];

	return is_own(e) && is_late(l, e) && (e->as == FR_AS_STYLE || e->as == FR_AS_FONT);
}

static bool is_chained_sheet(const struct fr_measurement *l, size_t i)
{
	return is_chained(l, i) && l->entries[i].as == FR_AS_STYLE;
}

static void advise_chain(const struct fr_measurement *l, struct fr_advice *a)
{
	struct fr_marked all, sheets;

	fr_marked_by(l, is_chained, &all);
	fr_marked_by(l, is_chained_sheet, &sheets);
	if (all.n)
		fr_advice_add(
			a, FR_ADVICE_LATE, NULL,
			"Found late, each link of the chain costs a round trip: %s. Name them in "
			"the page or in a Link field%s.",
			all.names, sheets.n ? "; join imported style sheets" : "");
}

static void advise_waste(const struct fr_measurement *l, struct fr_advice *a)
{
	struct fr_marked m;

	fr_marked_flags(l, FR_ENTRY_PUSHED, FR_ENTRY_NEEDED | FR_ENTRY_CANCELLED, &m);
	if (m.n && l->has_unrun_scripts)
		fr_advice_add(a, FR_ADVICE_UNSEEN, NULL,
		              "Pushed (%llu KiB), and the page was not seen to use it: %s. Scripts "
		              "were not run; check with a browser (--browser).",
		              (unsigned long long)m.bytes / 1024, m.names);
	else if (m.n)
		fr_advice_add(a, FR_ADVICE_UNUSED, NULL,
		              "Pushed and of no use to the page (%llu KiB): %s. Take them out of "
		              "what names them (Link, rules, the HTML), or add nopush.",
		              (unsigned long long)m.bytes / 1024, m.names);
	fr_marked_flags(l, FR_ENTRY_PUSHED | FR_ENTRY_CANCELLED, 0, &m);
	if (m.n)
		fr_advice_add(a, FR_ADVICE_UNUSED, NULL,
		              "Pushed when they were already on their way, and cancelled: %s.",
		              m.names);
	fr_marked_flags(l, FR_ENTRY_DUPLICATE, FR_ENTRY_CANCELLED, &m);
	if (m.n)
		fr_advice_add(
			a, FR_ADVICE_MISTAKE, NULL,
			"Fetched twice: %s. A hint must have the same crossorigin as the use, and "
			"what it names must be cacheable.",
			m.names);
}

/* --- the Link field that is there --- */

/* Path and query of what a link names, or all of its URL if that is of another host. */
static struct fr_str resolve(const struct fr_measurement *l, struct fr_str target,
                             struct fr_arena *arena)
{
	struct fr_url page, url;
	struct fr_str text;

	if (fr_url_parse(arena, fr_str_from(l->url), &page) < 0 ||
	    fr_url_resolve(arena, &page, target, &url) < 0)
		return target;
	if (fr_url_same_origin(&url, &page))
		return url.target;
	if (fr_arena_printf(arena, &text, "%.*s://%.*s%.*s", FR_STR_ARG(url.scheme),
	                    FR_STR_ARG(url.host), FR_STR_ARG(url.target)) < 0)
		return target;
	return text;
}

/* The entry that a link names: the one that the page has a use for, where a wrong
 * link made the browser fetch it twice. */
static const struct fr_measurement_entry *find(const struct fr_measurement *l, struct fr_str target)
{
	const struct fr_measurement_entry *found = NULL;

	for (size_t i = 1; i < l->n; i++) {
		const struct fr_measurement_entry *e = &l->entries[i];

		if (!fr_str_eq(fr_advice_target(l->url, e->url), target) &&
		    !fr_str_is(target, e->url))
			continue;
		if (e->flags & FR_ENTRY_NEEDED)
			return e;
		found = found ? found : e;
	}
	return found;
}

/* Only a load in which everything ran can tell that something is of no use. */
static void advise_unneeded(const struct fr_measurement *l, const char *name, struct fr_advice *a)
{
	if (l->has_unrun_scripts)
		fr_advice_add(
			a, FR_ADVICE_UNSEEN, NULL,
			"The link to %s: the page was not seen to use it. Scripts were not run; "
			"check with a browser (--browser).",
			name);
	else
		fr_advice_add(a, FR_ADVICE_UNUSED, NULL,
		              "The link to %s names what the page does not need: take it out.",
		              name);
}

static void check_link(const struct fr_measurement *l, const struct fr_link *k, bool *pictures,
                       struct fr_arena *arena, struct fr_advice *a)
{
	const struct fr_measurement_entry *e = find(l, resolve(l, fr_link_choice(k), arena));
	enum fr_as as = fr_as_parse(k->as);
	char name[256], *better = NULL;

	(void)snprintf(name, sizeof name, "%.*s", FR_STR_ARG(k->target));
	if (!(k->rels & FR_REL_PRELOAD) || !fr_media_applies(k->media))
		return;
	if (e && has_as(e) && !k->imagesrcset.len)
		better = fr_advice_link(k->target, e->as, e->flags);
	if (as == FR_AS_NONE || as == FR_AS_UNKNOWN)
		fr_advice_add(a, FR_ADVICE_MISTAKE, better,
		              "The link to %s has no as, so browsers ignore it.", name);
	else if (as == FR_AS_FONT && k->crossorigin == FR_CORS_NONE)
		fr_advice_add(
			a, FR_ADVICE_MISTAKE, better,
			"The link to the font %s has no crossorigin: browsers cannot use what it "
			"names, and ask for the font again.",
			name);
	else if (e && as != e->as && has_as(e) && (e->flags & FR_ENTRY_NEEDED))
		fr_advice_add(a, FR_ADVICE_MISTAKE, better,
		              "The link to %s says as=%s; it is used as %s.", name, fr_as_str(as),
		              fr_as_str(e->as));
	else if ((!e || !(e->flags & FR_ENTRY_NEEDED)) && k->target.len)
		advise_unneeded(l, name, a);
	if (e && as == FR_AS_IMAGE && !k->nopush)
		pictures[e - l->entries] = true;
	free(better);
}

/* Pictures that are pushed compete with what blocks: do they cost? */
static void check_pictures(const struct fr_measurement *l, const struct fr_network *network,
                           const bool *pictures, struct fr_advice *a)
{
	uint64_t think = fr_replay_think(l, network);
	bool *early = fr_calloc(l->n, sizeof *early);
	struct fr_replay_result without, with;
	struct fr_marked m;

	for (size_t i = 1; i < l->n; i++)
		early[i] = is_own(&l->entries[i]) && group_of(l, &l->entries[i]) < 2;
	without = fr_replay(l, network, think, early, FR_DELIVERY_PUSH);
	for (size_t i = 1; i < l->n; i++)
		early[i] |= pictures[i];
	with = fr_replay(l, network, think, early, FR_DELIVERY_PUSH);
	fr_marked_in(l, pictures, &m);
	if (m.n && with.render_us > without.render_us + without.render_us / 50)
		fr_advice_add(
			a, FR_ADVICE_NOPUSH, NULL,
			"Add nopush to pictures, which delay what is drawn first by %.0f ms: %s.",
			((double)with.render_us - (double)without.render_us) / 1000, m.names);
	free(early);
}

/* The links of the page's response, one after the other. */
struct page_links {
	struct fr_arena arena;
	struct fr_str rest, line;
};

static void page_links_begin(struct page_links *w, const struct fr_measurement *l)
{
	const char *fields = l->n ? l->entries[0].response_fields : NULL;

	fr_arena_init(&w->arena, LINKS_BYTES);
	w->rest = fr_str_from(fields ? fields : "");
	w->line = (struct fr_str){0};
}

static bool page_links_next(struct page_links *w, struct fr_link *out)
{
	while (!fr_link_next(&w->arena, &w->line, out, NULL)) {
		size_t end = fr_str_find(w->rest, '\n');

		if (!w->rest.len)
			return false;
		w->line = fr_str_sub(w->rest, 0, end);
		w->rest = fr_str_sub(w->rest, end + 1, w->rest.len);
		w->line = fr_str_istarts(w->line, FR_STR("link:"))
		                  ? fr_str_sub(w->line, strlen("link:"), w->line.len)
		                  : (struct fr_str){0};
	}
	return true;
}

static void check_links(const struct fr_measurement *l, const struct fr_network *network,
                        struct fr_advice *a)
{
	bool *pictures = fr_calloc(l->n, sizeof *pictures);
	struct page_links w;
	struct fr_link k;

	page_links_begin(&w, l);
	while (page_links_next(&w, &k))
		check_link(l, &k, pictures, &w.arena, a);
	check_pictures(l, network, pictures, a);
	fr_arena_fini(&w.arena);
	free(pictures);
}

/* --- other hosts --- */

/* Does the page's response name the host of that entry for a connection ahead of time? */
static bool is_preconnected(const struct fr_measurement *l, const struct fr_measurement_entry *e)
{
	struct page_links w;
	struct fr_link k;
	bool is = false;

	page_links_begin(&w, l);
	while (!is && page_links_next(&w, &k)) {
		struct fr_str host = fr_str_sub(k.target, 0, fr_url_origin(e->url).len);

		is = (k.rels & FR_REL_PRECONNECT) && fr_str_ieq(host, fr_url_origin(e->url));
	}
	fr_arena_fini(&w.arena);
	return is;
}

static bool is_elsewhere(const struct fr_measurement *l, size_t i)
{
	const struct fr_measurement_entry *e = &l->entries[i];

	return i && (e->flags & FR_ENTRY_CROSS_ORIGIN) && !is_preconnected(l, e);
}

static void advise_third_party(const struct fr_measurement *l, struct fr_advice *a)
{
	struct fr_marked m;

	fr_marked_by(l, is_elsewhere, &m);
	if (m.n)
		fr_advice_add(
			a, FR_ADVICE_THIRD_PARTY, NULL,
			"Of other hosts, from which nothing can be sent early: %s. Serve them "
			"from the page's own host, or name their hosts in a Link field with "
			"rel=preconnect.",
			m.names);
}

void fr_advice_make(const struct fr_measurement *off, const struct fr_measurement *hinted,
                    const struct fr_network *network, struct fr_advice *out)
{
	*out = (struct fr_advice){.url = fr_str_dup(fr_str_from(off->url))};
	if (off->n) {
		fr_findings_add(off, fr_replay_think(off, network), out);
		advise_hints(off, hinted, network, out);
		check_links(off, network, out);
		advise_chain(off, out);
		advise_waste(hinted ? hinted : off, out);
		advise_third_party(off, out);
	}
}
