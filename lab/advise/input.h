/* What advise reads: a profile's JSON, a HAR, an access log; each may be compressed with
 * gzip. */
#ifndef FR_LAB_ADVISE_INPUT_H
#define FR_LAB_ADVISE_INPUT_H

#include "lab/replay/advice.h"

#define FR_ADVISE_MAX_PAGES 1000u
/* A profile or a HAR is no larger; access logs have no limit. */
#define FR_ADVISE_FILE_BYTES (256u << 20)

struct fr_advise_form {                   /* what files do not say themselves */
	const struct fr_network *network; /* of HARs and logs */
	const char *log_format;           /* a template of the log's lines; NULL: as they look */
	const char *host;                 /* of lines that name none; NULL: as their Referers say */
};

struct fr_advise_read {
	struct fr_advice *list; /* owned by the caller */
	size_t n;
	bool is_log;
	/* of a log: lines, those that were not understood, requests that counted */
	size_t lines, not_understood, counted;
	char host[256]; /* of a log whose lines name none: what was taken for it; "" else */
};

/* Reads a file and makes advice for each of its pages. 0, or negative with *why filled (cap
 * bytes) and nothing to free. */
int fr_advise_read(const char *file, const struct fr_advise_form *form, struct fr_advise_read *out,
                   char *why, size_t cap) FR_MUST_USE;

#endif
