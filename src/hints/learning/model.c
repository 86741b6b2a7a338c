/* Sites, their keys, and the memory that these take. */
#include "hints/learning/model.h"

#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "hints/learning/model_priv.h"

/* What malloc and the tables add to each, about. */
#define OVERHEAD 48u
#define WAYS 8u
/* Half of the counts' weight is gone after half a week. */
#define HALF_LIFE_S 302400
#define AGE_STEP_S 8640
/* A new asset has been absent from so many loads at most, for all that counts; one that answers
 * name is no client's invention. */
#define ABSENT_BEFORE (50u * FR_COUNT_UNIT)
#define UNNAMED_BEFORE (8u * FR_COUNT_UNIT)

static const char *const whys[] = {
#define X(id, text) text,
	FR_MODEL_WHY_TABLE(X)
#undef X
};

const char *fr_model_why_str(enum fr_model_why w)
{
	return (size_t)w < FR_ARRAY_LEN(whys) ? whys[w] : "?";
}

struct fr_model *fr_model_new(size_t bytes, uint64_t seed)
{
	struct fr_model *m = fr_calloc(1, sizeof *m);

	m->max_bytes = bytes;
	m->seed = seed;
	for (size_t i = 0; i < FR_MODEL_SITES; i++)
		(void)pthread_mutex_init(&m->sites[i].lock, NULL);
	return m;
}

uint32_t fr_model_hash(const struct fr_model *m, struct fr_str s)
{
	uint64_t h = fr_siphash(m->seed, s.p, s.len);
	uint32_t v = (uint32_t)(h ^ h >> 32);

	return v ? v : 1;
}

void fr_model_account(struct fr_model *m, size_t more, size_t less)
{
	if (more > less)
		atomic_fetch_add_explicit(&m->bytes, more - less, memory_order_relaxed);
	else
		atomic_fetch_sub_explicit(&m->bytes, less - more, memory_order_relaxed);
}

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

static void free_key(struct fr_model *m, struct fr_model_site *s, struct fr_model_key *k)
{
	fr_model_account(m, 0, key_bytes(k));
	if (k->is_template) {
		HASH_DEL(s->templates, k);
		s->n_templates--;
	} else {
		unlink_key(s, k);
		HASH_DEL(s->pages, k);
		s->n_pages--;
	}
	free(k->cells);
	free(k->totals);
	free(k->members);
	free(k->pairs);
	free(k);
}

static void clear_site(struct fr_model *m, struct fr_model_site *s)
{
	struct fr_model_key *k, *next;

	while (s->oldest)
		free_key(m, s, s->oldest);
	HASH_ITER(hh, s->templates, k, next)
	free_key(m, s, k);
	while (s->oldest_asset)
		fr_model_drop_asset(m, s, s->oldest_asset);
	memset(s->cookies, 0, sizeof s->cookies);
	memset(s->barred, 0, sizeof s->barred);
	s->deployment = 0;
	s->deployed_s = 0;
	s->authority = 0;
}

void fr_model_free(struct fr_model **mp)
{
	struct fr_model *m = *mp;

	*mp = NULL;
	if (!m)
		return;
	for (size_t i = 0; i < FR_MODEL_SITES; i++) {
		clear_site(m, &m->sites[i]);
		(void)pthread_mutex_destroy(&m->sites[i].lock);
	}
	free(m);
}

/* --- sites --- */

/* A site may lie in one of a few places; the one that was used longest ago makes way. */
struct fr_model_site *fr_model_lock_site(struct fr_model *m, struct fr_str authority, bool create)
{
	uint64_t hash = fr_siphash(m->seed, authority.p, authority.len) | 1u;
	uint64_t now = atomic_fetch_add_explicit(&m->uses, 1, memory_order_relaxed);
	size_t first = (size_t)(hash >> 8) % FR_MODEL_SITES, chosen = first;
	uint64_t chosen_used = UINT64_MAX;

	for (size_t i = 0; i < WAYS; i++) {
		size_t at = (first + i) % FR_MODEL_SITES;
		struct fr_model_site *s = &m->sites[at];

		(void)pthread_mutex_lock(&s->lock);
		if (s->authority == hash) {
			s->used = now;
			return s;
		}
		if ((s->authority ? s->used + 1 : 0) < chosen_used) {
			chosen_used = s->authority ? s->used + 1 : 0;
			chosen = at;
		}
		(void)pthread_mutex_unlock(&s->lock);
	}
	if (!create)
		return NULL;
	(void)pthread_mutex_lock(&m->sites[chosen].lock);
	if (m->sites[chosen].authority != hash) {
		clear_site(m, &m->sites[chosen]);
		m->sites[chosen].authority = hash;
	}
	m->sites[chosen].used = now;
	return &m->sites[chosen];
}

void fr_model_trim(struct fr_model *m, struct fr_model_site *s, const struct fr_model_key *keep)
{
	while (atomic_load_explicit(&m->bytes, memory_order_relaxed) > m->max_bytes) {
		/* what pages lack can be learned again soonest */
		if (s->n_assets > 4 * s->n_pages + 256 && s->oldest_asset)
			fr_model_drop_asset(m, s, s->oldest_asset);
		else if (s->oldest && s->oldest != keep)
			free_key(m, s, s->oldest);
		else
			return;
		atomic_fetch_add_explicit(&m->evicted, 1, memory_order_relaxed);
	}
}

/* --- keys by name --- */

static uint64_t key_id(const struct fr_model *m, bool is_template, struct fr_str text)
{
	return fr_siphash(m->seed + is_template, text.p, text.len);
}

struct fr_model_key *fr_model_find_key(struct fr_model *m, struct fr_model_site *s,
                                       bool is_template, struct fr_str text)
{
	struct fr_model_key *k = NULL;
	uint64_t id = key_id(m, is_template, text);

	if (is_template)
		HASH_FIND(hh, s->templates, &id, sizeof id, k);
	else
		HASH_FIND(hh, s->pages, &id, sizeof id, k);
	return k;
}

/* Templates have a quarter of the memory: a site with endless folders makes no more. */
static bool has_room(const struct fr_model *m, const struct fr_model_site *s, bool is_template)
{
	return !is_template || s->n_templates < m->max_bytes / 4 / 2048;
}

struct fr_model_key *fr_model_need_key(struct fr_model *m, struct fr_model_site *s,
                                       bool is_template, struct fr_str text, int64_t now_s)
{
	struct fr_model_key *k = fr_model_find_key(m, s, is_template, text);

	if (k && !is_template) {
		unlink_key(s, k);
		link_youngest(s, k);
	}
	if (k || !has_room(m, s, is_template))
		return k;
	k = fr_calloc(1, sizeof *k);
	k->id = key_id(m, is_template, text);
	k->is_template = is_template;
	k->needs = UINT32_MAX;
	k->aged_s = now_s;
	if (is_template) {
		HASH_ADD(hh, s->templates, id, sizeof k->id, k);
		s->n_templates++;
	} else {
		HASH_ADD(hh, s->pages, id, sizeof k->id, k);
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

/* --- forgetting --- */

void fr_model_forget(struct fr_model *m, struct fr_str authority, struct fr_str target)
{
	struct fr_model_site *s;
	struct fr_model_key *k;

	for (size_t i = 0; !authority.len && i < FR_MODEL_SITES; i++) {
		(void)pthread_mutex_lock(&m->sites[i].lock);
		clear_site(m, &m->sites[i]);
		(void)pthread_mutex_unlock(&m->sites[i].lock);
	}
	s = authority.len ? fr_model_lock_site(m, authority, false) : NULL;
	if (!s)
		return;
	k = target.len ? fr_model_find_key(m, s, false, target) : NULL;
	if (k)
		free_key(m, s, k);
	else if (!target.len)
		clear_site(m, s);
	(void)pthread_mutex_unlock(&s->lock);
}

/* --- figures --- */

void fr_model_stats(struct fr_model *m, struct fr_model_stats *out)
{
	*out = (struct fr_model_stats){
		.bytes = atomic_load_explicit(&m->bytes, memory_order_relaxed),
		.loads = atomic_load_explicit(&m->loads, memory_order_relaxed),
		.cold = atomic_load_explicit(&m->cold, memory_order_relaxed),
		.switches = atomic_load_explicit(&m->switches, memory_order_relaxed),
		.omitted = atomic_load_explicit(&m->omitted, memory_order_relaxed),
		.missed = atomic_load_explicit(&m->missed, memory_order_relaxed),
		.evicted = atomic_load_explicit(&m->evicted, memory_order_relaxed),
	};
	for (size_t i = 0; i < FR_MODEL_SITES; i++) {
		struct fr_model_site *s = &m->sites[i];

		(void)pthread_mutex_lock(&s->lock);
		out->sites += s->authority != 0;
		out->pages += s->n_pages;
		out->templates += s->n_templates;
		out->assets += s->n_assets;
		(void)pthread_mutex_unlock(&s->lock);
	}
}

uint64_t fr_model_deployment(struct fr_model *m, struct fr_str authority)
{
	struct fr_model_site *s = fr_model_lock_site(m, authority, false);
	uint64_t n = s ? s->deployment : 0;

	if (s)
		(void)pthread_mutex_unlock(&s->lock);
	return n;
}
