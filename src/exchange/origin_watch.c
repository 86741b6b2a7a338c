/* The exchange's side of the watcher of origin responses: what it is told of a response that
 * the exchange gets by itself. */
#include "exchange/origin_watch.h"

#include "exchange/exchange_priv.h"
#include "hints/witness.h"

uint64_t fr_exchange_client_hash(const struct fr_exchange *ex)
{
	const struct fr_ip *counted = fr_whose_counted(ex);

	return fr_witness_client(fr_str_make((const char *)counted, counted ? sizeof *counted : 0),
	                         ex->gen->shared->seed);
}

void *fr_origin_watch_head(const struct fr_exchange *ex)
{
	const struct fr_origin_watch *watch = ex->stages.row->watch;

	if (!watch)
		return NULL;
	if (!ex->canonical.path.is_ambiguous && !ex->req.has_override)
		watch->answered(ex->gen->shared, &(struct fr_observed_response){
							 .req = &ex->req,
							 .resp = &ex->resp,
							 .client = fr_exchange_client_hash(ex),
							 .is_ours = ex->is_push});
	return ex->is_push ? NULL : watch->begin(ex, &ex->req, &ex->resp);
}

void fr_origin_watch_end(struct fr_exchange *ex)
{
	if (ex->to_origin.watched)
		ex->stages.row->watch->end(ex->to_origin.watched, ex->page.plan);
	ex->to_origin.watched = NULL;
}

void fr_origin_watch_drop(struct fr_exchange *ex)
{
	if (ex->to_origin.watched)
		ex->stages.row->watch->drop(ex->to_origin.watched);
	ex->to_origin.watched = NULL;
}
