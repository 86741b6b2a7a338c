/* A profile for the terminal: bars for each time and variant with the
 * difference to the first one, and a table of the rest. Formatting only. */
#ifndef FR_LAB_REPORT_SUMMARY_H
#define FR_LAB_REPORT_SUMMARY_H

#include <stdio.h>

#include "lab/measurement/series.h"

struct fr_summary_style {
	unsigned columns; /* of the terminal */
	bool color;
};

void fr_summary_print(FILE *to, const struct fr_profile *p, const struct fr_summary_style *style);
/* The bars of the times alone. */
void fr_summary_print_times(FILE *to, const struct fr_profile *p,
                            const struct fr_summary_style *style);
/* As wide as the terminal is ($COLUMNS wins), and in color where that is wanted. */
struct fr_summary_style fr_summary_style_of(FILE *to);

#endif
