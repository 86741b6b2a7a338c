/* News that needs witnesses: the candidates of a page in the hint memory. The
 * rules are in memory.h. */
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "base/siphash.h"
#include "hints/memory_priv.h"

uint64_t fr_memory_value(uint64_t seed, const struct fr_remembered *r)
{
	return fr_siphash(seed + r->flags, r->link.p, r->link.len);
}

uint64_t fr_memory_asset_hash(const struct fr_hint_memory *m, struct fr_str asset)
{
	return fr_siphash(m->seed + 1 + FR_MEMORY_SOURCES, asset.p, asset.len);
}

unsigned fr_memory_witnesses(const struct fr_hint_load *load)
{
	if (load->witnesses < 1)
		return 1;
	return load->witnesses < FR_MEMORY_MAX_WITNESSES ? load->witnesses
	                                                 : FR_MEMORY_MAX_WITNESSES;
}

/* --- removing --- */

void fr_memory_remove_candidates(struct fr_memory_turn *t, uint64_t id)
{
	struct fr_memory_entry *e = t->entry;

	for (uint32_t i = e->n_candidates; i-- > 0;)
		if (e->candidates[i].id == id)
			fr_memory_remove_candidate(t->shard, e, i);
}

void fr_memory_remove_absence(struct fr_memory_turn *t, uint64_t id)
{
	struct fr_memory_entry *e = t->entry;

	for (uint32_t i = e->n_candidates; i-- > 0;)
		if (e->candidates[i].id == id && e->candidates[i].is_absence)
			fr_memory_remove_candidate(t->shard, e, i);
}

void fr_memory_expire_candidates(struct fr_memory_turn *t, int64_t now_s)
{
	struct fr_memory_entry *e = t->entry;

	for (uint32_t i = e->n_candidates; i-- > 0;) {
		int64_t seen_s = e->candidates[i].seen_s;

		if (now_s - seen_s >= (int64_t)FR_MEMORY_CANDIDATE_TTL_S ||
		    fr_memory_is_expired(t->m, seen_s, now_s))
			fr_memory_remove_candidate(t->shard, e, i);
	}
}

void fr_memory_disown(struct fr_memory_turn *t, const struct fr_hint_load *load,
                      bool (*is_in)(const void *seen, uint64_t id, uint64_t value),
                      const void *seen)
{
	struct fr_memory_entry *e = t->entry;

	for (uint32_t i = 0; load->self && i < e->n_candidates; i++) {
		struct fr_memory_candidate *c = &e->candidates[i];

		if (c->source != load->source || is_in(seen, c->id, c->value))
			continue;
		for (uint32_t k = 0; k < c->n; k++)
			if (c->by[k].self == load->self)
				c->by[k].self = 0;
	}
}

/* --- witnesses --- */

/* One person, or one page: the same address, credential or query. */
static bool same_witness(const struct fr_memory_witness *w, const struct fr_hint_load *load)
{
	return w->client == load->client || (w->credential && w->credential == load->credential) ||
	       (w->query && w->query == load->query);
}

static bool is_new_witness(const struct fr_memory_candidate *c, const struct fr_hint_load *load)
{
	for (uint32_t i = 0; i < c->n; i++)
		if (same_witness(&c->by[i], load))
			return false;
	return true;
}

/* Its own news from now on, if it is among the witnesses by its address. */
static void own(struct fr_memory_candidate *c, const struct fr_hint_load *load)
{
	for (uint32_t i = 0; i < c->n; i++) {
		struct fr_memory_witness *w = &c->by[i];

		if (w->client != load->client || w->credential != load->credential)
			continue;
		w->is_repeated =
			w->self == load->self && (w->is_repeated || w->query != load->query);
		w->self = load->self;
	}
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
	uint32_t least = 0;

	for (uint32_t i = 1; i < e->n_candidates; i++)
		if (goes_before(&e->candidates[i], &e->candidates[least], load))
			least = i;
	fr_memory_remove_candidate(t->shard, e, least);
	t->shard->displaced++;
	t->shard->n_candidates++;
	return &e->candidates[e->n_candidates++];
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

/* The text is for the client itself; without memory it has none. */
static void keep_text(struct fr_memory_entry *e, struct fr_memory_candidate *c,
                      const struct fr_hint_load *load, const struct fr_remembered *r)
{
	if (!load->self || !r || c->link)
		return;
	c->link = fr_try_malloc(r->link.len);
	if (!c->link)
		return;
	memcpy(c->link, r->link.p, r->link.len);
	c->link_len = (uint32_t)r->link.len;
	e->text_bytes += c->link_len;
}

static struct fr_memory_candidate *make_candidate(struct fr_memory_turn *t,
                                                  const struct fr_hint_load *load,
                                                  const struct fr_memory_news *news)
{
	struct fr_memory_candidate *c = add_candidate(t, load);

	if (c)
		*c = (struct fr_memory_candidate){
			.value = news->value,
			.id = news->id,
			.asset = news->asset,
			.kinds = load->kinds,
			.source = (uint8_t)load->source,
			.flags = (uint8_t)(news->link ? news->link->flags : 0),
			.is_absence = !news->link};
	return c;
}

static void count_in(struct fr_memory_turn *t, const struct fr_hint_load *load,
                     const struct fr_memory_news *news, struct fr_memory_candidate *c, bool is_new)
{
	c->seen_s = load->now_s;
	if (is_new) {
		c->kinds &= load->kinds;
		c->by[c->n++] = (struct fr_memory_witness){.client = load->client,
		                                           .credential = load->credential,
		                                           .query = load->query,
		                                           .self = load->self};
	} else {
		own(c, load);
	}
	keep_text(t->entry, c, load, news->link);
}

bool fr_memory_witness(struct fr_memory_turn *t, const struct fr_hint_load *load,
                       const struct fr_memory_news *news, bool has_room, uint64_t *needs,
                       uint32_t *seen_by)
{
	struct fr_memory_entry *e = t->entry;
	struct fr_memory_candidate *c = NULL;
	bool is_new = true;
	uint32_t n = 1;

	for (uint32_t i = 0; i < e->n_candidates && !c; i++)
		if (e->candidates[i].value == news->value)
			c = &e->candidates[i];
	if (c) {
		is_new = is_new_witness(c, load);
		n = c->n + is_new;
	}
	*seen_by = n;
	if (n >= fr_memory_witnesses(load)) {
		if (!has_room) {
			t->shard->links_dropped++;
			return false;
		}
		*needs = c ? c->kinds & load->kinds : load->kinds;
		fr_memory_remove_candidates(t, news->id);
		t->shard->confirmed += news->link != NULL;
		return true;
	}
	if (!c)
		c = make_candidate(t, load, news);
	if (c)
		count_in(t, load, news, c, is_new);
	return false;
}
