/* Internals of the hint memory that its files share: memory.c (table, shards,
 * eviction, finding), memory_see.c (learning), memory_blob.c (blobs). Whatever
 * has a struct fr_memory_shard * as argument is called with its lock held. */
#ifndef FR_HINTS_MEMORY_PRIV_H
#define FR_HINTS_MEMORY_PRIV_H

#include <pthread.h>

#include "base/mem.h"
#include "hints/memory.h"

#define HASH_NONFATAL_OOM 0
#define uthash_malloc(n) fr_malloc(n)
#include <uthash.h>

#define FR_MEMORY_SHARDS 16u
#define FR_MEMORY_SOURCES 2u /* FR_HINT_SOURCE_LINK and _HTML */
/* What the table and malloc add to an entry, about. */
#define FR_MEMORY_OVERHEAD_BYTES 64u
#define FR_MEMORY_GONE_KEPT 64u /* forgotten assets remembered for each shard */

struct fr_memory_witness {
	uint64_t client, credential; /* 0: no credential */
};

struct fr_memory_candidate {
	uint64_t value; /* keyed hash of source, flags and link; the text is not kept */
	uint64_t id;    /* keyed hash of source and identity */
	int64_t seen_s; /* last */
	uint32_t n;     /* witnesses */
	struct fr_memory_witness by[FR_MEMORY_MAX_WITNESSES - 1];
};

struct fr_memory_entry {
	UT_hash_handle hh;
	struct fr_memory_entry *prev, *next;    /* in the shard's pages, old to new, if page */
	struct fr_memory_entry *cprev, *cnext;  /* in the shard's hopefuls, if n_candidates */
	struct fr_remembered_page *page;        /* reference; NULL: nothing confirmed */
	struct fr_memory_candidate *candidates; /* owned */
	uint32_t n_candidates, cap_candidates;
	/* Hash of a load of that source that changes nothing now; 0: none known. */
	uint64_t same[FR_MEMORY_SOURCES];
	int64_t seen_s;                     /* last load */
	int64_t told_s;                     /* when the journal was told last */
	size_t page_bytes, candidate_bytes; /* what the shard counts for it */
	bool is_visited;                    /* found since the hand passed */
	bool in_pages, in_hopefuls;
	uint8_t absent[FR_MEMORY_MAX_HINTS]; /* absences in a row, by index in page */
	size_t key_len;
	char key[];
};

struct fr_memory_gone {
	uint64_t asset; /* keyed hash of key and identity */
	int64_t until_s;
};

struct fr_memory_shard {
	pthread_mutex_t lock;
	struct fr_memory_entry *table;    /* owned, by key */
	struct fr_memory_entry *pages;    /* borrowed: head is the oldest */
	struct fr_memory_entry *hopefuls; /* borrowed: head got its last candidate first */
	struct fr_memory_entry *hand; /* borrowed: where eviction goes on; NULL: at the oldest */
	size_t page_bytes, candidate_bytes, n_pages, n_candidates;
	int64_t now_s; /* the latest that was passed in */
	struct fr_memory_gone gone[FR_MEMORY_GONE_KEPT];
	unsigned next_gone;
	uint64_t evicted, expired, confirmed, displaced, links_dropped;
};

struct fr_hint_memory {
	uint64_t seed;
	_Atomic size_t bytes;
	_Atomic uint64_t ttl_s, gone_s;
	struct fr_hint_journal journal; /* changed NULL: none */
	struct fr_memory_shard shards[FR_MEMORY_SHARDS];
};

/* A draft of a page: what install makes a snapshot of. Links are borrowed. */
struct fr_memory_draft {
	struct fr_remembered v[FR_MEMORY_MAX_HINTS];
	uint64_t ids[FR_MEMORY_MAX_HINTS];
	uint8_t absent[FR_MEMORY_MAX_HINTS];
	size_t n, bytes; /* as of the snapshot */
};

/* One call's hold on a shard and an entry in it. Entries removed meanwhile
 * wait in graves until the lock is gone, when the journal is told of them. */
struct fr_memory_turn {
	struct fr_hint_memory *m;
	struct fr_memory_shard *shard; /* locked */
	struct fr_memory_entry *entry; /* of `key`; NULL: unknown, or removed */
	struct fr_str key;
	unsigned hash;
	struct fr_memory_entry *graves; /* owned, linked by next */
	bool tell;                      /* the journal, of `key` */
	bool is_oldest;                 /* a new page is filed as the oldest, not the newest */
};

/* Locks the shard of key and finds its entry; one that has expired by now_s is
 * removed. */
void fr_memory_turn_begin(struct fr_memory_turn *t, struct fr_hint_memory *m, struct fr_str key,
                          int64_t now_s);
/* The entry of the key, made if there is none; NULL without memory. */
struct fr_memory_entry *fr_memory_turn_entry(struct fr_memory_turn *t);
/* Counts the entry anew, files it in the right lists, and removes it if it
 * holds nothing. Evicts for what it grew, which may be the entry itself. */
void fr_memory_turn_settle(struct fr_memory_turn *t);
/* Unlocks, tells the journal, frees. */
void fr_memory_turn_end(struct fr_memory_turn *t);

/* Between < and the first >; p NULL if the link is none that can be kept. */
struct fr_str fr_memory_identity(struct fr_str link);
uint64_t fr_memory_id(const struct fr_hint_memory *m, enum fr_hint_source source,
                      struct fr_str identity);
/* Adds a hint if number and bytes allow; false: no room. */
bool fr_memory_draft_add(const struct fr_hint_memory *m, struct fr_memory_draft *d,
                         const struct fr_remembered *r, uint64_t id, uint8_t absent);
/* Bytes that one more hint adds to a snapshot. */
size_t fr_memory_hint_bytes(const struct fr_remembered *r);
/* The most bytes a snapshot may have now. */
size_t fr_memory_page_max(const struct fr_hint_memory *m);
/* Bytes of confirmed pages, and of candidates, for each shard. */
size_t fr_memory_pages_max(const struct fr_hint_memory *m);
/* Makes the draft the entry's page; empty: none. False without memory, with
 * nothing changed. */
bool fr_memory_install(struct fr_memory_entry *e, const struct fr_memory_draft *d);
bool fr_memory_is_expired(const struct fr_hint_memory *m, int64_t seen_s, int64_t now_s);

#endif
