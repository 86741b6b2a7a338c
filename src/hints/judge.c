/* Judges a link by rules that need no network: URL, media, type, `as`, and whether a 103
 * may name it. */
#include "hints/judge.h"

#include <stdio.h>

#include <string.h>

#include "base/err.h"
#include "http/media_type.h"
#include "http/type_kind.h"

/* --- types and media --- */

/* A media query that may not match the client must not cost it a push. */
static bool media_matches(struct fr_str media)
{
	media = fr_str_trim(media);
	return media.len == 0 || fr_str_iis(media, "all") || fr_str_iis(media, "screen");
}

static bool accepts(struct fr_str accept, struct fr_str type)
{
	struct fr_str item;

	while (fr_str_next_item(&accept, &item))
		if (fr_str_ieq(fr_media_type_of(item), type))
			return true;
	return false;
}

static bool image_is_usable(struct fr_str type, struct fr_str accept)
{
	return fr_type_kind_of(type) == FR_TYPE_PICTURE &&
	       (fr_type_is_usable(type, FR_TYPE_EVERYWHERE) || accepts(accept, type));
}

static bool script_is_usable(struct fr_str type)
{
	return fr_type_kind_of(type) == FR_TYPE_SCRIPT || fr_str_iis(type, "module");
}

static bool font_is_usable(struct fr_str type)
{
	return fr_type_kind_of(type) == FR_TYPE_FONT && fr_type_is_usable(type, FR_TYPE_EVERYWHERE);
}

/* Can clients use this type for that destination? Types of destinations that
 * we know nothing of are believed. */
static bool type_is_usable(enum fr_as as, struct fr_str type, struct fr_str accept)
{
	type = fr_media_type_of(type);
	if (type.len == 0)
		return true;
	switch (as) {
	case FR_AS_STYLE:
		return fr_type_kind_of(type) == FR_TYPE_STYLE;
	case FR_AS_SCRIPT:
	case FR_AS_WORKER:
		return script_is_usable(type);
	case FR_AS_FONT:
		return font_is_usable(type);
	case FR_AS_IMAGE:
		return image_is_usable(type, accept);
	case FR_AS_NONE:
	case FR_AS_FETCH:
	case FR_AS_TRACK:
	case FR_AS_AUDIO:
	case FR_AS_VIDEO:
	case FR_AS_DOCUMENT:
	case FR_AS_EMBED:
	case FR_AS_OBJECT:
	case FR_AS_UNKNOWN:
		break;
	}
	return true;
}

/* --- the target --- */

static bool is_absolute(struct fr_str ref)
{
	/* scheme-relative counts as absolute: it names the host */
	return fr_str_istarts(ref, FR_STR("http:")) || fr_str_istarts(ref, FR_STR("https:")) ||
	       fr_str_starts(ref, FR_STR("//"));
}

static bool write_whole(struct fr_arena *a, const struct fr_url *url, struct fr_str *out)
{
	char port[8] = "";

	if (url->port != fr_scheme_default_port(url->scheme))
		(void)snprintf(port, sizeof port, ":%u", url->port);
	return fr_arena_printf(a, out, "%.*s://%.*s%s%.*s", FR_STR_ARG(url->scheme),
	                       FR_STR_ARG(url->host), port, FR_STR_ARG(url->target)) == 0;
}

/* Where it points; a reason if that can be no asset of the page's origin. */
static enum fr_reason judge_url(const struct fr_plan *p, struct fr_hint *hint)
{
	struct fr_url url;
	int rc = fr_url_resolve(p->arena, &p->base, hint->link.target, &url);

	if (rc == FR_ERR_UNSUPPORTED)
		return FR_REASON_CROSS_ORIGIN; /* data: and the like */
	if (rc < 0)
		return FR_REASON_BAD_URL;
	if (!fr_url_same_origin(&url, &p->base))
		return write_whole(p->arena, &url, &hint->whole) ? FR_REASON_CROSS_ORIGIN
		                                                 : FR_REASON_BAD_URL;
	/* written as a reference it would name a host (browsers turn backslashes, too) */
	if (fr_str_starts(url.target, FR_STR("//")))
		return FR_REASON_BAD_URL;
	if (is_absolute(hint->link.target) && !p->page.absolute_links)
		return FR_REASON_ABSOLUTE;
	hint->target = url.target;
	return fr_str_eq(url.target, p->base.target) ? FR_REASON_SELF : FR_REASON_UNDECIDED;
}

/* An anchor makes the link speak of something else than the page, unless it
 * is the page. */
static bool anchor_is_page(const struct fr_plan *p, const struct fr_link *link)
{
	struct fr_url url;

	return fr_url_resolve(p->arena, &p->base, link->anchor, &url) == 0 &&
	       fr_url_same_origin(&url, &p->base) && fr_str_eq(url.target, p->base.target) &&
	       fr_str_find(link->anchor, '#') == link->anchor.len;
}

/* --- the link --- */

static enum fr_as as_of(const struct fr_link *link)
{
	if (!link->as.len && (link->rels & FR_REL_MODULEPRELOAD))
		return FR_AS_SCRIPT;
	return fr_as_parse(link->as);
}

/* What is not for every client that gets the page. */
static enum fr_reason judge_use(const struct fr_plan *p, const struct fr_hint *hint)
{
	const struct fr_link *link = &hint->link;

	if (hint->as == FR_AS_UNKNOWN)
		return FR_REASON_NO_AS;
	if (link->media.p && !media_matches(link->media))
		return FR_REASON_MEDIA;
	if (link->imagesrcset.len)
		return FR_REASON_SRCSET;
	if (!type_is_usable(hint->as, link->type, p->page.accept))
		return FR_REASON_TYPE;
	return FR_REASON_UNDECIDED;
}

static enum fr_reason judge_early(const struct fr_hint *hint, enum fr_reason use)
{
	const struct fr_link *link = &hint->link;

	if (!(link->rels & (FR_REL_PRELOAD | FR_REL_MODULEPRELOAD)))
		return FR_REASON_UNDECIDED; /* preconnect */
	if (use != FR_REASON_UNDECIDED)
		return use;
	if (hint->as == FR_AS_NONE)
		return FR_REASON_NO_AS;
	if (hint->as == FR_AS_FONT && link->crossorigin == FR_CORS_NONE)
		return FR_REASON_NO_CORS;
	return FR_REASON_UNDECIDED;
}

void fr_hint_rank(struct fr_hint *hint)
{
	enum fr_rank rank = fr_as_rank(hint->as);
	bool is_late = (hint->flags & (FR_HINT_LATE | FR_HINT_BLOCKING)) == FR_HINT_LATE;

	/* what nothing waits for goes after the page; if any source saw it where
	 * rendering does wait, that counts */
	hint->rank = rank == FR_RANK_BLOCKING && is_late ? FR_RANK_LATE : rank;
}

bool fr_hint_judge(const struct fr_plan *p, struct fr_hint *hint)
{
	const struct fr_link *link = &hint->link;
	enum fr_reason url = judge_url(p, hint), use;

	hint->as = as_of(link);
	fr_hint_rank(hint);
	if (url != FR_REASON_UNDECIDED && url != FR_REASON_CROSS_ORIGIN &&
	    (link->rels & (FR_REL_PRELOAD | FR_REL_MODULEPRELOAD))) {
		hint->against.push = hint->against.early = url;
		return false;
	}
	use = judge_use(p, hint);
	hint->against.early = judge_early(hint, use);
	if (link->has_anchor && !anchor_is_page(p, link)) {
		hint->against.push = hint->against.early = FR_REASON_ANCHOR;
		return false;
	}
	if (!(link->rels & (FR_REL_PRELOAD | FR_REL_MODULEPRELOAD))) {
		hint->against.push = FR_REASON_NOT_PRELOAD;
		return hint->whole.len > 0; /* to itself a page is connected already */
	}
	hint->against.push = url == FR_REASON_CROSS_ORIGIN ? url
	                     : link->nopush                ? FR_REASON_NOPUSH
	                                                   : use;
	if (url == FR_REASON_CROSS_ORIGIN && hint->whole.len == 0)
		hint->against.early = url;
	return hint->target.len || hint->whole.len;
}

bool fr_hint_is_memorable(const struct fr_hint *hint)
{
	return hint->reason != FR_REASON_DUPLICATE && (hint->target.len || hint->whole.len) &&
	       (hint->against.push == FR_REASON_UNDECIDED ||
	        hint->against.early == FR_REASON_UNDECIDED ||
	        hint->against.early == FR_REASON_TYPE); /* another client may use it */
}

/* --- 103 --- */

static bool is_token(struct fr_str s)
{
	return fr_str_all(s, FR_CH_TCHAR);
}

int fr_hint_early_link(struct fr_arena *a, const struct fr_hint *hint, struct fr_str *out)
{
	const struct fr_link *link = &hint->link;
	bool is_module = (link->rels & FR_REL_MODULEPRELOAD) && !(link->rels & FR_REL_PRELOAD);
	bool is_connect = !(link->rels & (FR_REL_PRELOAD | FR_REL_MODULEPRELOAD));
	struct fr_str url = hint->target.len ? hint->target : hint->whole;
	struct fr_str type = fr_media_type_of(link->type);
	bool has_as = !is_connect && hint->as != FR_AS_NONE && hint->as != FR_AS_UNKNOWN &&
	              !(is_module && !link->as.len);
	/* a type has a slash, which no token may: quoted */
	bool has_type = !is_connect && type.len && type.len < 64 &&
	                fr_str_find(type, '"') == type.len && fr_str_find(type, '\\') == type.len;
	bool has_priority = link->fetchpriority.len && is_token(link->fetchpriority);
	const struct fr_str parts[] = {
		FR_STR("<"),
		url,
		is_connect  ? FR_STR(">; rel=preconnect")
		: is_module ? FR_STR(">; rel=modulepreload")
			    : FR_STR(">; rel=preload"),
		has_as ? FR_STR("; as=") : FR_STR(""),
		has_as ? fr_str_from(fr_as_str(hint->as)) : FR_STR(""),
		link->crossorigin == FR_CORS_NONE          ? FR_STR("")
		: link->crossorigin == FR_CORS_CREDENTIALS ? FR_STR("; crossorigin=use-credentials")
							   : FR_STR("; crossorigin"),
		has_type ? FR_STR("; type=\"") : FR_STR(""),
		has_type ? type : FR_STR(""),
		has_type ? FR_STR("\"") : FR_STR(""),
		has_priority ? FR_STR("; fetchpriority=") : FR_STR(""),
		has_priority ? link->fetchpriority : FR_STR(""),
	};

	return fr_arena_concat(a, parts, FR_ARRAY_LEN(parts), out);
}
