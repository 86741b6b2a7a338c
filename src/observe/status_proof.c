/* Writes the rows of the comparison as JSON. */
#include "observe/status_proof.h"

#include <math.h>

#include "hints/proof/sequence.h"
#include "hints/proof/subject.h"
#include "hints/proof/trial.h"

static void set(json_t *o, const char *name, uint64_t v)
{
	(void)json_object_set_new(o, name, json_integer((json_int_t)v));
}

/* A share of the time, to a tenth of a per cent; null: not known. */
static void set_share(json_t *o, const char *name, double gain)
{
	double share = fr_sequence_share(gain);

	(void)json_object_set_new(
		o, name, isfinite(gain) ? json_real(round(share * 1000) / 1000) : json_null());
}

static json_t *gain_of(const struct fr_gain *g)
{
	json_t *o = json_object();

	set(o, "loads_with", (uint64_t)g->of.n_with);
	set(o, "loads_without", (uint64_t)g->of.n_without);
	set_share(o, "gain", g->of.t > 0 ? g->of.gain : (double)NAN);
	set_share(o, "low", g->low);
	set_share(o, "high", g->high);
	return o;
}

static void set_ratio(json_t *o, const char *name, uint64_t of, uint64_t all)
{
	(void)json_object_set_new(o, name,
	                          all ? json_real(round(1000.0 * (double)of / (double)all) / 1000)
	                              : json_null());
}

static json_t *row_of(const struct fr_proof_row *r)
{
	const struct fr_proof_counts *c = &r->counts;
	char text[FR_PROOF_TEXT_BYTES];
	json_t *o = json_object();

	(void)json_object_set_new(o, "name", json_string(r->key));
	(void)json_object_set_new(o, "text", json_string(fr_proof_text(r, text)));
	(void)json_object_set_new(o, "state", json_string(fr_trial_str(r->state)));
	(void)json_object_set_new(o, "held_out", json_real(r->share / 1000.0));
	if (r->experiment)
		set(o, "experiment", r->experiment);
	(void)json_object_set_new(o, "has_witness", json_boolean(r->has_witness));
	for (unsigned m = 0; m < FR_METRIC_COUNT; m++)
		(void)json_object_set_new(o, fr_metric_str((enum fr_metric)m),
		                          gain_of(&r->gain[m]));
	set(o, "loads", c->loads + r->begin);
	set(o, "left_out", c->left_out);
	set_ratio(o, "precision", c->left_out_hit, c->left_out);
	set_ratio(o, "recall", c->needed_hinted, c->needed);
	set(o, "pushes", c->pushes);
	set(o, "pushes_cancelled", c->cancelled);
	set(o, "pushed_bytes", c->pushed_bytes);
	set(o, "wasted_bytes", c->wasted_bytes);
	set(o, "switches", r->switches);
	if (r->switches) {
		set(o, "switched_s", (uint64_t)r->switched_s);
		(void)json_object_set_new(o, "why", json_string(fr_harm_str(r->harm)));
	}
	return o;
}

json_t *fr_status_proof_json(const struct fr_status *s)
{
	json_t *all = json_array();

	for (size_t i = 0; i < s->n_proof; i++)
		(void)json_array_append_new(all, row_of(&s->proof[i]));
	return all;
}
