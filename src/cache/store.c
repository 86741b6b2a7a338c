#include "cache/store.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/siphash.h"
#include "cache/gate.h"
#include "cache/key.h"

#define HASH_NONFATAL_OOM 0
#define uthash_malloc(n) fr_malloc(n)
#include <uthash.h>

#define SHARDS 32u

struct variant {
	struct variant *next;
	struct fr_object *object; /* reference */
	size_t bytes;             /* what it counts in its shard */
};

struct entry {
	UT_hash_handle hh;
	struct entry *older, *newer; /* borrowed, in the shard's list */
	struct variant *variants;    /* owned, newest first */
	struct fr_flight *flight;    /* borrowed: it unlinks itself when it lands */
	uint64_t pass_until_ms;
	_Atomic bool is_visited; /* asked for since the hand passed */
	size_t key_len;
	char key[];
};

struct shard {
	pthread_mutex_t lock;
	struct entry *table;           /* owned, by key */
	struct entry *oldest, *newest; /* borrowed */
	struct entry *hand;            /* borrowed: where eviction goes on; NULL: at the oldest */
	_Atomic size_t bytes;          /* of its entries and variants, about */
};

struct fr_store {
	_Atomic size_t held, memory;
	_Atomic uint32_t max_variants;
	_Atomic uint64_t evicted;
	uint64_t seed;
	struct shard shards[SHARDS];
};

struct fr_flight {
	_Atomic uint32_t refs;
	_Atomic bool is_void;   /* purged while under way */
	struct fr_store *store; /* borrowed */
	struct entry *entry;    /* borrowed while under way; under the shard's lock */
	struct shard *shard;    /* borrowed */
	pthread_mutex_t lock;   /* of what follows */
	enum fr_flight_state state;
	bool was_joined; /* under the shard's lock */
	int error;
	struct fr_object *object; /* reference */
	struct fr_watcher *watchers;
};

/* --- the table --- */

static unsigned hash_of(const struct fr_store *s, struct fr_str key)
{
	return (unsigned)fr_siphash(s->seed, key.p, key.len);
}

static struct shard *shard_of(struct fr_store *s, unsigned hash)
{
	return &s->shards[hash >> 27];
}

static struct entry *lookup(struct shard *sh, struct fr_str key, unsigned hash)
{
	struct entry *e;

	HASH_FIND_BYHASHVALUE(hh, sh->table, key.p, key.len, hash, e);
	return e;
}

static size_t entry_bytes(const struct entry *e)
{
	return FR_STORE_ENTRY_BYTES + e->key_len;
}

static struct entry *add_entry(struct fr_store *s, struct shard *sh, struct fr_str key,
                               unsigned hash)
{
	struct entry *e = fr_try_malloc(sizeof *e + key.len);

	if (!e)
		return NULL;
	memset(e, 0, sizeof *e);
	e->key_len = key.len;
	memcpy(e->key, key.p, key.len);
	e->older = sh->newest;
	if (e->older)
		e->older->newer = e;
	else
		sh->oldest = e;
	sh->newest = e;
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, sh->table, e->key, e->key_len, hash, e);
	atomic_fetch_add_explicit(&s->held, entry_bytes(e), memory_order_relaxed);
	atomic_fetch_add_explicit(&sh->bytes, entry_bytes(e), memory_order_relaxed);
	return e;
}

static void drop_variant(struct shard *sh, struct variant **at)
{
	struct variant *v = *at;

	*at = v->next;
	atomic_fetch_sub_explicit(&sh->bytes, v->bytes, memory_order_relaxed);
	fr_object_unref(&v->object);
	free(v);
}

static void remove_entry(struct fr_store *s, struct shard *sh, struct entry *e)
{
	FR_ASSERT(!e->flight);
	while (e->variants)
		drop_variant(sh, &e->variants);
	if (sh->hand == e)
		sh->hand = e->newer;
	if (e->older)
		e->older->newer = e->newer;
	else
		sh->oldest = e->newer;
	if (e->newer)
		e->newer->older = e->older;
	else
		sh->newest = e->older;
	HASH_DEL(sh->table, e);
	atomic_fetch_sub_explicit(&s->held, entry_bytes(e), memory_order_relaxed);
	atomic_fetch_sub_explicit(&sh->bytes, entry_bytes(e), memory_order_relaxed);
	free(e);
}

static void remove_if_empty(struct fr_store *s, struct shard *sh, struct entry *e)
{
	if (!e->variants && !e->flight && e->pass_until_ms == 0)
		remove_entry(s, sh, e);
}

/* --- life --- */

struct fr_store *fr_store_new(const struct fr_store_limits *limits, uint64_t seed)
{
	struct fr_store *s = fr_calloc(1, sizeof *s);

	s->seed = seed;
	fr_store_set_limits(s, limits);
	for (size_t i = 0; i < SHARDS; i++)
		(void)pthread_mutex_init(&s->shards[i].lock, NULL);
	return s;
}

void fr_store_free(struct fr_store **sp)
{
	struct fr_store *s = *sp;

	if (!s)
		return;
	for (size_t i = 0; i < SHARDS; i++) {
		while (s->shards[i].oldest)
			remove_entry(s, &s->shards[i], s->shards[i].oldest);
		(void)pthread_mutex_destroy(&s->shards[i].lock);
	}
	FR_ASSERT(atomic_load(&s->held) == 0);
	free(s);
	*sp = NULL;
}

void fr_store_set_limits(struct fr_store *s, const struct fr_store_limits *limits)
{
	atomic_store_explicit(&s->memory, limits->memory, memory_order_relaxed);
	atomic_store_explicit(&s->max_variants, limits->max_variants, memory_order_relaxed);
}

size_t fr_store_held(const struct fr_store *s)
{
	return atomic_load_explicit(&s->held, memory_order_relaxed);
}

_Atomic size_t *fr_store_account(struct fr_store *s)
{
	return &s->held;
}

/* --- eviction --- */

/* A part is kept free for what workers add at the same moment, each before it
 * trims: the bound holds at every moment, not only in between. */
#define HEADROOM_PARTS 16u

static bool is_over(const struct fr_store *s)
{
	size_t memory = atomic_load_explicit(&s->memory, memory_order_relaxed);

	return fr_store_held(s) > memory - memory / HEADROOM_PARTS;
}

/* SIEVE: the hand goes from old to new; who was asked for since it came by
 * last stays, once. False when there is nothing to evict. */
static bool evict_one(struct fr_store *s, struct shard *sh)
{
	for (int round = 0; round < 2; round++) {
		struct entry *e = sh->hand ? sh->hand : sh->oldest;

		for (; e; e = e->newer) {
			if (e->flight)
				continue;
			if (atomic_exchange_explicit(&e->is_visited, false, memory_order_relaxed))
				continue;
			sh->hand = e->newer;
			remove_entry(s, sh, e);
			atomic_fetch_add_explicit(&s->evicted, 1, memory_order_relaxed);
			return true;
		}
		sh->hand = NULL;
	}
	return false;
}

/* The fullest shard that is not in `tried`: keys spread at random, so taking
 * turns would drain some. */
static unsigned fullest(struct fr_store *s, uint32_t tried)
{
	size_t most = 0;
	unsigned at = 0;

	for (unsigned i = 0; i < SHARDS; i++) {
		size_t n = atomic_load_explicit(&s->shards[i].bytes, memory_order_relaxed);

		if (!(tried & FR_BIT(i)) && n >= most) {
			most = n;
			at = i;
		}
	}
	return at;
}

bool fr_store_trim(struct fr_store *s)
{
	uint32_t tried = 0;

	while (is_over(s) && tried != UINT32_MAX) {
		unsigned i = fullest(s, tried);
		struct shard *sh = &s->shards[i];

		(void)pthread_mutex_lock(&sh->lock);
		if (!evict_one(s, sh))
			tried |= FR_BIT(i);
		(void)pthread_mutex_unlock(&sh->lock);
	}
	return !is_over(s);
}

/* --- objects --- */

struct fr_object *fr_store_find(struct fr_store *s, struct fr_str key, const struct fr_fields *req,
                                struct fr_arena *arena, bool *other_variants)
{
	unsigned hash = hash_of(s, key);
	struct shard *sh = shard_of(s, hash);
	struct fr_object *found = NULL;
	struct fr_str vary = {0}, values = {0};
	struct entry *e;

	*other_variants = false;
	(void)pthread_mutex_lock(&sh->lock);
	e = lookup(sh, key, hash);
	for (struct variant *v = e ? e->variants : NULL; v && !found; v = v->next) {
		struct fr_object *o = v->object;

		/* most variants of a key vary on the same fields */
		if (o->vary.len && !fr_str_eq(vary, o->vary)) {
			if (fr_vary_values(arena, o->vary, req, &values) < 0)
				break;
			vary = o->vary;
		}
		if (o->vary.len == 0 || fr_str_eq(values, o->vary_values))
			found = fr_object_ref(o);
		else
			*other_variants = true;
	}
	/* one that is asked for often stays unwritten: workers share the line it is in */
	if (found && !atomic_load_explicit(&e->is_visited, memory_order_relaxed))
		atomic_store_explicit(&e->is_visited, true, memory_order_relaxed);
	(void)pthread_mutex_unlock(&sh->lock);
	return found;
}

static bool same_selection(const struct fr_object *a, const struct fr_object *b)
{
	return fr_str_eq(a->vary, b->vary) && fr_str_eq(a->vary_values, b->vary_values);
}

/* In debug builds: whatever way it came, it has passed the gate. */
static void check_admission(const struct fr_object *o)
{
#ifdef NDEBUG
	(void)o;
#else
	struct fr_fields f = {.v = o->fields, .n = o->n_fields, .seen = o->seen};

	FR_ASSERT(o->is_admitted && fr_gate_holds(o->status, &f));
#endif
}

/* Makes room for `o`: what the same requests select goes, what it replaces, and
 * the oldest of too many. */
static void drop_superseded(struct fr_store *s, struct shard *sh, struct entry *e,
                            const struct fr_object *o, const struct fr_object *replaced)
{
	uint32_t kept = 0, most = atomic_load_explicit(&s->max_variants, memory_order_relaxed);

	for (struct variant **at = &e->variants; *at;) {
		if ((*at)->object == replaced || same_selection((*at)->object, o) || ++kept >= most)
			drop_variant(sh, at);
		else
			at = &(*at)->next;
	}
}

static bool was_purged(const struct fr_object *replaced, const struct fr_flight *flight)
{
	return (flight && fr_flight_is_void(flight)) ||
	       (replaced && atomic_load_explicit(&replaced->is_purged, memory_order_relaxed));
}

bool fr_store_insert(struct fr_store *s, struct fr_str key, struct fr_object *o,
                     const struct fr_object *replaced, const struct fr_flight *flight)
{
	unsigned hash = hash_of(s, key);
	struct shard *sh = shard_of(s, hash);
	struct variant *v;
	struct entry *e = NULL;

	check_admission(o);
	if (!o->is_admitted)
		return false;
	v = fr_malloc(sizeof *v);
	(void)pthread_mutex_lock(&sh->lock);
	if (!was_purged(replaced, flight)) {
		e = lookup(sh, key, hash);
		if (!e)
			e = add_entry(s, sh, key, hash);
	}
	if (!e) {
		(void)pthread_mutex_unlock(&sh->lock);
		free(v);
		return false;
	}
	e->pass_until_ms = 0;
	drop_superseded(s, sh, e, o, replaced);
	v->object = fr_object_ref(o);
	v->bytes = o->bytes + fr_body_bytes(o->body);
	atomic_fetch_add_explicit(&sh->bytes, v->bytes, memory_order_relaxed);
	v->next = e->variants;
	e->variants = v;
	(void)pthread_mutex_unlock(&sh->lock);
	(void)fr_store_trim(s);
	return true;
}

void fr_store_remove(struct fr_store *s, struct fr_str key, const struct fr_object *o)
{
	unsigned hash = hash_of(s, key);
	struct shard *sh = shard_of(s, hash);
	struct entry *e;

	(void)pthread_mutex_lock(&sh->lock);
	e = lookup(sh, key, hash);
	for (struct variant **at = e ? &e->variants : NULL; at && *at; at = &(*at)->next)
		if ((*at)->object == o) {
			drop_variant(sh, at);
			remove_if_empty(s, sh, e);
			break;
		}
	(void)pthread_mutex_unlock(&sh->lock);
}

/* --- flights --- */

static struct fr_flight *flight_new(struct fr_store *s, struct shard *sh, struct entry *e)
{
	struct fr_flight *f = fr_calloc(1, sizeof *f);

	atomic_init(&f->refs, 1);
	f->store = s;
	f->shard = sh;
	f->entry = e;
	(void)pthread_mutex_init(&f->lock, NULL);
	return f;
}

enum fr_fly fr_store_fly(struct fr_store *s, struct fr_str key, uint64_t now_ms,
                         struct fr_flight **out)
{
	unsigned hash = hash_of(s, key);
	struct shard *sh = shard_of(s, hash);
	enum fr_fly how = FR_FLY_LEAD;
	struct entry *e;

	(void)pthread_mutex_lock(&sh->lock);
	e = lookup(sh, key, hash);
	if (!e)
		e = add_entry(s, sh, key, hash);
	if (!e || e->pass_until_ms > now_ms) {
		how = FR_FLY_ALONE;
	} else if (e->flight) {
		how = FR_FLY_JOIN;
		e->flight->was_joined = true;
		atomic_fetch_add_explicit(&e->flight->refs, 1, memory_order_relaxed);
		*out = e->flight;
	} else {
		e->pass_until_ms = 0;
		*out = e->flight = flight_new(s, sh, e);
	}
	(void)pthread_mutex_unlock(&sh->lock);
	return how;
}

/* The entry's requests lead or wait for another one from now on. Under the
 * shard's lock. */
static void detach(struct fr_flight *f)
{
	if (!f->entry)
		return;
	f->entry->flight = NULL;
	f->entry = NULL;
}

void fr_flight_land(struct fr_flight *f, enum fr_flight_state how, struct fr_object *object,
                    int error, uint64_t now_ms)
{
	struct entry *e;

	(void)pthread_mutex_lock(&f->shard->lock);
	e = f->entry;
	detach(f);
	if (e) {
		if (how == FR_FLIGHT_NOTHING && f->was_joined)
			e->pass_until_ms = now_ms + FR_STORE_PASS_MS;
		remove_if_empty(f->store, f->shard, e);
	}
	(void)pthread_mutex_unlock(&f->shard->lock);
	(void)pthread_mutex_lock(&f->lock);
	if (f->state == FR_FLIGHT_UNDER_WAY) {
		f->object = object ? fr_object_ref(object) : NULL;
		f->error = error;
		f->state = how;
		for (struct fr_watcher *w = f->watchers; w; w = w->next)
			w->wake(w);
	}
	(void)pthread_mutex_unlock(&f->lock);
}

void fr_flight_unref(struct fr_flight **fp)
{
	struct fr_flight *f = *fp;
	struct entry *e;

	*fp = NULL;
	if (!f || atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) != 1)
		return;
	/* whoever watches holds a reference; an entry may still name one that
	 * never landed */
	(void)pthread_mutex_lock(&f->shard->lock);
	e = f->entry;
	detach(f);
	if (e)
		remove_if_empty(f->store, f->shard, e);
	(void)pthread_mutex_unlock(&f->shard->lock);
	fr_object_unref(&f->object);
	(void)pthread_mutex_destroy(&f->lock);
	free(f);
}

bool fr_flight_is_void(const struct fr_flight *f)
{
	return atomic_load_explicit(&f->is_void, memory_order_relaxed);
}

enum fr_flight_state fr_flight_state(struct fr_flight *f)
{
	enum fr_flight_state state;

	(void)pthread_mutex_lock(&f->lock);
	state = f->state;
	(void)pthread_mutex_unlock(&f->lock);
	return state;
}

bool fr_flight_was_joined(struct fr_flight *f)
{
	bool joined;

	(void)pthread_mutex_lock(&f->shard->lock);
	joined = f->was_joined;
	(void)pthread_mutex_unlock(&f->shard->lock);
	return joined;
}

int fr_flight_error(const struct fr_flight *f)
{
	return f->error;
}

struct fr_object *fr_flight_object(struct fr_flight *f)
{
	/* set before the state, never changed after it */
	return f->object ? fr_object_ref(f->object) : NULL;
}

void fr_flight_watch(struct fr_flight *f, struct fr_watcher *w)
{
	atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
	(void)pthread_mutex_lock(&f->lock);
	w->next = f->watchers;
	w->pprev = &f->watchers;
	if (w->next)
		w->next->pprev = &w->next;
	f->watchers = w;
	if (f->state != FR_FLIGHT_UNDER_WAY)
		w->wake(w);
	(void)pthread_mutex_unlock(&f->lock);
}

void fr_flight_unwatch(struct fr_flight *f, struct fr_watcher *w)
{
	bool was_registered;

	(void)pthread_mutex_lock(&f->lock);
	was_registered = w->pprev != NULL;
	if (was_registered) {
		*w->pprev = w->next;
		if (w->next)
			w->next->pprev = w->pprev;
		w->pprev = NULL;
	}
	(void)pthread_mutex_unlock(&f->lock);
	if (was_registered)
		fr_flight_unref(&f);
}

/* --- invalidating --- */

/* What is being fetched may be from before: its flight is void, and who asks
 * from now on asks anew. */
static void void_flight(struct entry *e)
{
	struct fr_flight *f = e->flight;

	if (!f)
		return;
	atomic_store_explicit(&f->is_void, true, memory_order_relaxed);
	detach(f);
}

static size_t purge_entry(struct shard *sh, struct entry *e, const struct fr_purge *p)
{
	size_t n = 0;

	void_flight(e);
	for (struct variant **at = &e->variants; *at;) {
		struct fr_object *o = (*at)->object;

		if (p->tag.p && !fr_object_has_tag(o, p->tag)) {
			at = &(*at)->next;
			continue;
		}
		n++;
		if (p->is_soft) {
			atomic_store_explicit(&o->is_stale, true, memory_order_relaxed);
			at = &(*at)->next;
		} else {
			atomic_store_explicit(&o->is_purged, true, memory_order_relaxed);
			drop_variant(sh, at);
		}
	}
	return n;
}

static size_t purge_shard(struct fr_store *s, struct shard *sh, const struct fr_purge *p)
{
	struct entry *e, *next;
	size_t n = 0;

	for (e = sh->oldest; e; e = next) {
		next = e->newer;
		if (p->prefix.p && !fr_str_starts(fr_str_make(e->key, e->key_len), p->prefix))
			continue;
		n += purge_entry(sh, e, p);
		remove_if_empty(s, sh, e);
	}
	return n;
}

size_t fr_store_purge(struct fr_store *s, const struct fr_purge *p)
{
	size_t n = 0;

	if (p->key.p) {
		unsigned hash = hash_of(s, p->key);
		struct shard *sh = shard_of(s, hash);
		struct entry *e;

		(void)pthread_mutex_lock(&sh->lock);
		e = lookup(sh, p->key, hash);
		if (e) {
			n = purge_entry(sh, e, p);
			remove_if_empty(s, sh, e);
		}
		(void)pthread_mutex_unlock(&sh->lock);
		return n;
	}
	for (size_t i = 0; i < SHARDS; i++) {
		(void)pthread_mutex_lock(&s->shards[i].lock);
		n += purge_shard(s, &s->shards[i], p);
		(void)pthread_mutex_unlock(&s->shards[i].lock);
	}
	return n;
}

void fr_store_stats(struct fr_store *s, struct fr_store_stats *out)
{
	*out = (struct fr_store_stats){.held = fr_store_held(s),
	                               .evicted = atomic_load(&s->evicted)};
	for (size_t i = 0; i < SHARDS; i++) {
		(void)pthread_mutex_lock(&s->shards[i].lock);
		for (struct entry *e = s->shards[i].oldest; e; e = e->newer) {
			out->entries++;
			for (struct variant *v = e->variants; v; v = v->next)
				out->objects++;
		}
		(void)pthread_mutex_unlock(&s->shards[i].lock);
	}
}
