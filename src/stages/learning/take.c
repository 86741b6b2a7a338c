/* Completes the records of page loads and hands them on. */
#include "stages/learning/take.h"

#include "base/log.h"
#include "exchange/connection.h"
#include "exchange/generation.h"
#include "hints/assets.h"
#include "hints/learning/model.h"
#include "hints/proof/proof.h"
#include "hints/proof/trial.h"
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

static const char *now_sent(enum fr_trial_state s)
{
	switch (s) {
	case FR_TRIAL_BLOCKING:
		return "only hints of what blocks rendering are sent now";
	case FR_TRIAL_NONE:
		return "no hints are sent now";
	case FR_TRIAL_NEW:
	case FR_TRIAL_ALL:
	case FR_TRIAL_COUNT:
		break;
	}
	return "the page has changed: all hints are tried again";
}

/* The load counts for what hints gain; the operator is told when that switches them. */
static void compare(struct fr_connection *c, const struct fr_load *load)
{
	struct fr_proof_news news;

	if (!fr_proof_take(c->gen->shared->proof, load, fr_loop_wall_s(), &news))
		return;
	fr_count(&c->worker->counters, FR_COUNT_HINTS_SWITCHED);
	if (news.harm == FR_HARM_NONE)
		FR_LOG(INFO, "hints", "%s: %s", news.key, now_sent(news.state));
	else
		FR_LOG(WARN, "hints", "%s: %s with hints: %s", news.key, fr_harm_str(news.harm),
		       now_sent(news.state));
}

bool fr_learning_take(void *connection, struct fr_load *load)
{
	struct fr_connection *c = connection;

	describe(c->gen->shared->assets, load, fr_loop_wall_s());
	compare(c, load);
	fr_count(&c->worker->counters, FR_COUNT_PAGE_LOADS);
	return fr_model_learn(c->gen->shared->model, load, load->witnesses, fr_loop_wall_s());
}
