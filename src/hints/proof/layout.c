/* Counts which assets could be the witness, and chooses one. */
#include "hints/proof/layout.h"

/* Of ten loads. */
#define CHOSEN_FROM 9u
#define KEPT_FROM 8u
/* One load of so many may have requested it too early: requests of two streams can change
 * places on their way. */
#define EARLY_OF 50u

/* --- candidates --- */

static struct fr_layout_candidate *find(struct fr_layout *l, uint64_t asset)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].asset == asset)
			return &l->v[i];
	return NULL;
}

/* A new candidate takes a free place, or that of one that most loads lack. */
static void make(struct fr_layout *l, const struct fr_layout_asset *a)
{
	struct fr_layout_candidate *at = NULL;

	if (l->n < FR_LAYOUT_CANDIDATES)
		at = &l->v[l->n++];
	for (size_t i = 0; !at && i < l->n; i++)
		if (l->v[i].asset != l->witness && l->v[i].asked * 2u < l->v[i].loads)
			at = &l->v[i];
	if (at)
		*at = (struct fr_layout_candidate){.asset = a->asset, .is_image = a->is_image};
}

static uint32_t last_blocking(const struct fr_layout_asset *v, size_t n)
{
	uint32_t last = 0;

	for (size_t i = 0; i < n; i++)
		if (v[i].is_blocking && v[i].asked_us > last)
			last = v[i].asked_us;
	return last;
}

static const struct fr_layout_asset *asset_of(const struct fr_layout_asset *v, size_t n,
                                              uint64_t asset)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].asset == asset)
			return &v[i];
	return NULL;
}

/* a: the candidate in this load; NULL: it was not requested. */
static void count(struct fr_layout_candidate *c, const struct fr_layout_asset *a,
                  uint32_t blocked_until)
{
	if (a && a->is_hinted)
		return;
	if (c->loads >= FR_LAYOUT_MAX_LOADS) {
		c->loads /= 2;
		c->asked /= 2;
		c->early /= 2;
	}
	c->loads++;
	if (a && a->is_of_style && a->asked_us >= blocked_until)
		c->asked++;
	else if (a)
		c->early++;
}

/* --- the choice --- */

static bool is_fit(const struct fr_layout_candidate *c, unsigned share)
{
	return c->asked * 10u >= c->loads * share && c->early * EARLY_OF <= c->loads;
}

/* Pictures first: a font is what a page is best hinted to. */
static bool is_better(const struct fr_layout_candidate *a, const struct fr_layout_candidate *b)
{
	if (!b || a->is_image != b->is_image)
		return !b || a->is_image;
	return a->asked > b->asked;
}

static void choose(struct fr_layout *l)
{
	const struct fr_layout_candidate *best = NULL, *now = find(l, l->witness);

	if (l->witness && now && is_fit(now, KEPT_FROM))
		return;
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].loads >= FR_LAYOUT_MIN_LOADS && is_fit(&l->v[i], CHOSEN_FROM) &&
		    is_better(&l->v[i], best))
			best = &l->v[i];
	l->witness = best ? best->asset : 0;
}

void fr_layout_add(struct fr_layout *l, const struct fr_layout_asset *v, size_t n)
{
	uint32_t blocked_until = last_blocking(v, n);

	for (size_t i = 0; i < n; i++)
		if (v[i].is_of_style && !v[i].is_blocking && !v[i].is_hinted && v[i].asset &&
		    !find(l, v[i].asset))
			make(l, &v[i]);
	for (size_t i = 0; i < l->n; i++)
		count(&l->v[i], asset_of(v, n, l->v[i].asset), blocked_until);
	choose(l);
}

uint32_t fr_layout_time(const struct fr_layout *l, const struct fr_layout_asset *v, size_t n)
{
	const struct fr_layout_asset *a = l->witness ? asset_of(v, n, l->witness) : NULL;

	return a && !a->is_hinted ? a->asked_us : 0;
}

bool fr_layout_is_valid(const struct fr_layout *l)
{
	bool has_witness = l->witness == 0;

	if (l->n > FR_LAYOUT_CANDIDATES)
		return false;
	for (size_t i = 0; i < l->n; i++) {
		const struct fr_layout_candidate *c = &l->v[i];

		if (!c->asset || c->loads > FR_LAYOUT_MAX_LOADS || c->asked > c->loads ||
		    c->early > c->loads)
			return false;
		has_witness |= c->asset == l->witness;
	}
	return has_witness;
}
