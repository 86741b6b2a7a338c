/* How the hint memory learns from loads: the rules of memory.h. */
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "base/siphash.h"
#include "hints/memory_priv.h"

/* What a load adds to an average of think time: an eighth. */
#define THINK_PARTS 8u

/* A load's hints without what cannot be kept; ids and values beside them. */
struct seen {
	struct fr_remembered v[FR_MEMORY_MAX_HINTS];
	uint64_t ids[FR_MEMORY_MAX_HINTS];
	size_t n;
	bool lacks_gone; /* some were left out that may come back by themselves */
};

/* --- reading a load --- */

static uint64_t value_hash(uint64_t seed, const struct fr_remembered *r)
{
	return fr_siphash(seed + r->flags, r->link.p, r->link.len);
}

/* Of everything that learning depends on, in order; never 0. */
static uint64_t load_hash(const struct fr_hint_memory *m, const struct fr_hint_load *load)
{
	uint64_t h = m->seed ^ load->n;

	for (size_t i = 0; i < load->n; i++)
		h = value_hash(h, &load->v[i]);
	return h ? h : 1;
}

static uint64_t gone_id(const struct fr_memory_turn *t, struct fr_str identity)
{
	uint64_t key = fr_siphash(t->m->seed + 1 + FR_MEMORY_SOURCES, t->key.p, t->key.len);

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
		struct fr_str identity = fr_memory_identity(load->v[i].link);
		uint64_t id;

		if (!identity.p || seen->n == FR_MEMORY_MAX_HINTS) {
			t->shard->links_dropped++;
			continue;
		}
		if (is_gone(t, identity)) {
			seen->lacks_gone = true;
			continue;
		}
		id = fr_memory_id(t->m, load->source, identity);
		if (has_id(seen, id))
			continue;
		seen->v[seen->n] = load->v[i];
		seen->v[seen->n].source = load->source;
		seen->v[seen->n].flags &= FR_REMEMBERED_FLAGS;
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
                        const struct fr_remembered *r, uint64_t id, uint8_t absent)
{
	if (!fr_memory_draft_add(t->m, d, r, id, absent))
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
				add_counted(t, out, &part->v[i], part->ids[i], part->absent[i]);
			continue;
		}
		for (size_t i = 0; i < page_n(e); i++)
			if ((unsigned)e->page->v[i].source == s)
				add_counted(t, out, &e->page->v[i], e->page->ids[i], e->absent[i]);
	}
}

static bool is_page(const struct fr_memory_entry *e, const struct fr_memory_draft *d)
{
	if (d->n != page_n(e))
		return false;
	for (size_t i = 0; i < d->n; i++)
		if (d->ids[i] != e->page->ids[i] || !same_value(&d->v[i], &e->page->v[i]))
			return false;
	return true;
}

/* Makes the draft the page unless it is. True if that changed anything. */
static bool replace(struct fr_memory_turn *t, const struct fr_memory_draft *d, bool *is_exact)
{
	if (is_page(t->entry, d)) {
		memcpy(t->entry->absent, d->absent, d->n);
		return false;
	}
	if (fr_memory_install(t->entry, d))
		return true;
	*is_exact = false; /* no memory: the next load tries again */
	return false;
}

/* --- candidates --- */

static void remove_candidate(struct fr_memory_shard *sh, struct fr_memory_entry *e, size_t i)
{
	e->candidates[i] = e->candidates[--e->n_candidates];
	sh->n_candidates--;
}

static void remove_candidates(struct fr_memory_turn *t, uint64_t id)
{
	struct fr_memory_entry *e = t->entry;

	for (size_t i = e->n_candidates; i-- > 0;)
		if (e->candidates[i].id == id)
			remove_candidate(t->shard, e, i);
}

static void expire_candidates(struct fr_memory_turn *t, int64_t now_s)
{
	struct fr_memory_entry *e = t->entry;

	for (size_t i = e->n_candidates; i-- > 0;) {
		int64_t seen_s = e->candidates[i].seen_s;

		if (now_s - seen_s >= (int64_t)FR_MEMORY_CANDIDATE_TTL_S ||
		    fr_memory_is_expired(t->m, seen_s, now_s))
			remove_candidate(t->shard, e, i);
	}
}

/* One person: the same address, or the same credential. */
static bool same_witness(const struct fr_memory_witness *w, const struct fr_hint_load *load)
{
	return w->client == load->client || (w->credential && w->credential == load->credential);
}

static bool is_new_witness(const struct fr_memory_candidate *c, const struct fr_hint_load *load)
{
	for (uint32_t i = 0; i < c->n; i++)
		if (same_witness(&c->by[i], load))
			return false;
	return true;
}

/* Lower is displaced first: the loader's own, few witnesses, long not seen. */
static bool goes_before(const struct fr_memory_candidate *a, const struct fr_memory_candidate *b,
                        const struct fr_hint_load *load)
{
	bool own_a = a->n == 1 && same_witness(&a->by[0], load);
	bool own_b = b->n == 1 && same_witness(&b->by[0], load);

	if (own_a != own_b)
		return own_a;
	return a->n != b->n ? a->n < b->n : a->seen_s < b->seen_s;
}

static struct fr_memory_candidate *displace(struct fr_memory_turn *t,
                                            const struct fr_hint_load *load)
{
	struct fr_memory_entry *e = t->entry;
	struct fr_memory_candidate *least = &e->candidates[0];

	for (uint32_t i = 1; i < e->n_candidates; i++)
		if (goes_before(&e->candidates[i], least, load))
			least = &e->candidates[i];
	t->shard->displaced++;
	return least;
}

/* A place for one more; NULL without memory. */
static struct fr_memory_candidate *add_candidate(struct fr_memory_turn *t,
                                                 const struct fr_hint_load *load)
{
	struct fr_memory_entry *e = t->entry;

	if (e->n_candidates == FR_MEMORY_MAX_CANDIDATES)
		return displace(t, load);
	if (e->n_candidates == e->cap_candidates) {
		uint32_t cap = e->cap_candidates ? e->cap_candidates * 2 : 4;
		void *grown = fr_try_realloc(e->candidates, cap * sizeof *e->candidates);

		if (!grown)
			return NULL;
		e->candidates = grown;
		e->cap_candidates = cap;
	}
	if (e->in_hopefuls) { /* now the youngest of them */
		DL_DELETE2(t->shard->hopefuls, e, cprev, cnext);
		DL_APPEND2(t->shard->hopefuls, e, cprev, cnext);
	}
	t->shard->n_candidates++;
	return &e->candidates[e->n_candidates++];
}

static unsigned witnesses_of(const struct fr_hint_load *load)
{
	if (load->witnesses < 1)
		return 1;
	return load->witnesses < FR_MEMORY_MAX_WITNESSES ? load->witnesses
	                                                 : FR_MEMORY_MAX_WITNESSES;
}

/* The load is a witness of a value that is not confirmed. True if that
 * confirms it, for which there must be room. */
static bool witness(struct fr_memory_turn *t, const struct fr_hint_load *load,
                    const struct fr_remembered *r, uint64_t id, bool has_room)
{
	struct fr_memory_entry *e = t->entry;
	uint64_t value = value_hash(id, r);
	struct fr_memory_candidate *c = NULL;
	unsigned needed = witnesses_of(load);
	uint32_t n;

	for (uint32_t i = 0; i < e->n_candidates && !c; i++)
		if (e->candidates[i].value == value)
			c = &e->candidates[i];
	n = c ? c->n + is_new_witness(c, load) : 1;
	if (n >= needed) {
		if (!has_room) {
			t->shard->links_dropped++;
			return false;
		}
		remove_candidates(t, id);
		t->shard->confirmed++;
		return true;
	}
	if (!c) {
		c = add_candidate(t, load);
		if (!c)
			return false;
		*c = (struct fr_memory_candidate){.value = value, .id = id};
	}
	c->seen_s = load->now_s;
	if (n > c->n)
		c->by[c->n++] = (struct fr_memory_witness){load->client, load->credential};
	return false;
}

/* --- the two kinds of load --- */

/* What a public load has is what the page needs. */
static bool see_public(struct fr_memory_turn *t, const struct fr_hint_load *load,
                       const struct seen *seen, bool *is_exact)
{
	struct fr_memory_draft part = {0}, all;

	for (size_t i = 0; i < seen->n; i++) {
		add_counted(t, &part, &seen->v[i], seen->ids[i], 0);
		remove_candidates(t, seen->ids[i]);
	}
	compose(t, &part, load->source, &all);
	return replace(t, &all, is_exact);
}

/* Marks in `is_new` which of the load's hints are confirmed by it. Returns how
 * many. What is new has to fit beside everything that is confirmed already. */
static size_t confirm(struct fr_memory_turn *t, const struct fr_hint_load *load,
                      const struct seen *seen, bool is_new[], bool *is_exact)
{
	const struct fr_memory_entry *e = t->entry;
	size_t bytes = e->page ? e->page->bytes : sizeof(struct fr_remembered_page);
	size_t n = page_n(e), found = 0;

	for (size_t i = 0; i < seen->n; i++) {
		size_t at = find_confirmed(e, seen->ids[i]);
		size_t more = fr_memory_hint_bytes(&seen->v[i]);
		bool is_known = at < page_n(e);

		is_new[i] = false;
		if (is_known && same_value(&e->page->v[at], &seen->v[i]))
			continue;
		is_new[i] = witness(t, load, &seen->v[i], seen->ids[i],
		                    bytes + more <= fr_memory_page_max(t->m) &&
		                            n + !is_known <= FR_MEMORY_MAX_HINTS);
		if (!is_new[i]) {
			*is_exact = false;
			continue;
		}
		n += !is_known;
		bytes += more;
		found++;
	}
	return found;
}

/* Counts the absences of the source's confirmed hints. Returns how many were
 * absent often enough to vanish; their counts are at `needed` or beyond. */
static size_t count_absent(struct fr_memory_entry *e, const struct fr_hint_load *load,
                           const struct seen *seen, bool *is_exact)
{
	unsigned needed = witnesses_of(load);
	size_t lost = 0;

	for (size_t i = 0; i < page_n(e); i++) {
		if (e->page->v[i].source != load->source)
			continue;
		if (has_id(seen, e->page->ids[i])) {
			e->absent[i] = 0;
			continue;
		}
		*is_exact = false;
		if (++e->absent[i] >= needed)
			lost++;
	}
	return lost;
}

/* In the order of the load; what it lacks, and is not lost, behind it. */
static void arrange(struct fr_memory_turn *t, const struct fr_hint_load *load,
                    const struct seen *seen, const bool is_new[], struct fr_memory_draft *part)
{
	const struct fr_memory_entry *e = t->entry;
	unsigned needed = witnesses_of(load);

	part->n = 0;
	for (size_t i = 0; i < seen->n; i++) {
		size_t at = find_confirmed(e, seen->ids[i]);

		if (is_new[i])
			add_counted(t, part, &seen->v[i], seen->ids[i], 0);
		else if (at < page_n(e))
			add_counted(t, part, &e->page->v[at], seen->ids[i], 0);
	}
	for (size_t i = 0; i < page_n(e); i++)
		if (e->page->v[i].source == load->source && !has_id(seen, e->page->ids[i]) &&
		    e->absent[i] < needed)
			add_counted(t, part, &e->page->v[i], e->page->ids[i], e->absent[i]);
}

static bool see_personal(struct fr_memory_turn *t, const struct fr_hint_load *load,
                         const struct seen *seen, bool *is_exact)
{
	struct fr_memory_draft part, all;
	bool is_new[FR_MEMORY_MAX_HINTS];
	size_t found, lost;

	expire_candidates(t, load->now_s);
	lost = count_absent(t->entry, load, seen, is_exact);
	found = confirm(t, load, seen, is_new, is_exact);
	if (!found && !lost)
		return false; /* another order of the same is no change */
	arrange(t, load, seen, is_new, &part);
	compose(t, &part, load->source, &all);
	return replace(t, &all, is_exact);
}

/* --- entry points --- */

/* The load was seen before as it is, and would change nothing. */
static bool is_same(const struct fr_memory_entry *e, const struct fr_hint_load *load, uint64_t hash)
{
	return e && e->page && e->same[load->source] == hash;
}

static void learn(struct fr_memory_turn *t, const struct fr_hint_load *load, uint64_t hash,
                  bool *changed)
{
	bool is_exact = true;
	struct seen seen;

	read_load(t, load, &seen);
	if (!t->entry && seen.n == 0)
		return;
	if (!fr_memory_turn_entry(t))
		return;
	*changed = load->is_personal ? see_personal(t, load, &seen, &is_exact)
	                             : see_public(t, load, &seen, &is_exact);
	t->entry->same[load->source] = is_exact && !seen.lacks_gone ? hash : 0;
}

static void note_think(struct fr_memory_entry *e, uint32_t think_ms)
{
	uint32_t old;

	if (!e->page || !think_ms)
		return;
	old = atomic_load_explicit(&e->page->think_ms, memory_order_relaxed);
	if (old)
		think_ms = (uint32_t)(((uint64_t)old * (THINK_PARTS - 1) + think_ms) / THINK_PARTS);
	atomic_store_explicit(&e->page->think_ms, think_ms, memory_order_relaxed);
}

/* A change, or a renewal that whoever listens should know of before it takes
 * the page for expired. */
static bool is_to_be_told(const struct fr_memory_turn *t, bool changed, int64_t now_s)
{
	uint64_t ttl_s = atomic_load_explicit(&t->m->ttl_s, memory_order_relaxed);
	int64_t often = (int64_t)FR_MEMORY_RENEWAL_S;

	if (ttl_s / 4 < (uint64_t)often)
		often = (int64_t)(ttl_s / 4);
	return changed || (t->entry->page && now_s - t->entry->told_s >= often);
}

bool fr_hint_memory_see(struct fr_hint_memory *m, struct fr_str key,
                        const struct fr_hint_load *load)
{
	struct fr_memory_turn t;
	bool changed = false, is_known;
	uint64_t hash;

	FR_ASSERT((unsigned)load->source < FR_MEMORY_SOURCES);
	if (key.len > FR_MEMORY_KEY_MAX_BYTES ||
	    atomic_load_explicit(&m->bytes, memory_order_relaxed) == 0)
		return false;
	hash = load_hash(m, load);
	fr_memory_turn_begin(&t, m, key, load->now_s);
	is_known = is_same(t.entry, load, hash);
	if (!is_known)
		learn(&t, load, hash, &changed);
	if (t.entry) {
		struct fr_memory_entry *e = t.entry;

		e->seen_s = load->now_s;
		note_think(e, load->think_ms);
		t.tell = is_to_be_told(&t, changed, load->now_s);
		if (t.tell)
			e->told_s = load->now_s;
		if (!is_known)
			fr_memory_turn_settle(&t);
	}
	fr_memory_turn_end(&t);
	return changed;
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
static bool forget(struct fr_memory_turn *t, struct fr_str identity)
{
	struct fr_memory_entry *e = t->entry;
	struct fr_memory_draft rest = {0};
	uint64_t ids[FR_MEMORY_SOURCES];

	for (unsigned s = 0; s < FR_MEMORY_SOURCES; s++) {
		ids[s] = fr_memory_id(t->m, (enum fr_hint_source)s, identity);
		remove_candidates(t, ids[s]);
	}
	for (size_t i = 0; i < page_n(e); i++)
		if (e->page->ids[i] != ids[0] && e->page->ids[i] != ids[1])
			add_counted(t, &rest, &e->page->v[i], e->page->ids[i], e->absent[i]);
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
