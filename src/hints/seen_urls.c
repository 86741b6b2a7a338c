/* Bounded sets of URL hashes: what a connection was sent, and what failed lately. */
#include "hints/seen_urls.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/siphash.h"

/* Both memories are hash tables of 64-bit keys with open addressing, beside a
 * ring that remembers the order of arrival:
 *
 *   ring:  [key][key][key] ... oldest at `first`, n of them
 *   slots: key or 0, at most half full, linear probing
 */
struct table {
	uint64_t *slots; /* owned; n_slots, a power of two; 0: empty */
	uint64_t *ring;  /* owned; capacity entries */
	size_t n_slots, ring_cap;
	size_t first, n, capacity;
	uint64_t seed;
};

static uint64_t key_of(uint64_t seed, struct fr_str authority, struct fr_str target)
{
	uint64_t h = fr_siphash(seed, target.p, target.len) ^
	             (fr_siphash(~seed, authority.p, authority.len) * 0x9e3779b97f4a7c15u);

	return h ? h : 1;
}

static size_t find_slot(const struct table *t, uint64_t key)
{
	size_t i = (size_t)key & (t->n_slots - 1);

	while (t->slots[i] && t->slots[i] != key)
		i = (i + 1) & (t->n_slots - 1);
	return i;
}

static bool table_has(const struct table *t, uint64_t key)
{
	return t->n_slots && t->slots[find_slot(t, key)] == key;
}

/* Removal by moving later entries of the run back (no tombstones). */
static void table_remove(struct table *t, uint64_t key)
{
	size_t hole = find_slot(t, key), i = hole;

	if (t->slots[hole] != key)
		return;
	for (;;) {
		size_t home;

		i = (i + 1) & (t->n_slots - 1);
		if (!t->slots[i])
			break;
		home = (size_t)t->slots[i] & (t->n_slots - 1);
		if (((i - home) & (t->n_slots - 1)) >= ((i - hole) & (t->n_slots - 1))) {
			t->slots[hole] = t->slots[i];
			hole = i;
		}
	}
	t->slots[hole] = 0;
}

/* More room, up to the capacity. False without memory: all stays as it was. */
static bool table_grow(struct table *t)
{
	size_t cap = t->ring_cap ? t->ring_cap * 2 : 32, n_slots = 64;
	uint64_t *slots, *ring;

	if (cap > t->capacity)
		cap = t->capacity;
	while (n_slots < cap * 2)
		n_slots *= 2;
	slots = fr_try_malloc(n_slots * sizeof *slots);
	ring = fr_try_malloc(cap * sizeof *ring);
	if (!slots || !ring) {
		free(slots);
		free(ring);
		return false;
	}
	memset(slots, 0, n_slots * sizeof *slots);
	for (size_t i = 0; i < t->n; i++)
		ring[i] = t->ring[(t->first + i) % t->ring_cap];
	free(t->slots);
	free(t->ring);
	t->slots = slots;
	t->n_slots = n_slots;
	t->ring = ring;
	t->ring_cap = cap;
	t->first = 0;
	for (size_t i = 0; i < t->n; i++)
		t->slots[find_slot(t, ring[i])] = ring[i];
	return true;
}

/* Adds a key that is not there; forgets the oldest at the capacity. */
static void table_add(struct table *t, uint64_t key)
{
	if (t->n == t->ring_cap && t->n < t->capacity && !table_grow(t) && t->n == 0)
		return;
	if (t->n == t->ring_cap) {
		table_remove(t, t->ring[t->first]);
		t->first = (t->first + 1) % t->ring_cap;
		t->n--;
	}
	t->ring[(t->first + t->n) % t->ring_cap] = key;
	t->n++;
	t->slots[find_slot(t, key)] = key;
}

static void table_fini(struct table *t)
{
	free(t->slots);
	free(t->ring);
}

/* --- the connection's memory --- */

struct fr_seen_urls {
	struct table t;
};

struct fr_seen_urls *fr_seen_urls_new(size_t capacity, uint64_t seed)
{
	struct fr_seen_urls *m = fr_calloc(1, sizeof *m);

	m->t.capacity = capacity ? capacity : 1;
	m->t.seed = seed;
	return m;
}

void fr_seen_urls_free(struct fr_seen_urls **mp)
{
	if (!*mp)
		return;
	table_fini(&(*mp)->t);
	free(*mp);
	*mp = NULL;
}

int fr_seen_urls_add(struct fr_seen_urls *m, struct fr_str authority, struct fr_str target)
{
	uint64_t key = key_of(m->t.seed, authority, target);

	if (table_has(&m->t, key))
		return 0;
	table_add(&m->t, key);
	return 1;
}

bool fr_seen_urls_has(const struct fr_seen_urls *m, struct fr_str authority, struct fr_str target)
{
	return table_has(&m->t, key_of(m->t.seed, authority, target));
}

size_t fr_seen_urls_count(const struct fr_seen_urls *m)
{
	return m->t.n;
}

/* --- failures --- */

struct failure {
	uint64_t key; /* 0: empty */
	uint64_t until_ms;
};

struct fr_url_ttl_set {
	struct failure *v; /* owned ring; n of them, oldest at first */
	size_t capacity, first, n;
	uint64_t ttl_ms, seed;
};

struct fr_url_ttl_set *fr_url_ttl_set_new(size_t capacity, uint64_t ttl_ms, uint64_t seed)
{
	struct fr_url_ttl_set *f = fr_calloc(1, sizeof *f);

	f->capacity = capacity ? capacity : 1;
	f->ttl_ms = ttl_ms;
	f->seed = seed;
	return f;
}

void fr_url_ttl_set_free(struct fr_url_ttl_set **fp)
{
	if (!*fp)
		return;
	free((*fp)->v);
	free(*fp);
	*fp = NULL;
}

/* The i-th oldest. */
static struct failure *failure_at(const struct fr_url_ttl_set *f, size_t i)
{
	i += f->first;
	return &f->v[i < f->capacity ? i : i - f->capacity];
}

static void forget_oldest(struct fr_url_ttl_set *f)
{
	f->first = f->first + 1 < f->capacity ? f->first + 1 : 0;
	f->n--;
}

/* All live as long, so the oldest expire first. */
static void expire(struct fr_url_ttl_set *f, uint64_t now_ms)
{
	while (f->n && failure_at(f, 0)->until_ms <= now_ms)
		forget_oldest(f);
}

void fr_url_ttl_set_add(struct fr_url_ttl_set *f, uint64_t who, struct fr_str authority,
                        struct fr_str target, uint64_t now_ms)
{
	struct failure *slot;

	if (f->ttl_ms == 0)
		return;
	if (!f->v) {
		f->v = fr_try_malloc(f->capacity * sizeof *f->v);
		if (!f->v)
			return;
	}
	expire(f, now_ms);
	if (f->n == f->capacity)
		forget_oldest(f);
	slot = failure_at(f, f->n);
	slot->key = key_of(f->seed + who, authority, target);
	slot->until_ms = now_ms + f->ttl_ms;
	f->n++;
}

bool fr_url_ttl_set_has(const struct fr_url_ttl_set *f, uint64_t who, struct fr_str authority,
                        struct fr_str target, uint64_t now_ms)
{
	uint64_t key;

	if (f->n == 0)
		return false;
	key = key_of(f->seed + who, authority, target);
	for (size_t i = 0; i < f->n; i++) {
		const struct failure *e = failure_at(f, i);

		if (e->key == key && e->until_ms > now_ms)
			return true;
	}
	return false;
}
