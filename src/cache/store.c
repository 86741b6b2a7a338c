/* The store's table: lookup, insertion, eviction by SIEVE, and purges. Each shard has
 * its own lock. */
#include "cache/store_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/siphash.h"
#include "cache/gate.h"
#include "cache/key.h"

/* --- the table --- */

unsigned fr_store_hash(const struct fr_store *s, struct fr_str key)
{
	return (unsigned)fr_siphash(s->seed, key.p, key.len);
}

struct fr_store_shard *fr_store_shard_of(struct fr_store *s, unsigned hash)
{
	return &s->shards[hash >> 27];
}

struct fr_store_entry *fr_store_lookup(struct fr_store_shard *sh, struct fr_str key, unsigned hash)
{
	struct fr_store_entry *e;

	HASH_FIND_BYHASHVALUE(hh, sh->table, key.p, key.len, hash, e);
	return e;
}

static size_t entry_bytes(const struct fr_store_entry *e)
{
	return FR_STORE_ENTRY_BYTES + e->key_len;
}

struct fr_store_entry *fr_store_add_entry(struct fr_store *s, struct fr_store_shard *sh,
                                          struct fr_str key, unsigned hash)
{
	struct fr_store_entry *e = fr_try_malloc(sizeof *e + key.len);

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

static void drop_variant(struct fr_store_shard *sh, struct fr_store_variant **at)
{
	struct fr_store_variant *v = *at;

	*at = v->next;
	atomic_fetch_sub_explicit(&sh->bytes, v->bytes, memory_order_relaxed);
	fr_object_unref(&v->object);
	free(v);
}

static void remove_entry(struct fr_store *s, struct fr_store_shard *sh, struct fr_store_entry *e)
{
	if (e->flight)
		fr_flight_detach(e->flight);
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

void fr_store_remove_if_empty(struct fr_store *s, struct fr_store_shard *sh,
                              struct fr_store_entry *e)
{
	if (!e->variants && !e->flight && e->pass_until_ms == 0 && e->personal_until_ms == 0)
		remove_entry(s, sh, e);
}

/* --- life --- */

struct fr_store *fr_store_new(const struct fr_store_limits *limits, uint64_t seed)
{
	struct fr_store *s = fr_calloc(1, sizeof *s);

	s->seed = seed;
	fr_store_set_limits(s, limits);
	for (size_t i = 0; i < FR_STORE_SHARDS; i++)
		(void)pthread_mutex_init(&s->shards[i].lock, NULL);
	return s;
}

void fr_store_free(struct fr_store **sp)
{
	struct fr_store *s = *sp;

	if (!s)
		return;
	for (size_t i = 0; i < FR_STORE_SHARDS; i++) {
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
static bool evict_one(struct fr_store *s, struct fr_store_shard *sh)
{
	for (int round = 0; round < 2; round++) {
		struct fr_store_entry *e = sh->hand ? sh->hand : sh->oldest;

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

	for (unsigned i = 0; i < FR_STORE_SHARDS; i++) {
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
		struct fr_store_shard *sh = &s->shards[i];

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
	unsigned hash = fr_store_hash(s, key);
	struct fr_store_shard *sh = fr_store_shard_of(s, hash);
	struct fr_object *found = NULL;
	struct fr_str vary = {0}, values = {0};
	struct fr_store_entry *e;

	*other_variants = false;
	(void)pthread_mutex_lock(&sh->lock);
	e = fr_store_lookup(sh, key, hash);
	for (struct fr_store_variant *v = e ? e->variants : NULL; v && !found; v = v->next) {
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
static void drop_superseded(struct fr_store *s, struct fr_store_shard *sh, struct fr_store_entry *e,
                            const struct fr_object *o, const struct fr_object *replaced)
{
	uint32_t kept = 0, most = atomic_load_explicit(&s->max_variants, memory_order_relaxed);

	for (struct fr_store_variant **at = &e->variants; *at;) {
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
	unsigned hash = fr_store_hash(s, key);
	struct fr_store_shard *sh = fr_store_shard_of(s, hash);
	struct fr_store_variant *v;
	struct fr_store_entry *e = NULL;

	check_admission(o);
	if (!o->is_admitted)
		return false;
	v = fr_malloc(sizeof *v);
	(void)pthread_mutex_lock(&sh->lock);
	if (!was_purged(replaced, flight)) {
		e = fr_store_lookup(sh, key, hash);
		if (!e)
			e = fr_store_add_entry(s, sh, key, hash);
	}
	if (!e) {
		(void)pthread_mutex_unlock(&sh->lock);
		free(v);
		return false;
	}
	e->pass_until_ms = e->personal_until_ms = 0;
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
	unsigned hash = fr_store_hash(s, key);
	struct fr_store_shard *sh = fr_store_shard_of(s, hash);
	struct fr_store_entry *e;

	(void)pthread_mutex_lock(&sh->lock);
	e = fr_store_lookup(sh, key, hash);
	for (struct fr_store_variant **at = e ? &e->variants : NULL; at && *at; at = &(*at)->next)
		if ((*at)->object == o) {
			drop_variant(sh, at);
			fr_store_remove_if_empty(s, sh, e);
			break;
		}
	(void)pthread_mutex_unlock(&sh->lock);
}

/* --- invalidating --- */

/* What is being fetched may be from before: its flight is void, and a request that asks
 * from now on asks anew. */
static void void_flight(struct fr_store_entry *e)
{
	struct fr_flight *f = e->flight;

	if (!f)
		return;
	atomic_store_explicit(&f->is_void, true, memory_order_relaxed);
	fr_flight_detach(f);
}

static size_t purge_entry(struct fr_store_shard *sh, struct fr_store_entry *e,
                          const struct fr_purge *p)
{
	size_t n = 0;

	void_flight(e);
	for (struct fr_store_variant **at = &e->variants; *at;) {
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

static size_t purge_shard(struct fr_store *s, struct fr_store_shard *sh, const struct fr_purge *p)
{
	struct fr_store_entry *e, *next;
	size_t n = 0;

	for (e = sh->oldest; e; e = next) {
		next = e->newer;
		if (p->prefix.p && !fr_str_starts(fr_str_make(e->key, e->key_len), p->prefix))
			continue;
		n += purge_entry(sh, e, p);
		fr_store_remove_if_empty(s, sh, e);
	}
	return n;
}

size_t fr_store_purge(struct fr_store *s, const struct fr_purge *p)
{
	size_t n = 0;

	if (p->key.p) {
		unsigned hash = fr_store_hash(s, p->key);
		struct fr_store_shard *sh = fr_store_shard_of(s, hash);
		struct fr_store_entry *e;

		(void)pthread_mutex_lock(&sh->lock);
		e = fr_store_lookup(sh, p->key, hash);
		if (e) {
			n = purge_entry(sh, e, p);
			fr_store_remove_if_empty(s, sh, e);
		}
		(void)pthread_mutex_unlock(&sh->lock);
		return n;
	}
	for (size_t i = 0; i < FR_STORE_SHARDS; i++) {
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
	for (size_t i = 0; i < FR_STORE_SHARDS; i++) {
		(void)pthread_mutex_lock(&s->shards[i].lock);
		for (struct fr_store_entry *e = s->shards[i].oldest; e; e = e->newer) {
			out->entries++;
			for (struct fr_store_variant *v = e->variants; v; v = v->next)
				out->objects++;
		}
		(void)pthread_mutex_unlock(&s->shards[i].lock);
	}
}
