/* What advise reads: a profile's JSON, a HAR, an access log. */
#ifndef FR_LAB_ADVISE_INPUT_H
#define FR_LAB_ADVISE_INPUT_H

#include "lab/replay/advice.h"

#define FR_ADVISE_MAX_PAGES 1000u
/* A profile or a HAR is no larger; access logs have no limit. */
#define FR_ADVISE_FILE_BYTES (256u << 20)

/* Reads a file and makes advice for each of its pages. network: for HARs,
 * which do not say on what they were measured. *list: owned by the caller, *n
 * of them. 0, or negative with *why filled (cap bytes). */
int fr_advise_read(const char *file, const struct fr_network *network, struct fr_advice **list,
                   size_t *n, char *why, size_t cap) FR_MUST_USE;

#endif
