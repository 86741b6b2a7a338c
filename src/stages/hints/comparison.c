/* Asks for the arm of a page's visitor, and keeps it with the load. */
#include "stages/hints/comparison.h"

#include "exchange/generation.h"
#include "exchange/whose.h"
#include "hints/proof/arm.h"
#include "hints/proof/measure.h"
#include "hints/proof/proof.h"
#include "hints/proof/subject.h"
#include "hints/proof/trial.h"
#include "hints/way.h"
#include "http/purpose.h"
#include "net/loop.h"
#include "stages/hints/page_load.h"
#include "stages/hints/settings.h"

static bool is_mobile(const struct fr_fields *req)
{
	const struct fr_field *hint = fr_fields_find(req, FR_STR("sec-ch-ua-mobile"));

	return hint && fr_str_is(hint->value, "?1");
}

static bool is_compared(const struct fr_exchange *page)
{
	const struct fr_page_load *load = page->page.load;

	return fr_proof_is_on(page->gen->shared->proof, fr_hints_settings(page)->holdout_percent) &&
	       load->plan.n && load->way != FR_WAY_HEADER && page->req.version == FR_HTTP_2 &&
	       !fr_whose_is_proxied(page) && fr_purpose_of(&page->req.fields) == FR_PURPOSE_VIEW;
}

static void ask(const struct fr_exchange *page, struct fr_proof_answer *out)
{
	const struct fr_party *client = page->whose.client;
	const struct fr_fields *fields = &page->req.fields;
	struct fr_proof_question q = {
		.authority = page->req.authority,
		.path = fr_str_sub(page->req.target, 0, fr_str_find(page->req.target, '?')),
		.visitor = {.address = client->has_ip ? &client->ip : NULL,
	                    .cookie = fr_fields_value(fields, FR_FIELD_COOKIE),
	                    .user_agent = fr_fields_value(fields, FR_FIELD_USER_AGENT),
	                    .is_mobile = is_mobile(fields)},
		.holdout = fr_hints_settings(page)->holdout_percent,
		.now_s = fr_loop_wall_s(),
	};

	fr_proof_ask(page->gen->shared->proof, &q, out);
}

void fr_comparison_join(struct fr_exchange *page)
{
	struct fr_page_load *load = page->page.load;
	struct fr_page_arm *arm = &page->page.arm;
	struct fr_proof_answer a;

	if (arm->is_chosen || !is_compared(page))
		return;
	ask(page, &a);
	*arm = (struct fr_page_arm){.is_chosen = true,
	                            .mark = fr_mark_pack(&a.mark),
	                            .visitor = a.visitor.id,
	                            .network = a.visitor.network};
	if (a.mark.state != FR_TRIAL_NEW)
		arm->name = fr_arm_str(a.mark.arm);
	load->arm = a.mark.arm;
	load->withheld =
		a.mark.arm == fr_trial_arm(a.mark.state) ? FR_REASON_HARMFUL : FR_REASON_HELD_OUT;
	load->witness = a.witness;
}

bool fr_comparison_is_witness(const struct fr_exchange *page, const struct fr_hint *hint)
{
	uint64_t witness = page->page.load->witness;

	return witness && hint->target.len && fr_measure_asset(hint->target) == witness;
}
