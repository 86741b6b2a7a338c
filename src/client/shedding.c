/* Picks connections by what their end would gain, and cuts them. */
#include "client/shedding.h"

#include "base/chain.h"
#include "base/log.h"
#include "client/client.h"
#include "observe/counters.h"

/* A connection without a request for so long is idle, and not between two of them. */
#define IDLE_MS 1000u
/* A client that takes nothing counts as holding so many times more. */
#define STALLED_MS 1000u
#define STALLED_FACTOR 4u

static bool is_idle(const struct fr_client *c)
{
	return !c->conn.is_admin && c->exchanges == 0 && c->state != FR_CLIENT_CLOSING;
}

bool fr_shed_idle(struct fr_clients *all)
{
	struct fr_client *oldest = NULL;

	for (struct fr_client *c = all->first; c; c = c->next)
		if (is_idle(c) && (!oldest || c->wait_since_ms <= oldest->wait_since_ms))
			oldest = c;
	if (!oldest)
		return false;
	FR_LOG(DEBUG, "memory", "%s: closed to make room: idle", oldest->conn.peer.text);
	fr_client_cut(oldest, false);
	return true;
}

/* How much would be gained by its end. */
static uint64_t worth(const struct fr_client *c, uint64_t now)
{
	uint64_t held = fr_client_held(c);

	if (c->conn.backlog_since_ms && now - c->conn.backlog_since_ms >= STALLED_MS)
		held *= STALLED_FACTOR;
	return held;
}

static unsigned bucket_of(uint64_t n)
{
	return n ? 63u - (unsigned)__builtin_clzll(n) : 0;
}

static size_t close_one(struct fr_worker *w, struct fr_client *c, bool reset)
{
	size_t held = fr_client_held(c);

	fr_count(&w->counters, FR_COUNT_LIMIT_MEMORY_CLOSED);
	FR_LOG(DEBUG, "memory", "%s: closed: holds %zu bytes", c->conn.peer.text, held);
	fr_client_cut(c, reset);
	fr_memory_note_shed(&w->memory);
	return held;
}

static void cut_clients_from(struct fr_clients *all, unsigned bucket, uint64_t need)
{
	uint64_t now = fr_loop_now(all->worker->loop), gained = 0;
	struct fr_client *c, *next;

	for (c = all->first; c && gained < need; c = next) {
		next = c->next;
		if (c->conn.is_admin || c->state == FR_CLIENT_CLOSING ||
		    bucket_of(worth(c, now)) < bucket)
			continue;
		gained += close_one(all->worker, c, true);
	}
}

/* Idle ones; then those that hold most and read least, by powers of two, until
 * `need` bytes are free. */
static void shed(void *user, uint64_t need)
{
	struct fr_clients *all = user;
	uint64_t gain[64] = {0}, now = fr_loop_now(all->worker->loop), sum = 0;
	struct fr_client *c, *next;
	unsigned bucket = 63;

	for (c = all->first; c && sum < need; c = next) {
		next = c->next;
		if (!is_idle(c) || now - c->wait_since_ms < IDLE_MS)
			continue;
		sum += close_one(all->worker, c, false);
	}
	if (sum >= need)
		return;
	need -= sum;
	for (c = all->first; c; c = c->next)
		if (!c->conn.is_admin && c->state != FR_CLIENT_CLOSING)
			gain[bucket_of(worth(c, now))] += fr_client_held(c);
	for (sum = gain[bucket]; sum < need && bucket > 0; sum += gain[bucket])
		bucket--;
	cut_clients_from(all, bucket, need);
}

/* What waits for its next use is more than the next turns need. */
static void trim(void *user, bool is_short)
{
	struct fr_worker *w = ((struct fr_clients *)user)->worker;

	if (is_short || w->counters.v[FR_COUNT_EXCHANGES_OPEN] == 0)
		fr_block_pool_fini(&w->body_blocks);
}

const struct fr_memory_part_ops fr_shedding = {.shed = shed, .trim = trim};
