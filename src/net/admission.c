/* Counts connections, by address in buckets under one lock. */
#include "net/admission.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/holds.h"
#include "base/mem.h"
#include "base/siphash.h"

struct entry {
	struct entry *next; /* owned, in a bucket */
	uint32_t count;
	uint64_t disk_bytes;
	uint8_t address[16];
};

#define BUCKETS 4096u /* entries are bounded by the connections in all */

struct fr_admission {
	pthread_mutex_t lock;
	uint64_t seed;
	uint32_t max_total, max_address;
	uint32_t total;
	uint64_t disk_bytes;
	_Atomic uint32_t descriptors, max_descriptors;
	struct entry *buckets[BUCKETS]; /* owned */
};

struct fr_admission *fr_admission_new(uint64_t seed)
{
	struct fr_admission *a = fr_calloc(1, sizeof *a);

	(void)pthread_mutex_init(&a->lock, NULL);
	a->seed = seed;
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

/* The address that counts, as 16 bytes; false for what has none. */
static bool key_of(const struct sockaddr *addr, uint8_t key[16])
{
	memset(key, 0, 16);
	if (addr->sa_family == AF_INET) {
		key[10] = key[11] = 0xff;
		memcpy(key + 12, &((const struct sockaddr_in *)(const void *)addr)->sin_addr, 4);
		return true;
	}
	if (addr->sa_family == AF_INET6) {
		const struct in6_addr *in6 =
			&((const struct sockaddr_in6 *)(const void *)addr)->sin6_addr;

		memcpy(key, in6, IN6_IS_ADDR_V4MAPPED(in6) || IN6_IS_ADDR_LOOPBACK(in6) ? 16 : 8);
		return true;
	}
	return false;
}

static struct entry **find(struct fr_admission *a, const uint8_t key[16])
{
	struct entry **at = &a->buckets[fr_siphash(a->seed, key, 16) % BUCKETS];

	while (*at && memcmp((*at)->address, key, 16) != 0)
		at = &(*at)->next;
	return at;
}

static enum fr_admitted take_locked(struct fr_admission *a, struct fr_ticket *t)
{
	struct entry **at;

	if (a->total >= a->max_total)
		return FR_TOO_MANY;
	if (t->has_address) {
		at = find(a, t->address);
		if (!*at) {
			*at = fr_calloc(1, sizeof **at);
			memcpy((*at)->address, t->address, 16);
		} else if ((*at)->count >= a->max_address) {
			return FR_TOO_MANY_FROM_ADDRESS;
		}
		(*at)->count++;
	}
	a->total++;
	return FR_ADMITTED;
}

enum fr_admitted fr_admission_take(struct fr_admission *a, const struct sockaddr *addr,
                                   struct fr_ticket *out)
{
	struct fr_ticket t = {0};
	enum fr_admitted got;

	t.has_address = key_of(addr, t.address);
	(void)pthread_mutex_lock(&a->lock);
	got = take_locked(a, &t);
	(void)pthread_mutex_unlock(&a->lock);
	t.is_held = got == FR_ADMITTED;
	*out = t;
	return got;
}

void fr_admission_give(struct fr_admission *a, struct fr_ticket *t)
{
	struct entry **at, *gone;

	if (!t->is_held)
		return;
	t->is_held = false;
	(void)pthread_mutex_lock(&a->lock);
	a->total--;
	if (t->has_address) {
		at = find(a, t->address);
		gone = *at;
		if (FR_HOLDS(gone) && gone && --gone->count == 0) {
			*at = gone->next;
			free(gone);
		}
	}
	(void)pthread_mutex_unlock(&a->lock);
}

static bool take_disk_locked(struct fr_admission *a, const struct fr_ticket *t, uint64_t bytes,
                             uint64_t limit_bytes)
{
	struct entry *e = t->has_address ? *find(a, t->address) : NULL;

	if (a->disk_bytes + bytes > limit_bytes)
		return false;
	/* of a small limit the part may be less than anybody can use */
	if (e && e->disk_bytes && e->disk_bytes + bytes > limit_bytes / FR_ADMISSION_DISK_PART)
		return false;
	a->disk_bytes += bytes;
	if (e)
		e->disk_bytes += bytes;
	return true;
}

bool fr_admission_take_disk(struct fr_admission *a, const struct fr_ticket *t, uint64_t bytes,
                            uint64_t limit_bytes)
{
	bool ok;

	(void)pthread_mutex_lock(&a->lock);
	ok = take_disk_locked(a, t, bytes, limit_bytes);
	(void)pthread_mutex_unlock(&a->lock);
	return ok;
}

void fr_admission_give_disk(struct fr_admission *a, const struct fr_ticket *t, uint64_t bytes)
{
	struct entry *e;

	(void)pthread_mutex_lock(&a->lock);
	e = t->has_address ? *find(a, t->address) : NULL;
	a->disk_bytes -= bytes;
	if (e)
		e->disk_bytes -= bytes;
	(void)pthread_mutex_unlock(&a->lock);
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
