/* Adds loads to a subject's figures, and switches its hints by them. */
#include "hints/proof/subject.h"

#include <math.h>

#include "base/enum.h"

FR_ENUM_STR(fr_metric_str, fr_metric, FR_METRIC_TABLE)

/* Numbers of trials. */
#define TRIALS 16u
/* While the estimate is on the side of harm: it is looked at more closely. */
#define ALERT_SHARE 500u
#define MAX_SHARE 500u
/* A later first byte is harm from a tenth on, a later end from a twentieth. */
#define FIRST_BYTE_MARGIN 0.0953
#define COMPLETE_MARGIN 0.0488
/* Pushes: half of them, of so many. */
#define MIN_PUSHES 50u
#define MIN_PUSHED_BYTES (1u << 20)
#define HOUR_S 3600
#define DAY_HOURS 24u
#define US_PER_MS 1000.0

/* --- marks --- */

uint8_t fr_mark_pack(const struct fr_mark *m)
{
	return (uint8_t)((unsigned)m->arm | (unsigned)m->state << 2 | (m->trial % TRIALS) << 4);
}

struct fr_mark fr_mark_unpack(uint8_t octet)
{
	unsigned arm = octet & 3u;

	return (struct fr_mark){.arm = arm > FR_ARM_NONE ? FR_ARM_ALL : (enum fr_arm)arm,
	                        .state = (enum fr_trial_state)(octet >> 2 & 3u),
	                        .trial = (uint8_t)(octet >> 4)};
}

/* --- what a visitor gets --- */

/* Every trial begins without figures. */
static void set_state(struct fr_subject *s, enum fr_trial_event e)
{
	enum fr_trial_state to = fr_trial_next(s->state, e);

	if (to == s->state)
		return;
	s->state = to;
	s->trial = (uint8_t)((s->trial + 1u) % TRIALS);
	s->changed = 0;
	s->counts = (struct fr_proof_counts){0};
	for (unsigned m = 0; m < FR_METRIC_COUNT; m++)
		for (unsigned i = 0; i < FR_STRATA; i++)
			s->strata[m][i] = (struct fr_stratum){0};
}

static void main_gain(const struct fr_subject *s, struct fr_gain *out)
{
	fr_subject_gain(s, s->layout.witness ? FR_METRIC_PAINT : FR_METRIC_COMPLETE, out);
}

uint32_t fr_subject_share(const struct fr_subject *s, const struct fr_holdout *h)
{
	uint32_t share = h->percent * (FR_ARM_SHARES / 100u);
	struct fr_gain g;
	double loads;

	if (s->state == FR_TRIAL_NEW || s->state == FR_TRIAL_NONE)
		return 0;
	if (h->is_fixed)
		return share < MAX_SHARE ? share : MAX_SHARE;
	main_gain(s, &g);
	loads = g.of.n_with + g.of.n_without;
	if (g.low <= 0 && loads < FR_SUBJECT_SETTLED_LOADS)
		share *= 2;
	if (g.of.t > 0 && g.of.gain < 0 && loads < FR_SUBJECT_ALERT_LOADS)
		share = ALERT_SHARE;
	return share < MAX_SHARE ? share : MAX_SHARE;
}

struct fr_mark fr_subject_ask(struct fr_subject *s, uint64_t visitor, const struct fr_holdout *h,
                              int64_t now_s)
{
	if (s->begin >= FR_SUBJECT_BEGIN_LOADS || h->is_fixed)
		set_state(s, FR_TRIAL_BEGUN);
	if (now_s - s->switched_s >= FR_TRIAL_AGAIN_S)
		set_state(s, FR_TRIAL_AGAIN);
	return (struct fr_mark){
		.arm = fr_arm_choose(visitor, fr_subject_share(s, h), fr_trial_arm(s->state)),
		.state = s->state,
		.trial = s->trial};
}

/* --- what counts --- */

/* Notes the load as a recent one. False: it is of a visitor or a network that counted enough. */
static bool counts(struct fr_subject *s, const struct fr_compared_load *l, int64_t now_s)
{
	struct fr_recent_load now = {.visitor = (uint32_t)l->visitor,
	                             .network = (uint32_t)(l->network >> 32 ^ l->network),
	                             .hour = (uint32_t)(now_s / HOUR_S + 1)};
	unsigned of_network = 0;

	for (unsigned i = 0; i < FR_SUBJECT_RECENT; i++) {
		const struct fr_recent_load *r = &s->recent[i];

		if (!r->hour)
			continue;
		if (r->visitor == now.visitor && r->hour == now.hour)
			return false;
		of_network += r->network == now.network && now.hour - r->hour < DAY_HOURS;
	}
	if (l->network && of_network >= FR_SUBJECT_OF_NETWORK)
		return false;
	s->recent[s->recent_at] = now;
	s->recent_at = (uint16_t)((s->recent_at + 1u) % FR_SUBJECT_RECENT);
	return true;
}

static void add_time(struct fr_subject *s, enum fr_metric m, unsigned stratum, enum fr_arm arm,
                     uint32_t us)
{
	struct fr_stratum *at = &s->strata[m][stratum];
	double ms = us / US_PER_MS;

	if (us)
		fr_moments_add(arm == FR_ARM_NONE ? &at->without : &at->with, log(ms > 1 ? ms : 1));
}

static void add_counts(struct fr_proof_counts *c, const struct fr_compared_load *l)
{
	c->loads++;
	c->left_out += l->left_out;
	c->left_out_hit += l->left_out_hit;
	c->needed += l->needed;
	c->needed_hinted += l->needed_hinted;
	c->pushes += l->pushes;
	c->cancelled += l->cancelled;
	c->pushed_bytes += l->pushed_bytes;
	c->wasted_bytes += l->wasted_bytes;
}

static void measure(struct fr_subject *s, const struct fr_compared_load *l)
{
	unsigned stratum = fr_strata_of(&s->rtt, l->is_mobile, l->rtt_us);

	add_counts(&s->counts, l);
	if (l->is_cold)
		add_time(s, FR_METRIC_PAINT, stratum, l->mark.arm,
		         fr_layout_time(&s->layout, l->assets, l->n_assets));
	if (l->is_cold || !s->has_cold)
		add_time(s, FR_METRIC_COMPLETE, stratum, l->mark.arm, l->complete_us);
	add_time(s, FR_METRIC_FIRST_BYTE, stratum, l->mark.arm, l->first_byte_us);
}

/* --- harm --- */

static bool is_later(const struct fr_subject *s, enum fr_metric m, double alpha, double margin)
{
	struct fr_estimate e;

	fr_sequence_estimate(s->strata[m], FR_STRATA, &e);
	return e.gain + fr_sequence_radius_above(&e, alpha) < -margin;
}

static enum fr_harm find_harm(const struct fr_subject *s)
{
	const struct fr_proof_counts *c = &s->counts;
	bool has_witness = s->layout.witness != 0;

	if (has_witness && is_later(s, FR_METRIC_PAINT, FR_ALPHA_HARM, 0))
		return FR_HARM_PAINT;
	if (is_later(s, FR_METRIC_COMPLETE, has_witness ? FR_ALPHA_GUARD : FR_ALPHA_HARM,
	             has_witness ? COMPLETE_MARGIN : 0))
		return FR_HARM_COMPLETE;
	if (is_later(s, FR_METRIC_FIRST_BYTE, FR_ALPHA_GUARD, FIRST_BYTE_MARGIN))
		return FR_HARM_FIRST_BYTE;
	if (c->pushes >= MIN_PUSHES && c->cancelled * 2 > c->pushes)
		return FR_HARM_RESETS;
	if (c->pushed_bytes >= MIN_PUSHED_BYTES && c->wasted_bytes * 2 > c->pushed_bytes)
		return FR_HARM_WASTE;
	return FR_HARM_NONE;
}

static bool switch_down(struct fr_subject *s, const struct fr_compared_load *l, int64_t now_s)
{
	enum fr_harm harm = find_harm(s);

	if (harm == FR_HARM_NONE)
		return false;
	set_state(s, FR_TRIAL_HARM);
	s->harm = harm;
	s->switched_s = now_s;
	s->switches++;
	s->skeleton = l->skeleton;
	return true;
}

/* The page that was switched is another one by now. */
static bool has_changed(struct fr_subject *s, const struct fr_compared_load *l)
{
	if (!s->switched_s || !s->skeleton || !l->skeleton ||
	    (s->state != FR_TRIAL_BLOCKING && s->state != FR_TRIAL_NONE))
		return false;
	s->changed = l->skeleton == s->skeleton ? 0 : (uint16_t)(s->changed + 1);
	return s->changed >= FR_TRIAL_CHANGED_LOADS;
}

bool fr_subject_add(struct fr_subject *s, const struct fr_compared_load *l, int64_t now_s)
{
	bool is_of_trial = l->mark.state == s->state && l->mark.trial == s->trial;

	if (!counts(s, l, now_s))
		return false;
	if (has_changed(s, l)) {
		set_state(s, FR_TRIAL_AGAIN);
		return true;
	}
	s->has_cold |= l->is_cold;
	if (l->is_cold)
		fr_layout_add(&s->layout, l->assets, l->n_assets);
	if (s->state == FR_TRIAL_NEW) {
		s->begin += l->offered > 0;
		return false;
	}
	if (!is_of_trial || !l->offered || s->state == FR_TRIAL_NONE)
		return false;
	measure(s, l);
	return switch_down(s, l, now_s);
}

/* --- figures --- */

void fr_subject_gain(const struct fr_subject *s, enum fr_metric m, struct fr_gain *out)
{
	struct fr_gain g;
	double radius;

	fr_sequence_estimate(s->strata[m], FR_STRATA, &g.of);
	radius = fr_sequence_radius(&g.of, FR_ALPHA_INTERVAL);
	g.low = g.of.gain - radius;
	g.high = g.of.gain + radius;
	*out = g;
}
