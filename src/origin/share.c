/* Shares of an origin's connections: which fetch is next, and which makes way. */
#include "origin/share.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/siphash.h"
#include "origin/origin_priv.h"

void fr_shares_init(struct fr_shares *s, uint64_t seed)
{
	*s = (struct fr_shares){.seed = seed};
	s->turns_tail = &s->turns;
}

void fr_shares_fini(struct fr_shares *s)
{
	FR_ASSERT(!s->holders && !s->turns);
	while (s->kept) {
		struct fr_share *share = s->kept;

		s->kept = share->next;
		free(share);
	}
	s->n_kept = 0;
	s->turns_tail = NULL;
}

/* --- shares --- */

static struct fr_share **find(struct fr_shares *s, const uint8_t address[16])
{
	struct fr_share **at = &s->buckets[fr_siphash(s->seed, address, 16) % FR_SHARE_BUCKETS];

	while (*at && memcmp((*at)->address, address, 16) != 0)
		at = &(*at)->next;
	return at;
}

void fr_share_join(struct fr_shares *s, struct fr_fetch *f, const uint8_t address[16])
{
	struct fr_share **at = find(s, address), *share = *at;

	if (!share) {
		share = s->kept;
		if (share) {
			s->kept = share->next;
			s->n_kept--;
		} else {
			share = fr_malloc(sizeof *share);
		}
		*share = (struct fr_share){0};
		share->tail = &share->first;
		memcpy(share->address, address, 16);
		*at = share;
	}
	share->fetches++;
	f->share = share;
}

void fr_share_leave(struct fr_shares *s, struct fr_fetch *f)
{
	struct fr_share *share = f->share, **at;

	f->share = NULL;
	if (--share->fetches)
		return;
	at = find(s, share->address);
	FR_ASSERT(*at == share && !share->held && !share->waiting);
	*at = share->next;
	if (s->n_kept >= FR_SHARES_KEPT) {
		free(share);
		return;
	}
	share->next = s->kept;
	s->kept = share;
	s->n_kept++;
}

/* --- turns --- */

static void add_turn(struct fr_shares *s, struct fr_share *share)
{
	FR_LIST_APPEND(s->turns_tail, share, next_turn, pprev_turn);
}

static void remove_turn(struct fr_shares *s, struct fr_share *share)
{
	FR_LIST_REMOVE_TAILED(s->turns_tail, share, next_turn, pprev_turn);
}

void fr_share_enqueue(struct fr_shares *s, struct fr_fetch *f)
{
	struct fr_share *share = f->share;

	FR_LIST_APPEND(share->tail, f, next, pprev);
	s->n_waiting++;
	if (share->waiting++ == 0)
		add_turn(s, share);
}

void fr_share_unqueue(struct fr_shares *s, struct fr_fetch *f)
{
	struct fr_share *share = f->share;

	FR_LIST_REMOVE_TAILED(share->tail, f, next, pprev);
	s->n_waiting--;
	if (--share->waiting)
		return;
	share->promised = 0;
	remove_turn(s, share);
}

void fr_share_served(struct fr_shares *s, struct fr_share *share)
{
	if (!share->waiting)
		return;
	remove_turn(s, share);
	add_turn(s, share);
}

/* --- connections --- */

void fr_share_hold(struct fr_shares *s, struct fr_fetch *f)
{
	f->share->held++;
	s->n_holders++;
	FR_LIST_PUSH(s->holders, f);
}

void fr_share_release(struct fr_shares *s, struct fr_fetch *f)
{
	f->share->held--;
	s->n_holders--;
	FR_LIST_REMOVE(f);
}

/* --- decisions --- */

static uint32_t claims(const struct fr_share *share)
{
	return share->held + share->promised;
}

struct fr_fetch *fr_share_next(const struct fr_shares *s)
{
	const struct fr_share *least = NULL;
	struct fr_fetch *f;

	for (const struct fr_share *at = s->turns; at; at = at->next_turn)
		if (at->waiting > at->promised && (!least || claims(at) < claims(least)))
			least = at;
	if (!least)
		return NULL;
	f = least->first;
	for (uint32_t i = 0; i < least->promised; i++)
		f = f->next;
	return f;
}

struct fr_fetch *fr_share_crowded(const struct fr_shares *s, const struct fr_fetch *f)
{
	const struct fr_share *most = NULL;

	for (const struct fr_share *at = s->turns; at; at = at->next_turn)
		if (!most || at->waiting > most->waiting)
			most = at;
	if (!most || most == f->share || most->waiting < f->share->waiting + 2)
		return NULL;
	/* the tail points into the last one: at its member `next` */
	return (struct fr_fetch *)(void *)((char *)most->tail - offsetof(struct fr_fetch, next));
}

/* For how long it has waited for its client, while it has a connection: to send more of
 * the request, at a rate that is worth one, or to take what came. 0: it does not. */
static uint64_t stalled_ms(const struct fr_fetch *f, uint64_t now_ms)
{
	if (f->is_paused)
		return now_ms - f->paused_ms;
	if (f->state != FR_FETCH_SENDING || f->request_ended || f->is_held_up)
		return 0;
	return now_ms - f->paid_us / 1000;
}

/* What one that holds a connection has against it: 0 nothing, 1 that its share holds
 * most, 2 that it stalls. */
static int weigh(const struct fr_fetch *f, const struct fr_fetch *waiting, uint64_t now_ms)
{
	bool is_own = f->share == waiting->share;
	uint64_t stalled = stalled_ms(f, now_ms);
	uint64_t waited = now_ms - waiting->waits_since_ms;
	uint32_t held = f->share->held, wanted = claims(waiting->share);

	if (is_own)
		return stalled >= FR_SHARE_STALL_OWN_MS ? 2 : 0;
	if (stalled >= FR_SHARE_STALL_MS && held > wanted)
		return 2;
	if (waited < FR_SHARE_PATIENCE_MS || held < wanted + 2)
		return 0;
	return waited >= 2 * FR_SHARE_PATIENCE_MS || now_ms - f->moved_ms >= FR_SHARE_PATIENCE_MS;
}

/* Of two with the same against them, the first one loses rather than the other. */
static bool is_worse(int fault, const struct fr_fetch *f, const struct fr_fetch *than,
                     uint64_t now_ms)
{
	if (fault == 2)
		return stalled_ms(f, now_ms) > stalled_ms(than, now_ms);
	if (f->share->held != than->share->held)
		return f->share->held > than->share->held;
	return f->moved_ms < than->moved_ms;
}

struct fr_fetch *fr_share_victim(const struct fr_shares *s, const struct fr_fetch *waiting,
                                 uint64_t now_ms)
{
	struct fr_fetch *worst = NULL;
	int fault = 0;

	for (struct fr_fetch *f = s->holders; f; f = f->next) {
		int now = weigh(f, waiting, now_ms);

		if (now > fault || (now && now == fault && is_worse(now, f, worst, now_ms))) {
			fault = now;
			worst = f;
		}
	}
	return worst;
}

void fr_share_promise(struct fr_fetch *waiting)
{
	waiting->share->promised++;
}

void fr_share_end_promises(struct fr_shares *s)
{
	for (struct fr_share *at = s->turns; at; at = at->next_turn)
		at->promised = 0;
}
