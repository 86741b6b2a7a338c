/* A small table of slots, each with a name and those that may follow it. */
#include "hints/members.h"

#include <pthread.h>
#include <stdlib.h>
/* keys are keyed hashes already */
#define HASH_FUNCTION(keyptr, keylen, hashv) ((hashv) = (unsigned)*(keyptr))
#include <uthash.h>

#include "base/mem.h"
#include "base/siphash.h"

struct waiting { /* a name that is not believed yet */
	char target[FR_MEMBER_BYTES];
	uint16_t len; /* 0: free */
	unsigned n;   /* clients */
	uint64_t by[FR_MEMBERS_WITNESSES];
	int64_t last_s;
};

struct slot {
	uint64_t key;
	char target[FR_MEMBER_BYTES]; /* of today */
	uint16_t len;                 /* 0: none is known */
	uint64_t replaced;            /* hash of the name before */
	int64_t replaced_s;
	struct waiting waiting[FR_MEMBERS_WAITING];
	UT_hash_handle hh; /* in the order of their last use */
};

struct fr_members {
	pthread_mutex_t lock;
	struct slot *slots; /* owned */
	uint64_t seed;
};

struct fr_members *fr_members_new(uint64_t seed)
{
	struct fr_members *m = fr_calloc(1, sizeof *m);

	(void)pthread_mutex_init(&m->lock, NULL);
	m->seed = seed;
	return m;
}

void fr_members_free(struct fr_members **mp)
{
	struct fr_members *m = *mp;
	struct slot *s, *next;

	if (!m)
		return;
	s = m->slots;
	HASH_CLEAR(hh, m->slots);
	for (; s; s = next) {
		next = s->hh.next;
		free(s);
	}
	(void)pthread_mutex_destroy(&m->lock);
	free(m);
	*mp = NULL;
}

static bool is_name(char c)
{
	return fr_char_is(c, FR_CH_DIGIT | FR_CH_ALPHA) || c == '.' || c == '_' || c == '~' ||
	       c == '-';
}

/* The last star takes one more where the rest does not match: since all stars stand for the
 * same characters, the first place of what is between two of them is always the best. */
bool fr_member_matches(struct fr_str pattern, struct fr_str target)
{
	size_t p = 0, t = 0, star = SIZE_MAX, from = 0;

	while (t < target.len) {
		if (p < pattern.len && pattern.p[p] == '*' && is_name(target.p[t])) {
			star = p++;
			from = ++t;
		} else if (p < pattern.len && pattern.p[p] == target.p[t] && target.p[t] != '*') {
			p++;
			t++;
		} else if (star != SIZE_MAX && is_name(target.p[from])) {
			p = star + 1;
			t = ++from;
		} else {
			return false;
		}
	}
	return p == pattern.len;
}

static uint64_t key_of(const struct fr_members *m, struct fr_str authority, struct fr_str pattern)
{
	return fr_siphash(fr_siphash(m->seed, authority.p, authority.len), pattern.p, pattern.len);
}

static uint64_t hash_of(const struct fr_members *m, struct fr_str target)
{
	return fr_siphash(m->seed, target.p, target.len);
}

/* As the last one in the order of use. */
static void add(struct fr_members *m, struct slot *s)
{
	HASH_ADD(hh, m->slots, key, sizeof s->key, s);
}

static void take_out(struct fr_members *m, struct slot *s)
{
	HASH_DEL(m->slots, s);
}

static struct slot *find(struct fr_members *m, uint64_t key)
{
	struct slot *s = NULL;

	HASH_FIND(hh, m->slots, &key, sizeof key, s);
	if (!s)
		return NULL;
	take_out(m, s);
	add(m, s);
	return s;
}

static struct slot *slot_of(struct fr_members *m, uint64_t key)
{
	struct slot *s = find(m, key);

	if (s)
		return s;
	if (HASH_COUNT(m->slots) >= FR_MEMBERS_MAX) {
		s = m->slots; /* the oldest */
		take_out(m, s);
		memset(s, 0, sizeof *s);
	} else {
		s = fr_calloc(1, sizeof *s);
	}
	s->key = key;
	add(m, s);
	return s;
}

/* --- names that wait --- */

static bool is_of(const struct waiting *w, uint64_t client)
{
	for (unsigned i = 0; i < w->n; i++)
		if (w->by[i] == client)
			return true;
	return false;
}

/* Goes sooner: of the same client alone, of fewer clients, seen longer ago. */
static bool is_less(const struct waiting *a, const struct waiting *b, uint64_t client)
{
	bool a_own = a->n == 1 && is_of(a, client), b_own = b->n == 1 && is_of(b, client);

	if (!a->len || !b->len)
		return !a->len && b->len;
	if (a_own != b_own)
		return a_own;
	return a->n != b->n ? a->n < b->n : a->last_s < b->last_s;
}

static struct waiting *waiting_of(struct slot *s, const struct fr_member_seen *seen)
{
	struct waiting *least = &s->waiting[0];

	for (size_t i = 0; i < FR_MEMBERS_WAITING; i++) {
		struct waiting *w = &s->waiting[i];

		if (w->len && fr_str_eq(fr_str_make(w->target, w->len), seen->target))
			return w;
		if (i && is_less(w, least, seen->client))
			least = w;
	}
	*least = (struct waiting){.len = (uint16_t)seen->target.len};
	memcpy(least->target, seen->target.p, seen->target.len);
	return least;
}

static void believe(struct fr_members *m, struct slot *s, const struct fr_member_seen *seen)
{
	if (s->len) {
		s->replaced = hash_of(m, fr_str_make(s->target, s->len));
		s->replaced_s = seen->now_s;
	}
	memcpy(s->target, seen->target.p, seen->target.len);
	s->len = (uint16_t)seen->target.len;
	memset(s->waiting, 0, sizeof s->waiting);
}

static bool was_replaced(const struct fr_members *m, const struct slot *s,
                         const struct fr_member_seen *seen)
{
	return s->len && s->replaced == hash_of(m, seen->target) &&
	       seen->now_s - s->replaced_s < FR_MEMBERS_BACK_S;
}

void fr_members_saw(struct fr_members *m, const struct fr_member_seen *seen)
{
	struct waiting *w;
	struct slot *s;

	if (!seen->target.len || seen->target.len >= FR_MEMBER_BYTES)
		return;
	(void)pthread_mutex_lock(&m->lock);
	s = slot_of(m, key_of(m, seen->authority, seen->pattern));
	if (!fr_str_eq(fr_str_make(s->target, s->len), seen->target) && !was_replaced(m, s, seen)) {
		w = waiting_of(s, seen);
		w->last_s = seen->now_s;
		if (!is_of(w, seen->client) && w->n < FR_MEMBERS_WITNESSES)
			w->by[w->n++] = seen->client;
		if (w->n >= seen->witnesses)
			believe(m, s, seen);
	}
	(void)pthread_mutex_unlock(&m->lock);
}

void fr_members_gone(struct fr_members *m, const struct fr_member_seen *gone)
{
	struct slot *s;

	(void)pthread_mutex_lock(&m->lock);
	s = find(m, key_of(m, gone->authority, gone->pattern));
	if (s && fr_str_eq(fr_str_make(s->target, s->len), gone->target))
		s->len = 0;
	(void)pthread_mutex_unlock(&m->lock);
}

size_t fr_members_find(struct fr_members *m, struct fr_str authority, struct fr_str pattern,
                       char out[FR_MEMBER_BYTES])
{
	struct slot *s;
	size_t len = 0;

	(void)pthread_mutex_lock(&m->lock);
	s = find(m, key_of(m, authority, pattern));
	if (s && s->len) {
		len = s->len;
		memcpy(out, s->target, len);
		out[len] = '\0';
	}
	(void)pthread_mutex_unlock(&m->lock);
	return len;
}
