/* Walks along the rows of stages. It calls them by the table only, a few times for one
 * exchange; pieces of the body are offered only while a stage wants them. */
#include "exchange/stage.h"

#include "base/err.h"
#include "exchange/exchange.h"

void **fr_stage_slot(struct fr_exchange *ex, const struct fr_stage *stage)
{
	size_t i = 0;

	while (i < ex->stages.row->n && ex->stages.row->v[i] != stage)
		i++;
	FR_ASSERT(i < ex->stages.row->n);
	return &ex->stages.slots[i];
}

enum fr_step fr_stages_request(struct fr_exchange *ex)
{
	enum fr_step step = FR_STEP_NEXT;

	for (size_t i = 0; step == FR_STEP_NEXT && i < ex->stages.row->n; i++)
		if (ex->stages.row->v[i]->request)
			step = ex->stages.row->v[i]->request(ex, &ex->stages.slots[i]);
	return step;
}

void fr_stages_waiting(struct fr_exchange *ex)
{
	for (size_t i = ex->stages.row->n; i-- > 0;)
		if (ex->stages.row->v[i]->waiting)
			ex->stages.row->v[i]->waiting(ex, &ex->stages.slots[i]);
}

void fr_stages_interim(struct fr_exchange *ex, const struct fr_response *resp)
{
	for (size_t i = ex->stages.row->n; i-- > 0;)
		if (ex->stages.row->v[i]->interim)
			ex->stages.row->v[i]->interim(ex, &ex->stages.slots[i], resp);
}

void fr_stages_origin_head(struct fr_exchange *ex)
{
	for (size_t i = ex->stages.row->n; i-- > 0;)
		if (ex->stages.row->v[i]->origin_head)
			ex->stages.row->v[i]->origin_head(ex, &ex->stages.slots[i]);
}

void fr_stages_response(struct fr_exchange *ex)
{
	for (size_t i = ex->stages.row->n; i-- > 0;) {
		const struct fr_stage *stage = ex->stages.row->v[i];

		if (stage->response)
			stage->response(ex, &ex->stages.slots[i]);
		if (stage->body)
			ex->stages.wants_body |= 1u << i;
	}
}

int fr_stages_own(struct fr_exchange *ex)
{
	int rc = 0;

	for (size_t i = ex->stages.row->n; rc == 0 && i-- > 0;)
		if (ex->stages.row->v[i]->own)
			rc = ex->stages.row->v[i]->own(ex, &ex->stages.slots[i]);
	return rc;
}

void fr_stages_body(struct fr_exchange *ex)
{
	for (uint32_t left = ex->stages.wants_body; left;) {
		unsigned i = 31u - (unsigned)__builtin_clz(left);

		left &= ~(1u << i);
		if (!ex->stages.row->v[i]->body(ex, &ex->stages.slots[i]))
			ex->stages.wants_body &= ~(1u << i);
	}
}

void fr_stages_taken_back(struct fr_exchange *ex)
{
	for (size_t i = ex->stages.row->n; i-- > 0;)
		if (ex->stages.row->v[i]->taken_back)
			ex->stages.row->v[i]->taken_back(ex, &ex->stages.slots[i]);
}

void fr_stages_end(struct fr_exchange *ex, enum fr_end how)
{
	for (size_t i = ex->stages.row->n; i-- > 0;)
		if (ex->stages.row->v[i]->end)
			ex->stages.row->v[i]->end(ex, &ex->stages.slots[i], how);
}

void fr_stages_release(struct fr_exchange *ex)
{
	for (size_t i = ex->stages.row->n; i-- > 0;)
		if (ex->stages.row->v[i]->release)
			ex->stages.row->v[i]->release(ex, &ex->stages.slots[i]);
}
