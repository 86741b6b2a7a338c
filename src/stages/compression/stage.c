/* Decides on each response, changes its fields, and puts a filter on its body, unless the store
 * has the body in the right form. */
#include "stages/compression/stage.h"

#include "cache/body.h"
#include "cache/object.h"
#include "config/config.h"
#include "exchange/canonical.h"
#include "exchange/exchange.h"
#include "http/codings.h"
#include "http/message.h"
#include "stages/compression/decide.h"
#include "stages/compression/filter.h"
#include "stages/compression/levels.h"
#include "stages/compression/twin.h"

struct compression { /* in the stage's slot, and the arena */
	struct fr_coding_verdict verdict;
	const struct fr_config_compression *rules;
	struct fr_coding_filter *filter; /* owned */
	bool is_of_object;               /* the verdict is of a stored response */
	bool has_twin;                   /* whose body comes in the right form */
	struct fr_body *recoded;         /* reference: that form of what is stored encoded; NULL */
	enum fr_coding wanted;           /* in which there is no such form yet; IDENTITY: none */
};

static struct compression *compression_of(struct fr_exchange *ex)
{
	void **slot = fr_stage_slot(ex, &fr_compression_stage);

	if (!*slot)
		*slot = fr_arena_calloc(&ex->arena, 1, sizeof(struct compression));
	return *slot;
}

static struct fr_coding_question question_of(const struct fr_exchange *ex,
                                             const struct compression *c, int status,
                                             const struct fr_fields *fields, int64_t length)
{
	bool is_usual = ex->canonical.usual_codings < FR_CODINGS_USUAL;

	return (struct fr_coding_question){.req = &ex->req,
	                                   .weights = is_usual ? NULL : &ex->canonical.weights,
	                                   .rules = c->rules,
	                                   .status = status,
	                                   .fields = fields,
	                                   .length = length,
	                                   .is_stored = ex->cache.is_stored};
}

static void find_rules(const struct fr_exchange *ex, struct compression *c)
{
	c->rules = fr_config_find_compression(ex->site->config, &ex->canonical.path);
}

static void decide(const struct fr_exchange *ex, struct compression *c, int status,
                   const struct fr_fields *fields, int64_t length)
{
	const struct fr_coding_question q = question_of(ex, c, status, fields, length);

	fr_coding_decide(&q, &c->verdict);
}

/* --- stored responses --- */

/* Of requests like this one, all get the same of an object. */
static bool is_usual(const struct fr_exchange *ex, const struct fr_object *o)
{
	return ex->canonical.usual_codings < FR_CODINGS_USUAL && ex->cache.is_stored &&
	       !fr_fields_get(&ex->req.fields, FR_FIELD_CACHE_CONTROL) && fr_object_length(o) >= 0;
}

static void decide_usual(const struct fr_exchange *ex, struct compression *c, struct fr_object *o,
                         const struct fr_fields *fields)
{
	uint64_t word = fr_object_forms(o, c->rules->id);

	if (!word) {
		const struct fr_coding_question q =
			question_of(ex, c, o->status, fields, fr_object_length(o));

		word = fr_coding_decide_usual(&q);
		fr_object_set_forms(o, c->rules->id, word);
	}
	fr_coding_verdict_of(word, ex->canonical.usual_codings, &c->verdict);
}

/* RECODE becomes ENCODE or KEEP: from here on it is known which form goes out. */
static void settle_recode(struct compression *c, struct fr_object *o)
{
	fr_body_unref(&c->recoded);
	c->wanted = FR_CODING_IDENTITY;
	if (c->verdict.act != FR_CODING_RECODE)
		return;
	c->recoded = fr_twin_of(o, c->verdict.coding);
	c->verdict.act = c->recoded ? FR_CODING_ENCODE : FR_CODING_KEEP;
	if (!c->recoded)
		c->wanted = c->verdict.coding;
}

static bool decide_stored(struct fr_exchange *ex, struct fr_object *o)
{
	const struct fr_fields fields = {.v = o->fields, .n = o->n_fields, .seen = o->seen};
	struct compression *c = compression_of(ex);

	if (!c)
		return false;
	find_rules(ex, c);
	if (is_usual(ex, o))
		decide_usual(ex, c, o, &fields);
	else
		decide(ex, c, o->status, &fields, fr_object_length(o));
	settle_recode(c, o);
	c->is_of_object = true;
	c->has_twin = false;
	return c->verdict.varies;
}

static enum fr_coding stored_coding(const struct fr_object *o)
{
	const struct fr_fields fields = {.v = o->fields, .n = o->n_fields, .seen = o->seen};

	return fr_coding_of(fr_fields_value(&fields, FR_FIELD_CONTENT_ENCODING));
}

static struct fr_body *stored_body(struct fr_exchange *ex, struct fr_object *o)
{
	struct compression *c = compression_of(ex);
	struct fr_body *twin = NULL;

	if (!c || !c->is_of_object || !ex->cache.is_stored)
		return NULL;
	if (c->wanted != FR_CODING_IDENTITY && ex->req.method == FR_METHOD_GET)
		fr_twin_wanted(ex, o, c->wanted, stored_coding(o));
	if (c->verdict.act != FR_CODING_ENCODE)
		return NULL;
	if (c->recoded) {
		twin = c->recoded;
		c->recoded = NULL;
	} else if (ex->req.method == FR_METHOD_HEAD) {
		twin = fr_twin_of(o, c->verdict.coding);
	} else {
		twin = fr_twin_for(ex, o, c->verdict.coding, c->rules);
	}
	c->has_twin = twin != NULL;
	return twin;
}

static void forget_stored(struct fr_exchange *ex)
{
	struct compression *c = *fr_stage_slot(ex, &fr_compression_stage);

	if (!c)
		return;
	c->is_of_object = c->has_twin = false;
	fr_body_unref(&c->recoded);
}

const struct fr_stored_forms fr_coded_forms = {
	.decide = decide_stored, .body = stored_body, .forget = forget_stored};

/* --- the response --- */

/* The fields of the form; its length stays where the store knows it. */
static int change_fields(struct fr_exchange *ex, const struct compression *c)
{
	int64_t length = ex->resp.content_length;
	int rc = fr_coding_apply(&c->verdict, &ex->arena, &ex->resp);

	if (c->has_twin)
		ex->resp.content_length = length;
	if (rc == 0 && c->verdict.act == FR_CODING_ENCODE)
		ex->to_client.coding = c->verdict.coding;
	return rc;
}

static int take_not_modified(struct fr_exchange *ex, const struct compression *c)
{
	/* of a stored response the form is known that it stands for */
	if (c->is_of_object)
		return fr_coding_apply_validated(&c->verdict, &ex->arena, &ex->resp);
	return c->rules->enabled ? fr_coding_apply_not_modified(&ex->req, &ex->arena, &ex->resp)
	                         : 0;
}

static void take_response(struct fr_exchange *ex, void **slot)
{
	struct compression *c = compression_of(ex);
	int rc = 0;

	(void)slot;
	if (!c)
		return;
	if (!c->is_of_object) {
		find_rules(ex, c);
		decide(ex, c, ex->resp.status, &ex->resp.fields, ex->resp.content_length);
	}
	if (ex->resp.status == 304) {
		rc = take_not_modified(ex, c);
	} else {
		/* parts are of the stored bytes; another form of encoded ones is only in the store */
		if (ex->resp.status == 206 || ex->resp.status == 416 || c->recoded ||
		    c->verdict.act == FR_CODING_RECODE)
			c->verdict.act = FR_CODING_KEEP;
		if (c->verdict.act != FR_CODING_KEEP && !c->has_twin && fr_exchange_has_body(ex)) {
			c->filter = fr_coding_filter_new(ex, &c->verdict, c->rules);
			if (!c->filter)
				c->verdict.act = FR_CODING_KEEP;
		}
		rc = change_fields(ex, c);
	}
	if (rc < 0)
		fr_exchange_break(ex);
}

static void end(struct fr_exchange *ex, void **slot, enum fr_end how)
{
	struct compression *c = *slot;

	(void)ex;
	(void)how;
	if (!c)
		return;
	fr_coding_filter_free(&c->filter);
	fr_body_unref(&c->recoded);
}

const struct fr_stage fr_compression_stage = {
	.name = "compression",
	.response = take_response,
	.end = end,
};
