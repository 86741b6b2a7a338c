/* Estimates for the assets of one page and one kind of visitor, from the page's own counts and
 * its template's. */
#include "hints/learning/model_priv.h"

#define RARE_PAGES 2u
#define ABSENT_MAX 3u
#define UNUSED_MAX 6u
/* What all pages of a site share says something once there are so many. */
#define SITE_PAGES 20u

void fr_model_keys_of(struct fr_model *m, struct fr_model_site *s, struct fr_str page, bool create,
                      int64_t now_s, struct fr_model_keys *out)
{
	out->page = page;
	out->best = NULL;
	out->best_at = 0;
	out->n = fr_name_templates(page, out->names);
	out->own = create ? fr_model_need_key(m, s, false, page, now_s)
	                  : fr_model_find_key(m, s, false, page);
	out->site = create ? fr_model_need_key(m, s, true, FR_STR("*"), now_s)
	                   : fr_model_find_key(m, s, true, FR_STR("*"));
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

/* A key's counts of the asset, with what is coarser as its prior. */
static void add_level(const struct fr_model_key *k, uint32_t asset, bool is_named, uint64_t visitor,
                      double most, struct fr_estimate *e)
{
	const struct fr_model_member *mem =
		fr_model_member_of((struct fr_model_key *)(uintptr_t)k, asset);
	struct fr_estimate own = mem ? cells_of(k, mem, visitor, e->facets)
	                             : absent_of(k, is_named, visitor, e->facets);
	double weight = e->n < most ? e->n : most;

	if (e->n > 0) {
		own.k += weight * e->k / e->n;
		own.n += weight;
	}
	own.facets |= e->facets;
	*e = own;
}

/* What the site's pages share says something of a page that was shown; of others only their
 * templates do. */
static bool uses_site(const struct fr_model_keys *keys)
{
	return keys->own && keys->own->was_loaded && keys->site && keys->site->pages >= SITE_PAGES;
}

/* From the coarsest to the page itself, each with the weight of a few loads. */
static void pool(const struct fr_model_keys *keys, const struct fr_model_visitor *v,
                 struct fr_model_guess *g)
{
	const struct fr_model_member *t = g->of_template;
	bool is_pattern = g->asset->flags & FR_ASSET_PATTERN;
	bool is_named = (g->own && g->own->is_named) || (t && t->is_named);
	double most = FR_MODEL_PRIOR_LOADS;

	g->e = (struct fr_estimate){0};
	if (uses_site(keys) && !is_pattern)
		add_level(keys->site, g->asset->id, is_named, v->facets, most, &g->e);
	for (size_t i = keys->best ? keys->n : 0; i-- > keys->best_at;)
		if (keys->of[i])
			add_level(keys->of[i], g->asset->id, is_named, v->facets, most, &g->e);
	g->known = g->e.n;
	/* in a template a page's own assets are on few pages: it knows nothing of them */
	if (keys->best && (!t || t->pages <= RARE_PAGES) && keys->best->pages > 4 * RARE_PAGES)
		most = 1;
	if (keys->own && !is_pattern)
		add_level(keys->own, g->asset->id, is_named, v->facets, most, &g->e);
	else if (g->e.n > most) { /* the page alone is nothing yet */
		g->e.k *= most / g->e.n;
		g->e.n = most;
	}
	if (g->e.n > g->known)
		g->known = g->e.n;
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
		pool(keys, v, &g);
		finish(&g);
		out[n++] = g;
	}
	for (size_t i = 0; uses_site(keys) && i < keys->site->n && n < FR_MODEL_MAX_GUESSES; i++) {
		const struct fr_model_member *of_site = &keys->site->members[i];
		struct fr_model_guess g = {.of_template = of_site,
		                           .asset = fr_model_asset_by_id(s, of_site->asset)};

		if (!g.asset || (g.asset->flags & FR_ASSET_SPLIT) ||
		    is_taken(out, n, of_site->asset))
			continue;
		pool(keys, v, &g);
		finish(&g);
		out[n++] = g;
	}
	return n;
}
