/* Logs failures of origins: one line at `warn` per origin and cause, with the reason in
 * words. The same line is repeated at most once in FR_COMPLAINT_INTERVAL_S, with the
 * number of failures in between. The times are kept with the origin's figures, for all
 * workers together. */
#ifndef FR_ORIGIN_COMPLAINT_H
#define FR_ORIGIN_COMPLAINT_H

#include "observe/origin_stats.h"
#include "origin/fetch.h"

/* The same line is repeated after this number of seconds at the earliest. */
#define FR_COMPLAINT_INTERVAL_S 60u

/* req: what was asked. words: why it failed. now_s: the wall clock. Errors that are the client's own doing are not logged. */
void fr_complain(const struct fr_origin_stats *stats, const char *origin,
                 const struct fr_request *req, enum fr_fetch_error e, struct fr_str words,
                 uint64_t now_s);
/* The response to req had these faults (bits of FR_H1_SLOPPY_TABLE), which were borne:
 * warns once for each origin, whatever follows. */
void fr_complain_of_faults(const struct fr_origin_stats *stats, const char *origin,
                           const struct fr_request *req, uint32_t faults);

#endif
