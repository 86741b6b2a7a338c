/* Estimates for the assets of one page and one kind of visitor, from the page's own counts and
 * its template's. */
#include "hints/learning/model_priv.h"

/* In a template a page's own assets are on few pages: it knows nothing of them. */
#define RARE_PAGES 2u
#define ABSENT_MAX 3u
#define UNUSED_MAX 6u

void fr_model_keys_of(struct fr_model *m, struct fr_model_site *s, struct fr_str page, bool create,
                      int64_t now_s, struct fr_model_keys *out)
{
	out->page = page;
	out->best = NULL;
	out->best_at = 0;
	out->n = fr_name_templates(page, out->names);
	out->own = create ? fr_model_need_key(m, s, false, page, now_s)
	                  : fr_model_find_key(m, s, false, page);
	for (size_t i = 0; i < out->n; i++) {
		struct fr_str text = fr_str_make(out->names[i].text, out->names[i].len);

		out->of[i] = create ? fr_model_need_key(m, s, true, text, now_s)
		                    : fr_model_find_key(m, s, true, text);
		if (!out->best && out->of[i] && out->of[i]->pages >= FR_MODEL_TEMPLATE_PAGES) {
			out->best = out->of[i];
			out->best_at = i;
		}
	}
}

bool fr_model_is_suspended(const struct fr_model_guess *g)
{
	const struct fr_model_member *nearest = g->own ? g->own : g->of_template;

	return nearest->absent >= ABSENT_MAX || nearest->unused >= UNUSED_MAX ||
	       (g->of_template && g->of_template->absent >= ABSENT_MAX &&
	        !(g->own && g->own->absent == 0 && g->e.n > FR_MODEL_PRIOR_LOADS));
}

static struct fr_estimate cells_of(const struct fr_model_key *k,
                                   const struct fr_model_member *member, uint64_t visitor,
                                   uint8_t only)
{
	return fr_estimate_cells(k->cells, fr_model_pairs(k, (size_t)(member - k->members)),
	                         k->n_cells, visitor, only);
}

/* An asset that the page's own loads never had: as many loads without it. */
static struct fr_estimate absent_of(const struct fr_model_key *k, bool is_named, uint64_t visitor,
                                    uint8_t only)
{
	struct fr_pair pairs[FR_MODEL_CELLS];

	for (unsigned c = 0; c < k->n_cells; c++)
		pairs[c] = (struct fr_pair){.n = is_named ? k->totals[c].k : k->totals[c].n};
	return fr_estimate_cells(k->cells, pairs, k->n_cells, visitor, only);
}

static void finish(struct fr_model_guess *g)
{
	g->lower = fr_estimate_lower(g->e.k, g->e.n);
	g->upper = fr_estimate_upper(g->e.k, g->e.n);
}

/* The page's own counts, and the template's with the weight of a few loads. */
static void pool(const struct fr_model_keys *keys, const struct fr_model_visitor *v,
                 struct fr_model_guess *g)
{
	const struct fr_model_member *t = g->of_template;
	struct fr_estimate prior = cells_of(keys->best, t, v->facets, 0), own = {0};
	double weight = prior.n < FR_MODEL_PRIOR_LOADS ? prior.n : FR_MODEL_PRIOR_LOADS;
	bool is_pattern = g->asset->flags & FR_ASSET_PATTERN;

	if (t->pages <= RARE_PAGES && keys->best->pages > 4 * RARE_PAGES && weight > 1)
		weight = 1;
	if (keys->own && g->own)
		own = cells_of(keys->own, g->own, v->facets, prior.facets);
	else if (keys->own && !is_pattern)
		own = absent_of(keys->own, t->is_named, v->facets, prior.facets);
	g->e = own;
	if (prior.n > 0) {
		g->e.k += weight * prior.k / prior.n;
		g->e.n += weight;
	}
	g->e.facets |= prior.facets;
	g->known = own.n > prior.n ? own.n : prior.n;
}

static bool has_device(const struct fr_model_key *k, uint64_t visitor)
{
	for (unsigned c = 0; k && c < k->n_cells; c++)
		if (fr_facet(k->cells[c], 0) == fr_facet(visitor, 0))
			return true;
	return false;
}

static bool is_taken(const struct fr_model_guess *v, size_t n, uint32_t asset)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].asset->id == asset)
			return true;
	return false;
}

size_t fr_model_guess(struct fr_model *m, struct fr_model_site *s, const struct fr_model_keys *keys,
                      const struct fr_model_visitor *v,
                      struct fr_model_guess out[FR_MODEL_MAX_GUESSES])
{
	size_t n = 0;

	(void)m;
	/* of a device that was never seen there nothing is known */
	if (!has_device(keys->own, v->facets) && !has_device(keys->best, v->facets))
		return 0;
	for (size_t i = 0; keys->best && i < keys->best->n; i++) {
		const struct fr_model_member *t = &keys->best->members[i];
		struct fr_model_guess g = {.of_template = t,
		                           .asset = fr_model_asset_by_id(s, t->asset)};

		if (!g.asset || (g.asset->flags & FR_ASSET_SPLIT))
			continue;
		/* until it is proven, the page's own counts say more */
		if ((g.asset->flags & FR_ASSET_PATTERN) && t->pages < FR_MODEL_PATTERN_PAGES)
			continue;
		if (keys->own)
			g.own = fr_model_member_of(keys->own, t->asset);
		pool(keys, v, &g);
		finish(&g);
		out[n++] = g;
	}
	for (size_t i = 0; keys->own && i < keys->own->n; i++) {
		const struct fr_model_member *o = &keys->own->members[i];
		struct fr_model_guess g = {.own = o, .asset = fr_model_asset_by_id(s, o->asset)};

		if (!g.asset || (g.asset->flags & FR_ASSET_SPLIT) || is_taken(out, n, o->asset))
			continue;
		g.e = cells_of(keys->own, o, v->facets, 0);
		g.known = g.e.n;
		finish(&g);
		out[n++] = g;
	}
	return n;
}
