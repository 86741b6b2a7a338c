/* Evidence: what records of loads, and what HTML and Link name, add to the counts. */
#include <string.h>

#include "hints/learning/model_priv.h"

/* A load that asked for this share of what is expected had nothing of it. */
#define COLD_SHARE 0.8
/* Below so many expected assets every load may be cold. */
#define COLD_FROM 3.0
/* Of one page's loads, from one network. */
#define NETWORK_SHARE 20u
/* One answer that names an asset says as much as so many loads of its page that ask for it. */
#define NAMED_WEIGHT (7u * FR_COUNT_UNIT)
/* From this share on an absence is a surprise. */
#define EXPECTED 0.8

/* --- who counts --- */

/* what: of loads and answers, and of devices, each counts for itself. */
static bool has_counted(struct fr_model_key *k, const struct fr_load_client *c, uint32_t what,
                        int64_t now_s)
{
	uint32_t client = ((uint32_t)(c->client ^ c->client >> 32) | 1u) + 4 * what + c->device;
	uint32_t minute = (uint32_t)(now_s / 60) + 1, oldest = 0;

	for (unsigned i = 0; i < FR_MODEL_NETWORKS; i++) {
		if (k->recent[i].client == client && k->recent[i].minute == minute)
			return true;
		if (k->recent[i].minute < k->recent[oldest].minute)
			oldest = i;
	}
	k->recent[oldest] = (struct fr_model_client){client, minute};
	return false;
}

/* Has the network its share of the page's loads? The few that bring most are counted; the
 * rarest makes way. */
static bool has_its_share(struct fr_model_key *k, uint32_t network)
{
	unsigned rarest = 0;

	for (unsigned i = 0; i < FR_MODEL_NETWORKS; i++) {
		struct fr_model_network *w = &k->networks[i];

		if (w->network == network) {
			if (w->loads * NETWORK_SHARE > k->loads)
				return true;
			w->loads++;
			return false;
		}
		if (w->loads < k->networks[rarest].loads)
			rarest = i;
	}
	k->networks[rarest] = (struct fr_model_network){network, 1};
	return false;
}

/* --- what a load or an answer has --- */

struct found {
	struct fr_model_asset *asset; /* by its path */
	const struct fr_load_asset *asked;
	struct fr_str target;
	bool is_new; /* to the page */
};

struct evidence {
	struct fr_model *m;
	struct fr_model_site *s;
	struct fr_model_keys keys;
	struct fr_model_visitor visitor;
	struct fr_model_guess guesses[FR_MODEL_MAX_GUESSES];
	size_t n_guesses;
	struct found v[FR_LOAD_MAX_ASSETS];
	size_t n;
	unsigned witnesses;
	uint8_t named;    /* of answers: 1 by HTML, 2 by Link; 0: a load */
	bool is_complete; /* what is not in v is absent */
};

static bool is_expected(const struct evidence *e, uint32_t asset)
{
	for (size_t i = 0; i < e->n_guesses; i++)
		if (e->guesses[i].asset->id == asset)
			return e->guesses[i].e.n >= 2 &&
			       e->guesses[i].e.k >= EXPECTED * e->guesses[i].e.n;
	return false;
}

/* Two versions of one family in one load are two assets. */
static void add_found(struct evidence *e, struct fr_model_asset *a, struct fr_str target,
                      const struct fr_load_asset *asked)
{
	for (size_t i = 0; i < e->n; i++)
		if (e->v[i].asset == a) {
			if (!fr_str_eq(e->v[i].target, target))
				a->flags |= FR_ASSET_SPLIT;
			return;
		}
	if (e->n < FR_LOAD_MAX_ASSETS)
		e->v[e->n++] = (struct found){.asset = a, .asked = asked, .target = target};
}

static bool is_learnable(enum fr_as as)
{
	return as == FR_AS_STYLE || as == FR_AS_SCRIPT || as == FR_AS_FONT || as == FR_AS_IMAGE;
}

/* The page and its templates have one more page, if it is a new one. */
static void note_page(struct evidence *e)
{
	struct fr_model_key *own = e->keys.own;

	for (size_t i = 0; i < e->keys.n; i++) {
		struct fr_model_key *t = e->keys.of[i];

		if (!t)
			continue;
		if (own && !own->was_loaded && t->pages < UINT16_MAX)
			t->pages++;
		t->needs &= e->visitor.kinds;
	}
	if (e->keys.site && own && !own->was_loaded && e->keys.site->pages < UINT16_MAX)
		e->keys.site->pages++;
	if (own) {
		own->needs &= e->visitor.kinds;
		own->was_loaded = true;
	}
}

/* Who was turned away is shown it now. */
static void clear_barred(struct evidence *e)
{
	uint32_t page =
		fr_model_hash(e->m, fr_str_sub(e->keys.page, 0, fr_str_find(e->keys.page, '?')));
	struct fr_model_barred *b = &e->s->barred[page % FR_MODEL_BARRED];

	if (b->page == page && !(e->visitor.kinds & ~b->had))
		b->page = 0;
}

/* --- counting --- */

/* In a template: the pattern of the page's own asset, else the asset. */
static struct fr_model_asset *in_template(struct evidence *e, const struct found *f, size_t at)
{
	char pattern[FR_NAME_MAX_BYTES];
	struct fr_model_asset *a;
	size_t len;

	if (!fr_name_abstract(e->keys.page, e->keys.names[at].first_free, f->target, pattern, &len))
		return f->asset;
	a = fr_model_pattern_of(e->m, e->s, fr_str_make(pattern, len), true);
	fr_model_witness(e->s, a, &e->visitor, e->witnesses);
	a->as = f->asset->as;
	a->flags |= f->asset->flags & (FR_ASSET_MODULE | FR_ASSET_WITH_CORS | FR_ASSET_OPEN);
	return a;
}

static void count_present(struct evidence *e, struct fr_model_key *k, int cell,
                          struct fr_model_asset *a, const struct found *f, unsigned weight)
{
	struct fr_model_member *mem = fr_model_need_member(e->m, k, a->id, e->named);
	unsigned offered = f->asked ? f->asked->flags & (FR_LOAD_HINTED | FR_LOAD_PUSHED) : 0;

	if (e->named && mem->is_named != 1)
		mem->is_named = e->named;
	if (f->is_new && mem->pages < UINT8_MAX)
		mem->pages++;
	if (offered)
		return;
	mem->absent = 0;
	if (!e->named)
		mem->unused = 0;
	if (!e->named && mem->is_named)
		return; /* answers count */
	fr_pair_add(&fr_model_pairs(k, (size_t)(mem - k->members))[cell], true, weight);
}

static bool was_had_or_offered(const struct fr_load_asset *a)
{
	return a && (a->flags & (FR_LOAD_HINTED | FR_LOAD_PUSHED | FR_LOAD_HAD));
}

/* What was offered but not asked for, by its asset in this key. */
static const struct fr_load_asset *offer_of(struct evidence *e, const struct fr_load *load,
                                            uint32_t asset, int at)
{
	for (size_t i = 0; load && i < load->n; i++) {
		const struct fr_load_asset *a = &load->v[i];
		struct fr_model_asset *known;
		char pattern[FR_NAME_MAX_BYTES];
		size_t len;

		if (!(a->flags & (FR_LOAD_HINTED | FR_LOAD_PUSHED | FR_LOAD_HAD)))
			continue;
		if (at >= 0 && fr_name_abstract(e->keys.page, e->keys.names[at].first_free,
		                                a->target, pattern, &len)) {
			if (fr_model_hash(e->m, fr_str_make(pattern, len)) == asset)
				return a;
			continue;
		}
		known = fr_model_asset_of(e->m, e->s, a->target, (enum fr_as)a->as, false);
		if (known && known->id == asset)
			return a;
	}
	return NULL;
}

static bool had_before(const struct fr_load *load, const struct fr_model_asset *a)
{
	uint32_t hash = fr_load_hash(fr_str_make(a->text, a->text_len));

	for (size_t i = 0; load && i < load->n_before; i++)
		if (load->before[i] == hash)
			return true;
	return false;
}

/* The member was not among what was asked for or named. at: as of count. */
static void count_absent(struct evidence *e, struct fr_model_key *k, int cell,
                         struct fr_model_member *mem, const struct fr_load *load, int at,
                         unsigned weight)
{
	const struct fr_model_asset *a = fr_model_asset_by_id(e->s, mem->asset);

	if (!a || had_before(load, a) || was_had_or_offered(offer_of(e, load, mem->asset, at)))
		return;
	if (!e->named && mem->is_named) {
		if (mem->unused < UINT8_MAX)
			mem->unused++;
		return;
	}
	if (e->named && mem->is_named != e->named)
		return;
	if (mem->absent < UINT8_MAX && is_expected(e, mem->asset))
		mem->absent++;
	fr_pair_add(&fr_model_pairs(k, (size_t)(mem - k->members))[cell], false, weight);
}

static bool is_pages_own(const struct evidence *e, struct fr_str target)
{
	char pattern[FR_NAME_MAX_BYTES];
	size_t len;

	return fr_name_abstract(e->keys.page, 0, target, pattern, &len);
}

/* What all pages of the site have; no page's own. */
#define OF_SITE (-2)
#define OF_PAGE (-1)

/* at: of the template, or one of these. */
static void count(struct evidence *e, struct fr_model_key *k, int at, const struct fr_load *load,
                  unsigned weight)
{
	uint32_t present[FR_LOAD_MAX_ASSETS];
	size_t n_present = 0;
	int cell = k ? fr_model_need_cell(e->m, k, e->visitor.facets) : -1;

	if (cell < 0)
		return;
	for (size_t i = 0; i < e->n; i++) {
		struct fr_model_asset *a =
			at < 0 ? e->v[i].asset : in_template(e, &e->v[i], (size_t)at);
		const struct fr_model_asset *best = NULL;

		if (at == OF_SITE && is_pages_own(e, e->v[i].target))
			continue;
		if (at == OF_PAGE && e->keys.best) {
			const struct fr_model_member *t;

			best = in_template(e, &e->v[i], e->keys.best_at);
			t = fr_model_member_of(e->keys.best, best->id);
			if (best != a && t && t->pages >= FR_MODEL_PATTERN_PAGES)
				continue; /* the template knows it */
		}
		present[n_present++] = a->id;
		count_present(e, k, cell, a, &e->v[i], weight);
	}
	for (size_t i = 0; e->is_complete && i < k->n; i++) {
		size_t p = 0;

		while (p < n_present && present[p] != k->members[i].asset)
			p++;
		if (p == n_present)
			count_absent(e, k, cell, &k->members[i], load, at, weight);
	}
	fr_pair_add(&k->totals[cell], false, 0);
	if (e->named == 1 && k->totals[cell].k < UINT16_MAX - weight)
		k->totals[cell].k = (uint16_t)(k->totals[cell].k + weight);
	else if (!e->named && k->totals[cell].n < UINT16_MAX - weight)
		k->totals[cell].n = (uint16_t)(k->totals[cell].n + weight);
}

static void mark_new(struct evidence *e)
{
	for (size_t i = 0; i < e->n; i++)
		e->v[i].is_new =
			!e->keys.own || !fr_model_member_of(e->keys.own, e->v[i].asset->id);
}

static void count_all(struct evidence *e, const struct fr_load *load, unsigned own_weight,
                      int64_t now_s)
{
	mark_new(e);
	for (size_t i = 0; i < e->keys.n; i++) {
		if (e->keys.of[i])
			fr_model_age(e->keys.of[i], now_s);
		count(e, e->keys.of[i], (int)i, load, FR_COUNT_UNIT);
	}
	if (e->keys.own)
		fr_model_age(e->keys.own, now_s);
	if (e->keys.site)
		fr_model_age(e->keys.site, now_s);
	count(e, e->keys.site, OF_SITE, load, FR_COUNT_UNIT);
	count(e, e->keys.own, OF_PAGE, load, own_weight);
	fr_model_trim(e->m, e->s, e->keys.own);
}

/* --- loads --- */

/* A picture that may not be reused counts visitors, or is made for one. */
static bool is_once(const struct fr_load_asset *a)
{
	return a->as == FR_AS_IMAGE && a->lifetime == FR_REUSE_NONE;
}

static void take_assets(struct evidence *e, const struct fr_load *load)
{
	for (size_t i = 0; i < load->n; i++) {
		const struct fr_load_asset *a = &load->v[i];
		struct fr_model_asset *known;

		if ((a->flags & (FR_LOAD_ASKED | FR_LOAD_OK)) != (FR_LOAD_ASKED | FR_LOAD_OK) ||
		    !is_learnable((enum fr_as)a->as) || is_once(a))
			continue;
		known = fr_model_asset_of(e->m, e->s, a->target, (enum fr_as)a->as, true);
		/* an old version that we had hinted says nothing */
		if (!known || ((a->flags & (FR_LOAD_HINTED | FR_LOAD_PUSHED)) &&
		               !fr_str_eq(fr_str_make(known->text, known->text_len), a->target)))
			continue;
		if (a->flags & FR_LOAD_CORS)
			known->flags |= FR_ASSET_WITH_CORS;
		if ((a->flags & FR_LOAD_CORS) && a->as == FR_AS_SCRIPT)
			known->flags |= FR_ASSET_MODULE;
		fr_model_witness(e->s, known, &e->visitor, e->witnesses);
		add_found(e, known, a->target, a);
	}
}

/* How many assets that many pages share are expected of who has nothing but what the
 * connection had. */
static double expected_of(const struct evidence *e, const struct fr_load *load)
{
	double expected = 0;

	for (size_t i = 0; i < e->n_guesses; i++) {
		const struct fr_model_guess *g = &e->guesses[i];

		if (!(g->asset->flags & FR_ASSET_PATTERN) && g->e.n > 0 && g->e.k * 2 >= g->e.n &&
		    !fr_model_is_suspended(g) && !had_before(load, g->asset))
			expected += g->e.k / g->e.n;
	}
	return expected;
}

/* Did it ask for about all that is expected, and for nothing as one who has an old copy? */
static bool is_cold(const struct evidence *e, const struct fr_load *load)
{
	double expected = expected_of(e, load);
	size_t asked = 0, any = 0;

	if (load->past == FR_LOAD_PAST_WARM)
		return false;
	for (size_t i = 0; i < load->n; i++) {
		const struct fr_load_asset *a = &load->v[i];
		bool is_pushed =
			(a->flags & (FR_LOAD_PUSHED | FR_LOAD_CANCELLED)) == FR_LOAD_PUSHED;

		if (!is_learnable((enum fr_as)a->as))
			continue;
		if (a->flags & FR_LOAD_CONDITIONAL)
			return false;
		any += (a->flags & FR_LOAD_OK) || is_pushed;
		asked += ((a->flags & FR_LOAD_OK) || is_pushed) && !is_pages_own(e, a->target);
	}
	if (expected < COLD_FROM)
		return any || load->past == FR_LOAD_PAST_COLD;
	return (double)asked >= COLD_SHARE * expected;
}

static void note_omissions(struct evidence *e, const struct fr_load *load)
{
	for (size_t i = 0; i < load->n; i++)
		if (load->v[i].flags & FR_LOAD_OMITTED) {
			atomic_fetch_add_explicit(&e->m->omitted, 1, memory_order_relaxed);
			if (load->v[i].flags & FR_LOAD_ASKED)
				atomic_fetch_add_explicit(&e->m->missed, 1, memory_order_relaxed);
		}
}

static bool learn_load(struct evidence *e, const struct fr_load *load, int64_t now_s)
{
	struct fr_model_key *own = e->keys.own;
	bool counts = own && !has_counted(own, &load->client, 0, now_s), cold;

	fr_model_visitor_of(e->s, &load->client, counts, &e->visitor);
	counts = counts && !has_its_share(own, e->visitor.network);
	note_page(e);
	clear_barred(e);
	take_assets(e, load);
	e->n_guesses = fr_model_guess(e->m, e->s, &e->keys, &e->visitor, e->guesses);
	cold = is_cold(e, load);
	if (!counts)
		return cold;
	if (cold) {
		atomic_fetch_add_explicit(&e->m->cold, 1, memory_order_relaxed);
		note_omissions(e, load);
		count_all(e, load, FR_COUNT_UNIT, now_s);
	}
	own->loads++;
	return cold;
}

bool fr_model_learn(struct fr_model *m, const struct fr_load *load, unsigned witnesses,
                    int64_t now_s)
{
	struct evidence e;
	bool cold;

	atomic_fetch_add_explicit(&m->loads, 1, memory_order_relaxed);
	if (load->client.is_bot || load->is_cut || load->is_reload || load->dropped ||
	    load->n == 0 || load->target.len > FR_NAME_MAX_BYTES)
		return false;
	e.m = m;
	e.n = e.n_guesses = 0;
	e.witnesses = witnesses;
	e.named = 0;
	e.is_complete = true;
	e.s = fr_model_lock_site(m, load->authority, true);
	fr_model_keys_of(m, e.s, load->target, true, now_s, &e.keys);
	cold = learn_load(&e, load, now_s);
	(void)pthread_mutex_unlock(&e.s->lock);
	return cold;
}

/* --- answers --- */

static void take_named(struct evidence *e, const struct fr_model_answer *a, int64_t now_s)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct fr_model_named *named = &a->v[i];
		struct fr_model_asset *known;

		if (!is_learnable(named->as))
			continue;
		known = fr_model_asset_of(e->m, e->s, named->target, named->as, true);
		if (!known)
			continue;
		if (named->is_module)
			known->flags |= FR_ASSET_MODULE;
		if (named->is_cors)
			known->flags |= FR_ASSET_WITH_CORS;
		if (a->is_public)
			known->flags |= FR_ASSET_OPEN;
		fr_model_witness(e->s, known, &e->visitor, e->witnesses);
		add_found(e, known, named->target, NULL);
		if (known->flags & FR_ASSET_SPLIT)
			continue;
		fr_model_sight(e->m, e->s, known, named->target, FR_SIGHT_HTML, e->visitor.network,
		               now_s);
	}
}

void fr_model_named(struct fr_model *m, const struct fr_model_answer *a, int64_t now_s)
{
	struct evidence e;

	if (a->page.len > FR_NAME_MAX_BYTES || a->client->is_bot)
		return;
	e.m = m;
	e.n = e.n_guesses = 0;
	e.witnesses = a->witnesses;
	e.named = a->is_html ? 1 : 2;
	e.is_complete = a->is_complete;
	e.s = fr_model_lock_site(m, a->authority, true);
	fr_model_keys_of(m, e.s, a->page, true, now_s, &e.keys);
	fr_model_visitor_of(e.s, a->client, false, &e.visitor);
	take_named(&e, a, now_s);
	e.n_guesses = fr_model_guess(m, e.s, &e.keys, &e.visitor, e.guesses);
	note_page(&e);
	if (!e.keys.own || !has_counted(e.keys.own, a->client, e.named, now_s))
		count_all(&e, NULL, NAMED_WEIGHT, now_s);
	(void)pthread_mutex_unlock(&e.s->lock);
}

/* --- single sights --- */

void fr_model_seen(struct fr_model *m, struct fr_str authority, struct fr_str target, enum fr_as as,
                   uint64_t network, bool is_free, int64_t now_s)
{
	struct fr_model_site *s = fr_model_lock_site(m, authority, false);
	struct fr_model_asset *a = s ? fr_model_asset_of(m, s, target, as, false) : NULL;

	if (a)
		fr_model_sight(m, s, a, target, is_free ? FR_SIGHT_FREE : FR_SIGHT_HINTED,
		               (uint32_t)(network ^ network >> 32) | 1u, now_s);
	if (s)
		(void)pthread_mutex_unlock(&s->lock);
}

void fr_model_gone(struct fr_model *m, struct fr_str authority, struct fr_str target, enum fr_as as)
{
	struct fr_model_site *s = fr_model_lock_site(m, authority, false);
	struct fr_model_asset *a = s ? fr_model_asset_of(m, s, target, as, false) : NULL;

	if (a && fr_str_eq(fr_str_make(a->text, a->text_len), target))
		a->flags |= FR_ASSET_IS_GONE;
	if (s)
		(void)pthread_mutex_unlock(&s->lock);
}

void fr_model_turned_away(struct fr_model *m, struct fr_str authority, struct fr_str page,
                          const struct fr_load_client *client)
{
	struct fr_model_site *s = fr_model_lock_site(m, authority, true);
	uint32_t hash = fr_model_hash(m, fr_str_sub(page, 0, fr_str_find(page, '?')));
	struct fr_model_visitor v;

	fr_model_visitor_of(s, client, false, &v);
	s->barred[hash % FR_MODEL_BARRED] = (struct fr_model_barred){hash, v.kinds};
	(void)pthread_mutex_unlock(&s->lock);
}
