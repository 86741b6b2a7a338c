/* Subjects as bytes. One function walks the layout, and either writes or reads. */
#include <string.h>

#include "base/err.h"
#include "base/octets.h"
#include "base/siphash.h"
#include "hints/proof/layout.h"
#include "hints/proof/moments.h"
#include "hints/proof/strata.h"
#include "hints/proof/subject.h"
#include "hints/proof/trial.h"

#define VERSION 1u

/* Octets that are written to, or read from. */
struct cursor {
	uint8_t *out;      /* NULL: reads */
	const uint8_t *in; /* NULL: writes */
	size_t at;
};

static uint64_t pass(struct cursor *c, uint64_t v, size_t bytes)
{
	if (c->out)
		fr_octets_put(c->out + c->at, v, bytes);
	else
		v = fr_octets_get(c->in + c->at, bytes);
	c->at += bytes;
	return v;
}

static void pass_double(struct cursor *c, double *v)
{
	uint64_t bits;

	memcpy(&bits, v, sizeof bits);
	bits = pass(c, bits, sizeof bits);
	memcpy(v, &bits, sizeof bits);
}

static void pass_moments(struct cursor *c, struct fr_moments *m)
{
	pass_double(c, &m->n);
	pass_double(c, &m->mean);
	pass_double(c, &m->m2);
}

static void pass_counts(struct cursor *c, struct fr_proof_counts *n)
{
	n->loads = pass(c, n->loads, 8);
	n->left_out = pass(c, n->left_out, 8);
	n->left_out_hit = pass(c, n->left_out_hit, 8);
	n->needed = pass(c, n->needed, 8);
	n->needed_hinted = pass(c, n->needed_hinted, 8);
	n->pushes = pass(c, n->pushes, 8);
	n->cancelled = pass(c, n->cancelled, 8);
	n->pushed_bytes = pass(c, n->pushed_bytes, 8);
	n->wasted_bytes = pass(c, n->wasted_bytes, 8);
}

static void pass_layout(struct cursor *c, struct fr_layout *l)
{
	l->n = (uint16_t)pass(c, l->n, 2);
	l->witness = pass(c, l->witness, 8);
	for (unsigned i = 0; i < FR_LAYOUT_CANDIDATES; i++) {
		l->v[i].asset = pass(c, l->v[i].asset, 8);
		l->v[i].loads = (uint16_t)pass(c, l->v[i].loads, 2);
		l->v[i].asked = (uint16_t)pass(c, l->v[i].asked, 2);
		l->v[i].early = (uint16_t)pass(c, l->v[i].early, 2);
		l->v[i].is_image = pass(c, l->v[i].is_image, 1) & 1u;
	}
}

/* The head's numbers are those of the enums: appended to, never reordered. Returns the
 * version. */
static uint64_t pass_all(struct cursor *c, struct fr_subject *s)
{
	uint64_t version = pass(c, VERSION, 1);

	s->state = (enum fr_trial_state)pass(c, (uint64_t)s->state, 1);
	s->harm = (enum fr_harm)pass(c, (uint64_t)s->harm, 1);
	s->trial = (uint8_t)pass(c, s->trial, 1);
	s->switches = (uint32_t)pass(c, s->switches, 4);
	s->switched_s = (int64_t)pass(c, (uint64_t)s->switched_s, 8);
	s->skeleton = pass(c, s->skeleton, 8);
	s->begin = (uint32_t)pass(c, s->begin, 4);
	s->has_cold = pass(c, s->has_cold, 1) & 1u;
	pass_counts(c, &s->counts);
	for (unsigned m = 0; m < FR_METRIC_COUNT; m++)
		for (unsigned i = 0; i < FR_STRATA; i++) {
			pass_moments(c, &s->strata[m][i].with);
			pass_moments(c, &s->strata[m][i].without);
		}
	for (unsigned i = 0; i < FR_STRATA_RTT_STEPS; i++)
		s->rtt.n[i] = (uint16_t)pass(c, s->rtt.n[i], 2);
	pass_layout(c, &s->layout);
	return version;
}

void fr_subject_save(const struct fr_subject *s, uint8_t out[FR_SUBJECT_BLOB_BYTES])
{
	struct fr_subject copy = *s;
	struct cursor c = {.out = out};

	(void)pass_all(&c, &copy);
	FR_ASSERT(c.at == FR_SUBJECT_BLOB_BYTES - FR_SUBJECT_CHECK_BYTES);
	(void)pass(&c, fr_siphash(FR_SUBJECT_BLOB_CHECK, out, c.at), FR_SUBJECT_CHECK_BYTES);
}

/* --- reading --- */

static bool times_are_valid(const struct fr_subject *s)
{
	for (unsigned m = 0; m < FR_METRIC_COUNT; m++)
		for (unsigned i = 0; i < FR_STRATA; i++)
			if (!fr_moments_are_valid(&s->strata[m][i].with) ||
			    !fr_moments_are_valid(&s->strata[m][i].without))
				return false;
	return true;
}

static bool is_valid(const struct fr_subject *s)
{
	const struct fr_proof_counts *c = &s->counts;

	for (unsigned i = 0; i < FR_STRATA_RTT_STEPS; i++)
		if (s->rtt.n[i] > FR_STRATA_RTT_MAX)
			return false;
	return (unsigned)s->state < FR_TRIAL_COUNT && (unsigned)s->harm < FR_HARM_COUNT &&
	       s->switched_s >= 0 && c->left_out_hit <= c->left_out &&
	       c->needed_hinted <= c->needed && c->cancelled <= c->pushes &&
	       c->wasted_bytes <= c->pushed_bytes && times_are_valid(s) &&
	       fr_layout_is_valid(&s->layout);
}

int fr_subject_load(const void *bytes, size_t len, struct fr_subject *out)
{
	struct fr_subject s = {0};
	struct cursor c = {.in = bytes};

	if (len != FR_SUBJECT_BLOB_BYTES || pass_all(&c, &s) != VERSION)
		return FR_ERR_SYNTAX;
	if (pass(&c, 0, FR_SUBJECT_CHECK_BYTES) !=
	            fr_siphash(FR_SUBJECT_BLOB_CHECK, bytes, len - FR_SUBJECT_CHECK_BYTES) ||
	    !is_valid(&s))
		return FR_ERR_SYNTAX;
	*out = s;
	return 0;
}
