/* The keys of a site: its pages and templates, and what is counted under each. */
#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "hints/learning/model_priv.h"

/* What malloc and the tables add to each, about. */
#define OVERHEAD 48u
/* Half of the counts' weight is gone after half a week. */
#define HALF_LIFE_S 302400
#define AGE_STEP_S 8640
/* A new asset has been absent from so many loads at most, for all that counts; one that answers
 * name is no client's invention. */
#define ABSENT_BEFORE (50u * FR_COUNT_UNIT)
#define UNNAMED_BEFORE (8u * FR_COUNT_UNIT)

/* --- keys --- */

static size_t key_bytes(const struct fr_model_key *k)
{
	return sizeof *k + OVERHEAD + k->cap * sizeof *k->members +
	       (size_t)k->cap * k->cells_cap * sizeof *k->pairs +
	       k->cells_cap * (sizeof *k->cells + sizeof *k->totals);
}

static void link_youngest(struct fr_model_site *s, struct fr_model_key *k)
{
	k->newer = NULL;
	k->older = s->newest;
	if (s->newest)
		s->newest->newer = k;
	else
		s->oldest = k;
	s->newest = k;
}

static void unlink_key(struct fr_model_site *s, struct fr_model_key *k)
{
	if (k->older)
		k->older->newer = k->newer;
	else
		s->oldest = k->newer;
	if (k->newer)
		k->newer->older = k->older;
	else
		s->newest = k->older;
}

/* It is in no table and no list any more. */
static void free_key(struct fr_model *m, struct fr_model_key *k)
{
	fr_model_account(m, 0, key_bytes(k));
	free(k->cells);
	free(k->totals);
	free(k->members);
	free(k->pairs);
	free(k);
}

void fr_model_drop_page(struct fr_model *m, struct fr_model_site *s, struct fr_model_key *page)
{
	unlink_key(s, page);
	HASH_DEL(s->pages, page);
	s->n_pages--;
	free_key(m, page);
}

static void clear_keys(struct fr_model *m, struct fr_model_key **table, size_t *n)
{
	struct fr_model_key *k = *table, *next;

	HASH_CLEAR(hh, *table);
	for (; k; k = next) {
		next = k->hh.next;
		free_key(m, k);
	}
	*n = 0;
}

void fr_model_clear_keys(struct fr_model *m, struct fr_model_site *s)
{
	atomic_fetch_sub_explicit(&m->templates, s->n_templates, memory_order_relaxed);
	clear_keys(m, &s->pages, &s->n_pages);
	clear_keys(m, &s->templates, &s->n_templates);
	s->oldest = s->newest = NULL;
}

/* --- keys by name --- */

static uint64_t key_id(const struct fr_model *m, bool is_template, struct fr_str text)
{
	return fr_siphash(m->seed + is_template, text.p, text.len);
}

static struct fr_model_key **table_of(struct fr_model_site *s, bool is_template)
{
	return is_template ? &s->templates : &s->pages;
}

struct fr_model_key *fr_model_find_key(struct fr_model *m, struct fr_model_site *s,
                                       bool is_template, struct fr_str text)
{
	struct fr_model_key *k = NULL;
	uint64_t id = key_id(m, is_template, text);

	HASH_FIND(hh, *table_of(s, is_template), &id, sizeof id, k);
	return k;
}

/* Templates of all sites have a quarter of the memory: endless folders and hosts make no more. */
static bool has_room(const struct fr_model *m, bool is_template)
{
	return !is_template ||
	       atomic_load_explicit(&m->templates, memory_order_relaxed) < m->max_bytes / 4 / 2048;
}

struct fr_model_key *fr_model_need_key(struct fr_model *m, struct fr_model_site *s,
                                       bool is_template, struct fr_str text, int64_t now_s)
{
	struct fr_model_key *k = fr_model_find_key(m, s, is_template, text);

	if (k && !is_template) {
		unlink_key(s, k);
		link_youngest(s, k);
	}
	if (k || !has_room(m, is_template))
		return k;
	k = fr_calloc(1, sizeof *k);
	k->id = key_id(m, is_template, text);
	k->is_template = is_template;
	k->needs = UINT32_MAX;
	k->aged_s = now_s;
	HASH_ADD(hh, *table_of(s, is_template), id, sizeof k->id, k);
	if (is_template) {
		s->n_templates++;
		atomic_fetch_add_explicit(&m->templates, 1, memory_order_relaxed);
	} else {
		link_youngest(s, k);
		s->n_pages++;
	}
	fr_model_account(m, key_bytes(k), 0);
	return k;
}

/* --- what is in a key --- */

static void resize(struct fr_model *m, struct fr_model_key *k, uint8_t cap, uint8_t cells_cap)
{
	size_t before = key_bytes(k);
	struct fr_pair *pairs = fr_calloc((size_t)cap * cells_cap + 1, sizeof *pairs);

	for (size_t i = 0; i < k->n; i++)
		memcpy(pairs + i * cells_cap, fr_model_pairs(k, i), k->n_cells * sizeof *pairs);
	free(k->pairs);
	k->pairs = pairs;
	k->members = fr_realloc(k->members, (size_t)cap * sizeof *k->members + 1);
	k->cells = fr_realloc(k->cells, cells_cap * sizeof *k->cells + 1);
	k->totals = fr_realloc(k->totals, cells_cap * sizeof *k->totals + 1);
	k->cap = cap;
	k->cells_cap = cells_cap;
	fr_model_account(m, key_bytes(k), before);
}

int fr_model_need_cell(struct fr_model *m, struct fr_model_key *k, uint64_t facets)
{
	for (unsigned i = 0; i < k->n_cells; i++)
		if (k->cells[i] == facets)
			return (int)i;
	if (k->n_cells == FR_MODEL_CELLS)
		return -1;
	if (k->n_cells == k->cells_cap)
		resize(m, k, k->cap, (uint8_t)(k->cells_cap ? k->cells_cap * 2 : 1));
	k->cells[k->n_cells] = facets;
	k->totals[k->n_cells] = (struct fr_pair){0};
	for (size_t i = 0; i < k->n; i++)
		fr_model_pairs(k, i)[k->n_cells] = (struct fr_pair){0};
	return k->n_cells++;
}

struct fr_model_member *fr_model_member_of(struct fr_model_key *k, uint32_t asset)
{
	for (size_t i = 0; i < k->n; i++)
		if (k->members[i].asset == asset)
			return &k->members[i];
	return NULL;
}

/* In thousandths. What is new begins with a share of a ninth at least, so that it outlives
 * what was seen once, long ago. */
static uint32_t share_of(const struct fr_model_key *k, size_t member)
{
	uint32_t needed = 0, all = 1;

	for (size_t c = 0; c < k->n_cells; c++) {
		needed += fr_model_pairs(k, member)[c].k;
		all += fr_model_pairs(k, member)[c].n;
	}
	return needed * 1000u / all;
}

/* The place for one more: at the end, or that of the rarest. */
static size_t make_place(struct fr_model *m, struct fr_model_key *k)
{
	size_t rarest = 0;

	if (k->n < FR_MODEL_PAGE_ASSETS) {
		if (k->n == k->cap)
			resize(m, k,
			       (uint8_t)(k->cap + 8 < (int)FR_MODEL_PAGE_ASSETS
			                         ? k->cap + 8
			                         : (int)FR_MODEL_PAGE_ASSETS),
			       k->cells_cap ? k->cells_cap : 1);
		return k->n++;
	}
	for (size_t i = 1; i < k->n; i++)
		if (share_of(k, i) < share_of(k, rarest))
			rarest = i;
	return rarest;
}

struct fr_model_member *fr_model_need_member(struct fr_model *m, struct fr_model_key *k,
                                             uint32_t asset, uint8_t is_named)
{
	struct fr_model_member *found = fr_model_member_of(k, asset);
	size_t at;

	if (found)
		return found;
	at = make_place(m, k);
	k->members[at] = (struct fr_model_member){.asset = asset, .is_named = is_named};
	for (size_t c = 0; c < k->n_cells; c++) {
		unsigned before = is_named ? k->totals[c].k : k->totals[c].n;
		unsigned most = is_named ? UNNAMED_BEFORE : ABSENT_BEFORE;

		fr_model_pairs(k, at)[c] =
			(struct fr_pair){.n = (uint16_t)(before < most ? before : most)};
	}
	return &k->members[at];
}

void fr_model_age(struct fr_model_key *k, int64_t now_s)
{
	int64_t dt = now_s - k->aged_s;

	if (dt < AGE_STEP_S)
		return;
	k->aged_s = now_s;
	if (dt > 8 * HALF_LIFE_S)
		dt = 8 * HALF_LIFE_S;
	for (size_t i = 0; i < k->n; i++)
		for (size_t c = 0; c < k->n_cells; c++)
			fr_pair_scale(&fr_model_pairs(k, i)[c], HALF_LIFE_S,
			              (uint64_t)(HALF_LIFE_S + dt));
}
