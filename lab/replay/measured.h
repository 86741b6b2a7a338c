/* Holds advice against what was measured: advice that the same measurements refute is taken
 * back, and what they show is said. profile, advise and the report say the same, since
 * they all ask here. No I/O. */
#ifndef FR_LAB_REPLAY_MEASURED_H
#define FR_LAB_REPLAY_MEASURED_H

#include "lab/measurement/series.h"
#include "lab/replay/advice.h"

/* What loads with hints differ by from those without. */
struct fr_measured {
	enum fr_variant variant;
	struct fr_shift shifts[FR_METRIC_COUNT];
	bool has[FR_METRIC_COUNT];            /* is it known? */
	const struct fr_measurement *typical; /* borrowed */
};

/* Of series i of a profile, i > 0. */
void fr_measured_take(const struct fr_profile *p, size_t i, struct fr_measured *out);
/* list: of the same page as a. What was advised and sent early in these loads is judged by
 * them: it stays if one way gained, and is taken back if none did. verified: the loads were
 * made with the advised hints. */
void fr_measured_judge(struct fr_advice *a, const struct fr_measured *list, size_t n,
                       bool verified);
/* Both of a whole profile. False: it has no loads without hints. */
bool fr_measured_advise(const struct fr_profile *p, struct fr_advice *out);

#endif
