/* Joins what is learned with the other sources of a page's plan. */
#include "stages/hints/learned.h"

#include "base/siphash.h"
#include "hints/assets.h"
#include "hints/learning/model.h"
#include "stages/hints/page_load.h"
#include "stages/hints/recall.h"
#include "stages/hints/settings.h"

static bool is_on(const struct fr_exchange *ex)
{
	const struct fr_config_hints *h = fr_hints_settings(ex);

	return h->learned && h->memory;
}

static void client_of(const struct fr_exchange *ex, const struct fr_fields *fields,
                      struct fr_load_client *out)
{
	const struct fr_party *party = ex->whose.client;

	fr_load_client_of(fields, party->has_ip ? &party->ip : NULL, ex->gen->shared->seed, out);
}

void fr_learned_recall(struct fr_exchange *page)
{
	const struct fr_shared *shared = page->gen->shared;
	struct fr_load_client client;

	if (!is_on(page))
		return;
	client_of(page, &page->req.fields, &client);
	fr_model_recall(shared->model, &page->arena, page->req.authority, page->req.target, &client,
	                fr_hints_settings(page)->witnesses,
	                fr_siphash(shared->seed, &page->seen.id, sizeof page->seen.id) | 1u,
	                fr_loop_wall_s(), &page->page.load->recalled);
}

/* --- what other sources say --- */

/* Why a hint of another source does not leave; UNDECIDED: nothing speaks against it. */
static enum fr_reason against(enum fr_model_why why)
{
	switch (why) {
	case FR_MODEL_WHY_UNKNOWN:
	case FR_MODEL_WHY_NEEDED:
	case FR_MODEL_WHY_WITNESSES: /* the memory asks for its own */
		break;
	case FR_MODEL_WHY_UNPROVEN:
		return FR_REASON_UNPROVEN;
	case FR_MODEL_WHY_NOT_NEEDED:
		return FR_REASON_NOT_NEEDED;
	case FR_MODEL_WHY_REPLACED:
		return FR_REASON_REPLACED;
	case FR_MODEL_WHY_DOUBTFUL:
		return FR_REASON_IN_DOUBT;
	case FR_MODEL_WHY_CREDENTIALS:
	case FR_MODEL_WHY_TURNED_AWAY:
		return FR_REASON_NOT_FOR_CLIENT;
	case FR_MODEL_WHY_LEFT_OUT:
		return FR_REASON_LEFT_OUT;
	}
	return FR_REASON_UNDECIDED;
}

static enum fr_model_why judge(struct fr_exchange *page, const struct fr_hint *h)
{
	return fr_model_judge(page->gen->shared->model, &page->page.load->recalled,
	                      page->req.authority, h->target, h->as);
}

static bool is_judged(const struct fr_hint *h)
{
	return h->target.len && h->reason == FR_REASON_UNDECIDED &&
	       (h->source == FR_HINT_SOURCE_LINK || h->source == FR_HINT_SOURCE_HTML);
}

static void judge_others(struct fr_exchange *page)
{
	struct fr_plan *plan = &page->page.load->plan;

	for (size_t i = 0; i < plan->n; i++) {
		struct fr_hint *h = plan->v[i];
		enum fr_reason why;

		if (!is_judged(h))
			continue;
		why = against(judge(page, h));
		if (why != FR_REASON_UNDECIDED)
			fr_hint_decide(h, FR_DELIVERY_NONE, why);
	}
}

void fr_learned_judge_response(struct fr_exchange *page)
{
	struct fr_plan *plan = &page->page.load->plan;

	for (size_t i = 0; is_on(page) && !page->page.load->varies && i < plan->n; i++) {
		struct fr_hint *h = plan->v[i];

		if (is_judged(h) && h->message == plan->message && !h->is_remembered &&
		    judge(page, h) == FR_MODEL_WHY_NOT_NEEDED)
			h->against.push = FR_REASON_NOT_NEEDED;
	}
}

/* --- what is learned --- */

static struct fr_hint *hint_of(const struct fr_plan *plan, struct fr_str target)
{
	for (size_t i = 0; i < plan->n; i++)
		if (fr_str_eq(plan->v[i]->target, target))
			return plan->v[i];
	return NULL;
}

static void add(struct fr_exchange *page, const struct fr_learned_asset *l)
{
	bool is_cors = l->is_cors || l->as == FR_AS_FONT;
	struct fr_str link;

	if (l->is_module && l->as == FR_AS_SCRIPT) {
		if (fr_arena_printf(&page->arena, &link, "<%.*s>; rel=modulepreload",
		                    FR_STR_ARG(l->target)) < 0)
			return;
	} else if (fr_arena_printf(&page->arena, &link, "<%.*s>; rel=preload; as=%s%s",
	                           FR_STR_ARG(l->target), fr_as_str(l->as),
	                           is_cors ? "; crossorigin" : "") < 0)
		return;
	fr_plan_add_link_field(&page->page.load->plan, link, FR_HINT_SOURCE_LEARNED, 0);
}

/* A page's own asset by a pattern: only if it was answered with 200. */
static bool is_there(const struct fr_exchange *page, const struct fr_learned_asset *l)
{
	struct fr_asset known;

	return !l->is_own || (fr_assets_find(page->gen->shared->assets, page->req.authority,
	                                     l->target, fr_loop_wall_s(), &known) &&
	                      known.is_known);
}

static void join(struct fr_exchange *page, const struct fr_learned_asset *l)
{
	struct fr_plan *plan = &page->page.load->plan;
	struct fr_hint *h = hint_of(plan, l->target);

	if (!h && is_there(page, l)) {
		add(page, l);
		h = hint_of(plan, l->target);
	}
	if (!h || h->reason != FR_REASON_UNDECIDED)
		return;
	if (l->why == FR_MODEL_WHY_LEFT_OUT) {
		fr_hint_decide(h, FR_DELIVERY_NONE, FR_REASON_LEFT_OUT);
		return;
	}
	if (l->lower >= FR_MODEL_PUSH_FROM && l->n >= FR_MODEL_PRIOR_LOADS)
		h->flags |= FR_HINT_SURE;
	else if (l->lower < FR_MODEL_PUSH_FROM && h->against.push == FR_REASON_UNDECIDED)
		h->against.push = FR_REASON_UNPROVEN;
}

void fr_learned_join(struct fr_exchange *page)
{
	const struct fr_model_recalled *r = &page->page.load->recalled;

	if (!is_on(page) || page->page.load->varies)
		return;
	judge_others(page);
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].why == FR_MODEL_WHY_NEEDED || r->v[i].why == FR_MODEL_WHY_LEFT_OUT)
			join(page, &r->v[i]);
}

/* --- what answers name --- */

int fr_learned_answer_of(struct fr_arena *a, const struct fr_exchange *ex,
                         const struct fr_request *req, const struct fr_lesson *lesson,
                         struct fr_learned_answer *out)
{
	struct fr_learned_answer answer = {
		.model = is_on(ex) ? ex->gen->shared->model : NULL,
		.witnesses = lesson->witnesses,
		.is_public = fr_teach_whom_of(lesson->reason) == FR_TEACH_EVERYBODY,
	};

	client_of(ex, &req->fields, &answer.client);
	if (fr_arena_copy(a, req->authority, &answer.authority) < 0 ||
	    fr_arena_copy(a, req->target, &answer.page) < 0)
		return FR_ERR_NOMEM;
	*out = answer;
	return 0;
}

/* False: no asset of the page's origin. */
static bool read_link(struct fr_arena *a, struct fr_str value, struct fr_model_named *out)
{
	struct fr_link link;
	size_t malformed = 0;

	if (!fr_link_next(a, &value, &link, &malformed) ||
	    !fr_str_starts(link.target, FR_STR("/")) || fr_str_starts(link.target, FR_STR("//")) ||
	    !(link.rels & (FR_REL_PRELOAD | FR_REL_MODULEPRELOAD)))
		return false;
	*out = (struct fr_model_named){
		.target = link.target,
		.as = link.as.len ? fr_as_parse(link.as) : FR_AS_SCRIPT,
		.is_module = (link.rels & FR_REL_MODULEPRELOAD) && !(link.rels & FR_REL_PRELOAD),
		.is_cors = link.crossorigin != FR_CORS_NONE,
	};
	return true;
}

void fr_learned_answer_tell(const struct fr_learned_answer *answer, struct fr_arena *a,
                            const struct fr_lesson_hints *hints)
{
	struct fr_model_answer told = {
		.authority = answer->authority,
		.page = answer->page,
		.client = &answer->client,
		.is_html = hints->source == FR_HINT_SOURCE_HTML,
		.is_complete = !hints->is_partial,
		.is_public = answer->is_public,
		.witnesses = answer->witnesses,
	};
	struct fr_model_named *v = fr_arena_calloc(a, hints->n + 1, sizeof *v);

	if (!answer->model || !v)
		return;
	for (size_t i = 0; i < hints->n; i++)
		told.n += read_link(a, hints->v[i].link, &v[told.n]);
	told.v = v;
	fr_model_named(answer->model, &told, fr_loop_wall_s());
}
