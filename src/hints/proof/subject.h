/* What is compared: the page loads of one template (or of one experiment), with what they
 * measured, the state of their trial, and why it is in that state. Pure: loads in, figures and
 * arms out. The table of all subjects is hints/proof/proof.h. No I/O, no clock. */
#ifndef FR_HINTS_PROOF_SUBJECT_H
#define FR_HINTS_PROOF_SUBJECT_H

#include "hints/proof/layout.h"
#include "hints/proof/sequence.h"
#include "hints/proof/strata.h"
#include "hints/proof/trial.h"

/* Loads with hints before anybody is held out: of fewer nothing could be said, and a page that
 * few load keeps its hints for all. */
#define FR_SUBJECT_BEGIN_LOADS 24u
/* Loads that are looked back at: a visitor counts once an hour among them, a network six times
 * a day. */
#define FR_SUBJECT_RECENT 128u
#define FR_SUBJECT_OF_NETWORK 6u
/* Without a decision after so many loads there is little to gain or to lose: the hold-out
 * becomes small, too. */
#define FR_SUBJECT_SETTLED_LOADS 3000.0
/* The first loads of a trial: if they look like harm, more are held out to be sure sooner. */
#define FR_SUBJECT_ALERT_LOADS 1000.0

/* Errors over all looks: of an interval, of a switch by the main figure, of one by the others. */
#define FR_ALPHA_INTERVAL 0.05
#define FR_ALPHA_HARM 0.10
#define FR_ALPHA_GUARD 0.05

#define FR_METRIC_TABLE(X)                                                                         \
	X(PAINT, "paint")       /* the request of the layout witness */                            \
	X(COMPLETE, "complete") /* the last byte was acknowledged */                               \
	X(FIRST_BYTE, "first_byte")
enum fr_metric {
#define X(id, text) FR_METRIC_##id,
	FR_METRIC_TABLE(X)
#undef X
		FR_METRIC_COUNT
};
const char *fr_metric_str(enum fr_metric m);

/* What a load got when its page was requested; kept with the load until it ended. */
struct fr_mark {
	enum fr_arm arm;
	enum fr_trial_state state;
	uint8_t trial; /* the number of the trial, below 16: loads of earlier ones do not count */
};
/* In one octet. 0: all hints, no trial. */
uint8_t fr_mark_pack(const struct fr_mark *m);
struct fr_mark fr_mark_unpack(uint8_t octet);

/* One page load that has ended. Times are from the page's request; 0: not known. */
struct fr_compared_load {
	struct fr_mark mark;
	uint64_t visitor, network; /* network 0: does not count */
	uint64_t skeleton;         /* of the page's plan; 0: unknown */
	bool is_mobile;
	bool is_cold; /* it requested style sheets, none of them with a condition */
	uint64_t rtt_us;
	uint32_t complete_us, first_byte_us;
	const struct fr_layout_asset *assets; /* requested or pushed */
	size_t n_assets;
	uint32_t offered;                /* hints sent, or that would have been */
	uint32_t left_out, left_out_hit; /* hints left out; of these, requested all the same */
	uint32_t needed, needed_hinted; /* of loads that were held out: assets, those with a hint */
	uint32_t pushes, cancelled;
	uint64_t pushed_bytes, wasted_bytes;
};

/* Sums of one trial's loads. */
struct fr_proof_counts {
	uint64_t loads;
	uint64_t left_out, left_out_hit;
	uint64_t needed, needed_hinted;
	uint64_t pushes, cancelled;
	uint64_t pushed_bytes, wasted_bytes;
};

struct fr_recent_load {
	uint32_t visitor, network, hour;
};

/* One subject. {0}: nothing known. */
struct fr_subject {
	enum fr_trial_state state;
	enum fr_harm harm;  /* why the last switch was */
	int64_t switched_s; /* when it was; 0: never */
	uint32_t switches;
	uint8_t trial;     /* see struct fr_mark */
	uint16_t changed;  /* loads in a row with another skeleton */
	uint64_t skeleton; /* of the page that was switched */
	uint32_t begin;    /* loads before the trial */
	bool has_cold;     /* it has style sheets: only loads that request them are alike */
	struct fr_proof_counts counts;
	struct fr_stratum strata[FR_METRIC_COUNT][FR_STRATA];
	struct fr_rtt_steps rtt;
	struct fr_layout layout;
	uint16_t recent_at;
	struct fr_recent_load recent[FR_SUBJECT_RECENT];
};

/* How many visitors are held out. */
struct fr_holdout {
	uint32_t percent; /* at least 1; while nothing is known it is twice as many */
	bool is_fixed;    /* by an experiment: never more or fewer, from the first load on */
};

/* What a load at now_s gets, of a visitor. Begins the trial, and the one after a week. */
struct fr_mark fr_subject_ask(struct fr_subject *s, uint64_t visitor, const struct fr_holdout *h,
                              int64_t now_s);
/* Visitors that are held out, in thousandths. */
uint32_t fr_subject_share(const struct fr_subject *s, const struct fr_holdout *h);

/* A load has ended. True: that switched the hints down, or the page has changed. */
bool fr_subject_add(struct fr_subject *s, const struct fr_compared_load *l, int64_t now_s);

/* The gain in a metric, with its interval. */
struct fr_gain {
	struct fr_estimate of;
	double low, high; /* logarithms; infinite if nothing is known */
};
void fr_subject_gain(const struct fr_subject *s, enum fr_metric m, struct fr_gain *out);

/* --- as bytes: a version, whole numbers and doubles, least significant octet first, and a
 *     checksum. What was lately loaded is not kept. */
#define FR_SUBJECT_BLOB_BYTES 1503u
/* The last octets are fr_siphash of those before: against accidents, not against people. */
#define FR_SUBJECT_CHECK_BYTES 8u
#define FR_SUBJECT_BLOB_CHECK 0x70726f6f66u
void fr_subject_save(const struct fr_subject *s, uint8_t out[FR_SUBJECT_BLOB_BYTES]);
/* Hostile input. 0, or FR_ERR_SYNTAX: *out is untouched. */
int fr_subject_load(const void *bytes, size_t len, struct fr_subject *out);

#endif
