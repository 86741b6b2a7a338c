/* Ties requests to page loads and closes their windows. */
#include "hints/learning/loads.h"

#include <stdlib.h>
#include <string.h>

#include "base/holds.h"
#include "base/mem.h"

enum state { PENDING, AHEAD, OPEN };

struct open_load {
	struct fr_load record; /* its strings and assets are in the arena */
	struct fr_arena arena;
	struct fr_load_asset *assets; /* in the arena; NULL until there is one */
	enum state state;
	uint32_t serial;        /* never 0 */
	uint64_t since_ms;      /* asked for, or prefetched */
	uint64_t page_ended_ms; /* 0: not yet */
	uint64_t last_asked_ms; /* by an asset, or the page itself */
};

struct fr_loads {
	fr_loads_take *take;
	void *user;
	struct open_load *v[FR_LOADS_MAX]; /* owned; oldest first */
	size_t n;
	uint32_t next_serial;
	enum fr_load_past past;
	size_t n_before;
	uint32_t before[FR_LOADS_BEFORE];
};

/* --- life --- */

struct fr_loads *fr_loads_new(fr_loads_take *take, void *user)
{
	struct fr_loads *l = fr_try_calloc(1, sizeof *l);

	if (l) {
		l->take = take;
		l->user = user;
	}
	return l;
}

static void drop(struct fr_loads *l, size_t i)
{
	struct open_load *o = l->v[i];

	fr_arena_fini(&o->arena);
	free(o);
	l->n--;
	memmove(&l->v[i], &l->v[i + 1], (l->n - i) * sizeof(struct open_load *));
}

static uint32_t since(const struct open_load *o, uint64_t now_ms)
{
	uint64_t ms = now_ms - o->since_ms;

	return ms < FR_LOAD_NEVER ? (uint32_t)ms : FR_LOAD_NEVER - 1;
}

uint32_t fr_load_hash(struct fr_str target)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < target.len; i++)
		h = (h ^ (uint8_t)target.p[i]) * 16777619u;
	return h;
}

/* What the client has got with this load. */
static void note_past(struct fr_loads *l, const struct fr_load *r, bool is_cold)
{
	if (l->past != FR_LOAD_PAST_WARM)
		l->past = is_cold ? FR_LOAD_PAST_COLD : FR_LOAD_PAST_WARM;
	for (size_t i = 0; i < r->n; i++) {
		if (!(r->v[i].flags & (FR_LOAD_ASKED | FR_LOAD_PUSHED)))
			continue;
		if (l->n_before == FR_LOADS_BEFORE) {
			l->past = FR_LOAD_PAST_WARM;
			return;
		}
		l->before[l->n_before++] = fr_load_hash(r->v[i].target);
	}
}

/* Ends a window: the record of an open one is handed over, others are forgotten. */
static void finish(struct fr_loads *l, size_t i, enum fr_load_end end, uint64_t now_ms)
{
	struct open_load *o = l->v[i];
	struct fr_load *r = &o->record;

	if (o->state == OPEN) {
		r->end = end;
		r->times.closed_ms = since(o, now_ms);
		r->times.quiet_ms = since(o, o->last_asked_ms);
		r->v = o->assets;
		r->is_cut |= !r->is_prefetched && !o->page_ended_ms;
		r->past = l->past;
		r->before = l->before;
		r->n_before = l->n_before;
		note_past(l, r, l->take(l->user, r));
	}
	drop(l, i);
}

void fr_loads_free(struct fr_loads **lp, uint64_t now_ms)
{
	struct fr_loads *l = *lp;

	*lp = NULL;
	if (!l)
		return;
	while (l->n)
		finish(l, 0, FR_LOAD_END_CLOSED, now_ms);
	free(l);
}

static struct open_load *by_id(struct fr_loads *l, uint64_t id)
{
	for (size_t i = 0; l && i < l->n; i++)
		if (l->v[i]->record.id == id)
			return l->v[i];
	return NULL;
}

/* --- pages --- */

static struct open_load *new_load(const struct fr_loads_page *page, uint64_t now_ms)
{
	struct open_load *o = fr_try_calloc(1, sizeof *o);
	struct fr_load *r;

	if (!o)
		return NULL;
	fr_arena_init(&o->arena, FR_LOADS_TEXT_BYTES);
	r = &o->record;
	if (fr_arena_copy(&o->arena, page->authority, &r->authority) < 0 ||
	    fr_arena_copy(&o->arena, page->target, &r->target) < 0) {
		fr_arena_fini(&o->arena);
		free(o);
		return NULL;
	}
	r->client = *page->client;
	r->id = page->id;
	r->witnesses = page->witnesses;
	r->is_reload = page->is_reload;
	r->times.asked_ms = now_ms;
	r->times.last_ms = r->times.first_ms = FR_LOAD_NEVER;
	o->state = page->is_ahead ? AHEAD : PENDING;
	o->since_ms = o->last_asked_ms = now_ms;
	return o;
}

void fr_loads_page(struct fr_loads *l, const struct fr_loads_page *page, uint64_t now_ms)
{
	struct open_load *o = new_load(page, now_ms);

	if (!o)
		return;
	if (l->n == FR_LOADS_MAX)
		finish(l, 0, FR_LOAD_END_NEXT, now_ms);
	if (++l->next_serial == 0)
		l->next_serial = 1;
	o->serial = l->next_serial;
	l->v[l->n++] = o;
}

/* The next load of the connection has begun: what is open ends. */
static void end_others(struct fr_loads *l, const struct open_load *begun, uint64_t now_ms)
{
	for (size_t i = l->n; i-- > 0;)
		if (l->v[i] != begun && l->v[i]->state == OPEN &&
		    fr_str_eq(l->v[i]->record.authority, begun->record.authority))
			finish(l, i, FR_LOAD_END_NEXT, now_ms);
}

static void forget(struct fr_loads *l, const struct open_load *o)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i] == o) {
			drop(l, i);
			return;
		}
}

void fr_loads_page_answered(struct fr_loads *l, uint64_t id, const struct fr_loads_answer *a,
                            uint64_t now_ms)
{
	struct open_load *o = by_id(l, id);

	if (!o || o->state == OPEN)
		return;
	if (!a->is_load) {
		forget(l, o);
		return;
	}
	o->record.from_origin = a->from_origin;
	o->record.is_personal = a->is_personal;
	o->record.way = a->way;
	o->record.arm = a->arm;
	o->record.visitor = a->visitor;
	o->record.times.rtt_us = a->rtt_us;
	if (o->state == AHEAD)
		return;
	o->record.times.first_ms = since(o, now_ms);
	o->state = OPEN;
	end_others(l, o, now_ms);
}

void fr_loads_page_ended(struct fr_loads *l, uint64_t id, bool complete, uint64_t bytes,
                         uint64_t now_ms)
{
	struct open_load *o = by_id(l, id);

	if (!o)
		return;
	if (o->state == PENDING) {
		forget(l, o); /* it had no response */
		return;
	}
	o->record.times.bytes = bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
	o->record.is_cut = !complete;
	o->page_ended_ms = now_ms;
	if (o->state == OPEN)
		o->record.times.last_ms = o->record.times.done_ms = since(o, now_ms);
}

/* --- assets --- */

static struct fr_load_asset *asset_of(const struct open_load *o, struct fr_str target)
{
	for (size_t i = 0; i < o->record.n; i++)
		if (fr_str_eq(o->assets[i].target, target))
			return &o->assets[i];
	return NULL;
}

/* The asset, added if need be; NULL: no room. */
static struct fr_load_asset *note(struct open_load *o, struct fr_str target)
{
	struct fr_load_asset *a = asset_of(o, target);

	if (a)
		return a;
	if (!o->assets)
		o->assets = fr_arena_calloc(&o->arena, FR_LOAD_MAX_ASSETS, sizeof *o->assets);
	if (!o->assets || o->record.n == FR_LOAD_MAX_ASSETS) {
		o->record.dropped++;
		return NULL;
	}
	a = &o->assets[o->record.n];
	if (fr_arena_copy(&o->arena, target, &a->target) < 0) {
		o->record.dropped++;
		return NULL;
	}
	a->asked_ms = FR_LOAD_NEVER;
	a->parent = UINT32_MAX;
	o->record.n++;
	return a;
}

void fr_loads_offered(struct fr_loads *l, uint64_t id, struct fr_str target, enum fr_as as,
                      unsigned flags)
{
	struct open_load *o = by_id(l, id);
	struct fr_load_asset *a = o ? note(o, target) : NULL;

	if (!a)
		return;
	a->flags |= (uint16_t)flags;
	if (a->as == FR_AS_NONE)
		a->as = (uint8_t)as;
}

void fr_loads_push_cancelled(struct fr_loads *l, uint64_t page_id, struct fr_str target)
{
	struct open_load *o = by_id(l, page_id);
	struct fr_load_asset *a = o ? asset_of(o, target) : NULL;

	if (a)
		a->flags |= FR_LOAD_CANCELLED;
}

/* --- tying --- */

struct referer {
	struct fr_str target; /* empty: none of this site */
	bool is_cut;          /* it says no more than the origin, or nothing */
};

static struct referer read_referer(const struct fr_loads_request *r)
{
	const char *scheme_end =
		r->referer.len ? memmem(r->referer.p, r->referer.len, "://", 3) : NULL;
	struct fr_str rest;
	size_t path;

	if (!scheme_end)
		return (struct referer){.is_cut = r->referer.len == 0};
	rest = fr_str_sub(r->referer, (size_t)(scheme_end - r->referer.p) + 3, r->referer.len);
	path = fr_str_find(rest, '/');
	if (!fr_str_ieq(fr_str_sub(rest, 0, path), r->authority))
		return (struct referer){.is_cut = false};
	rest = fr_str_sub(rest, path, rest.len);
	return (struct referer){.target = rest, .is_cut = rest.len <= 1};
}

static bool is_of(const struct open_load *o, const struct fr_loads_request *r)
{
	return fr_str_eq(o->record.authority, r->authority);
}

/* The youngest load whose URL that is; *twice: there are two, or of which one it is is not
 * known. */
static struct open_load *of_url(struct fr_loads *l, const struct fr_loads_request *r,
                                struct fr_str url, bool *twice)
{
	struct open_load *found = NULL;

	for (size_t i = l->n; i-- > 0;)
		if (is_of(l->v[i], r) && fr_str_eq(l->v[i]->record.target, url)) {
			*twice |= found != NULL;
			if (!found)
				found = l->v[i];
		}
	return found;
}

static struct open_load *of_parent(struct fr_loads *l, const struct fr_loads_request *r,
                                   struct fr_str url, struct fr_load_asset **parent)
{
	for (size_t i = l->n; i-- > 0;) {
		struct fr_load_asset *a = is_of(l->v[i], r) ? asset_of(l->v[i], url) : NULL;

		if (a && (a->as == FR_AS_STYLE || a->as == FR_AS_SCRIPT)) {
			*parent = a;
			return l->v[i];
		}
	}
	return NULL;
}

static struct open_load *only_one(struct fr_loads *l, const struct fr_loads_request *r)
{
	struct open_load *found = NULL;

	for (size_t i = 0; i < l->n; i++) {
		if (!is_of(l->v[i], r) || l->v[i]->state == AHEAD)
			continue;
		if (found)
			return NULL;
		found = l->v[i];
	}
	return found;
}

/* The page was prefetched, and is shown now. */
static void open_ahead(struct fr_loads *l, struct open_load *o, uint64_t now_ms)
{
	o->state = OPEN;
	o->record.is_prefetched = true;
	o->record.times.asked_ms = o->since_ms = o->last_asked_ms = now_ms;
	o->record.times.first_ms = o->record.times.last_ms = FR_LOAD_NEVER;
	o->page_ended_ms = now_ms;
	end_others(l, o, now_ms);
}

static struct open_load *tie(struct fr_loads *l, const struct fr_loads_request *r,
                             struct fr_load_asset **parent)
{
	struct referer ref = read_referer(r);
	struct open_load *o = NULL;
	bool twice = false;

	if (ref.target.len)
		o = of_url(l, r, ref.target, &twice);
	if (twice)
		return NULL;
	if (!o && ref.target.len > 1)
		o = of_parent(l, r, ref.target, parent);
	if (!o && ref.is_cut)
		o = only_one(l, r);
	return o;
}

struct fr_loads_ref fr_loads_asked(struct fr_loads *l, const struct fr_loads_request *r,
                                   uint64_t now_ms)
{
	struct fr_load_asset *parent = NULL, *a;
	struct open_load *o;
	uint32_t parent_at;

	(void)fr_loads_tick(l, now_ms);
	o = tie(l, r, &parent);
	if (!o)
		return (struct fr_loads_ref){0};
	if (o->state == AHEAD)
		open_ahead(l, o, now_ms);
	parent_at = parent ? (uint32_t)(parent - o->assets) : UINT32_MAX;
	a = note(o, r->target);
	if (!a)
		return (struct fr_loads_ref){0};
	o->last_asked_ms = now_ms;
	if (a->flags & FR_LOAD_ASKED)
		return (struct fr_loads_ref){0}; /* the first one counts */
	a->asked_ms = since(o, now_ms);
	a->as = (uint8_t)r->as;
	a->parent = parent_at;
	a->flags |= (uint16_t)(FR_LOAD_ASKED | (r->is_conditional ? FR_LOAD_CONDITIONAL : 0u) |
	                       (r->is_cors ? FR_LOAD_CORS : 0u));
	if (parent)
		a->flags |= parent->as == FR_AS_STYLE ? FR_LOAD_BY_STYLE : FR_LOAD_BY_SCRIPT;
	return (struct fr_loads_ref){o->serial, (uint32_t)(a - o->assets)};
}

void fr_loads_answered(struct fr_loads *l, struct fr_loads_ref ref, int status)
{
	for (size_t i = 0; ref.load && i < l->n; i++) {
		struct open_load *o = l->v[i];
		struct fr_load_asset *a;

		if (o->serial != ref.load || !FR_HOLDS(ref.asset < o->record.n))
			continue;
		a = &o->assets[ref.asset];
		if (status == 200 || status == 304)
			a->flags |= FR_LOAD_OK;
		if (status == 404 || status == 410)
			a->flags |= FR_LOAD_DEAD;
	}
}

void fr_loads_sent(struct fr_loads *l, struct fr_loads_ref ref, uint64_t now_ms)
{
	for (size_t i = 0; ref.load && i < l->n; i++)
		if (l->v[i]->serial == ref.load)
			l->v[i]->record.times.done_ms = since(l->v[i], now_ms);
}

void fr_loads_push_sent(struct fr_loads *l, uint64_t page_id, uint64_t now_ms)
{
	struct open_load *o = by_id(l, page_id);

	if (o)
		o->record.times.done_ms = since(o, now_ms);
}

/* --- windows --- */

/* When the window ends if nothing more comes. */
static uint64_t due_at(const struct open_load *o)
{
	uint64_t quiet;

	if (o->state == PENDING)
		return o->since_ms + FR_LOADS_PENDING_MS;
	if (o->state == AHEAD)
		return o->since_ms + FR_LOADS_AHEAD_MS;
	if (!o->page_ended_ms) /* the page still comes */
		return o->since_ms + FR_LOADS_PENDING_MS;
	quiet = o->last_asked_ms > o->page_ended_ms ? o->last_asked_ms : o->page_ended_ms;
	quiet += FR_LOADS_SILENCE_MS;
	return quiet < o->page_ended_ms + FR_LOADS_AFTER_PAGE_MS
	               ? quiet
	               : o->page_ended_ms + FR_LOADS_AFTER_PAGE_MS;
}

uint64_t fr_loads_tick(struct fr_loads *l, uint64_t now_ms)
{
	uint64_t next = 0;

	for (size_t i = l->n; i-- > 0;) {
		uint64_t due = due_at(l->v[i]);

		if (due <= now_ms)
			finish(l, i, FR_LOAD_END_SILENCE, now_ms);
		else if (!next || due < next)
			next = due;
	}
	return next;
}
