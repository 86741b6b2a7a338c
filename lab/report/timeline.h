/* Two page loads as text bars, beside each other where the terminal is wide
 * enough, else one above the other. Formatting only: no I/O but to the stream
 * given. */
#ifndef FR_LAB_REPORT_TIMELINE_H
#define FR_LAB_REPORT_TIMELINE_H

#include <stdio.h>

#include "lab/measurement/measurement.h"

struct fr_timeline {
	const struct fr_measurement *without, *with; /* borrowed */
	const char *title;                           /* of with; static */
	unsigned columns;                            /* of the terminal */
	bool color;
};

void fr_timeline_print(FILE *to, const struct fr_timeline *t);

/* One bar of `cells` characters for a span of `total_us`: '.' until the start,
 * '-' while waiting, '#' while receiving. out: cells + 1 bytes. */
void fr_timeline_bar(char *out, unsigned cells, uint64_t total_us,
                     const struct fr_measurement_entry *entry);

#endif
