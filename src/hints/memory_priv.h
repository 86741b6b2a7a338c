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
	uint64_t query;              /* 0: none that matters */
	uint64_t self;               /* 0: its last load brought other news */
	bool is_repeated;            /* the same self had it with two queries */
};

/* News that needs witnesses: a link, or the absence of one. */
struct fr_memory_candidate {
	uint64_t value; /* keyed hash of source, flags and link, or of the absence */
	uint64_t id;    /* keyed hash of source and identity */
	uint64_t asset; /* keyed hash of what is between < and > */
	uint64_t kinds; /* of credentials that all witnesses had */
	int64_t seen_s; /* last */
	char *link;     /* owned; the text, for its own client alone; NULL: none */
	uint32_t link_len;
	uint8_t source, flags; /* of the link */
	bool is_absence;
	uint32_t n; /* witnesses */
	struct fr_memory_witness by[FR_MEMORY_MAX_WITNESSES - 1];
};

/* A page of a path that has several. */
struct fr_memory_form {
	uint64_t form;
	uint64_t client; /* the only one that used it; 0: there were others */
	int64_t seen_s;
};

struct fr_memory_forms {
	uint32_t n, cap;
	struct fr_memory_form *v; /* owned */
};

struct fr_memory_entry {
	UT_hash_handle hh;
	struct fr_memory_entry *prev, *next;    /* in the shard's pages, old to new, if page */
	struct fr_memory_entry *cprev, *cnext;  /* in the shard's hopefuls: candidates or forms */
	struct fr_remembered_page *page;        /* reference; NULL: nothing confirmed */
	struct fr_memory_candidate *candidates; /* owned */
	uint32_t n_candidates, cap_candidates;
	size_t text_bytes;             /* of the candidates' links */
	struct fr_memory_forms *forms; /* owned; NULL: one page */
	uint32_t vary;                 /* of a path: what its responses vary by */
	/* Hash of a load of that source that changes nothing now; 0: none known. */
	uint64_t same[FR_MEMORY_SOURCES];
	uint32_t think_ms;                  /* smoothed; 0: unknown */
	int64_t seen_s;                     /* last load */
	int64_t told_s;                     /* when the journal was told last */
	size_t page_bytes, candidate_bytes; /* what the shard counts for it */
	bool is_visited;                    /* found since the hand passed */
	bool in_pages, in_hopefuls;
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
struct fr_str fr_memory_asset(struct fr_str link);
/* The part of a link that says which request it speaks of:
 * "</f>; rel=preload; as=font; crossorigin". The link must be one that can be kept. */
struct fr_str fr_memory_identity(struct fr_str link);
uint64_t fr_memory_id(const struct fr_hint_memory *m, enum fr_hint_source source,
                      struct fr_str identity);
/* Adds a hint if number and bytes allow; false: no room. */
bool fr_memory_draft_add(const struct fr_hint_memory *m, struct fr_memory_draft *d,
                         const struct fr_remembered *r, uint64_t id);
/* A snapshot of the draft, which has a hint, with one reference; NULL without memory. */
struct fr_remembered_page *fr_memory_page_new(const struct fr_memory_draft *d);
/* The page as that client may see it, to be unreferenced; NULL: nothing. */
struct fr_remembered_page *fr_memory_view(const struct fr_hint_memory *m,
                                          const struct fr_memory_entry *e,
                                          const struct fr_hint_asker *who);
/* Candidates that are links, and the witnesses of the one that has most. */
void fr_memory_waiting(const struct fr_memory_entry *e, struct fr_hint_found *out);

/* --- news (memory_news.c) --- */

/* What a load brings that needs witnesses. */
struct fr_memory_news {
	const struct fr_remembered *link; /* NULL: the absence of a hint */
	uint64_t value, id, asset;        /* as in the candidate */
};
/* Keyed hash of a link's value. */
uint64_t fr_memory_value(uint64_t seed, const struct fr_remembered *r);
uint64_t fr_memory_asset_hash(const struct fr_hint_memory *m, struct fr_str asset);
/* As the load's setting says, within its bounds. */
unsigned fr_memory_witnesses(const struct fr_hint_load *load);
/* The load is a witness. True if that is enough, with *needs set to what the
 * link is restricted by; the candidates of its hint are gone then. has_room:
 * for what would be confirmed. seen_by: how many witnesses it has now. */
bool fr_memory_witness(struct fr_memory_turn *t, const struct fr_hint_load *load,
                       const struct fr_memory_news *news, bool has_room, uint64_t *needs,
                       uint32_t *seen_by);
void fr_memory_remove_candidates(struct fr_memory_turn *t, uint64_t id);
/* A load has the hint: it is not absent. */
void fr_memory_remove_absence(struct fr_memory_turn *t, uint64_t id);
void fr_memory_expire_candidates(struct fr_memory_turn *t, int64_t now_s);
/* What its client brought before and this load lacks is no longer its own
 * news. is_in: tells whether the load has that hint. */
void fr_memory_disown(struct fr_memory_turn *t, const struct fr_hint_load *load,
                      bool (*is_in)(const void *seen, uint64_t id, uint64_t value),
                      const void *seen);
/* Takes a candidate off its entry. */
void fr_memory_remove_candidate(struct fr_memory_shard *sh, struct fr_memory_entry *e, size_t i);
/* Bytes that one more hint adds to a snapshot. */
size_t fr_memory_hint_bytes(const struct fr_remembered *r);
/* The most bytes a snapshot may have now. */
size_t fr_memory_page_max(const struct fr_hint_memory *m);
/* Bytes of confirmed pages, and of candidates, for each shard. */
size_t fr_memory_pages_max(const struct fr_hint_memory *m);
/* What is known of the page's length goes on. before: NULL: nothing is. */
void fr_memory_keep_bytes(struct fr_remembered_page *page, struct fr_remembered_page *before);
/* Makes the draft the entry's page; empty: none. False without memory, with
 * nothing changed. */
bool fr_memory_install(struct fr_memory_entry *e, const struct fr_memory_draft *d);
bool fr_memory_is_expired(const struct fr_hint_memory *m, int64_t seen_s, int64_t now_s);

#endif
