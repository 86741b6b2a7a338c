/* The shared store: from keys to stored responses and to fetches under way, for all
 * workers. Bounded by the bytes that it really holds; evicts by SIEVE, so a scan of keys
 * that are requested once does not displace what is requested often.
 *
 *   key -> entry -> variants (objects, told apart by Vary)
 *                -> flight   (the one fetch that others wait for)
 *
 * Thread-safe: a lock for each shard, never held while anything is read or written. No
 * I/O, no clock. */
#ifndef FR_CACHE_STORE_H
#define FR_CACHE_STORE_H

#include "cache/object.h"

/* After a response that could not be stored although others waited for it,
 * requests for its key go to the origin side by side for this long. */
#define FR_STORE_PASS_MS 1000u
/* After one that could not be stored because of who asked, requests of clients that are known
 * to the site go there side by side for this long. */
#define FR_STORE_PERSONAL_MS 10000u
/* Bytes that one entry costs beside its objects. */
#define FR_STORE_ENTRY_BYTES 256u

struct fr_store;
struct fr_flight; /* refcounted: its leader, and exchanges that wait */

struct fr_store_limits {
	size_t memory;         /* bytes held at most */
	uint32_t max_variants; /* of one key; the oldest goes */
};

struct fr_store *fr_store_new(const struct fr_store_limits *limits, uint64_t seed);
/* No object or flight may be in use any more. */
void fr_store_free(struct fr_store **s);
void fr_store_set_limits(struct fr_store *s, const struct fr_store_limits *limits);

/* Bytes held now, by whatever. */
size_t fr_store_held(const struct fr_store *s);
/* Where objects and bodies count their bytes. */
_Atomic size_t *fr_store_account(struct fr_store *s);
/* Evicts until the bound holds; false if all that is left is in use. Called
 * whenever something grew. */
bool fr_store_trim(struct fr_store *s);

/* The object that this request selects: a new reference, or NULL.
 * *other_variants: the key has objects, but none for this request. arena: scratch. */
struct fr_object *fr_store_find(struct fr_store *s, struct fr_str key, const struct fr_fields *req,
                                struct fr_arena *arena, bool *other_variants);

/* Puts an object that has passed the gate (asserted in debug builds) under the
 * key, in place of the one that the same requests select, and of `replaced`
 * (NULL: none), which it validated. flight: the fetch that brought it; NULL:
 * none. False: it is not in the store, since its key was purged while it was
 * fetched: the purge and this are told apart under one lock. */
bool fr_store_insert(struct fr_store *s, struct fr_str key, struct fr_object *o,
                     const struct fr_object *replaced, const struct fr_flight *flight);
/* Takes this object out (its body failed, or the origin took it back). */
void fr_store_remove(struct fr_store *s, struct fr_str key, const struct fr_object *o);

/* --- one fetch for many --- */

enum fr_flight_state {
	FR_FLIGHT_UNDER_WAY,
	FR_FLIGHT_LANDED,   /* `object` is what came; its body may still be filling */
	FR_FLIGHT_NOTHING,  /* it cannot be shared: everybody asks for himself */
	FR_FLIGHT_FAILED,   /* nobody's request can reach the origin: `error` answers all */
	FR_FLIGHT_PERSONAL, /* it is the leader's own: who is known to the site asks alone, one of
	                       the others for the rest */
	FR_FLIGHT_LOST      /* the leader's request got an end of its own: ask again */
};

enum fr_fly { FR_FLY_LEAD, FR_FLY_JOIN, FR_FLY_ALONE };
/* LEAD: nobody fetches this key; *out is a new flight that must be landed.
 * JOIN: *out is the one under way. ALONE: fetch, and share nothing.
 * is_known: the request identifies its client. */
enum fr_fly fr_store_fly(struct fr_store *s, struct fr_str key, bool is_known, uint64_t now_ms,
                         struct fr_flight **out);
/* Ends it; a second time changes nothing. LANDED: with an object (a reference
 * is taken). FAILED: with the status that answers waiting exchanges. Else both are 0. */
void fr_flight_land(struct fr_flight *f, enum fr_flight_state how, struct fr_object *object,
                    int error, uint64_t now_ms);
bool fr_flight_was_joined(struct fr_flight *f);
/* FAILED: the status. */
int fr_flight_error(const struct fr_flight *f);
void fr_flight_unref(struct fr_flight **f);

/* Its key was purged meanwhile: what comes may be from before, and is neither
 * stored nor given to later requests. */
bool fr_flight_is_void(const struct fr_flight *f);
enum fr_flight_state fr_flight_state(struct fr_flight *f);
/* LANDED: a new reference. */
struct fr_object *fr_flight_object(struct fr_flight *f);
/* As fr_body_watch and fr_body_unwatch. */
void fr_flight_watch(struct fr_flight *f, struct fr_watcher *w);
void fr_flight_unwatch(struct fr_flight *f, struct fr_watcher *w);

/* --- invalidating --- */

/* What a purge names; p NULL: not a condition. All that are given must hold. */
struct fr_purge {
	struct fr_str key, prefix, tag; /* of the key; Cache-Tag or Surrogate-Key */
	bool is_soft;                   /* mark stale instead of removing */
};
/* How many objects were purged. */
size_t fr_store_purge(struct fr_store *s, const struct fr_purge *p);

struct fr_store_stats {
	size_t held, entries, objects;
	uint64_t evicted;
};
void fr_store_stats(struct fr_store *s, struct fr_store_stats *out);

#endif
