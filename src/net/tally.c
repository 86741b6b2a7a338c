/* Counts by key, in a hash table of parts. */
#include "net/tally.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/holds.h"
#include "base/mem.h"
#include "base/siphash.h"

/* Workers that count at the same time rarely meet in one. */
#define PARTS 64u
#define BUCKETS 64u /* of a part; entries are bounded by what is under way */
/* Empty entries that a part keeps for the next key. */
#define KEPT 16u

struct fr_tally_entry {
	struct fr_tally_entry *next; /* owned: in its bucket, or kept */
	uint32_t count, part;
	struct fr_tally_key key;
};

struct part {
	pthread_mutex_t lock;
	struct fr_tally_entry *buckets[BUCKETS]; /* owned */
	struct fr_tally_entry *kept;             /* owned */
	size_t n_kept;
};

struct fr_tally {
	uint64_t seed;
	struct part parts[PARTS];
};

struct fr_tally *fr_tally_new(uint64_t seed)
{
	struct fr_tally *t = fr_calloc(1, sizeof *t);

	t->seed = seed;
	for (size_t i = 0; i < PARTS; i++)
		(void)pthread_mutex_init(&t->parts[i].lock, NULL);
	return t;
}

void fr_tally_free(struct fr_tally **tp)
{
	struct fr_tally *t = *tp;

	if (!t)
		return;
	for (size_t i = 0; i < PARTS; i++) {
		struct part *p = &t->parts[i];

		for (size_t j = 0; j < BUCKETS; j++)
			FR_ASSERT(!p->buckets[j]);
		while (p->kept) {
			struct fr_tally_entry *e = p->kept;

			p->kept = e->next;
			free(e);
		}
		(void)pthread_mutex_destroy(&p->lock);
	}
	free(t);
	*tp = NULL;
}

static uint64_t hash_of(const struct fr_tally *t, const struct fr_tally_key *key)
{
	return fr_siphash(t->seed, key, sizeof *key);
}

static struct fr_tally_entry **find(struct part *p, uint64_t hash, const struct fr_tally_key *key)
{
	struct fr_tally_entry **at = &p->buckets[hash / PARTS % BUCKETS];

	while (*at && memcmp(&(*at)->key, key, sizeof *key) != 0)
		at = &(*at)->next;
	return at;
}

static struct fr_tally_entry *new_entry(struct part *p)
{
	struct fr_tally_entry *e = p->kept;

	if (!e)
		return fr_malloc(sizeof *e);
	p->kept = e->next;
	p->n_kept--;
	return e;
}

static struct fr_tally_entry *take_locked(struct part *p, uint64_t hash,
                                          const struct fr_tally_key *key, uint32_t most)
{
	struct fr_tally_entry **at = find(p, hash, key), *e = *at;

	if (most == 0 || (e && e->count >= most))
		return NULL;
	if (!e) {
		e = new_entry(p);
		*e = (struct fr_tally_entry){.part = (uint32_t)(hash % PARTS), .key = *key};
		*at = e;
	}
	e->count++;
	return e;
}

struct fr_tally_entry *fr_tally_take(struct fr_tally *t, const struct fr_tally_key *key,
                                     uint32_t most)
{
	uint64_t hash = hash_of(t, key);
	struct part *p = &t->parts[hash % PARTS];
	struct fr_tally_entry *e;

	(void)pthread_mutex_lock(&p->lock);
	e = take_locked(p, hash, key, most);
	(void)pthread_mutex_unlock(&p->lock);
	return e;
}

static void drop(struct part *p, uint64_t hash, struct fr_tally_entry *e)
{
	struct fr_tally_entry **at = find(p, hash, &e->key);

	if (!FR_HOLDS(*at == e))
		return;
	*at = e->next;
	if (p->n_kept >= KEPT) {
		free(e);
		return;
	}
	e->next = p->kept;
	p->kept = e;
	p->n_kept++;
}

void fr_tally_give(struct fr_tally *t, struct fr_tally_entry **ep)
{
	struct fr_tally_entry *e = *ep;
	struct part *p;

	if (!e)
		return;
	*ep = NULL;
	p = &t->parts[e->part];
	(void)pthread_mutex_lock(&p->lock);
	if (--e->count == 0)
		drop(p, hash_of(t, &e->key), e);
	(void)pthread_mutex_unlock(&p->lock);
}

uint32_t fr_tally_count(struct fr_tally *t, const struct fr_tally_key *key)
{
	uint64_t hash = hash_of(t, key);
	struct part *p = &t->parts[hash % PARTS];
	struct fr_tally_entry *e;
	uint32_t n;

	(void)pthread_mutex_lock(&p->lock);
	e = *find(p, hash, key);
	n = e ? e->count : 0;
	(void)pthread_mutex_unlock(&p->lock);
	return n;
}
