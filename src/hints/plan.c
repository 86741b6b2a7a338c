#include "hints/plan.h"

#include <stdio.h>

#include "base/err.h"
#include "http/link.h"
#include "http/url.h"

#define FIRST_CAP 16u

static const char *const sources[] = {
#define X(id, text) text,
	FR_HINT_SOURCE_TABLE(X)
#undef X
};
static const char *const deliveries[] = {
#define X(id, text) text,
	FR_DELIVERY_TABLE(X)
#undef X
};
static const char *const reasons[] = {
#define X(id, text) text,
	FR_REASON_TABLE(X)
#undef X
};
static const char *const destinations[] = {
#define X(id, text) text,
	FR_AS_TABLE(X)
#undef X
};

const char *fr_hint_source_str(enum fr_hint_source s)
{
	return (size_t)s < FR_COUNT(sources) ? sources[s] : "?";
}

const char *fr_delivery_str(enum fr_delivery d)
{
	return (size_t)d < FR_COUNT(deliveries) ? deliveries[d] : "?";
}

const char *fr_reason_str(enum fr_reason r)
{
	return (size_t)r < FR_COUNT(reasons) ? reasons[r] : "?";
}

const char *fr_as_str(enum fr_as as)
{
	return (size_t)as < FR_COUNT(destinations) ? destinations[as] : "unknown";
}

enum fr_as fr_as_parse(struct fr_str text)
{
	for (size_t i = 0; i < FR_COUNT(destinations); i++)
		if (fr_str_iis(text, destinations[i]))
			return (enum fr_as)i;
	return FR_AS_UNKNOWN;
}

enum fr_rank fr_as_rank(enum fr_as as)
{
	switch (as) {
	case FR_AS_STYLE:
	case FR_AS_SCRIPT:
	case FR_AS_FONT:
		return FR_RANK_BLOCKING;
	case FR_AS_IMAGE:
	case FR_AS_AUDIO:
	case FR_AS_VIDEO:
	case FR_AS_DOCUMENT:
	case FR_AS_EMBED:
	case FR_AS_OBJECT:
		return FR_RANK_LATE;
	case FR_AS_NONE:
	case FR_AS_FETCH:
	case FR_AS_TRACK:
	case FR_AS_WORKER:
	case FR_AS_UNKNOWN:
		break;
	}
	return FR_RANK_NORMAL;
}

const char *fr_as_accept(enum fr_as as)
{
	switch (as) {
	case FR_AS_STYLE:
		return "text/css,*/*;q=0.1";
	case FR_AS_IMAGE:
		return "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8";
	case FR_AS_DOCUMENT:
		return "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
	default:
		return "*/*";
	}
}

/* --- judging one link --- */

/* A media query that may not match the client must not cost it a push. */
static bool media_matches(struct fr_str media)
{
	media = fr_str_trim(media);
	return media.len == 0 || fr_str_iis(media, "all") || fr_str_iis(media, "screen");
}

/* The essence of a media type: without parameters. */
static struct fr_str essence(struct fr_str type)
{
	return fr_str_trim(fr_str_sub(type, 0, fr_str_find(type, ';')));
}

static bool accepts(struct fr_str accept, struct fr_str type)
{
	struct fr_str item;

	while (fr_str_next_item(&accept, &item))
		if (fr_str_ieq(essence(item), type))
			return true;
	return false;
}

static bool image_is_usable(struct fr_str type, struct fr_str accept)
{
	static const char *const everywhere[] = {"image/png",    "image/jpeg",
	                                         "image/gif",    "image/svg+xml",
	                                         "image/x-icon", "image/vnd.microsoft.icon",
	                                         "image/bmp"};

	for (size_t i = 0; i < FR_COUNT(everywhere); i++)
		if (fr_str_iis(type, everywhere[i]))
			return true;
	return fr_str_istarts(type, FR_STR("image/")) && accepts(accept, type);
}

static bool script_is_usable(struct fr_str type)
{
	static const char *const known[] = {
		"text/javascript", "application/javascript", "module",
		"text/ecmascript", "application/ecmascript", "application/x-javascript"};

	for (size_t i = 0; i < FR_COUNT(known); i++)
		if (fr_str_iis(type, known[i]))
			return true;
	return false;
}

static bool font_is_usable(struct fr_str type)
{
	return fr_str_iis(type, "font/woff2") || fr_str_iis(type, "font/woff") ||
	       fr_str_iis(type, "font/ttf") || fr_str_iis(type, "font/otf") ||
	       fr_str_iis(type, "application/font-woff2") ||
	       fr_str_iis(type, "application/font-woff");
}

/* Can clients use this type for that destination? Types of destinations that
 * we know nothing of are believed. */
static bool type_is_usable(enum fr_as as, struct fr_str type, struct fr_str accept)
{
	type = essence(type);
	if (type.len == 0)
		return true;
	switch (as) {
	case FR_AS_STYLE:
		return fr_str_iis(type, "text/css");
	case FR_AS_SCRIPT:
	case FR_AS_WORKER:
		return script_is_usable(type);
	case FR_AS_FONT:
		return font_is_usable(type);
	case FR_AS_IMAGE:
		return image_is_usable(type, accept);
	default:
		return true;
	}
}

struct judging { /* what a link is judged against */
	struct fr_plan *plan;
	const struct fr_plan_page *page;
	struct fr_url base;
};

static bool is_absolute(struct fr_str ref)
{
	/* scheme-relative counts as absolute: it names the host */
	return fr_str_istarts(ref, FR_STR("http:")) || fr_str_istarts(ref, FR_STR("https:")) ||
	       fr_str_starts(ref, FR_STR("//"));
}

static enum fr_reason judge_url(struct judging *j, const struct fr_link *link, struct fr_hint *hint)
{
	struct fr_url url;
	int rc = fr_url_resolve(j->plan->arena, &j->base, link->target, &url);

	if (rc == FR_ERR_UNSUPPORTED)
		return FR_REASON_CROSS_ORIGIN;
	if (rc < 0)
		return FR_REASON_BAD_URL;
	if (!fr_url_same_origin(&url, &j->base))
		return FR_REASON_CROSS_ORIGIN;
	if (is_absolute(link->target) && !j->page->absolute_links)
		return FR_REASON_ABSOLUTE;
	hint->target = url.target;
	return fr_str_eq(url.target, j->base.target) ? FR_REASON_SELF : FR_REASON_UNDECIDED;
}

/* An anchor makes the link speak of something else than the page, unless it
 * is the page. */
static bool anchor_is_page(struct judging *j, const struct fr_link *link)
{
	struct fr_url url;

	return fr_url_resolve(j->plan->arena, &j->base, link->anchor, &url) == 0 &&
	       fr_url_same_origin(&url, &j->base) && fr_str_eq(url.target, j->base.target) &&
	       fr_str_find(link->anchor, '#') == link->anchor.len;
}

static bool is_duplicate(const struct fr_plan *p, struct fr_str target)
{
	for (size_t i = 0; i < p->n; i++)
		if (fr_str_eq(p->v[i]->target, target))
			return true;
	return false;
}

static enum fr_reason judge(struct judging *j, const struct fr_link *link, struct fr_hint *hint)
{
	enum fr_reason url = judge_url(j, link, hint);

	if (!(link->rels & (FR_REL_PRELOAD | FR_REL_MODULEPRELOAD)))
		return FR_REASON_NOT_PRELOAD;
	if (url != FR_REASON_UNDECIDED)
		return url;
	if (link->has_anchor && !anchor_is_page(j, link))
		return FR_REASON_ANCHOR;
	if (link->nopush)
		return FR_REASON_NOPUSH;
	if (hint->as == FR_AS_UNKNOWN)
		return FR_REASON_NO_AS;
	if (link->media.p && !media_matches(link->media))
		return FR_REASON_MEDIA;
	if (link->imagesrcset.len)
		return FR_REASON_SRCSET;
	if (!type_is_usable(hint->as, link->type, j->page->accept))
		return FR_REASON_TYPE;
	return FR_REASON_UNDECIDED;
}

/* --- plans --- */

void fr_plan_init(struct fr_plan *p, struct fr_arena *arena)
{
	*p = (struct fr_plan){.arena = arena};
}

static bool grow(struct fr_plan *p)
{
	size_t cap = p->cap ? p->cap * 2 : FIRST_CAP;
	struct fr_hint **v;

	if (p->n < p->cap)
		return true;
	v = fr_arena_alloc(p->arena, cap * sizeof *v);
	if (!v)
		return false;
	if (p->n)
		memcpy(v, p->v, p->n * sizeof *v);
	p->v = v;
	p->cap = cap;
	return true;
}

static struct fr_hint *new_hint(struct fr_plan *p)
{
	struct fr_hint *hint;

	if (p->n >= FR_PLAN_MAX_HINTS || !grow(p))
		return NULL;
	hint = fr_arena_calloc(p->arena, 1, sizeof *hint);
	return hint;
}

static enum fr_as as_of(const struct fr_link *link)
{
	if (!link->as.len && (link->rels & FR_REL_MODULEPRELOAD))
		return FR_AS_SCRIPT;
	return fr_as_parse(link->as);
}

static void add_link(struct judging *j, const struct fr_link *link, enum fr_hint_source source)
{
	struct fr_plan *p = j->plan;
	struct fr_hint *hint;
	enum fr_reason reason;

	if (link->rels == 0)
		return;
	hint = new_hint(p);
	if (!hint || fr_arena_copy(p->arena, link->target, &hint->url) < 0) {
		p->dropped++;
		return;
	}
	hint->as = as_of(link);
	hint->source = source;
	reason = judge(j, link, hint);
	if (hint->target.len && reason != FR_REASON_SELF && is_duplicate(p, hint->target))
		reason = FR_REASON_DUPLICATE;
	if (reason != FR_REASON_UNDECIDED)
		fr_hint_decide(hint, FR_DELIVERY_LINK, reason);
	p->v[p->n++] = hint;
}

void fr_plan_add_link_field(struct fr_plan *p, const struct fr_plan_page *page, struct fr_str value,
                            enum fr_hint_source source)
{
	struct judging j = {.plan = p, .page = page};
	struct fr_link link;
	struct fr_str text;

	if (fr_arena_printf(p->arena, &text, "%.*s://%.*s%.*s", FR_STR_ARG(page->scheme),
	                    FR_STR_ARG(page->authority), FR_STR_ARG(page->target)) < 0 ||
	    fr_url_parse(p->arena, text, &j.base) < 0) {
		p->malformed++;
		return;
	}
	while (fr_link_next(p->arena, &value, &link, &p->malformed))
		add_link(&j, &link, source);
}

void fr_plan_order(struct fr_plan *p)
{
	/* insertion sort: stable, and a plan is short and mostly in order */
	for (size_t i = 1; i < p->n; i++) {
		struct fr_hint *hint = p->v[i];
		size_t k = i;

		while (k && fr_as_rank(p->v[k - 1]->as) > fr_as_rank(hint->as)) {
			p->v[k] = p->v[k - 1];
			k--;
		}
		p->v[k] = hint;
	}
}

void fr_hint_decide(struct fr_hint *h, enum fr_delivery d, enum fr_reason r)
{
	FR_ASSERT(h->reason == FR_REASON_UNDECIDED && r != FR_REASON_UNDECIDED);
	h->delivery = d;
	h->reason = r;
}

size_t fr_plan_summary(const struct fr_plan *p, char *out, size_t cap)
{
	size_t counts[FR_REASON_COUNT] = {0}, n;
	int m;

	for (size_t i = 0; i < p->n; i++)
		counts[p->v[i]->reason]++;
	m = snprintf(out, cap, "links=%zu", p->n + p->dropped);
	n = m < 0 ? 0 : (size_t)m;
	for (size_t r = 0; r < FR_REASON_COUNT && n < cap; r++) {
		if (!counts[r])
			continue;
		m = snprintf(out + n, cap - n, ", %s=%zu", reasons[r], counts[r]);
		if (m < 0 || (size_t)m >= cap - n) {
			out[n] = '\0'; /* whole entries only */
			break;
		}
		n += (size_t)m;
	}
	return n < cap ? n : cap - 1;
}
