/* How the hint memory learns from loads: the rules of memory.h. */
#include <stdlib.h>
#include <string.h>

#include "base/holds.h"
#include "base/siphash.h"
#include "hints/memory_priv.h"

/* What a load adds to an average of think time: an eighth. */
#define THINK_PARTS 8u

/* A load's hints without what cannot be kept; ids and values beside them. */
struct seen {
	struct fr_remembered v[FR_MEMORY_MAX_HINTS];
	uint64_t ids[FR_MEMORY_MAX_HINTS];
	struct fr_str assets[FR_MEMORY_MAX_HINTS];
	size_t n;
	bool lacks_gone; /* some were left out that may come back by themselves */
};

/* --- reading a load --- */

/* Of everything that learning depends on, in order; never 0. What needs
 * witnesses is never settled, so who they are is no part of it. */
static uint64_t load_hash(const struct fr_hint_memory *m, const struct fr_hint_load *load)
{
	uint64_t h = m->seed ^ load->n ^ load->kinds ^ (uint64_t)load->is_partial << 32;

	for (size_t i = 0; i < load->n; i++)
		h = fr_memory_value(h, &load->v[i]);
	return h ? h : 1;
}

static uint64_t gone_id(const struct fr_memory_turn *t, struct fr_str identity)
{
	uint64_t key = fr_siphash(t->m->seed + 2 + FR_MEMORY_SOURCES, t->key.p, t->key.len);

	return fr_siphash(key, identity.p, identity.len);
}

static bool is_gone(const struct fr_memory_turn *t, struct fr_str identity)
{
	const struct fr_memory_shard *sh = t->shard;
	uint64_t id = 0;

	for (unsigned i = 0; i < FR_MEMORY_GONE_KEPT; i++) {
		if (sh->gone[i].until_s <= sh->now_s)
			continue;
		if (!id)
			id = gone_id(t, identity);
		if (sh->gone[i].asset == id)
			return true;
	}
	return false;
}

static bool has_id(const struct seen *seen, uint64_t id)
{
	for (size_t i = 0; i < seen->n; i++)
		if (seen->ids[i] == id)
			return true;
	return false;
}

static void read_load(const struct fr_memory_turn *t, const struct fr_hint_load *load,
                      struct seen *seen)
{
	seen->n = 0;
	seen->lacks_gone = false;
	for (size_t i = 0; i < load->n; i++) {
		struct fr_str asset = fr_memory_asset(load->v[i].link);
		uint64_t id;

		if (!asset.p || seen->n == FR_MEMORY_MAX_HINTS) {
			t->shard->links_dropped++;
			continue;
		}
		if (is_gone(t, asset)) {
			seen->lacks_gone = true;
			continue;
		}
		id = fr_memory_id(t->m, load->source, fr_memory_identity(load->v[i].link));
		if (has_id(seen, id))
			continue;
		seen->v[seen->n] = load->v[i];
		seen->v[seen->n].source = load->source;
		seen->v[seen->n].flags &= FR_REMEMBERED_FLAGS;
		seen->v[seen->n].needs = 0;
		seen->assets[seen->n] = asset;
		seen->ids[seen->n++] = id;
	}
}

static bool same_value(const struct fr_remembered *a, const struct fr_remembered *b)
{
	return a->flags == b->flags && fr_str_eq(a->link, b->link);
}

/* --- putting a page together --- */

static size_t page_n(const struct fr_memory_entry *e)
{
	return e->page ? e->page->n : 0;
}

/* The confirmed hint of that id, or page_n. */
static size_t find_confirmed(const struct fr_memory_entry *e, uint64_t id)
{
	size_t i = 0;

	while (i < page_n(e) && e->page->ids[i] != id)
		i++;
	return i;
}

static void add_counted(struct fr_memory_turn *t, struct fr_memory_draft *d,
                        const struct fr_remembered *r, uint64_t id)
{
	if (!fr_memory_draft_add(t->m, d, r, id))
		t->shard->links_dropped++;
}

/* The source's hints as in `part`, the other's as they are; those of links
 * first, so they are what stays when not all have room. */
static void compose(struct fr_memory_turn *t, const struct fr_memory_draft *part,
                    enum fr_hint_source source, struct fr_memory_draft *out)
{
	const struct fr_memory_entry *e = t->entry;

	out->n = 0;
	for (unsigned s = 0; s < FR_MEMORY_SOURCES; s++) {
		if (s == (unsigned)source) {
			for (size_t i = 0; i < part->n; i++)
				add_counted(t, out, &part->v[i], part->ids[i]);
			continue;
		}
		for (size_t i = 0; i < page_n(e); i++)
			if ((unsigned)e->page->v[i].source == s)
				add_counted(t, out, &e->page->v[i], e->page->ids[i]);
	}
}

static bool is_page(const struct fr_memory_entry *e, const struct fr_memory_draft *d)
{
	if (d->n != page_n(e))
		return false;
	for (size_t i = 0; i < d->n; i++)
		if (d->ids[i] != e->page->ids[i] || d->v[i].needs != e->page->v[i].needs ||
		    !same_value(&d->v[i], &e->page->v[i]))
			return false;
	return true;
}

/* Makes the draft the page unless it is. True if that changed anything. */
static bool replace(struct fr_memory_turn *t, const struct fr_memory_draft *d, bool *is_exact)
{
	if (is_page(t->entry, d))
		return false;
	if (fr_memory_install(t->entry, d))
		return true;
	*is_exact = false; /* no memory: the next load tries again */
	return false;
}

/* --- a load --- */

/* One load being learned from. */
struct lesson {
	struct fr_memory_turn *t;
	const struct fr_hint_load *load;
	const struct seen *seen;
	bool is_new[FR_MEMORY_MAX_HINTS];    /* by index in seen: confirmed by it */
	uint64_t needs[FR_MEMORY_MAX_HINTS]; /* what is new is restricted by */
	bool is_lost[FR_MEMORY_MAX_HINTS];   /* by index in the page */
	size_t found, lost, n, bytes;        /* n, bytes: of the page with what was found */
	bool is_exact;                       /* the load again would change nothing */
	struct fr_hint_seen *out;
};

/* Of the page's own origin: what another says would name it as a URL. */
static bool is_own_origin(struct fr_str asset)
{
	return asset.len && asset.p[0] == '/' && !fr_str_starts(asset, FR_STR("//"));
}

static void count_waiting(struct lesson *l, uint32_t seen_by)
{
	if (!l->out->waiting++ || seen_by < l->out->seen_by)
		l->out->seen_by = seen_by;
}

/* Is the hint, as the load has it, news to nobody? */
static bool is_no_news(const struct lesson *l, size_t i, size_t at)
{
	const struct fr_memory_entry *e = l->t->entry;
	const struct fr_remembered *r;

	if (at == page_n(e))
		return false;
	r = &e->page->v[at];
	return same_value(r, &l->seen->v[i]) && (!r->needs || l->load->kinds);
}

/* What the load names, by itself or with the witnesses before it, if there is
 * room beside what is confirmed already. */
static void confirm_one(struct lesson *l, size_t i)
{
	const struct fr_remembered *r = &l->seen->v[i];
	size_t at = find_confirmed(l->t->entry, l->seen->ids[i]), more = fr_memory_hint_bytes(r);
	bool is_other = at < page_n(l->t->entry), has_room, is_at_once;
	struct fr_memory_news news = {
		.link = r, .value = fr_memory_value(l->seen->ids[i], r), .id = l->seen->ids[i]};
	uint32_t seen_by = 0;

	fr_memory_remove_absence(l->t, news.id);
	if (is_no_news(l, i, at))
		return;
	has_room = l->bytes + more <= fr_memory_page_max(l->t->m) &&
	           l->n + !is_other <= FR_MEMORY_MAX_HINTS;
	news.asset = fr_memory_asset_hash(l->t->m, l->seen->assets[i]);
	is_at_once = !l->load->is_personal && is_own_origin(l->seen->assets[i]) &&
	             (!is_other || same_value(&l->t->entry->page->v[at], r));
	if (is_at_once && has_room) {
		fr_memory_remove_candidates(l->t, news.id);
	} else if (is_at_once) {
		l->is_exact = false;
		l->t->shard->links_dropped++;
		return;
	} else if (!fr_memory_witness(l->t, l->load, &news, has_room, &l->needs[i], &seen_by)) {
		l->is_exact = false;
		count_waiting(l, seen_by);
		return;
	}
	l->is_new[i] = true;
	l->found++;
	l->n += !is_other;
	l->bytes += more;
}

/* A confirmed hint of the source that the load lacks. */
static void miss_one(struct lesson *l, size_t at)
{
	const struct fr_remembered *r = &l->t->entry->page->v[at];
	uint64_t id = l->t->entry->page->ids[at], needs = 0;
	struct fr_memory_news news = {.value = fr_siphash(id, "absent", 6), .id = id};
	uint32_t seen_by = 0;

	/* a client that may not see it, or did not see all, cannot miss it */
	if (l->load->is_partial || (r->needs & ~l->load->kinds))
		return;
	news.asset = fr_memory_asset_hash(l->t->m, fr_memory_asset(r->link));
	l->is_exact = false;
	l->is_lost[at] = fr_memory_witness(l->t, l->load, &news, true, &needs, &seen_by);
	l->lost += l->is_lost[at];
}

/* In the order of the load; what it lacks, and is not lost, after it. */
static void arrange(struct lesson *l, struct fr_memory_draft *part)
{
	const struct fr_memory_entry *e = l->t->entry;

	part->n = 0;
	for (size_t i = 0; i < l->seen->n; i++) {
		size_t at = find_confirmed(e, l->seen->ids[i]);
		struct fr_remembered r = l->seen->v[i];

		if (!l->is_new[i] && at == page_n(e))
			continue;
		if (l->is_new[i])
			r.needs = l->needs[i];
		else
			r = e->page->v[at];
		add_counted(l->t, part, &r, l->seen->ids[i]);
	}
	for (size_t i = 0; i < page_n(e); i++)
		if (e->page->v[i].source == l->load->source && !l->is_lost[i] &&
		    !has_id(l->seen, e->page->ids[i]))
			add_counted(l->t, part, &e->page->v[i], e->page->ids[i]);
}

static bool is_in_load(const void *user, uint64_t id, uint64_t value)
{
	const struct seen *seen = user;
	size_t i = 0;

	while (i < seen->n && seen->ids[i] != id)
		i++;
	if (i == seen->n) /* it is absent */
		return value == fr_siphash(id, "absent", 6);
	return value == fr_memory_value(id, &seen->v[i]);
}

static bool see(struct lesson *l)
{
	const struct fr_memory_entry *e = l->t->entry;
	struct fr_memory_draft part, all;

	l->n = page_n(e);
	l->bytes = e->page ? e->page->bytes : sizeof(struct fr_remembered_page);
	fr_memory_expire_candidates(l->t, l->load->now_s);
	if (!l->load->is_partial)
		fr_memory_disown(l->t, l->load, is_in_load, l->seen);
	for (size_t i = 0; i < page_n(e); i++)
		if (e->page->v[i].source == l->load->source && !has_id(l->seen, e->page->ids[i]))
			miss_one(l, i);
	for (size_t i = 0; i < l->seen->n; i++)
		confirm_one(l, i);
	if (!l->found && !l->lost)
		return false; /* another order of the same is no change */
	arrange(l, &part);
	compose(l->t, &part, l->load->source, &all);
	return replace(l->t, &all, &l->is_exact);
}

/* --- entry points --- */

/* The load was seen before as it is, and would change nothing, nobody's news either. */
static bool is_same(const struct fr_memory_entry *e, const struct fr_hint_load *load, uint64_t hash)
{
	return e && e->page && !e->n_candidates && e->same[load->source] == hash;
}

static void learn(struct fr_memory_turn *t, const struct fr_hint_load *load, uint64_t hash,
                  struct fr_hint_seen *out)
{
	struct seen seen;
	struct lesson l = {.t = t, .load = load, .seen = &seen, .is_exact = true, .out = out};

	read_load(t, load, &seen);
	if (!t->entry && seen.n == 0)
		return;
	if (!fr_memory_turn_entry(t))
		return;
	out->changed = see(&l);
	out->is_settled = l.is_exact && !seen.lacks_gone;
	t->entry->same[load->source] = out->is_settled ? hash : 0;
}

static void note_think(struct fr_memory_entry *e, uint32_t think_ms)
{
	if (!think_ms)
		return;
	if (e->think_ms)
		think_ms = (uint32_t)(((uint64_t)e->think_ms * (THINK_PARTS - 1) + think_ms) /
		                      THINK_PARTS);
	e->think_ms = think_ms;
	if (e->page)
		atomic_store_explicit(&e->page->think_ms, think_ms, memory_order_relaxed);
}

/* A change, or a renewal that the listener should know of before it takes
 * the page for expired. */
static bool is_to_be_told(const struct fr_memory_turn *t, bool changed, int64_t now_s)
{
	uint64_t ttl_s = atomic_load_explicit(&t->m->ttl_s, memory_order_relaxed);
	int64_t often = (int64_t)FR_MEMORY_RENEWAL_S;

	if (ttl_s / 4 < (uint64_t)often)
		often = (int64_t)(ttl_s / 4);
	return changed || (t->entry->page && now_s - t->entry->told_s >= often);
}

/* Under the lock: learns, and says what is to be told. */
static void take_load(struct fr_memory_turn *t, const struct fr_hint_load *load,
                      struct fr_hint_seen *out)
{
	uint64_t hash = load_hash(t->m, load);
	bool is_known = is_same(t->entry, load, hash);
	struct fr_memory_entry *e;

	out->is_settled = is_known;
	if (!is_known)
		learn(t, load, hash, out);
	e = t->entry;
	if (!e)
		return;
	e->seen_s = load->now_s;
	note_think(e, load->think_ms);
	t->tell = is_to_be_told(t, out->changed, load->now_s);
	if (t->tell)
		e->told_s = load->now_s;
	if (!is_known)
		fr_memory_turn_settle(t);
}

bool fr_hint_memory_see(struct fr_hint_memory *m, struct fr_str key,
                        const struct fr_hint_load *load, struct fr_hint_seen *out)
{
	struct fr_hint_seen seen = {.witnesses = fr_memory_witnesses(load)};
	struct fr_memory_turn t;

	if (FR_HOLDS((unsigned)load->source < FR_MEMORY_SOURCES) &&
	    key.len <= FR_MEMORY_KEY_MAX_BYTES &&
	    atomic_load_explicit(&m->bytes, memory_order_relaxed) != 0) {
		fr_memory_turn_begin(&t, m, key, load->now_s);
		take_load(&t, load, &seen);
		fr_memory_turn_end(&t);
	}
	if (out)
		*out = seen;
	return seen.changed;
}

static void remember_gone(struct fr_memory_turn *t, struct fr_str identity)
{
	struct fr_memory_shard *sh = t->shard;
	uint64_t gone_s = atomic_load_explicit(&t->m->gone_s, memory_order_relaxed);

	if (!gone_s || is_gone(t, identity))
		return;
	if (gone_s > FR_MEMORY_CANDIDATE_TTL_S)
		gone_s = FR_MEMORY_CANDIDATE_TTL_S;
	sh->gone[sh->next_gone++ % FR_MEMORY_GONE_KEPT] =
		(struct fr_memory_gone){gone_id(t, identity), sh->now_s + (int64_t)gone_s};
}

/* True if the page had the hint. */
static bool forget(struct fr_memory_turn *t, struct fr_str asset)
{
	struct fr_memory_entry *e = t->entry;
	struct fr_memory_draft rest = {0};
	uint64_t hash = fr_memory_asset_hash(t->m, asset);

	for (uint32_t i = e->n_candidates; i-- > 0;)
		if (e->candidates[i].asset == hash)
			fr_memory_remove_candidate(t->shard, e, i);
	for (size_t i = 0; i < page_n(e); i++)
		if (!fr_str_eq(fr_memory_asset(e->page->v[i].link), asset))
			add_counted(t, &rest, &e->page->v[i], e->page->ids[i]);
	return rest.n != page_n(e) && fr_memory_install(e, &rest);
}

void fr_hint_memory_forget(struct fr_hint_memory *m, struct fr_str key, struct fr_str target)
{
	struct fr_memory_turn t;

	fr_memory_turn_begin(&t, m, key, INT64_MIN);
	if (t.entry) {
		remember_gone(&t, target);
		t.tell = forget(&t, target);
		/* even what is not known here may have been seen and left out */
		memset(t.entry->same, 0, sizeof t.entry->same);
		fr_memory_turn_settle(&t);
	}
	fr_memory_turn_end(&t);
}
