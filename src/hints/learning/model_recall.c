/* What a page's visitor is to be told, and why not. */
#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "hints/learning/model_priv.h"

/* Left out at random: one in so many, and while little is known. */
#define OMIT_ONE_IN 64u
#define OMIT_EARLY_ONE_IN 8u
#define LITTLE_LOADS 30.0
/* What answers name is left out once so much is known of it. */
#define NAMED_LOADS 100.0
/* Of less, who named it knows better: about three answers. */
#define FEW_LOADS 24.0
/* A template's asset needs so many pages before other pages are told of it. */
#define SHARED_PAGES 3u

static bool is_barred(struct fr_model *m, const struct fr_model_site *s, struct fr_str page,
                      const struct fr_model_visitor *v)
{
	uint32_t hash = fr_model_hash(m, fr_str_sub(page, 0, fr_str_find(page, '?')));
	const struct fr_model_barred *b = &s->barred[hash % FR_MODEL_BARRED];

	return b->page == hash && !(v->kinds & ~b->had);
}

/* Have only visitors with credentials that this one lacks been shown such a page? */
static bool lacks_credentials(const struct fr_model_site *s, const struct fr_model_keys *keys,
                              const struct fr_model_visitor *v)
{
	const struct fr_model_key *k = keys->own && keys->own->was_loaded ? keys->own : keys->best;
	uint32_t needs = k ? k->needs & fr_model_personal_bits(s) : 0;

	return (v->kinds & needs) != needs;
}

static enum fr_model_why by_counts(const struct fr_model_guess *g)
{
	const struct fr_model_member *t = g->of_template;

	if (fr_model_is_suspended(g))
		return FR_MODEL_WHY_NOT_NEEDED;
	if (!g->own && t) {
		unsigned least =
			g->asset->flags & FR_ASSET_PATTERN ? FR_MODEL_PATTERN_PAGES : SHARED_PAGES;

		if (t->pages < least)
			return FR_MODEL_WHY_UNPROVEN;
	}
	if (g->lower >= FR_MODEL_HINT_FROM)
		return FR_MODEL_WHY_NEEDED;
	return g->upper < FR_MODEL_OUT_BELOW ? FR_MODEL_WHY_NOT_NEEDED : FR_MODEL_WHY_UNPROVEN;
}

static enum fr_model_why by_version(const struct fr_model_site *s, const struct fr_model_asset *a)
{
	if (a->flags & (FR_ASSET_IS_GONE | FR_ASSET_SPLIT))
		return FR_MODEL_WHY_REPLACED;
	if ((a->flags & FR_ASSET_VERSIONED) && a->deployment != s->deployment)
		return FR_MODEL_WHY_DOUBTFUL;
	return FR_MODEL_WHY_NEEDED;
}

static bool is_left_out(const struct fr_model_guess *g, uint64_t nonce)
{
	uint64_t h = fr_siphash(nonce, &g->asset->id, sizeof g->asset->id);
	bool is_named =
		(g->own && g->own->is_named) || (g->of_template && g->of_template->is_named);
	unsigned one_in = !is_named && g->known < LITTLE_LOADS ? OMIT_EARLY_ONE_IN : OMIT_ONE_IN;

	if (is_named && g->known < NAMED_LOADS)
		return false;
	return nonce && h % one_in == 0;
}

static enum fr_model_why judge(const struct fr_model_site *s, const struct fr_model_guess *g,
                               const struct fr_model_visitor *v, unsigned witnesses, uint64_t nonce)
{
	enum fr_model_why why = by_counts(g);

	if (why == FR_MODEL_WHY_NEEDED)
		why = by_version(s, g->asset);
	if (why == FR_MODEL_WHY_NEEDED)
		why = fr_model_may_tell(s, g->asset, v, witnesses);
	if (why == FR_MODEL_WHY_NEEDED && is_left_out(g, nonce))
		why = FR_MODEL_WHY_LEFT_OUT;
	return why;
}

/* Its path, for this page. False: it has none. */
static bool write_target(struct fr_arena *a, struct fr_str page, const struct fr_model_asset *asset,
                         struct fr_str *out)
{
	struct fr_str text = fr_str_make(asset->text, asset->text_len);
	char concrete[FR_NAME_MAX_BYTES];
	size_t len;

	if (!(asset->flags & FR_ASSET_PATTERN))
		return fr_arena_copy(a, text, out) == 0;
	return fr_name_concrete(page, text, concrete, &len) &&
	       fr_arena_copy(a, fr_str_make(concrete, len), out) == 0;
}

static bool has_target(const struct fr_model_recalled *out, struct fr_str target)
{
	for (size_t i = 0; i < out->n; i++)
		if (fr_str_eq(out->v[i].target, target))
			return true;
	return false;
}

static int by_place(const void *x, const void *y)
{
	const struct fr_learned_asset *a = x, *b = y;
	bool a_needed = a->why == FR_MODEL_WHY_NEEDED, b_needed = b->why == FR_MODEL_WHY_NEEDED;

	if (a_needed != b_needed)
		return a_needed ? -1 : 1;
	return a->lower > b->lower ? -1 : a->lower < b->lower;
}

struct asked { /* of fr_model_recall, what its parts need */
	struct fr_arena *arena;
	unsigned witnesses;
	uint64_t nonce;
	bool is_turned_away;
};

static void add(const struct fr_model_site *s, const struct fr_model_keys *keys,
                const struct fr_model_guess *g, const struct fr_model_visitor *v,
                const struct asked *q, struct fr_model_recalled *out)
{
	struct fr_learned_asset l = {
		.as = (enum fr_as)g->asset->as,
		.is_module = g->asset->flags & FR_ASSET_MODULE,
		.is_cors = g->asset->flags & FR_ASSET_WITH_CORS,
		.is_own = g->asset->flags & FR_ASSET_PATTERN,
		.is_named = (g->own && g->own->is_named) ||
	                    (g->of_template && g->of_template->is_named),
		.k = g->e.k,
		.n = g->e.n,
		.lower = g->lower,
		.upper = g->upper,
		.facets = g->e.facets,
		.why = q->is_turned_away ? FR_MODEL_WHY_TURNED_AWAY
	                                 : judge(s, g, v, q->witnesses, q->nonce),
	};

	if (write_target(q->arena, keys->page, g->asset, &l.target) && !has_target(out, l.target))
		out->v[out->n++] = l;
}

static void recall(struct fr_model *m, struct fr_model_site *s, const struct fr_model_keys *keys,
                   const struct fr_model_visitor *v, const struct asked *q,
                   struct fr_model_recalled *out)
{
	struct fr_model_guess guesses[FR_MODEL_MAX_GUESSES];
	size_t n = fr_model_guess(m, s, keys, v, guesses);

	out->v = n ? fr_arena_calloc(q->arena, n, sizeof *out->v) : NULL;
	if (!out->v)
		return;
	for (size_t i = 0; i < n; i++)
		add(s, keys, &guesses[i], v, q, out);
	qsort(out->v, out->n, sizeof *out->v, by_place);
}

void fr_model_recall(struct fr_model *m, struct fr_arena *a, struct fr_str authority,
                     struct fr_str page, const struct fr_load_client *client, unsigned witnesses,
                     uint64_t nonce, int64_t now_s, struct fr_model_recalled *out)
{
	struct asked q = {.arena = a, .witnesses = witnesses, .nonce = nonce};
	struct fr_model_site *s = fr_model_lock_site(m, authority, false);
	struct fr_model_keys keys;
	struct fr_model_visitor v;

	*out = (struct fr_model_recalled){0};
	if (!s)
		return;
	fr_model_keys_of(m, s, page, false, now_s, &keys);
	fr_model_visitor_of(s, client, false, &v);
	out->is_known = keys.own || keys.best;
	out->template_pages = keys.best ? keys.best->pages : 0;
	out->is_turned_away = q.is_turned_away =
		is_barred(m, s, page, &v) || lacks_credentials(s, &keys, &v);
	if (out->is_known)
		recall(m, s, &keys, &v, &q, out);
	(void)pthread_mutex_unlock(&s->lock);
}

enum fr_model_why fr_model_judge(struct fr_model *m, const struct fr_model_recalled *r,
                                 struct fr_str authority, struct fr_str target, enum fr_as as)
{
	enum fr_model_why why = FR_MODEL_WHY_UNKNOWN;
	struct fr_model_site *s;
	const struct fr_model_asset *a;

	if (r->is_turned_away)
		return FR_MODEL_WHY_TURNED_AWAY;
	for (size_t i = 0; i < r->n; i++)
		if (fr_str_eq(r->v[i].target, target))
			return r->v[i].why == FR_MODEL_WHY_UNPROVEN && r->v[i].n < FEW_LOADS
			               ? FR_MODEL_WHY_UNKNOWN
			               : r->v[i].why;
	s = fr_model_lock_site(m, authority, false);
	a = s ? fr_model_asset_of(m, s, target, as, false) : NULL;
	if (a && (a->flags & FR_ASSET_VERSIONED) && !(a->flags & FR_ASSET_SPLIT))
		why = fr_str_eq(fr_str_make(a->text, a->text_len), target) ? by_version(s, a)
		                                                           : FR_MODEL_WHY_REPLACED;
	if (s)
		(void)pthread_mutex_unlock(&s->lock);
	return why == FR_MODEL_WHY_NEEDED ? FR_MODEL_WHY_UNKNOWN : why;
}
