/* What is known of assets: their size, their validator, how long a browser may reuse them,
 * whether they are gone, and how their pushes went (advice.h). Every response of the edge
 * updates it; plans use it. Shared by all workers.
 *
 * A table by keyed 64-bit hash of (authority, target), in shards with a lock each that is
 * never held across a callback. Bounded by the capacity: the entry unused for longest is
 * evicted. Assets that were only seen to be missing are evicted first, so a scan for what
 * does not exist displaces nothing. An entry takes about 200 bytes; all are allocated as
 * they come.
 *
 * Persistence: fr_assets_save and fr_assets_load turn an entry into bytes and back under
 * its key; the journal says which have changed. Keys depend on the seed: who persists them
 * persists the seed as well. Bytes that are loaded are checked as hostile. A trial under
 * way is not remembered, nor what is gone.
 *
 * No I/O, no clock. Authorities are in lower case. */
#ifndef FR_HINTS_ASSETS_H
#define FR_HINTS_ASSETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "hints/advice.h"
#include "hints/client_class.h"
#include "http/message.h"

#define FR_ASSETS_DEFAULT_CAPACITY 65536u /* entries: about 13 MiB */
/* An asset that is gone (fr_teach_gone) is so for this long; so long does a doubt
 * wait for another client that shares it. */
#define FR_ASSET_GONE_S 300
/* What we could not get into the cache ourselves is not asked for again so soon. */
#define FR_ASSET_NO_WARM_S 3600
/* The journal hears of a later end of freshness, with nothing else changed,
 * when it moved by this much. */
#define FR_ASSET_JOURNAL_STEP_S 3600
#define FR_ASSET_BLOB_BYTES (28u + 4u * FR_CLIENT_CLASS_COUNT)

/* Whom an answer speaks of: what one who has credentials is answered says nothing
 * of the asset for others, and the reverse. */
enum fr_asset_asker { FR_ASSET_BARE, FR_ASSET_KNOWN, FR_ASSET_ASKERS };

struct fr_asset {              /* a copy for the caller */
	uint32_t bytes;        /* of its body, as sent; 0: unknown */
	uint64_t validator;    /* stable hash of ETag or Last-Modified; 0: none known */
	int64_t fresh_until_s; /* a browser may reuse the last answer until then; 0: not at all */
	uint32_t lifetime_s;   /* what it had left when it was sent */
	bool is_known;         /* it was answered with 2xx at some time */
	bool is_reusable;      /* by a browser without asking, for lifetime_s */
	/* for this kind of clients: answered with 404 or 410 lately, or two of them with a
	 * redirect or 5xx */
	bool is_gone[FR_ASSET_ASKERS];
	bool is_storable; /* by the edge's shared cache, as far as known */
	/* Not worth fetching without credentials: not storable, seen with credentials
	 * alone, or tried in vain lately. */
	bool no_warm;
};

struct fr_asset_answer {
	int status;
	uint64_t bytes; /* UINT64_MAX: unknown */
	uint64_t validator;
	bool is_reusable, is_storable;
	uint32_t lifetime_s;  /* that are left for a browser */
	uint64_t client;      /* keyed hash of whose request it was */
	bool has_credentials; /* the request */
	bool is_ours;         /* the request: a push, or a fetch without a client */
};

struct fr_assets;

struct fr_assets *fr_assets_new(size_t capacity, uint64_t seed);
void fr_assets_free(struct fr_assets **a);

/* Called from the thread that changed an entry, outside any lock, also when
 * it was evicted (fr_assets_save then gives 0). */
struct fr_assets_journal {
	void (*changed)(void *user, uint64_t key);
	void *user;
};
/* Before other threads use it. NULL: none. */
void fr_assets_set_journal(struct fr_assets *a, const struct fr_assets_journal *j);

/* False: nothing is known of it, *out untouched. */
bool fr_assets_find(struct fr_assets *a, struct fr_str authority, struct fr_str target,
                    int64_t now_s, struct fr_asset *out);
/* What it was answered with. 1xx is ignored, 206 says nothing of the size, 304
 * renews what it says to be reusable. */
void fr_assets_answered(struct fr_assets *a, struct fr_str authority, struct fr_str target,
                        const struct fr_asset_answer *answer, int64_t now_s);

/* Whether to push it to such a client: counts the opportunity. */
enum fr_push_advice fr_assets_advise(struct fr_assets *a, struct fr_str authority,
                                     struct fr_str target, enum fr_client_class c);
/* A push ended, completed or cancelled by the client; no other end is told. */
void fr_assets_pushed(struct fr_assets *a, struct fr_str authority, struct fr_str target,
                      enum fr_client_class c, bool cancelled);

/* Returns the bytes written, 0 if the key is not there. */
size_t fr_assets_save(struct fr_assets *a, uint64_t key, uint8_t out[FR_ASSET_BLOB_BYTES]);
/* 0, or FR_ERR_SYNTAX. What is in the table already stays as it is. */
int fr_assets_load(struct fr_assets *a, uint64_t key, const uint8_t *blob, size_t len) FR_MUST_USE;

/* Calls visit for every key that is there, outside any lock. What changes
 * meanwhile may be missed or not. */
void fr_assets_walk(struct fr_assets *a, void (*visit)(void *user, uint64_t key), void *user);

struct fr_assets_stats {
	size_t entries;
	uint64_t evicted;
};
void fr_assets_stats(struct fr_assets *a, struct fr_assets_stats *out);

/* Judges a response, as the client gets it (with its Age), for the client's own
 * cache as Chromium does it (RFC 9111 with a private cache): a hinted asset is
 * used from there only while it is fresh by max-age, Expires or, with
 * Last-Modified and without must-revalidate, a tenth of its age; never with
 * no-store, no-cache, Pragma: no-cache or Vary: *. `bytes` is its
 * Content-Length. is_storable is a guess from the fields alone, for who does not
 * know what the cache did with it. The validator is a hash of the ETag
 * without its W/, else of Last-Modified; the length is not in it, because it
 * is known for some encodings of a response and not for others. */
void fr_asset_answer_from(const struct fr_response *resp, int64_t now_s,
                          struct fr_asset_answer *out);

#endif
