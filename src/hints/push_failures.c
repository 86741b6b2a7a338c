/* Keeps failed pushes under the client's own hash, and under small numbers for all clients
 * that ask with credentials, or without. */
#include "hints/push_failures.h"

#include "hints/teach.h"

/* A doubt: one client of those had it fail. */
enum { FAILED_FOR_BARE = 1, FAILED_FOR_KNOWN, DOUBT_FOR_BARE, DOUBT_FOR_KNOWN };

static uint64_t all_like(const struct fr_push_target *t)
{
	return t->has_credentials ? FAILED_FOR_KNOWN : FAILED_FOR_BARE;
}

static bool has(const struct fr_url_ttl_set *set, uint64_t who, const struct fr_push_target *t,
                uint64_t now_ms)
{
	return fr_url_ttl_set_has(set, who, t->authority, t->target, now_ms);
}

/* Is what came instead to be believed for all clients that ask likewise? */
static bool is_believed(const struct fr_url_ttl_set *set, const struct fr_push_target *t,
                        uint64_t doubt, enum fr_teach_gone gone, uint64_t now_ms)
{
	return gone == FR_TEACH_GONE || (gone == FR_TEACH_DOUBT && has(set, doubt, t, now_ms) &&
	                                 !has(set, t->client, t, now_ms));
}

void fr_push_failures_add(struct fr_url_ttl_set *set, const struct fr_push_target *t, int status,
                          uint64_t now_ms)
{
	uint64_t doubt = t->has_credentials ? DOUBT_FOR_KNOWN : DOUBT_FOR_BARE;
	enum fr_teach_gone gone = status ? fr_teach_gone(status) : FR_TEACH_DOUBT;

	if (is_believed(set, t, doubt, gone, now_ms))
		fr_url_ttl_set_add(set, all_like(t), t->authority, t->target, now_ms);
	else if (gone == FR_TEACH_DOUBT)
		fr_url_ttl_set_add(set, doubt, t->authority, t->target, now_ms);
	fr_url_ttl_set_add(set, t->client, t->authority, t->target, now_ms);
}

bool fr_push_failures_has(const struct fr_url_ttl_set *set, const struct fr_push_target *t,
                          uint64_t now_ms)
{
	return has(set, all_like(t), t, now_ms) || has(set, t->client, t, now_ms);
}
