/* The memory of hints: which assets each page was seen to need, so that the
 * next load has its hints before the origin is asked (plan source `link` or
 * `html`; t0). Shared by all workers, thread-safe; no I/O and no clock: time
 * is passed in, persistence listens (struct fr_hint_journal). Keys are made by
 * the caller: site and path, with as much of the query as the site wants.
 *
 * WHAT IS REMEMBERED. A page has confirmed hints, which a snapshot shows and a
 * blob carries, and candidates, which never leave the process. For each
 * source by itself:
 *  - A public load says what the page needs: its links are confirmed at once,
 *    in its order; links of that source that it lacks vanish at once.
 *  - A personal load (see fr_hint_load) may hold links that only its client
 *    may know of. A link not confirmed becomes a candidate: the keyed hash of
 *    its whole value, without its text, and who saw it. A load is a new
 *    witness only if both its client and its credential differ from those of
 *    every earlier witness (without a credential: its client), so one person
 *    with several addresses, or several accounts behind one address, are one
 *    witness. With `witnesses` of them the link is confirmed; the load that
 *    completes the number brings the text.
 *  - A personal load that lacks a confirmed link (identity: what is between <
 *    and >) counts an absence; after `witnesses` absences in a row it vanishes.
 *    A confirmed link with other parameters is not absent; the other value is
 *    a candidate and takes its place once confirmed.
 *  - Seeing the same again takes one hash of the links and one lock, nothing
 *    else; it renews the page's expiry.
 *
 *     unknown --public load--> confirmed --absent, gone, expired--> unknown
 *        \--personal load--> candidate --witnesses--> confirmed
 *                                 \--a day, or displaced--> unknown
 *
 * BOUNDS. Pages are spread over shards, each with its part of `bytes`: three
 * quarters of it for confirmed pages (SIEVE: what was asked for since the hand
 * passed stays), one for candidates and what holds nothing else (oldest
 * first): a flood of personal loads can slow the learning of personal pages,
 * never displace a confirmed hint. One page takes at most a quarter of its
 * shard's confirmed part. Among the candidates of one page, a client's new
 * ones displace its own first, then those with the fewest witnesses.
 * Snapshots that exchanges still hold are not counted.
 *
 * FAILURE. Without memory nothing changes. Nothing here ever fails a request. */
#ifndef FR_HINTS_MEMORY_H
#define FR_HINTS_MEMORY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "hints/plan.h"

#define FR_MEMORY_MAX_HINTS 64u        /* kept for one page; more are counted (links_dropped) */
#define FR_MEMORY_LINK_MAX_BYTES 2048u /* of one link; longer ones are not kept, and counted */
#define FR_MEMORY_MAX_WITNESSES 8u
#define FR_MEMORY_KEY_MAX_BYTES 4096u    /* pages with longer keys are not remembered */
#define FR_MEMORY_PAGE_MAX_BYTES 65536u  /* of one page's confirmed hints, bookkeeping included */
#define FR_MEMORY_MAX_CANDIDATES 64u     /* of one page */
#define FR_MEMORY_CANDIDATE_TTL_S 86400u /* since a candidate was last seen; never beyond ttl_s */
#define FR_MEMORY_RENEWAL_S                                                                        \
	3600u /* a mere renewal is told to the journal no more often; or ttl_s / 4 */
/* No blob is longer (FR_MEMORY_PAGE_MAX_BYTES is smaller than what they could hold). */
#define FR_MEMORY_BLOB_MAX_BYTES FR_MEMORY_PAGE_MAX_BYTES

enum {
	/* html: a style sheet or script that rendering waits for */
	FR_REMEMBERED_BLOCKING = 1u << 0,
	/* html: async, defer, or behind the head */
	FR_REMEMBERED_ASYNC = 1u << 1,
	FR_REMEMBERED_FLAGS = (1u << 2) - 1
};

/* One hint of a page. */
struct fr_remembered {
	/* A canonical Link value: "</app.css>; rel=preload; as=style". Its
	 * identity is what is between < and the first >. Must begin with <, hold
	 * a > and only characters of a field value; what does not is dropped. */
	struct fr_str link;
	enum fr_hint_source source; /* FR_HINT_SOURCE_LINK or _HTML; identities are by source */
	unsigned flags;             /* FR_REMEMBERED_*; compared as a part of the value */
};

/* A snapshot: immutable but for think_ms, reference-counted; owners are the
 * memory and each exchange that found it. Confirmed hints only, those from
 * links first, each source in the order of the load. */
struct fr_remembered_page {
	size_t n; /* 1 to FR_MEMORY_MAX_HINTS */
	const struct fr_remembered *v;
	_Atomic uint32_t think_ms; /* what the origin takes to answer: smoothed; 0: unknown */
	/* the memory's own */
	_Atomic uint32_t refs;
	size_t bytes;        /* of all of it */
	const uint64_t *ids; /* keyed hash of source and identity, for each hint */
};
/* Clears *p; NULL is allowed. From any thread. */
void fr_remembered_page_unref(struct fr_remembered_page **p);

struct fr_hint_memory_limits {
	size_t bytes; /* of everything; 0: nothing is remembered. Below 1 MiB large pages do not fit */
	uint64_t ttl_s; /* since a page was last seen */
	/* How long an asset that was forgotten stays away although loads go on
	 * naming it, so that a page with a dead link is not learned and unlearned
	 * with each load. 0: the next load brings it back. */
	uint64_t gone_s;
};

/* Persistence or a fleet listens. Called outside any lock, from the thread
 * that caused the change, which may be any worker's: it must not block. */
struct fr_hint_journal {
	/* The page changed or is gone: fr_hint_memory_save tells which. `key` is
	 * borrowed for the call. */
	void (*changed)(void *user, struct fr_str key);
	void *user; /* borrowed */
};

struct fr_hint_memory;

/* seed: secret, so that collisions cannot be prepared. */
struct fr_hint_memory *fr_hint_memory_new(const struct fr_hint_memory_limits *l, uint64_t seed);
/* Snapshots that are still held stay valid. */
void fr_hint_memory_free(struct fr_hint_memory **m);
/* j: copied; NULL: none. Only while no other thread uses the memory. */
void fr_hint_memory_set_journal(struct fr_hint_memory *m, const struct fr_hint_journal *j);
/* New limits (a reload); evicts at once what no longer fits. */
void fr_hint_memory_resize(struct fr_hint_memory *m, const struct fr_hint_memory_limits *l);

/* A snapshot, to be given back with fr_remembered_page_unref, or NULL if
 * nothing confirmed is known or it has expired. now_s: Unix time. */
struct fr_remembered_page *fr_hint_memory_find(struct fr_hint_memory *m, struct fr_str key,
                                               int64_t now_s);

/* One load of a page, seen. Everything is borrowed for the call. */
struct fr_hint_load {
	enum fr_hint_source source;    /* whose hints these are: the others' stay as they are */
	const struct fr_remembered *v; /* ALL hints of that source in this load, its own first */
	size_t n;                      /* may be 0; `source` within v is not looked at */
	bool is_personal;    /* answered private, or asked for with Cookie or Authorization */
	uint64_t client;     /* keyed hash of the client's address */
	uint64_t credential; /* keyed hash of Cookie and Authorization; 0: none */
	unsigned
		witnesses; /* setting: clients that must have seen a link of personal loads; read as
	                        1 to FR_MEMORY_MAX_WITNESSES */
	uint32_t think_ms; /* 0: unknown */
	int64_t now_s;
};
/* Learns from a load by the rules above. True if the confirmed hints changed. */
bool fr_hint_memory_see(struct fr_hint_memory *m, struct fr_str key,
                        const struct fr_hint_load *load);

/* An asset of that page is gone or moved: target is what the link has between
 * < and >. Forgets it for both sources, as candidate too (see gone_s). */
void fr_hint_memory_forget(struct fr_hint_memory *m, struct fr_str key, struct fr_str target);

/* Forgets the pages whose key begins so; "": all. Returns how many had hints. */
size_t fr_hint_memory_purge(struct fr_hint_memory *m, struct fr_str key_prefix);

/* Calls visit for every page with confirmed hints; `key` is borrowed for the
 * call, which is outside any lock. What changes meanwhile may be missed or not. */
void fr_hint_memory_walk(struct fr_hint_memory *m, void (*visit)(void *user, struct fr_str key),
                         void *user);

/* Appends a page's blob to `out`; sets *expires_s (Unix time). Returns 0, or
 * FR_ERR_NOTFOUND (no confirmed hints: whoever keeps it should forget it),
 * FR_ERR_LIMIT, FR_ERR_NOMEM with nothing appended.
 *
 *   version 1 | 0 | n (16) | think_ms (32) | last seen, Unix time (64)
 *   | n * ( source (8) | flags (8) | length (16) | link ) | check (64)
 *
 * Numbers are little-endian; check is fr_siphash with FR_MEMORY_BLOB_CHECK of
 * what precedes it: against damage, not against an adversary. */
#define FR_MEMORY_BLOB_CHECK UINT64_C(0x66722d68696e7431)
int fr_hint_memory_save(struct fr_hint_memory *m, struct fr_str key, struct fr_buf *out,
                        int64_t *expires_s) FR_MUST_USE;

/* Takes a page from a blob, which may be hostile: it is believed only if all of
 * it is sound. A page that was seen since is left alone. Does not call the
 * journal and displaces nothing; pages loaded first count as the youngest, so
 * load the youngest first. Returns 0, or FR_ERR_SYNTAX, FR_ERR_UNSUPPORTED
 * (another version), FR_ERR_TIMEOUT (expired), FR_ERR_LIMIT (no room),
 * FR_ERR_NOMEM with nothing changed. */
int fr_hint_memory_load(struct fr_hint_memory *m, struct fr_str key, const void *blob, size_t len,
                        int64_t now_s) FR_MUST_USE;

struct fr_hint_memory_stats {
	size_t pages;       /* with confirmed hints, expired ones that nobody asked for included */
	size_t bytes;       /* held, of limits.bytes */
	size_t candidates;  /* held now */
	uint64_t evicted;   /* pages, for room */
	uint64_t expired;   /* pages, found to be */
	uint64_t confirmed; /* candidates that became hints */
	uint64_t displaced; /* candidates, for room */
	uint64_t links_dropped; /* beyond a bound of a page or a link, or malformed */
};
void fr_hint_memory_stats(struct fr_hint_memory *m, struct fr_hint_memory_stats *out);

#endif
