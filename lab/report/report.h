/* The HTML report: one self-contained page (web/profile), with the profile's
 * JSON in it, that draws itself. */
#ifndef FR_LAB_REPORT_REPORT_H
#define FR_LAB_REPORT_REPORT_H

#include "lab/measurement/series.h"

/* The page's text; the caller frees it. */
char *fr_report_make(const struct fr_profile *p);

#endif
