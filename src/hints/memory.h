/* The memory of hints: which assets each page was seen to need, so that the
 * next load has its hints before the origin is asked (plan source `link` or
 * `html`; t0). Shared by all workers, thread-safe; no I/O and no clock: time
 * is passed in, persistence listens (struct fr_hint_journal). Keys are made by
 * the caller: site and path, with as much of the query as the site wants.
 *
 * WHAT IS REMEMBERED. A page has confirmed hints, which a snapshot shows and a
 * blob carries, and candidates, which never leave the process. For each
 * source by itself:
 *  - A load that may teach everybody (hints/teach.h) confirms at once what it
 *    names on the page's own origin and nobody has named before.
 *  - Everything else is news that needs witnesses: a link of another load, a
 *    link to another origin, another value of a confirmed link, the absence of
 *    a confirmed link. News is a candidate: a keyed hash, and who saw it. A load
 *    is a new witness only if its client, its credential (if it has one) and its
 *    query (where loads of several queries teach one page) all differ from
 *    those of every earlier witness: one person with several addresses, or
 *    several accounts behind one address, are one witness. With `witnesses` of
 *    them the link is confirmed, replaced or gone; the load that completes the
 *    number brings the text.
 *  - A confirmed link whose witnesses all had credentials is restricted: only
 *    requests with credentials of the same kinds are told of it, until a load
 *    that may teach everybody names it, or enough witnesses without any.
 *  - A load that has a link ends the news that it is absent. A load without
 *    the credentials that a restricted link needs says nothing of its absence.
 *  - A client's own news holds for itself at once: whoever asks exactly as the
 *    last load did that brought it (`self`) gets the page as that load was. For
 *    this a candidate keeps its text, in memory alone, for at most a day.
 *  - Seeing the same again takes one hash of the links and one lock, nothing
 *    else; it renews the page's expiry.
 *
 *     unknown --teaches everybody--> confirmed --witnesses, gone, expired--> unknown
 *        \--else--> candidate --witnesses--> confirmed
 *                        \--a day, or displaced--> unknown
 *
 * FORMS. A path may stand for several pages: by its query, and by what its
 * responses say in Vary. Each form has a key of its own, which the caller
 * makes; the path's entry keeps which of them there are, at most
 * FR_MEMORY_MAX_FORMS, and what the responses vary by. A client's new forms
 * displace its own first; those that others use stay while they are used.
 *
 * BOUNDS. Pages are spread over shards, each with its part of `bytes`: three
 * quarters of it for confirmed pages (SIEVE: what was asked for since the hand
 * passed stays), one for candidates, forms and what holds nothing else (oldest
 * first): a flood of news can slow the learning of personal pages, never
 * displace a confirmed hint. One page takes at most a quarter of its
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
#define FR_MEMORY_MAX_CANDIDATES 128u    /* of one page */
#define FR_MEMORY_MAX_FORMS 256u         /* of one path: queries and variants */
#define FR_MEMORY_CANDIDATE_TTL_S 86400u /* since a candidate was last seen; never beyond ttl_s */
#define FR_MEMORY_RENEWAL_S                                                                        \
	3600u /* a mere renewal is told to the journal no more often; or ttl_s / 4 */
/* No blob is longer (FR_MEMORY_PAGE_MAX_BYTES is smaller than what they could hold). */
#define FR_MEMORY_BLOB_MAX_BYTES FR_MEMORY_PAGE_MAX_BYTES

enum {
	/* html: a style sheet or script that rendering waits for */
	FR_REMEMBERED_BLOCKING = 1u << 0,
	/* html: async, defer, or after the head */
	FR_REMEMBERED_ASYNC = 1u << 1,
	FR_REMEMBERED_FLAGS = (1u << 2) - 1
};

/* One hint of a page. */
struct fr_remembered {
	/* A canonical Link value (fr_link_write): "</app.css>; rel=preload; as=style".
	 * Its asset is what is between < and the first >; its identity is the request
	 * that it speaks of: asset, rel, as and crossorigin. Must begin with <, hold
	 * a > and only characters of a field value; what does not is dropped. */
	struct fr_str link;
	enum fr_hint_source source; /* FR_HINT_SOURCE_LINK or _HTML; identities are by source */
	unsigned flags;             /* FR_REMEMBERED_*; compared as a part of the value */
	/* Credentials that a request must have to be told of it, as in
	 * fr_teach_credential_kinds; 0: everybody. Not looked at in a load. */
	uint64_t needs;
};

/* A snapshot: immutable but for think_ms and body_bytes, reference-counted; owners are the
 * memory and each exchange that found it. Confirmed hints, those from
 * links first, each source in the order of the load; one made for a client
 * has its own news as well, and nobody else gets it. */
struct fr_remembered_page {
	size_t n; /* 1 to FR_MEMORY_MAX_HINTS */
	const struct fr_remembered *v;
	_Atomic uint32_t think_ms; /* what the origin takes to answer: smoothed; 0: unknown */
	/* Of the page's last body, as a client got it; 0: unknown. Not kept on disk. */
	_Atomic uint32_t body_bytes;
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

/* The client that asks (hints/teach.h). */
struct fr_hint_asker {
	uint64_t kinds;  /* of its credentials; 0: none */
	uint64_t self;   /* as in fr_hint_load */
	bool is_sharing; /* the page stands for several queries: own news counts when two had it */
};

/* What is known of the page beside its hints. */
struct fr_hint_found {
	uint32_t vary;    /* of the path: fr_teach_vary of its responses */
	uint32_t waiting; /* links that are candidates */
	uint32_t seen_by; /* witnesses of the one that has most; 0 if none waits */
};

/* A snapshot, to be given back with fr_remembered_page_unref, or NULL if
 * nothing is known that this client may be told. who NULL: all that is
 * confirmed, restricted or not. now_s: Unix time. found may be NULL. */
struct fr_remembered_page *fr_hint_memory_find(struct fr_hint_memory *m, struct fr_str key,
                                               const struct fr_hint_asker *who, int64_t now_s,
                                               struct fr_hint_found *found);

/* One load of a page, seen. Everything is borrowed for the call. */
struct fr_hint_load {
	enum fr_hint_source source;    /* whose hints these are: the others' stay as they are */
	const struct fr_remembered *v; /* ALL hints of that source in this load, its own first */
	size_t n;                      /* may be 0; `source` within v is not looked at */
	bool is_personal;              /* it does not teach everybody: FR_TEACH_WITNESSES */
	bool is_partial;               /* there may be more hints: what it lacks is not absent */
	uint64_t client;               /* keyed hash of the client's address */
	uint64_t credential;           /* keyed hash of its credentials; 0: none */
	uint64_t kinds;                /* of its credentials; 0: none */
	uint64_t self;                 /* recognises the same request by the same client; 0: none */
	uint64_t query;                /* where the page stands for several: of this one; else 0 */
	unsigned witnesses; /* setting: clients that must have seen what needs witnesses; read as
	                        1 to FR_MEMORY_MAX_WITNESSES */
	uint32_t think_ms;  /* 0: unknown */
	int64_t now_s;
};
struct fr_hint_seen {
	bool changed;       /* the confirmed hints */
	bool is_settled;    /* another load like it would change nothing */
	uint32_t waiting;   /* links of this load that need further witnesses */
	uint32_t seen_by;   /* witnesses of the one among them that has fewest */
	uint32_t witnesses; /* needed */
};
/* Learns from a load by the rules above. True if the confirmed hints changed.
 * out: may be NULL. */
bool fr_hint_memory_see(struct fr_hint_memory *m, struct fr_str key,
                        const struct fr_hint_load *load, struct fr_hint_seen *out);

/* One load of a path that stands for several pages. */
struct fr_hint_form {
	uint64_t form;   /* hash of its query and variant */
	uint64_t client; /* as in fr_hint_load */
	uint32_t vary;   /* what its response varies by */
	int64_t now_s;
};
/* Notes it under the key of the path. False: the path has too many forms, this
 * one is not to be remembered. */
bool fr_hint_memory_note_form(struct fr_hint_memory *m, struct fr_str key,
                              const struct fr_hint_form *form);

/* An asset of that page is gone or moved: target is what the link has between
 * < and >. Forgets it for both sources, as candidate too (see gone_s). */
void fr_hint_memory_forget(struct fr_hint_memory *m, struct fr_str key, struct fr_str target);

/* Forgets the pages whose key begins so; "": all. Returns how many had hints. */
size_t fr_hint_memory_purge(struct fr_hint_memory *m, struct fr_str key_prefix);

/* Forgets one page, with the variants and what else is kept behind its key after
 * a line feed. Returns how many had hints. */
size_t fr_hint_memory_purge_page(struct fr_hint_memory *m, struct fr_str key);

/* Calls visit for every page with confirmed hints; `key` is borrowed for the
 * call, which is outside any lock. What changes meanwhile may be missed or not. */
void fr_hint_memory_walk(struct fr_hint_memory *m, void (*visit)(void *user, struct fr_str key),
                         void *user);

/* Appends a page's blob to `out`; sets *expires_s (Unix time). Returns 0, or
 * FR_ERR_NOTFOUND (no confirmed hints: its keeper should forget it),
 * FR_ERR_LIMIT, FR_ERR_NOMEM with nothing appended.
 *
 *   version 2 | 0 | n (16) | think_ms (32) | last seen, Unix time (64) | vary (32)
 *   | n * ( source (8) | flags (8) | length (16) | needs (64) | link ) | check (64)
 *
 * Version 1 came from loads that were trusted too far: it is not read. Numbers
 * are little-endian; check is fr_siphash with FR_MEMORY_BLOB_CHECK of
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
