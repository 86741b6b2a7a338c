/* Internals of the model that its files share: model.c (sites, keys, memory), model_asset.c
 * (families, witnesses, cookies), model_learn.c (evidence), model_recall.c (judgements).
 * Whatever has a struct fr_model_site * as argument is called with its lock held. */
#ifndef FR_HINTS_LEARNING_MODEL_PRIV_H
#define FR_HINTS_LEARNING_MODEL_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "hints/learning/estimate.h"
#include "hints/learning/model.h"
#include "hints/learning/names.h"

/* keys are keyed hashes already */
#define HASH_FUNCTION(keyptr, keylen, hashv) ((hashv) = fr_model_fold(keyptr, keylen))
#define HASH_NONFATAL_OOM 0
#define uthash_malloc(n) fr_malloc(n)
#include <uthash.h>

static inline unsigned fr_model_fold(const void *key, size_t len)
{
	uint64_t k = 0;

	memcpy(&k, key, len < sizeof k ? len : sizeof k);
	return (unsigned)(k ^ k >> 32);
}

#define FR_MODEL_WITNESSES 8u
#define FR_MODEL_PAST 4u /* earlier versions of a family */
#define FR_MODEL_NETWORKS 4u
#define FR_MODEL_BARRED 256u
/* A deployment renames many things at about the same time. */
#define FR_MODEL_DEPLOYMENT_S 2

struct fr_model_witness {
	uint32_t network, credential; /* credential 0: none */
};

enum {
	FR_ASSET_VERSIONED = 1u << 0, /* its identity has a star */
	FR_ASSET_PATTERN = 1u << 1,
	FR_ASSET_MODULE = 1u << 2,
	FR_ASSET_WITH_CORS = 1u << 3,
	FR_ASSET_OPEN = 1u << 4,  /* an answer for everybody named it */
	FR_ASSET_SPLIT = 1u << 5, /* its versions are assets of their own */
	FR_ASSET_IS_GONE = 1u << 6
};

struct fr_model_asset {
	UT_hash_handle hh;
	uint32_t id; /* hash of its identity: a path, a family's, or a pattern */
	struct fr_model_asset *older, *newer; /* by when it was seen */
	char *text; /* owned: what is hinted: the newest version's path, or a pattern */
	uint16_t text_len;
	uint16_t flags;
	uint8_t as;
	uint8_t n_witnesses, n_bare, n_past, flips, votes;
	uint32_t version;                  /* hash of the newest one */
	uint32_t past[FR_MODEL_PAST];      /* of earlier ones */
	uint32_t vote, vote_network;       /* a version that clients go back to */
	uint32_t deployment;               /* the site's, when it was seen last */
	uint32_t needs, bare_needs;        /* credentials: bits of the site's cookies */
	uint32_t bare[FR_MODEL_WITNESSES]; /* networks that asked without some of them */
	struct fr_model_witness witnesses[FR_MODEL_WITNESSES];
};

/* An asset in a key. */
struct fr_model_member {
	uint32_t asset;
	uint8_t pages;    /* of a template, that had it: up to 255 */
	uint8_t absent;   /* times in a row */
	uint8_t is_named; /* by HTML or Link: those are the evidence */
	uint8_t unused;   /* cold loads in which it was named, not offered, and not asked for */
};

struct fr_model_client {
	uint32_t client, minute;
};
struct fr_model_network {
	uint32_t network;
	uint32_t loads;
};

struct fr_model_key {
	UT_hash_handle hh;
	uint64_t id;
	struct fr_model_key *older, *newer; /* pages only */
	int64_t aged_s;                     /* when its counts were aged last */
	uint32_t needs;                     /* credentials that all its loads had */
	uint32_t loads;                     /* that counted */
	uint16_t pages;                     /* of a template */
	bool is_template, was_loaded;
	uint8_t n, cap, n_cells, cells_cap;
	uint64_t *cells;                 /* owned */
	struct fr_pair *totals;          /* owned: loads of each cell, k by HTML, n cold */
	struct fr_model_member *members; /* owned */
	struct fr_pair *pairs;           /* owned: cap rows of cells_cap */
	struct fr_model_client recent[FR_MODEL_NETWORKS];
	struct fr_model_network networks[FR_MODEL_NETWORKS];
};

/* A value of a cookie, and about how many networks it was seen from: bits of their hashes. */
struct fr_model_value {
	uint32_t value, networks;
	uint32_t seen;
};
/* Few values that many clients share are a kind of visitor; else it is a person's. */
struct fr_model_cookie {
	uint32_t name;
	uint32_t seen, others; /* loads; those with further values */
	uint8_t n;
	bool has_many;
	struct fr_model_value values[FR_MODEL_COOKIE_VALUES];
};

struct fr_model_barred {
	uint32_t page; /* hash; 0: none */
	uint32_t had;  /* credentials of who was turned away */
};

struct fr_model_site {
	pthread_mutex_t lock;
	uint64_t authority;            /* hash; 0: not in use */
	uint64_t used;                 /* by the model's clock of uses */
	struct fr_model_asset *assets; /* owned */
	struct fr_model_asset *oldest_asset, *newest_asset;
	struct fr_model_key *pages, *templates; /* owned */
	struct fr_model_key *oldest, *newest;
	size_t n_assets, n_pages, n_templates;
	struct fr_model_cookie cookies[FR_MODEL_COOKIES];
	struct fr_model_barred barred[FR_MODEL_BARRED];
	uint32_t deployment;
	int64_t deployed_s;
};

struct fr_model {
	struct fr_model_site sites[FR_MODEL_SITES];
	size_t max_bytes;
	uint64_t seed;
	_Atomic size_t bytes, templates;
	_Atomic uint64_t uses, loads, cold, switches, omitted, missed, evicted;
};

/* --- model.c --- */

/* The site, locked; NULL: none (and create is false). */
struct fr_model_site *fr_model_lock_site(struct fr_model *m, struct fr_str authority, bool create);
uint32_t fr_model_hash(const struct fr_model *m, struct fr_str s); /* never 0 */
/* Makes room after something was added. keep: not evicted. */
void fr_model_trim(struct fr_model *m, struct fr_model_site *s, const struct fr_model_key *keep);
void fr_model_account(struct fr_model *m, size_t more, size_t less);

/* --- model_keys.c --- */

/* Takes a page out and frees it. */
void fr_model_drop_page(struct fr_model *m, struct fr_model_site *s, struct fr_model_key *page);
/* All pages and templates. */
void fr_model_clear_keys(struct fr_model *m, struct fr_model_site *s);
struct fr_model_key *fr_model_find_key(struct fr_model *m, struct fr_model_site *s,
                                       bool is_template, struct fr_str text);
/* Found or made, and the youngest; NULL: no room. */
struct fr_model_key *fr_model_need_key(struct fr_model *m, struct fr_model_site *s,
                                       bool is_template, struct fr_str text, int64_t now_s);
/* The place of that kind of visitors; negative: no room. */
int fr_model_need_cell(struct fr_model *m, struct fr_model_key *k, uint64_t facets);
struct fr_model_member *fr_model_member_of(struct fr_model_key *k, uint32_t asset);
/* Found or added, absent from the loads before. is_named: as in the member. */
struct fr_model_member *fr_model_need_member(struct fr_model *m, struct fr_model_key *k,
                                             uint32_t asset, uint8_t is_named);
static inline struct fr_pair *fr_model_pairs(const struct fr_model_key *k, size_t member)
{
	return k->pairs + member * k->cells_cap;
}
void fr_model_age(struct fr_model_key *k, int64_t now_s);

/* --- model_asset.c --- */

/* What kind of visitor, and which credentials: bits of the site's cookies that are somebody's,
 * bit 31 for others. */
struct fr_model_visitor {
	uint64_t facets;
	uint32_t kinds;
	uint32_t credential; /* hash of the values; 0: none */
	uint32_t network;
};
/* counts: the cookies are noted. */
void fr_model_visitor_of(struct fr_model_site *s, const struct fr_load_client *c, bool counts,
                         struct fr_model_visitor *out);
/* Bits of `kinds` that stand for a person now. */
uint32_t fr_model_personal_bits(const struct fr_model_site *s);

/* The asset, by its path: of its family, or its own. NULL: not known; create false. */
struct fr_model_asset *fr_model_asset_of(struct fr_model *m, struct fr_model_site *s,
                                         struct fr_str target, enum fr_as as, bool create);
struct fr_model_asset *fr_model_asset_by_id(struct fr_model_site *s, uint32_t id);
/* One that stands for each page's own. */
struct fr_model_asset *fr_model_pattern_of(struct fr_model *m, struct fr_model_site *s,
                                           struct fr_str pattern, bool create);
enum fr_model_sight { FR_SIGHT_HTML, FR_SIGHT_FREE, FR_SIGHT_HINTED };
/* A version of it was seen. */
void fr_model_sight(struct fr_model *m, struct fr_model_site *s, struct fr_model_asset *a,
                    struct fr_str target, enum fr_model_sight how, uint32_t network, int64_t now_s);
/* Who asked for it, or was shown it. */
void fr_model_witness(struct fr_model_site *s, struct fr_model_asset *a,
                      const struct fr_model_visitor *v, unsigned witnesses);
enum fr_model_why fr_model_may_tell(const struct fr_model_site *s, const struct fr_model_asset *a,
                                    const struct fr_model_visitor *v, unsigned witnesses);
void fr_model_drop_asset(struct fr_model *m, struct fr_model_site *s, struct fr_model_asset *a);

/* --- model_guess.c --- */

#define FR_MODEL_MAX_GUESSES (2 * FR_MODEL_PAGE_ASSETS)

/* The keys of one page; NULL: not known. */
struct fr_model_keys {
	struct fr_str page;
	struct fr_model_key *own;
	struct fr_model_key *of[FR_NAME_TEMPLATES]; /* its templates, the most specific first */
	struct fr_name_template names[FR_NAME_TEMPLATES];
	size_t n;
	struct fr_model_key *site; /* all its pages */
	struct fr_model_key *best; /* of them, with enough pages; NULL */
	size_t best_at;
};
/* create: what is missing is made. */
void fr_model_keys_of(struct fr_model *m, struct fr_model_site *s, struct fr_str page, bool create,
                      int64_t now_s, struct fr_model_keys *out);

/* What is thought of one asset, for one visitor of a page. */
struct fr_model_guess {
	struct fr_model_asset *asset;
	const struct fr_model_member *own, *of_template; /* one of them may be NULL */
	struct fr_estimate e;
	double lower, upper;
	double known; /* loads that anything is known of it from */
};
size_t fr_model_guess(struct fr_model *m, struct fr_model_site *s, const struct fr_model_keys *keys,
                      const struct fr_model_visitor *v,
                      struct fr_model_guess out[FR_MODEL_MAX_GUESSES]);
/* Absent three times in a row, or named and never asked for. */
bool fr_model_is_suspended(const struct fr_model_guess *g);

#endif
