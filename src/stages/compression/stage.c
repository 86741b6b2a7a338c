/* Decides on each response, changes its fields, and puts a filter on its body. */
#include "stages/compression/stage.h"

#include "config/config.h"
#include "exchange/canonical.h"
#include "exchange/exchange.h"
#include "stages/compression/decide.h"
#include "stages/compression/filter.h"

static const struct fr_config_compression *rules_of(const struct fr_exchange *ex)
{
	return fr_config_find_compression(ex->site->config, &ex->canonical.path);
}

/* False: it cannot be, for want of memory or of room; the response stays as it is. */
static bool change_body(struct fr_exchange *ex, void **slot, const struct fr_coding_verdict *v,
                        const struct fr_config_compression *rules)
{
	if (v->act == FR_CODING_KEEP || !fr_exchange_has_body(ex))
		return true;
	*slot = fr_coding_filter_new(ex, v, rules);
	return *slot != NULL;
}

static void take_response(struct fr_exchange *ex, void **slot)
{
	const struct fr_config_compression *rules = rules_of(ex);
	struct fr_coding_weights weights;
	struct fr_coding_question q = {.req = &ex->req,
	                               .weights = &weights,
	                               .rules = rules,
	                               .status = ex->resp.status,
	                               .fields = &ex->resp.fields,
	                               .length = ex->resp.content_length,
	                               .is_stored = ex->cache.is_stored};
	struct fr_coding_verdict v;
	int rc;

	fr_canonical_weights(&ex->canonical, &ex->req, &weights);
	fr_coding_decide(&q, &v);
	if (!change_body(ex, slot, &v, rules))
		v.act = FR_CODING_KEEP;
	rc = ex->resp.status == 304 && rules->enabled
	             ? fr_coding_apply_not_modified(&ex->req, &ex->arena, &ex->resp)
	             : fr_coding_apply(&v, &ex->arena, &ex->resp);
	if (rc == 0 && v.act == FR_CODING_ENCODE)
		ex->to_client.coding = v.coding;
	if (rc < 0)
		fr_exchange_break(ex);
}

static void end(struct fr_exchange *ex, void **slot, enum fr_end how)
{
	struct fr_coding_filter *f = *slot;

	(void)ex;
	(void)how;
	fr_coding_filter_free(&f);
	*slot = NULL;
}

const struct fr_stage fr_compression_stage = {
	.name = "compression",
	.response = take_response,
	.end = end,
};
