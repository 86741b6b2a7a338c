/* What a profile has measured: for each variant (how hints were delivered) the
 * loads of the page. Filled by run.h; summary, report, JSON, HAR and advise
 * read it. No I/O. */
#ifndef FR_LAB_MEASUREMENT_SERIES_H
#define FR_LAB_MEASUREMENT_SERIES_H

#include "lab/measurement/measurement.h"
#include "lab/measurement/stats.h"
#include "lab/network/network.h"

#define FR_PROFILE_MAX_RUNS FR_STATS_MAX

#define FR_VARIANT_TABLE(X)                                                                        \
	X(OFF, "off", "without hints")                                                             \
	X(PUSH, "push", "server push")                                                             \
	X(EARLY_HINTS, "early-hints", "103 Early Hints")
enum fr_variant { /* id, name, title */
#define X(id, name, title) FR_VARIANT_##id,
	          FR_VARIANT_TABLE(X)
#undef X
	                  FR_VARIANT_COUNT
};
const char *fr_variant_name(enum fr_variant v);
const char *fr_variant_title(enum fr_variant v);
/* 0, or FR_ERR_INVALID. */
int fr_variant_parse(struct fr_str name, enum fr_variant *out) FR_MUST_USE;

struct fr_series { /* the loads of one variant */
	enum fr_variant variant;
	struct fr_measurement *loads; /* owned; n of them, all whole */
	size_t n, cap;
	size_t failed;     /* loads that were not */
	char problem[200]; /* of the last of those */
};

struct fr_profile {
	char *url;          /* owned */
	char *origin;       /* owned; NULL: none was given */
	char engine[128];   /* "model", or the browser's name and version */
	char emulation[16]; /* "relay", "packet", "none" */
	struct fr_network network;
	uint32_t think_ms, runs;
	bool was_interrupted;
	struct fr_series series[FR_VARIANT_COUNT]; /* in the order asked for */
	size_t n_series;
};

void fr_profile_init(struct fr_profile *p, const char *url);
void fr_profile_fini(struct fr_profile *p);
struct fr_series *fr_profile_add(struct fr_profile *p, enum fr_variant v);
/* Takes the load over (fini'd at once if it failed). */
void fr_series_take(struct fr_series *s, struct fr_measurement *load);

/* Takes the pictures of a load that does not count for the typical one. */
void fr_series_film(struct fr_series *s, struct fr_measurement *load);

/* The values of a metric, at most FR_STATS_MAX; returns how many. */
size_t fr_series_values(const struct fr_series *s, enum fr_metric m, double *out);
struct fr_spread fr_series_spread(const struct fr_series *s, enum fr_metric m);
struct fr_shift fr_series_shift(const struct fr_series *a, const struct fr_series *b,
                                enum fr_metric m);
/* The load whose page was complete nearest to the median: the one that is shown. NULL: none. */
struct fr_measurement *fr_series_typical(const struct fr_series *s);
/* Is there anything but zero of that metric in any series? */
bool fr_profile_has(const struct fr_profile *p, enum fr_metric m);

/* "-244 ms (-260 to -230), 24 % sooner", "no difference seen (-12 to +20 ms)",
 * "-244 ms (too few runs to be certain)". For times; in milliseconds. */
void fr_shift_describe(const struct fr_shift *s, double base, char *out, size_t cap);

#endif
