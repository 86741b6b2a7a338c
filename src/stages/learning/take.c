/* Completes the records of page loads and hands them on. */
#include "stages/learning/take.h"

#include "exchange/connection.h"
#include "exchange/generation.h"
#include "hints/assets.h"
#include "net/loop.h"
#include "observe/counters.h"

static enum fr_reuse class_of(const struct fr_asset *a)
{
	if (!a->is_known)
		return FR_REUSE_UNKNOWN;
	if (!a->is_reusable)
		return FR_REUSE_NONE;
	return a->lifetime_s < FR_REUSE_LONG_S ? FR_REUSE_SHORT : FR_REUSE_LONG;
}

static void describe(struct fr_assets *assets, struct fr_load *load, int64_t now_s)
{
	for (size_t i = 0; i < load->n; i++) {
		struct fr_asset a = {0};

		(void)fr_assets_find(assets, load->authority, load->v[i].target, now_s, &a);
		load->v[i].lifetime = (uint8_t)class_of(&a);
		load->v[i].bytes = a.bytes;
	}
}

void fr_learning_take(void *connection, struct fr_load *load)
{
	struct fr_connection *c = connection;

	describe(c->gen->shared->assets, load, fr_loop_wall_s());
	fr_count(&c->worker->counters, FR_COUNT_PAGE_LOADS);
}
