/* Counts connections, by address in buckets under one lock. */
#include "net/admission.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/holds.h"
#include "base/mem.h"
#include "base/siphash.h"
#include "net/tally.h"

struct entry {
	struct entry *next; /* owned, in a bucket */
	uint32_t count;
	uint64_t disk_bytes;
	struct fr_ip address;
};

#define BUCKETS 4096u /* entries are bounded by connections in all and by limits.spill */

struct fr_admission {
	pthread_mutex_t lock;
	uint64_t seed;
	uint32_t max_total, max_address;
	uint32_t total;
	uint64_t disk_bytes;
	_Atomic uint32_t descriptors, max_descriptors;
	struct fr_tally *requests;      /* owned */
	struct entry *buckets[BUCKETS]; /* owned */
};

struct fr_admission *fr_admission_new(uint64_t seed)
{
	struct fr_admission *a = fr_calloc(1, sizeof *a);

	(void)pthread_mutex_init(&a->lock, NULL);
	a->seed = seed;
	a->requests = fr_tally_new(seed);
	a->max_total = a->max_address = UINT32_MAX;
	atomic_init(&a->max_descriptors, UINT32_MAX);
	return a;
}

void fr_admission_free(struct fr_admission **ap)
{
	struct fr_admission *a = *ap;

	if (!a)
		return;
	FR_ASSERT(a->total == 0);
	fr_tally_free(&a->requests);
	(void)pthread_mutex_destroy(&a->lock);
	free(a);
	*ap = NULL;
}

void fr_admission_set_limits(struct fr_admission *a, uint32_t total, uint32_t per_address)
{
	(void)pthread_mutex_lock(&a->lock);
	a->max_total = total;
	a->max_address = per_address;
	(void)pthread_mutex_unlock(&a->lock);
}

static struct entry **find(struct fr_admission *a, const struct fr_ip *address)
{
	size_t at_bucket = fr_siphash(a->seed, address->bytes, sizeof address->bytes) % BUCKETS;
	struct entry **at = &a->buckets[at_bucket];

	while (*at && memcmp(&(*at)->address, address, sizeof *address) != 0)
		at = &(*at)->next;
	return at;
}

static struct entry *find_or_add(struct fr_admission *a, const struct fr_ip *address)
{
	struct entry **at = find(a, address);

	if (!*at) {
		*at = fr_calloc(1, sizeof **at);
		(*at)->address = *address;
	}
	return *at;
}

/* Frees it when nothing is counted for it any more. */
static void drop_unused(struct entry **at)
{
	struct entry *e = *at;

	if (!e || e->count || e->disk_bytes)
		return;
	*at = e->next;
	free(e);
}

static bool count_up(struct fr_admission *a, const struct fr_ip *address)
{
	struct entry *e = *find(a, address);

	if (e && e->count >= a->max_address)
		return false;
	find_or_add(a, address)->count++;
	return true;
}

static void count_down(struct fr_admission *a, const struct fr_ip *address)
{
	struct entry **at = find(a, address), *e = *at;

	if (!FR_HOLDS(e && e->count) || !e)
		return;
	e->count--;
	drop_unused(at);
}

static enum fr_admitted take_locked(struct fr_admission *a, const struct fr_ticket *t)
{
	if (a->total >= a->max_total)
		return FR_TOO_MANY;
	if (t->has_address && !count_up(a, &t->address))
		return FR_TOO_MANY_FROM_ADDRESS;
	a->total++;
	return FR_ADMITTED;
}

enum fr_admitted fr_admission_take(struct fr_admission *a, const struct fr_ip *address,
                                   struct fr_ticket *out)
{
	struct fr_ticket t = {.has_address = address != NULL};
	enum fr_admitted got;

	if (address)
		t.address = *address;
	(void)pthread_mutex_lock(&a->lock);
	got = take_locked(a, &t);
	(void)pthread_mutex_unlock(&a->lock);
	t.is_held = got == FR_ADMITTED;
	*out = t;
	return got;
}

bool fr_admission_move(struct fr_admission *a, struct fr_ticket *t, const struct fr_ip *address)
{
	bool ok;

	(void)pthread_mutex_lock(&a->lock);
	ok = count_up(a, address);
	if (ok && t->has_address)
		count_down(a, &t->address);
	(void)pthread_mutex_unlock(&a->lock);
	if (ok) {
		t->has_address = true;
		t->address = *address;
	}
	return ok;
}

void fr_admission_give(struct fr_admission *a, struct fr_ticket *t)
{
	if (!t->is_held)
		return;
	t->is_held = false;
	(void)pthread_mutex_lock(&a->lock);
	a->total--;
	if (t->has_address)
		count_down(a, &t->address);
	(void)pthread_mutex_unlock(&a->lock);
}

static bool take_disk_locked(struct fr_admission *a, const struct fr_ip *address, uint64_t bytes,
                             uint64_t limit_bytes)
{
	const struct entry *e = address ? *find(a, address) : NULL;

	if (a->disk_bytes + bytes > limit_bytes)
		return false;
	/* of a small limit the part may be less than anybody can use */
	if (e && e->disk_bytes && e->disk_bytes + bytes > limit_bytes / FR_ADMISSION_DISK_PART)
		return false;
	a->disk_bytes += bytes;
	if (address)
		find_or_add(a, address)->disk_bytes += bytes;
	return true;
}

bool fr_admission_take_disk(struct fr_admission *a, const struct fr_ip *address, uint64_t bytes,
                            uint64_t limit_bytes)
{
	bool ok;

	(void)pthread_mutex_lock(&a->lock);
	ok = take_disk_locked(a, address, bytes, limit_bytes);
	(void)pthread_mutex_unlock(&a->lock);
	return ok;
}

void fr_admission_give_disk(struct fr_admission *a, const struct fr_ip *address, uint64_t bytes)
{
	struct entry **at, *e;

	(void)pthread_mutex_lock(&a->lock);
	a->disk_bytes -= bytes;
	at = address ? find(a, address) : NULL;
	e = at ? *at : NULL;
	if (at && FR_HOLDS(e && e->disk_bytes >= bytes) && e) {
		e->disk_bytes -= bytes;
		drop_unused(at);
	}
	(void)pthread_mutex_unlock(&a->lock);
}

struct fr_tally *fr_admission_requests(struct fr_admission *a)
{
	return a->requests;
}

void fr_admission_set_descriptors(struct fr_admission *a, uint32_t most)
{
	atomic_store(&a->max_descriptors, most);
}

bool fr_admission_take_descriptor(struct fr_admission *a, bool always)
{
	if (atomic_fetch_add(&a->descriptors, 1) < atomic_load(&a->max_descriptors) || always)
		return true;
	fr_admission_give_descriptor(a);
	return false;
}

void fr_admission_give_descriptor(struct fr_admission *a)
{
	atomic_fetch_sub(&a->descriptors, 1);
}
