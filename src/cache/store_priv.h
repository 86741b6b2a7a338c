/* What the two halves of cache/store share: store.c has the table, eviction and
 * purges, flight.c the one fetch that others wait for. Nobody else includes this.
 * All but the atomic members is read and written under the shard's lock. */
#ifndef FR_CACHE_STORE_PRIV_H
#define FR_CACHE_STORE_PRIV_H

#include <pthread.h>

#include "base/mem.h"
#include "cache/store.h"

#define HASH_NONFATAL_OOM 0
#define uthash_malloc(n) fr_malloc(n)
#include <uthash.h>

#define FR_STORE_SHARDS 32u

struct fr_store_variant {
	struct fr_store_variant *next;
	struct fr_object *object; /* reference */
	size_t bytes;             /* what it counts in its shard */
};

struct fr_store_entry {
	UT_hash_handle hh;
	struct fr_store_entry *older, *newer; /* borrowed, in the shard's list */
	struct fr_store_variant *variants;    /* owned, newest first */
	struct fr_flight *flight;             /* borrowed: it unlinks itself when it lands */
	uint64_t pass_until_ms;               /* nobody waits for anybody */
	uint64_t personal_until_ms;           /* nobody who is known to the site does */
	_Atomic bool is_visited;              /* asked for since the hand passed */
	size_t key_len;
	char key[];
};

struct fr_store_shard {
	pthread_mutex_t lock;
	struct fr_store_entry *table;           /* owned, by key */
	struct fr_store_entry *oldest, *newest; /* borrowed */
	struct fr_store_entry *hand; /* borrowed: where eviction goes on; NULL: at the oldest */
	_Atomic size_t bytes;        /* of its entries and variants, about */
};

struct fr_store {
	_Atomic size_t held, memory;
	_Atomic uint32_t max_variants;
	_Atomic uint64_t evicted;
	uint64_t seed;
	struct fr_store_shard shards[FR_STORE_SHARDS];
};

struct fr_flight {
	_Atomic uint32_t refs;
	_Atomic bool is_void;         /* purged while under way */
	struct fr_store *store;       /* borrowed */
	struct fr_store_entry *entry; /* borrowed while under way; under the shard's lock */
	struct fr_store_shard *shard; /* borrowed */
	pthread_mutex_t lock;         /* of what follows */
	enum fr_flight_state state;
	bool was_joined; /* under the shard's lock */
	int error;
	struct fr_object *object; /* reference */
	struct fr_watcher *watchers;
};

unsigned fr_store_hash(const struct fr_store *s, struct fr_str key);
struct fr_store_shard *fr_store_shard_of(struct fr_store *s, unsigned hash);
/* NULL: not there. */
struct fr_store_entry *fr_store_lookup(struct fr_store_shard *sh, struct fr_str key, unsigned hash);
/* NULL without memory. */
struct fr_store_entry *fr_store_add_entry(struct fr_store *s, struct fr_store_shard *sh,
                                          struct fr_str key, unsigned hash);
void fr_store_remove_if_empty(struct fr_store *s, struct fr_store_shard *sh,
                              struct fr_store_entry *e);
/* Requests for the entry's key lead or wait for another flight from now on. */
void fr_flight_detach(struct fr_flight *f);

#endif
