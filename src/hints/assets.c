/* The table of what is known of assets, in shards with a lock each. */
#include "hints/assets.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/holds.h"
#include "base/mem.h"
#include "base/octets.h"
#include "base/siphash.h"
#include "hints/teach.h"

/* keys are keyed hashes already */
#define HASH_FUNCTION(keyptr, keylen, hashv) ((hashv) = fold(keyptr))
#define HASH_NONFATAL_OOM 0
#define uthash_malloc(n) fr_malloc(n)
#include <uthash.h>

#define SHARDS 16u
/* Smaller tables have one shard: the bound is of each. */
#define SHARDED_CAPACITY 1024u
#define BLOB_VERSION 1u

enum {
	IS_KNOWN = 1 << 0,
	IS_REUSABLE = 1 << 1,
	IS_STORABLE = 1 << 2,
	IS_OPEN = 1 << 3, /* seen without credentials, or what the shared cache took */
	ALL_FLAGS = 15
};

/* For one kind of clients. */
struct gone {
	int64_t until_s;       /* believed */
	int64_t doubt_until_s; /* one client's word */
	uint64_t doubted_by;
};

struct entry {
	UT_hash_handle hh;
	struct entry *older, *newer; /* borrowed, in the shard's list */
	uint64_t key, validator;
	int64_t fresh_until_s, no_warm_until_s;
	struct gone gone[FR_ASSET_ASKERS];
	int64_t told_fresh_s; /* fresh_until_s when the journal last heard */
	uint32_t bytes, lifetime_s;
	uint8_t flags;
	struct fr_push_score scores[FR_CLIENT_CLASS_COUNT];
};

struct shard {
	pthread_mutex_t lock;
	struct entry *table;           /* owned, by key */
	struct entry *oldest, *newest; /* borrowed */
	size_t n;
	uint64_t evicted;
};

struct fr_assets {
	struct shard shards[SHARDS];
	size_t n_shards, shard_capacity;
	uint64_t seed;
	struct fr_assets_journal journal;
};

/* What to tell the journal once the lock is released. */
struct news {
	uint64_t changed, evicted;
	bool has_changed, has_evicted;
};

static unsigned fold(const void *key)
{
	uint64_t k;

	memcpy(&k, key, sizeof k);
	return (unsigned)(k ^ k >> 32);
}

struct fr_assets *fr_assets_new(size_t capacity, uint64_t seed)
{
	struct fr_assets *a = fr_calloc(1, sizeof *a);

	a->n_shards = capacity < SHARDED_CAPACITY ? 1 : SHARDS;
	a->shard_capacity = capacity ? capacity / a->n_shards : 1;
	a->seed = seed;
	for (size_t i = 0; i < a->n_shards; i++)
		(void)pthread_mutex_init(&a->shards[i].lock, NULL);
	return a;
}

void fr_assets_free(struct fr_assets **ap)
{
	struct fr_assets *a = *ap;

	if (!a)
		return;
	for (size_t i = 0; i < a->n_shards; i++) {
		struct shard *sh = &a->shards[i];
		struct entry *e = sh->oldest, *next;

		HASH_CLEAR(hh, sh->table);
		for (; e; e = next) {
			next = e->newer;
			free(e);
		}
		(void)pthread_mutex_destroy(&sh->lock);
	}
	free(a);
	*ap = NULL;
}

void fr_assets_set_journal(struct fr_assets *a, const struct fr_assets_journal *j)
{
	a->journal = j ? *j : (struct fr_assets_journal){NULL, NULL};
}

static uint64_t key_of(const struct fr_assets *a, struct fr_str authority, struct fr_str target)
{
	return fr_siphash(fr_siphash(a->seed, authority.p, authority.len), target.p, target.len);
}

/* --- the table; all under the shard's lock --- */

static struct shard *lock_shard(struct fr_assets *a, uint64_t key)
{
	/* the upper bits: the lower ones choose the bucket */
	struct shard *sh = &a->shards[(key >> 48) % a->n_shards];

	(void)pthread_mutex_lock(&sh->lock);
	return sh;
}

static void unlock_shard(struct fr_assets *a, struct shard *sh, const struct news *news)
{
	(void)pthread_mutex_unlock(&sh->lock);
	if (!a->journal.changed)
		return;
	if (news->has_changed)
		a->journal.changed(a->journal.user, news->changed);
	if (news->has_evicted)
		a->journal.changed(a->journal.user, news->evicted);
}

static void unlink_entry(struct shard *sh, struct entry *e)
{
	*(e->older ? &e->older->newer : &sh->oldest) = e->newer;
	*(e->newer ? &e->newer->older : &sh->newest) = e->older;
}

static void link_newest(struct shard *sh, struct entry *e)
{
	e->older = sh->newest;
	e->newer = NULL;
	*(sh->newest ? &sh->newest->newer : &sh->oldest) = e;
	sh->newest = e;
}

static void link_oldest(struct shard *sh, struct entry *e)
{
	e->older = NULL;
	e->newer = sh->oldest;
	*(sh->oldest ? &sh->oldest->older : &sh->newest) = e;
	sh->oldest = e;
}

static struct entry *find_entry(struct shard *sh, uint64_t key)
{
	struct entry *e;

	HASH_FIND(hh, sh->table, &key, sizeof key, e);
	return e;
}

static void use(struct shard *sh, struct entry *e)
{
	if (sh->newest == e)
		return;
	unlink_entry(sh, e);
	link_newest(sh, e);
}

static void evict_oldest(struct shard *sh, struct news *news)
{
	struct entry *e = sh->oldest;

	unlink_entry(sh, e);
	HASH_DELETE(hh, sh->table, e);
	sh->n--;
	sh->evicted++;
	news->evicted = e->key;
	news->has_evicted = true;
	free(e);
}

/* A new entry in no list yet; evicts for it at the capacity. NULL without memory. */
static struct entry *add_entry(const struct fr_assets *a, struct shard *sh, uint64_t key,
                               struct news *news)
{
	struct entry *e = fr_try_malloc(sizeof *e);

	if (!e)
		return NULL;
	if (sh->n >= a->shard_capacity)
		evict_oldest(sh, news);
	memset(e, 0, sizeof *e);
	e->key = key;
	HASH_ADD(hh, sh->table, key, sizeof e->key, e);
	sh->n++;
	return e;
}

/* As the newest, there or new. */
static struct entry *find_or_add(const struct fr_assets *a, struct shard *sh, uint64_t key,
                                 struct news *news)
{
	struct entry *e = find_entry(sh, key);

	if (e) {
		use(sh, e);
		return e;
	}
	e = add_entry(a, sh, key, news);
	if (e)
		link_newest(sh, e);
	return e;
}

/* --- what is known --- */

/* Never for longer than `most_s`, should the clock go back. */
static bool is_until(int64_t until_s, int64_t now_s, int64_t most_s)
{
	return until_s > now_s && until_s - now_s <= most_s;
}

static bool is_no_warm(const struct entry *e, int64_t now_s)
{
	bool is_worth = (e->flags & IS_STORABLE) && (e->flags & IS_OPEN);

	return is_until(e->no_warm_until_s, now_s, FR_ASSET_NO_WARM_S) ||
	       ((e->flags & IS_KNOWN) && !is_worth);
}

bool fr_assets_find(struct fr_assets *a, struct fr_str authority, struct fr_str target,
                    int64_t now_s, struct fr_asset *out)
{
	uint64_t key = key_of(a, authority, target);
	struct shard *sh = lock_shard(a, key);
	struct entry *e = find_entry(sh, key);

	if (e) {
		use(sh, e);
		*out = (struct fr_asset){
			.bytes = e->bytes,
			.validator = e->validator,
			.fresh_until_s = e->fresh_until_s,
			.lifetime_s = e->lifetime_s,
			.is_known = e->flags & IS_KNOWN,
			.is_reusable = e->flags & IS_REUSABLE,
			.is_storable = e->flags & IS_STORABLE,
			.no_warm = is_no_warm(e, now_s),
		};
		for (unsigned i = 0; i < FR_ASSET_ASKERS; i++)
			out->is_gone[i] = is_until(e->gone[i].until_s, now_s, FR_ASSET_GONE_S);
	}
	unlock_shard(a, sh, &(struct news){0});
	return e != NULL;
}

/* One client's word is a doubt; another's like it makes it believed. */
static void doubt(struct gone *g, uint64_t client, int64_t now_s)
{
	if (is_until(g->doubt_until_s, now_s, FR_ASSET_GONE_S) && g->doubted_by != client) {
		g->until_s = now_s + FR_ASSET_GONE_S;
		return;
	}
	g->doubted_by = client;
	g->doubt_until_s = now_s + FR_ASSET_GONE_S;
}

static void see_failure(struct fr_assets *a, struct shard *sh, uint64_t key,
                        const struct fr_asset_answer *answer, int64_t now_s, struct news *news)
{
	struct entry *e = find_entry(sh, key);
	struct gone *g;

	if (!e) {
		e = add_entry(a, sh, key, news);
		if (!e)
			return;
		link_oldest(sh, e);
	}
	g = &e->gone[answer->has_credentials ? FR_ASSET_KNOWN : FR_ASSET_BARE];
	switch (fr_teach_gone(answer->status)) {
	case FR_TEACH_GONE:
		g->until_s = now_s + FR_ASSET_GONE_S;
		break;
	case FR_TEACH_DOUBT:
		doubt(g, answer->client, now_s);
		break;
	case FR_TEACH_THERE:
	case FR_TEACH_NOTHING:
		break;
	}
	if (answer->is_ours && !answer->has_credentials)
		e->no_warm_until_s = now_s + FR_ASSET_NO_WARM_S;
}

/* What is there for those without credentials is there for all. */
static void see_there(struct entry *e, const struct fr_asset_answer *answer)
{
	e->gone[FR_ASSET_KNOWN] = (struct gone){0};
	if (answer->has_credentials && !answer->is_storable)
		return;
	e->gone[FR_ASSET_BARE] = (struct gone){0};
	e->no_warm_until_s = 0;
}

/* Returns whether more than the passing of time is new. */
static bool see_answer(struct entry *e, const struct fr_asset_answer *answer, int64_t now_s)
{
	const struct entry was = *e;

	see_there(e, answer);
	if (answer->status == 304 && !answer->is_reusable)
		return false;
	e->flags = (uint8_t)(IS_KNOWN | (answer->is_reusable ? IS_REUSABLE : 0) |
	                     (answer->is_storable ? IS_STORABLE : 0) | (was.flags & IS_OPEN) |
	                     (answer->is_storable || !answer->has_credentials ? IS_OPEN : 0));
	if (answer->status != 304 || answer->validator)
		e->validator = answer->validator;
	if (answer->status != 304 && answer->status != 206 && answer->bytes != UINT64_MAX)
		e->bytes = answer->bytes < UINT32_MAX ? (uint32_t)answer->bytes : UINT32_MAX;
	e->lifetime_s = answer->is_reusable ? answer->lifetime_s : 0;
	e->fresh_until_s = answer->is_reusable ? now_s + e->lifetime_s : 0;
	if (e->flags == was.flags && e->validator == was.validator && e->bytes == was.bytes &&
	    e->fresh_until_s >= e->told_fresh_s &&
	    e->fresh_until_s - e->told_fresh_s < FR_ASSET_JOURNAL_STEP_S)
		return false;
	e->told_fresh_s = e->fresh_until_s;
	return true;
}

void fr_assets_answered(struct fr_assets *a, struct fr_str authority, struct fr_str target,
                        const struct fr_asset_answer *answer, int64_t now_s)
{
	uint64_t key = key_of(a, authority, target);
	struct news news = {.changed = key};
	struct shard *sh;
	struct entry *e;

	if (answer->status < 200)
		return;
	sh = lock_shard(a, key);
	if (fr_teach_gone(answer->status) != FR_TEACH_THERE) {
		see_failure(a, sh, key, answer, now_s, &news);
	} else {
		e = find_or_add(a, sh, key, &news);
		news.has_changed = e && see_answer(e, answer, now_s);
	}
	unlock_shard(a, sh, &news);
}

/* --- pushes --- */

enum fr_push_advice fr_assets_advise(struct fr_assets *a, struct fr_str authority,
                                     struct fr_str target, enum fr_client_class c)
{
	uint64_t key = key_of(a, authority, target);
	enum fr_push_advice advice = FR_PUSH_ADVICE_YES;
	struct shard *sh = lock_shard(a, key);
	struct entry *e = find_entry(sh, key);

	if (e && FR_HOLDS((unsigned)c < FR_CLIENT_CLASS_COUNT))
		advice = fr_push_score_ask(&e->scores[c]);
	unlock_shard(a, sh, &(struct news){0});
	return advice;
}

void fr_assets_pushed(struct fr_assets *a, struct fr_str authority, struct fr_str target,
                      enum fr_client_class c, bool cancelled)
{
	uint64_t key = key_of(a, authority, target);
	struct news news = {.changed = key};
	struct shard *sh = lock_shard(a, key);
	/* a completed push says nothing new of what nothing is known of */
	struct entry *e = cancelled ? find_or_add(a, sh, key, &news) : find_entry(sh, key);

	news.has_changed = e && FR_HOLDS((unsigned)c < FR_CLIENT_CLASS_COUNT) &&
	                   fr_push_score_learn(&e->scores[c], cancelled);
	unlock_shard(a, sh, &news);
}

/* --- persistence ---
 *
 *   version 1 | flags 1 | classes 2 | bytes 4 | lifetime 4 | validator 8 | fresh until 8
 *   then for each class: pushes 1 | cancels 1 | state 1 | 0 1
 *
 * all least significant octet first. */

static void put(uint8_t **p, uint64_t v, unsigned octets)
{
	fr_octets_put(*p, v, octets);
	*p += octets;
}

static uint64_t get(const uint8_t **p, unsigned octets)
{
	uint64_t v = fr_octets_get(*p, octets);

	*p += octets;
	return v;
}

static size_t write_blob(const struct entry *e, uint8_t *out)
{
	uint8_t *p = out;

	put(&p, BLOB_VERSION, 1);
	put(&p, e->flags, 1);
	put(&p, FR_CLIENT_CLASS_COUNT, 2);
	put(&p, e->bytes, 4);
	put(&p, e->lifetime_s, 4);
	put(&p, e->validator, 8);
	put(&p, (uint64_t)e->fresh_until_s, 8);
	for (unsigned i = 0; i < FR_CLIENT_CLASS_COUNT; i++) {
		const struct fr_push_score *s = &e->scores[i];

		put(&p, s->pushes, 1);
		put(&p, s->cancels, 1);
		/* nobody will tell what became of a trial */
		put(&p, s->state == FR_PUSH_ADVICE_TRIAL ? FR_PUSH_ADVICE_NO : s->state, 1);
		put(&p, 0, 1);
	}
	return (size_t)(p - out);
}

size_t fr_assets_save(struct fr_assets *a, uint64_t key, uint8_t out[FR_ASSET_BLOB_BYTES])
{
	struct shard *sh = lock_shard(a, key);
	const struct entry *e = find_entry(sh, key);
	size_t n = e ? write_blob(e, out) : 0;

	unlock_shard(a, sh, &(struct news){0});
	return n;
}

static int read_score(const uint8_t **p, struct fr_push_score *s)
{
	s->pushes = (uint8_t)get(p, 1);
	s->cancels = (uint8_t)get(p, 1);
	s->state = (uint8_t)get(p, 1);
	if (get(p, 1) != 0 || s->state == FR_PUSH_ADVICE_TRIAL || !fr_push_score_is_valid(s))
		return FR_ERR_SYNTAX;
	return 0;
}

/* A version with more classes reads the blobs of one with fewer. */
static int read_blob(struct entry *e, const uint8_t *blob, size_t len)
{
	const uint8_t *p = blob + 1;
	uint64_t classes, fresh_until;

	if (len < FR_ASSET_BLOB_BYTES - 4u * FR_CLIENT_CLASS_COUNT || blob[0] != BLOB_VERSION)
		return FR_ERR_SYNTAX;
	e->flags = (uint8_t)get(&p, 1);
	classes = get(&p, 2);
	e->bytes = (uint32_t)get(&p, 4);
	e->lifetime_s = (uint32_t)get(&p, 4);
	e->validator = get(&p, 8);
	fresh_until = get(&p, 8);
	if (e->flags & ~ALL_FLAGS || fresh_until > INT64_MAX || classes > FR_CLIENT_CLASS_COUNT ||
	    len != (size_t)(p - blob) + 4 * classes)
		return FR_ERR_SYNTAX;
	e->fresh_until_s = e->told_fresh_s = (int64_t)fresh_until;
	for (unsigned i = 0; i < classes; i++)
		if (read_score(&p, &e->scores[i]) < 0)
			return FR_ERR_SYNTAX;
	return 0;
}

int fr_assets_load(struct fr_assets *a, uint64_t key, const uint8_t *blob, size_t len)
{
	struct entry read = {0}, *e;
	struct news news = {0};
	struct shard *sh;

	if (read_blob(&read, blob, len) < 0)
		return FR_ERR_SYNTAX;
	sh = lock_shard(a, key);
	if (!find_entry(sh, key) && (e = add_entry(a, sh, key, &news))) {
		e->flags = read.flags;
		e->bytes = read.bytes;
		e->lifetime_s = read.lifetime_s;
		e->validator = read.validator;
		e->fresh_until_s = e->told_fresh_s = read.fresh_until_s;
		memcpy(e->scores, read.scores, sizeof e->scores);
		link_newest(sh, e);
	}
	unlock_shard(a, sh, &news);
	return 0;
}

/* The shard's keys, to be freed, or NULL. */
static uint64_t *copy_keys(struct shard *sh, size_t *n)
{
	uint64_t *keys;

	*n = 0;
	(void)pthread_mutex_lock(&sh->lock);
	keys = fr_try_malloc((sh->n + 1) * sizeof *keys);
	for (struct entry *e = keys ? sh->oldest : NULL; e; e = e->newer)
		keys[(*n)++] = e->key;
	(void)pthread_mutex_unlock(&sh->lock);
	return keys;
}

void fr_assets_walk(struct fr_assets *a, void (*visit)(void *user, uint64_t key), void *user)
{
	for (size_t i = 0; i < a->n_shards; i++) {
		size_t n;
		uint64_t *keys = copy_keys(&a->shards[i], &n);

		for (size_t k = 0; k < n; k++)
			visit(user, keys[k]);
		free(keys);
	}
}

void fr_assets_stats(struct fr_assets *a, struct fr_assets_stats *out)
{
	*out = (struct fr_assets_stats){0};
	for (size_t i = 0; i < a->n_shards; i++) {
		struct shard *sh = &a->shards[i];

		(void)pthread_mutex_lock(&sh->lock);
		out->entries += sh->n;
		out->evicted += sh->evicted;
		(void)pthread_mutex_unlock(&sh->lock);
	}
}
