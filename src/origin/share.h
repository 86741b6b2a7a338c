/* Shares one origin's connections among client addresses (an IPv6 client counts as its
 * /64), and decides which request is next. One address may hold all connections while no
 * other waits. When requests wait, the address that holds least is served first; a request
 * that has stalled longest, or whose address holds most, makes way.
 *
 *   origin -> shares -> [share of an address: held | waiting fetches, oldest first]
 *                       those that wait are linked in the order of their turns
 *
 * Used by origin.c and fetch.c; no I/O. One loop's. */
#ifndef FR_ORIGIN_SHARE_H
#define FR_ORIGIN_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fr_fetch;

#define FR_SHARE_BUCKETS 64u
/* Empty ones kept for the next address. */
#define FR_SHARES_KEPT 16u

/* A fetch whose client neither sends nor takes for so long makes way for a client that
 * holds less; for the same client's other requests, after the second time. */
#define FR_SHARE_STALL_MS 1000u
#define FR_SHARE_STALL_OWN_MS 3000u
/* Who has waited for so long, and holds least, gets a connection of the address that
 * holds most even if nobody stalls: at first one on which nothing moved for as long,
 * after twice that time any. */
#define FR_SHARE_PATIENCE_MS 1000u
/* An upload that is slower stalls, as far as others wait. */
#define FR_SHARE_RATE_BYTES_PER_S 8192u
/* How often that is looked at while somebody waits. */
#define FR_SHARE_LOOK_MS 250u
/* Fetches that make way in one turn of the loop. */
#define FR_SHARE_EVICTIONS 32u

struct fr_share {
	struct fr_share *next;                    /* borrowed: in its bucket, or kept */
	struct fr_share *next_turn, **pprev_turn; /* borrowed; pprev_turn NULL: none waits */
	struct fr_fetch *first, **tail;           /* borrowed: those that wait, oldest first */
	uint32_t waiting, held, fetches;          /* fetches: of it, in any state */
	uint32_t promised;                        /* connections that others give up for it */
	uint8_t address[16];
};

struct fr_shares {
	uint64_t seed;
	struct fr_share *buckets[FR_SHARE_BUCKETS]; /* owned */
	struct fr_share *kept;                      /* owned: empty ones */
	size_t n_kept;
	struct fr_share *turns, **turns_tail; /* borrowed: shares that wait */
	struct fr_fetch *holders;             /* borrowed: fetches with a connection */
	uint32_t n_holders, n_waiting;
};

/* seed: for the hash of addresses. */
void fr_shares_init(struct fr_shares *s, uint64_t seed);
/* All fetches must have left. */
void fr_shares_fini(struct fr_shares *s);

/* A fetch begins for that address, and ends (it holds nothing and does not wait). */
void fr_share_join(struct fr_shares *s, struct fr_fetch *f, const uint8_t address[16]);
void fr_share_leave(struct fr_shares *s, struct fr_fetch *f);

/* It waits, after the others of its share; or no longer. */
void fr_share_enqueue(struct fr_shares *s, struct fr_fetch *f);
void fr_share_unqueue(struct fr_shares *s, struct fr_fetch *f);
/* It has a connection; or no longer. */
void fr_share_hold(struct fr_shares *s, struct fr_fetch *f);
void fr_share_release(struct fr_shares *s, struct fr_fetch *f);

/* Whose turn it is: the oldest of the share that holds least, of equal ones the one that
 * was not served for longest. What is promised counts as held. NULL: nobody waits. */
struct fr_fetch *fr_share_next(const struct fr_shares *s);
/* Its share was served: its next turn comes after those of the others. */
void fr_share_served(struct fr_shares *s, struct fr_share *share);
/* The queue is full and f has no place: the request that makes way. The latest of the share that
 * waits with most, if that has at least two more than f's; else NULL: f itself. */
struct fr_fetch *fr_share_crowded(const struct fr_shares *s, const struct fr_fetch *f);
/* The fetch that makes way for one that waits; NULL: none. */
struct fr_fetch *fr_share_victim(const struct fr_shares *s, const struct fr_fetch *waiting,
                                 uint64_t now_ms);
/* A connection was promised to it, or all such promises end. */
void fr_share_promise(struct fr_fetch *waiting);
void fr_share_end_promises(struct fr_shares *s);

#endif
