/* Takes links into a plan, one hint for each asset, and orders them by rank. */
#include "hints/plan.h"

#include <stdio.h>

#include "base/enum.h"
#include "base/err.h"
#include "base/holds.h"
#include "hints/judge.h"

#define FIRST_CAP 16u

static const char *const destinations[] = {
#define X(id, text) text,
	FR_AS_TABLE(X)
#undef X
};

FR_ENUM_STR(fr_hint_source_str, fr_hint_source, FR_HINT_SOURCE_TABLE)

FR_ENUM_STR(fr_delivery_str, fr_delivery, FR_DELIVERY_TABLE)

FR_ENUM_STR(fr_reason_str, fr_reason, FR_REASON_TABLE)

const char *fr_as_str(enum fr_as as)
{
	return (size_t)as < FR_ARRAY_LEN(destinations) ? destinations[as] : "unknown";
}

enum fr_as fr_as_parse(struct fr_str text)
{
	for (size_t i = 0; i < FR_ARRAY_LEN(destinations); i++)
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
	case FR_AS_NONE:
	case FR_AS_SCRIPT:
	case FR_AS_FONT:
	case FR_AS_FETCH:
	case FR_AS_TRACK:
	case FR_AS_AUDIO:
	case FR_AS_VIDEO:
	case FR_AS_EMBED:
	case FR_AS_OBJECT:
	case FR_AS_WORKER:
	case FR_AS_UNKNOWN:
		break;
	}
	return "*/*";
}

/* --- plans --- */

void fr_plan_init(struct fr_plan *p, struct fr_arena *arena, const struct fr_plan_page *page)
{
	*p = (struct fr_plan){.arena = arena, .page = *page};
}

/* With the first link: most plans never get one. */
static bool find_base(struct fr_plan *p)
{
	const struct fr_str parts[] = {p->page.scheme, FR_STR("://"), p->page.authority,
	                               p->page.target};
	struct fr_str text;

	if (!p->has_base)
		p->has_base = fr_arena_concat(p->arena, parts, FR_ARRAY_LEN(parts), &text) == 0 &&
		              fr_url_parse(p->arena, text, &p->base) == 0;
	return p->has_base;
}

void fr_plan_next_message(struct fr_plan *p)
{
	p->message++;
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

static bool is_asset(const struct fr_hint *h)
{
	return (h->link.rels & (FR_REL_PRELOAD | FR_REL_MODULEPRELOAD)) != 0;
}

/* What tells the requests for one URL apart (Fetch, HTML "link type preload" and
 * "preconnect"): a response fetched in one mode is not used in another. */
static enum fr_crossorigin mode_of(const struct fr_hint *h)
{
	const struct fr_link *link = &h->link;

	if (!is_asset(h)) /* a connection is used with credentials or without */
		return link->crossorigin == FR_CORS_ANONYMOUS ? FR_CORS_ANONYMOUS : FR_CORS_NONE;
	if (!(link->rels & FR_REL_PRELOAD) && link->crossorigin == FR_CORS_NONE)
		return FR_CORS_ANONYMOUS; /* modules are always fetched by CORS */
	return link->crossorigin;
}

static bool is_same_url(const struct fr_hint *a, const struct fr_hint *b)
{
	return is_asset(a) == is_asset(b) && fr_str_eq(a->target, b->target) &&
	       fr_str_eq(a->whole, b->whole);
}

static bool is_usable(const struct fr_hint *h)
{
	return h->against.push == FR_REASON_UNDECIDED || h->against.early == FR_REASON_UNDECIDED;
}

/* Does what h says hold for `like`? Where one cannot be used, the other counts. */
static bool is_same_request(const struct fr_hint *h, const struct fr_hint *like)
{
	return h->as == like->as && mode_of(h) == mode_of(like) &&
	       (is_usable(h) || !is_usable(like));
}

/* The hint for the same request; NULL if there is none. Of what was known
 * before, one that another source names differently is the same: the first
 * source knows. */
static struct fr_hint *find(const struct fr_plan *p, const struct fr_hint *like)
{
	struct fr_hint *other = NULL;

	for (size_t i = 0; i < p->n; i++) {
		struct fr_hint *h = p->v[i];

		if (h->reason == FR_REASON_DUPLICATE || !is_same_url(h, like))
			continue;
		if (is_same_request(h, like))
			return h;
		if (p->message == 0 && h->source != like->source && is_usable(h))
			other = h;
	}
	return other;
}

struct fr_hint *fr_plan_find(struct fr_plan *p, const struct fr_link *link)
{
	struct fr_hint like = {.url = link->target, .link = *link, .message = p->message};

	return link->rels && find_base(p) && fr_hint_judge(p, &like) ? find(p, &like) : NULL;
}

/* This load names what was known before: what it says now counts, as far as
 * nothing was decided. */
static void confirm(struct fr_plan *p, struct fr_hint *h, const struct fr_hint *now)
{
	h->message = p->message;
	if (h->reason != FR_REASON_UNDECIDED)
		return;
	h->link = now->link;
	h->as = now->as;
	h->against.push = now->against.push;
	h->against.early = now->against.early;
	fr_hint_rank(h);
}

static void add_link(struct fr_plan *p, const struct fr_link *link, enum fr_hint_source source,
                     unsigned flags)
{
	struct fr_hint judged = {.url = link->target,
	                         .link = *link,
	                         .source = source,
	                         .flags = flags,
	                         .message = p->message,
	                         .is_remembered = p->message == 0};
	struct fr_hint *known = NULL, *hint;

	if (link->rels == 0)
		return;
	if (fr_hint_judge(p, &judged))
		known = find(p, &judged);
	if (known && p->message == 0) {
		/* two sources say the same; one may know when it is needed */
		known->flags |= flags;
		fr_hint_rank(known);
		return;
	}
	if (known && known->message != p->message) {
		confirm(p, known, &judged);
		return;
	}
	hint = new_hint(p);
	if (!hint) {
		p->dropped++;
		return;
	}
	*hint = judged;
	if (known)
		fr_hint_decide(hint, FR_DELIVERY_LINK, FR_REASON_DUPLICATE);
	p->v[p->n++] = hint;
}

void fr_plan_add_link_field(struct fr_plan *p, struct fr_str value, enum fr_hint_source source,
                            unsigned flags)
{
	struct fr_link link;

	if (!find_base(p)) {
		p->malformed++;
		return;
	}
	while (fr_link_next(p->arena, &value, &link, &p->malformed))
		add_link(p, &link, source, flags);
}

/* Among hints of one rank. */
static unsigned place_in_rank(const struct fr_hint *h)
{
	if (h->rank != FR_RANK_LATE)
		return h->as == FR_AS_FONT; /* needed when styles are there, not before */
	if (h->as == FR_AS_SCRIPT || h->as == FR_AS_STYLE)
		return 0;
	if (h->bytes && h->bytes <= FR_LATE_SMALL_BYTES)
		return 1;
	return h->as == FR_AS_FONT ? 2 : 3;
}

static unsigned place(const struct fr_hint *h)
{
	return (unsigned)h->rank * 4 + place_in_rank(h);
}

void fr_plan_order(struct fr_plan *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i]->as == FR_AS_FONT && p->v[i]->bytes > FR_FONT_BLOCKING_BYTES)
			p->v[i]->rank = FR_RANK_LATE;
	/* insertion sort: stable, and a plan is short and mostly in order */
	for (size_t i = 1; i < p->n; i++) {
		struct fr_hint *hint = p->v[i];
		size_t k = i;

		while (k && place(p->v[k - 1]) > place(hint)) {
			p->v[k] = p->v[k - 1];
			k--;
		}
		p->v[k] = hint;
	}
}

void fr_hint_decide(struct fr_hint *h, enum fr_delivery d, enum fr_reason r)
{
	if (!FR_HOLDS(h->reason == FR_REASON_UNDECIDED && r != FR_REASON_UNDECIDED))
		return;
	h->delivery = d;
	h->reason = r;
}

const char *fr_plan_learning_str(const struct fr_plan_learning *l, char out[FR_PLAN_LEARNING_BYTES])
{
	if (!l->waiting)
		return NULL;
	(void)snprintf(out, FR_PLAN_LEARNING_BYTES, "personal: seen by %u of %u", l->seen_by,
	               l->witnesses);
	return out;
}

size_t fr_plan_summary(const struct fr_plan *p, char *out, size_t cap)
{
	size_t counts[FR_REASON_COUNT] = {0}, n;
	char learning[FR_PLAN_LEARNING_BYTES];
	int m;

	for (size_t i = 0; i < p->n; i++)
		counts[p->v[i]->reason]++;
	m = snprintf(out, cap, "links=%zu", p->n + p->dropped);
	n = m < 0 ? 0 : (size_t)m;
	for (size_t r = 0; r < FR_REASON_COUNT && n < cap; r++) {
		if (!counts[r])
			continue;
		m = snprintf(out + n, cap - n, ", %s=%zu", fr_reason_str((enum fr_reason)r),
		             counts[r]);
		if (m < 0 || (size_t)m >= cap - n) {
			out[n] = '\0'; /* whole entries only */
			break;
		}
		n += (size_t)m;
	}
	if (fr_plan_learning_str(&p->learning, learning) && n < cap) {
		m = snprintf(out + n, cap - n, ", %s", learning);
		if (m < 0 || (size_t)m >= cap - n)
			out[n] = '\0';
		else
			n += (size_t)m;
	}
	return n < cap ? n : cap - 1;
}
