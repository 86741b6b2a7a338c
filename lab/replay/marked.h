/* The assets of a load that something is said of: how many, their bytes, and the names of the
 * first ones. Used by advice.c and findings.c. No I/O. */
#ifndef FR_LAB_REPLAY_MARKED_H
#define FR_LAB_REPLAY_MARKED_H

#include "lab/measurement/measurement.h"

struct fr_marked {
	size_t n;
	uint64_t bytes;  /* of their bodies, as sent */
	char names[512]; /* "a.css, b.css and 3 more" */
};

/* Those entries, the page itself (0) included, that `is` holds for. */
void fr_marked_by(const struct fr_measurement *l,
                  bool (*is)(const struct fr_measurement *l, size_t i), struct fr_marked *out);
/* Those but the page that have all flags of on, and none of off. */
void fr_marked_flags(const struct fr_measurement *l, unsigned on, unsigned off,
                     struct fr_marked *out);
/* Those that are marked: one for each entry. */
void fr_marked_in(const struct fr_measurement *l, const bool *marked, struct fr_marked *out);

#endif
