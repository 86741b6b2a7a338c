/* Sites, their keys, and the memory that these take. */
#include "hints/learning/model.h"

#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "hints/learning/model_priv.h"

#define WAYS 8u

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

/* --- life --- */

static void clear_site(struct fr_model *m, struct fr_model_site *s)
{
	fr_model_clear_keys(m, s);
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
			fr_model_drop_page(m, s, s->oldest);
		else
			return;
		atomic_fetch_add_explicit(&m->evicted, 1, memory_order_relaxed);
	}
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
		fr_model_drop_page(m, s, k);
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
