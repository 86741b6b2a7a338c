/* Comparisons that the operator asked for: of one page, of pages under a prefix, or of a site,
 * with the share of visitors that is held out. They are kept beside those that run by themselves,
 * and go before them. No I/O, no clock, no lock. */
#ifndef FR_HINTS_PROOF_EXPERIMENTS_H
#define FR_HINTS_PROOF_EXPERIMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

#define FR_EXPERIMENTS_MAX 16u
/* "www.example.org/post/17", or with a star at the end: "www.example.org/post/" and a star. */
#define FR_EXPERIMENT_PATTERN_BYTES 192u /* with its NUL */
#define FR_EXPERIMENT_MAX_SHARE 50u      /* percent */

struct fr_experiment {
	char pattern[FR_EXPERIMENT_PATTERN_BYTES];
	uint32_t share;  /* percent of the visitors that are held out: 1 to 50 */
	int64_t since_s; /* Unix time */
};

/* {0}: none. */
struct fr_experiments {
	struct fr_experiment v[FR_EXPERIMENTS_MAX];
	size_t n;
};

/* Starts one, or changes its share and begins anew. 0; FR_ERR_SYNTAX: not a host and a path, or
 * a share that may not be; FR_ERR_LIMIT: too many, or the pattern is too long. */
int fr_experiments_start(struct fr_experiments *e, struct fr_str pattern, uint32_t share,
                         int64_t now_s) FR_MUST_USE;
/* False: there is none with that pattern. */
bool fr_experiments_stop(struct fr_experiments *e, struct fr_str pattern);
/* The one that a page belongs to: the longest pattern that matches; NULL: none. path: without
 * a query. */
const struct fr_experiment *fr_experiments_find(const struct fr_experiments *e,
                                                struct fr_str authority, struct fr_str path);

/* As bytes: a version, then for each one the share, the time, the length and the pattern, and a
 * checksum. Appends. */
#define FR_EXPERIMENTS_CHECK_BYTES 8u
#define FR_EXPERIMENTS_CHECK 0x65787073u /* the key of fr_siphash */
int fr_experiments_save(const struct fr_experiments *e, struct fr_buf *out) FR_MUST_USE;
/* Hostile input. 0, or FR_ERR_SYNTAX: *out is untouched. */
int fr_experiments_load(const void *bytes, size_t len, struct fr_experiments *out) FR_MUST_USE;

#endif
