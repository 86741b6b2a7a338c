/* Assets of a site: families and their versions, who has seen them, who may be told; and what
 * cookies say about visitors. */
#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "hints/learning/model_priv.h"

/* A cookie's value counts as shared once it was seen from about so many networks. */
#define SHARED_NETWORKS 10u
/* A version that clients go back to needs so many networks. */
#define VOTES 3u
/* Versions that HTML goes back to so often exist side by side. */
#define FLIPS 4u
#define OTHER_CREDENTIAL (UINT32_C(1) << 31)
#define HAS_MANY 0xffu

/* --- cookies --- */

static unsigned bits_of(uint32_t v)
{
	return (unsigned)__builtin_popcount(v);
}

/* Is it a kind of visitor, not a person? */
static bool is_shared(const struct fr_model_cookie *c)
{
	if (!c->name || c->has_many || c->seen < 2 * SHARED_NETWORKS)
		return false;
	for (unsigned i = 0; i < c->n; i++)
		if (c->values[i].seen * 20 > c->seen &&
		    bits_of(c->values[i].networks) < SHARED_NETWORKS)
			return false;
	return true;
}

uint32_t fr_model_personal_bits(const struct fr_model_site *s)
{
	uint32_t bits = OTHER_CREDENTIAL;

	for (unsigned i = 0; i < FR_MODEL_COOKIES; i++)
		if (!is_shared(&s->cookies[i]))
			bits |= 1u << i;
	return bits;
}

/* The cookie's byte in all cells of the key becomes that value. */
static void recode_key(struct fr_model_key *k, unsigned at, unsigned value)
{
	uint64_t mask = UINT64_C(0xff) << 8 * (at + 2);

	for (unsigned c = 0; c < k->n_cells; c++)
		if (k->cells[c] & mask || value == 0)
			k->cells[c] = (k->cells[c] & ~mask) | (uint64_t)value << 8 * (at + 2);
}

static void recode(struct fr_model_site *s, unsigned at, unsigned value)
{
	struct fr_model_key *k, *next;

	HASH_ITER(hh, s->pages, k, next)
	recode_key(k, at, value);
	HASH_ITER(hh, s->templates, k, next)
	recode_key(k, at, value);
}

/* The place of a cookie; negative: it has none. counts: a rare one makes way. */
static int place_of(struct fr_model_site *s, uint32_t name, bool counts)
{
	unsigned rarest = 0, most = 0;

	for (unsigned i = 0; i < FR_MODEL_COOKIES; i++) {
		if (s->cookies[i].name == name)
			return (int)i;
		if (s->cookies[i].seen < s->cookies[rarest].seen)
			rarest = i;
		if (s->cookies[i].seen > most)
			most = s->cookies[i].seen;
	}
	if (!counts ||
	    (s->cookies[rarest].name && (most < 100 || s->cookies[rarest].seen * 50 > most)))
		return -1;
	if (s->cookies[rarest].name)
		recode(s, rarest, 0);
	s->cookies[rarest] = (struct fr_model_cookie){.name = name};
	return (int)rarest;
}

static unsigned value_of(struct fr_model_site *s, unsigned at, uint32_t value, uint32_t network,
                         bool counts)
{
	struct fr_model_cookie *c = &s->cookies[at];
	unsigned i = 0;

	if (c->has_many)
		return HAS_MANY;
	while (i < c->n && c->values[i].value != value)
		i++;
	if (counts)
		c->seen++;
	if (i == c->n && counts && c->n < FR_MODEL_COOKIE_VALUES)
		c->values[c->n++] = (struct fr_model_value){.value = value};
	if (i < c->n) {
		if (counts) {
			c->values[i].seen++;
			c->values[i].networks |= 1u << (network & 31u);
		}
		return i + 1;
	}
	if (counts && ++c->others >= 4 && c->others * 4 > c->seen) {
		c->has_many = true;
		recode(s, at, HAS_MANY);
	}
	return HAS_MANY;
}

void fr_model_visitor_of(struct fr_model_site *s, const struct fr_load_client *c, bool counts,
                         struct fr_model_visitor *out)
{
	uint64_t credential = 0;
	uint32_t network = (uint32_t)(c->network ^ c->network >> 32) | 1u;

	*out = (struct fr_model_visitor){
		.facets = (uint64_t)c->device | (uint64_t)c->saves_data << 8, .network = network};
	for (unsigned i = 0; i < c->n_cookies; i++) {
		int at = place_of(s, c->cookies[i].name, counts);

		if (at < 0) {
			out->kinds |= OTHER_CREDENTIAL;
			credential += c->cookies[i].value;
			continue;
		}
		out->kinds |= 1u << at;
		out->facets |=
			(uint64_t)value_of(s, (unsigned)at, c->cookies[i].value, network, counts)
			<< 8 * (at + 2);
		if (!is_shared(&s->cookies[at]))
			credential += c->cookies[i].value;
	}
	if (c->kinds && !c->n_cookies) {
		out->kinds |= OTHER_CREDENTIAL;
		credential += c->credential | 1u;
	}
	out->credential = (uint32_t)(credential ^ credential >> 32);
}

/* --- the table --- */

static size_t asset_bytes(const struct fr_model_asset *a)
{
	return sizeof *a + a->text_len + 48u;
}

static void unlink_asset(struct fr_model_site *s, struct fr_model_asset *a)
{
	if (a->older)
		a->older->newer = a->newer;
	else
		s->oldest_asset = a->newer;
	if (a->newer)
		a->newer->older = a->older;
	else
		s->newest_asset = a->older;
}

static void link_asset(struct fr_model_site *s, struct fr_model_asset *a)
{
	a->newer = NULL;
	a->older = s->newest_asset;
	if (s->newest_asset)
		s->newest_asset->newer = a;
	else
		s->oldest_asset = a;
	s->newest_asset = a;
}

void fr_model_drop_asset(struct fr_model *m, struct fr_model_site *s, struct fr_model_asset *a)
{
	fr_model_account(m, 0, asset_bytes(a));
	unlink_asset(s, a);
	HASH_DEL(s->assets, a);
	s->n_assets--;
	free(a->text);
	free(a);
}

struct fr_model_asset *fr_model_asset_by_id(struct fr_model_site *s, uint32_t id)
{
	struct fr_model_asset *a = NULL;

	HASH_FIND(hh, s->assets, &id, sizeof id, a);
	return a;
}

static void set_text(struct fr_model *m, struct fr_model_asset *a, struct fr_str text)
{
	char *p = fr_malloc(text.len + 1);

	memcpy(p, text.p, text.len);
	p[text.len] = '\0';
	fr_model_account(m, text.len, a->text_len);
	free(a->text);
	a->text = p;
	a->text_len = (uint16_t)text.len;
}

static struct fr_model_asset *new_asset(struct fr_model *m, struct fr_model_site *s, uint32_t id,
                                        struct fr_str text, unsigned flags)
{
	struct fr_model_asset *a = fr_calloc(1, sizeof *a);

	a->id = id;
	a->flags = (uint16_t)flags;
	a->needs = a->bare_needs = UINT32_MAX;
	a->deployment = s->deployment;
	fr_model_account(m, asset_bytes(a), 0);
	set_text(m, a, text);
	HASH_ADD(hh, s->assets, id, sizeof a->id, a);
	link_asset(s, a);
	s->n_assets++;
	return a;
}

/* The hash of the path with a star for its version; *version: of that; 0: it has none. */
static uint32_t family_id(const struct fr_model *m, struct fr_str target, enum fr_as as,
                          uint32_t *version)
{
	char text[FR_NAME_MAX_BYTES + 1];
	size_t at, len;

	*version = 0;
	if (!fr_name_version(target, as, &at, &len))
		return fr_model_hash(m, target);
	memcpy(text, target.p, at);
	text[at] = '\x02'; /* which no path has */
	memcpy(text + at + 1, target.p + at + len, target.len - at - len);
	*version = fr_model_hash(m, fr_str_sub(target, at, at + len));
	return fr_model_hash(m, fr_str_make(text, target.len - len + 1));
}

struct fr_model_asset *fr_model_asset_of(struct fr_model *m, struct fr_model_site *s,
                                         struct fr_str target, enum fr_as as, bool create)
{
	struct fr_model_asset *a;
	uint32_t version, id;

	if (!target.len || target.len > FR_NAME_MAX_BYTES)
		return NULL;
	id = family_id(m, target, as, &version);
	a = fr_model_asset_by_id(s, id);
	if (a && (a->flags & FR_ASSET_SPLIT)) {
		id = fr_model_hash(m, target);
		version = 0;
		a = fr_model_asset_by_id(s, id);
	}
	if (a || !create)
		return a;
	a = new_asset(m, s, id, target, version ? FR_ASSET_VERSIONED : 0);
	a->version = version;
	a->as = (uint8_t)as;
	return a;
}

struct fr_model_asset *fr_model_pattern_of(struct fr_model *m, struct fr_model_site *s,
                                           struct fr_str pattern, bool create)
{
	uint32_t id = fr_model_hash(m, pattern);
	struct fr_model_asset *a = fr_model_asset_by_id(s, id);

	return a || !create ? a : new_asset(m, s, id, pattern, FR_ASSET_PATTERN);
}

/* --- versions --- */

static bool is_past(const struct fr_model_asset *a, uint32_t version)
{
	for (unsigned i = 0; i < a->n_past; i++)
		if (a->past[i] == version)
			return true;
	return false;
}

static void switch_to(struct fr_model *m, struct fr_model_site *s, struct fr_model_asset *a,
                      struct fr_str target, uint32_t version, int64_t now_s)
{
	if (!is_past(a, a->version)) {
		memmove(&a->past[1], &a->past[0], (FR_MODEL_PAST - 1) * sizeof a->past[0]);
		a->past[0] = a->version;
		if (a->n_past < FR_MODEL_PAST)
			a->n_past++;
	}
	a->version = version;
	a->votes = 0;
	a->flags &= (uint16_t)~FR_ASSET_IS_GONE;
	set_text(m, a, target);
	if (now_s - s->deployed_s > FR_MODEL_DEPLOYMENT_S || !s->deployed_s) {
		s->deployment++;
		s->deployed_s = now_s;
	}
	a->deployment = s->deployment;
	atomic_fetch_add_explicit(&m->switches, 1, memory_order_relaxed);
}

/* Clients ask for an earlier version: do they all? */
static bool is_voted_for(struct fr_model_asset *a, uint32_t version, uint32_t network)
{
	if (a->vote != version) {
		a->vote = version;
		a->votes = 0;
		a->vote_network = 0;
	}
	if (a->vote_network != network) {
		a->vote_network = network;
		a->votes++;
	}
	return a->votes >= VOTES;
}

/* HTML that goes to and fro, or names both: they exist side by side. */
static void split_up(struct fr_model_asset *a)
{
	a->flags |= FR_ASSET_SPLIT;
}

static bool is_query_version(struct fr_str target, struct fr_model_asset *a)
{
	size_t at, len;

	return fr_name_version(target, (enum fr_as)a->as, &at, &len) &&
	       at > fr_str_find(target, '?');
}

void fr_model_sight(struct fr_model *m, struct fr_model_site *s, struct fr_model_asset *a,
                    struct fr_str target, enum fr_model_sight how, uint32_t network, int64_t now_s)
{
	uint32_t version = 0;

	unlink_asset(s, a);
	link_asset(s, a);
	if (a->flags & FR_ASSET_VERSIONED)
		(void)family_id(m, target, (enum fr_as)a->as, &version);
	if (version == a->version) {
		if (how != FR_SIGHT_HINTED) {
			a->votes = 0;
			a->deployment = s->deployment;
			a->flags &= (uint16_t)~FR_ASSET_IS_GONE;
		}
		return;
	}
	if (how == FR_SIGHT_HTML) {
		if (is_past(a, version) && ++a->flips >= FLIPS)
			split_up(a);
		switch_to(m, s, a, target, version, now_s);
	} else if (how == FR_SIGHT_FREE) {
		/* a path that was not there before is no client's invention */
		bool is_new = !is_past(a, version) && !is_query_version(target, a);

		if (is_new || is_voted_for(a, version, network))
			switch_to(m, s, a, target, version, now_s);
	}
}

/* --- who --- */

/* It was asked for without some of the credentials that all had before: once enough networks
 * have done so, these are not needed. */
static void note_bare(struct fr_model_asset *a, const struct fr_model_visitor *v,
                      unsigned witnesses)
{
	for (unsigned i = 0; i < a->n_bare; i++)
		if (a->bare[i] == v->network)
			return;
	a->bare[a->n_bare++] = v->network;
	a->bare_needs &= v->kinds;
	if (a->n_bare < witnesses)
		return;
	a->needs &= a->bare_needs;
	a->bare_needs = UINT32_MAX;
	a->n_bare = 0;
}

void fr_model_witness(struct fr_model_site *s, struct fr_model_asset *a,
                      const struct fr_model_visitor *v, unsigned witnesses)
{
	if (witnesses > FR_MODEL_WITNESSES)
		witnesses = FR_MODEL_WITNESSES;
	if (a->needs == UINT32_MAX)
		a->needs = v->kinds;
	else if (a->needs & ~v->kinds & fr_model_personal_bits(s))
		note_bare(a, v, witnesses);
	for (unsigned i = 0; i < a->n_witnesses; i++)
		if (a->witnesses[i].network == v->network ||
		    (v->credential && a->witnesses[i].credential == v->credential))
			return;
	if (a->n_witnesses < FR_MODEL_WITNESSES)
		a->witnesses[a->n_witnesses++] =
			(struct fr_model_witness){v->network, v->credential};
}

enum fr_model_why fr_model_may_tell(const struct fr_model_site *s, const struct fr_model_asset *a,
                                    const struct fr_model_visitor *v, unsigned witnesses)
{
	uint32_t needs = a->needs & fr_model_personal_bits(s);

	if (a->flags & FR_ASSET_OPEN)
		return FR_MODEL_WHY_NEEDED;
	if (a->n_witnesses < witnesses)
		return FR_MODEL_WHY_WITNESSES;
	if ((v->kinds & needs) != needs)
		return FR_MODEL_WHY_CREDENTIALS;
	return FR_MODEL_WHY_NEEDED;
}
