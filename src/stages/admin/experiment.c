/* POST /experiment of the admin interface: starts and stops comparisons of loads with and without
 * hints. */
#include "base/log.h"
#include "hints/proof/experiments.h"
#include "hints/proof/proof.h"
#include "net/loop.h"
#include "stages/admin/admin_priv.h"

#define DEFAULT_SHARE 20u

struct wish {
	struct fr_str start, stop; /* patterns; p NULL: not given */
	uint64_t share;
};

static bool take_parameter(void *user, struct fr_str name, struct fr_str value)
{
	struct wish *w = user;

	if (fr_str_is(name, "start"))
		w->start = value;
	else if (fr_str_is(name, "stop"))
		w->stop = value;
	else if (fr_str_is(name, "share"))
		return fr_str_to_u64(value, &w->share) == 0;
	else
		return false;
	return true;
}

static bool read_wish(struct fr_exchange *ex, struct fr_str query, struct wish *w)
{
	if (!fr_admin_parameters(&ex->arena, query, take_parameter, w))
		return false;
	return !w->start.p != !w->stop.p;
}

static void start(struct fr_exchange *ex, const struct wish *w)
{
	uint32_t share = w->share <= FR_EXPERIMENT_MAX_SHARE ? (uint32_t)w->share : 0;
	int rc = fr_proof_start(ex->gen->shared->proof, w->start, share, fr_loop_wall_s());

	if (rc == FR_ERR_LIMIT) {
		fr_admin_error(ex, 409, "16 experiments run, or the pattern is too long");
		return;
	}
	if (rc < 0) {
		fr_admin_error(ex, 400,
		               "a host and a path are needed, with at most one star, at the end, "
		               "and a share of 1 to 50 percent");
		return;
	}
	FR_LOG(INFO, "admin", "%s: experiment on %.*s: %u %% are held out", ex->client->peer.text,
	       FR_STR_ARG(w->start), share);
	fr_exchange_answer(ex, 200, FR_ADMIN_JSON, FR_STR("{\"started\":1}\n"));
}

static void stop(struct fr_exchange *ex, const struct wish *w)
{
	if (!fr_proof_stop(ex->gen->shared->proof, w->stop)) {
		fr_admin_error(ex, 404, "no experiment runs on that");
		return;
	}
	FR_LOG(INFO, "admin", "%s: experiment on %.*s stopped", ex->client->peer.text,
	       FR_STR_ARG(w->stop));
	fr_exchange_answer(ex, 200, FR_ADMIN_JSON, FR_STR("{\"stopped\":1}\n"));
}

void fr_admin_experiment(struct fr_exchange *ex, struct fr_str query)
{
	struct wish w = {.share = DEFAULT_SHARE};

	if (!read_wish(ex, query, &w))
		fr_admin_error(ex, 400,
		               "start=PATTERN, with share=PERCENT, or stop=PATTERN is needed");
	else if (w.start.p)
		start(ex, &w);
	else
		stop(ex, &w);
}
