/* What visitors of a site's pages need, learned from records of page loads and from what HTML
 * and Link fields name (plan source `learned`). Shared by all workers, thread-safe; no I/O and
 * no clock: time is passed in.
 *
 *   record of a load --> learn --\                 /--> asset, estimate, judgement
 *   HTML, Link       --> named ---> site: counts --+
 *   asset answered   --> seen ---/                 \--> is a hint of memory needed?
 *
 * KEYS. A site has pages and templates (hints/learning/names.h). Both count, for each of their
 * assets, in how many loads it was needed, apart for each kind of visitor
 * (hints/learning/estimate.h). A page's estimate has its own counts and up to eight loads'
 * weight of its most specific template with at least five pages. A template counts a page's own
 * assets as a pattern; eleven pages must agree.
 *
 * EVIDENCE. Of what HTML or Link names, each such answer is evidence, for or against, whatever
 * the client's cache has. Of everything else, only loads that were cold are: those that asked
 * for at least 70 % of what is expected. An asset that was offered in a load is no evidence
 * in it, unless it was left out at random; nor is one that the connection had before. Three absences in a row suspend an asset until it is
 * seen again.
 *
 * FAMILIES. Versions of one name are one asset; the newest one that HTML or a client brings is
 * hinted for all pages at once. When one changes there was a deployment: all that have a version
 * are in doubt, and are not hinted, until they are named or asked for again. Versions that are
 * seen side by side are assets of their own.
 *
 * WHO MAY BE TOLD. An asset needs `witnesses` different networks and credentials, or an answer
 * that is the same for everybody. What only requests with certain credentials have asked for is
 * told to such requests only; so are pages that only such requests were shown, and pages that
 * turned away who asks as this client does.
 *
 * ABUSE. A client counts once a minute for a page; one network (/24, /48) for at most 5 % of a
 * key's loads. Only answered pages make keys. Everything is bounded by `bytes`; pages that were
 * not loaded for longest go first, templates have a part of their own. */
#ifndef FR_HINTS_LEARNING_MODEL_H
#define FR_HINTS_LEARNING_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "hints/learning/load.h"
#include "hints/plan.h"

#define FR_MODEL_BYTES (16u << 20) /* of all sites */
#define FR_MODEL_SITES 256u
#define FR_MODEL_PAGE_ASSETS 48u   /* of one page or template; the rarest makes way */
#define FR_MODEL_CELLS 16u         /* kinds of visitors of one key; further ones are not counted */
#define FR_MODEL_TEMPLATE_PAGES 5u /* before a template says anything */
#define FR_MODEL_PATTERN_PAGES 11u /* before a pattern does */
#define FR_MODEL_PRIOR_LOADS 8u    /* weight of the template in a page's estimate */
#define FR_MODEL_COOKIES 6u        /* names of cookies of a site that are told apart */
#define FR_MODEL_COOKIE_VALUES 8u  /* a cookie with more is somebody's */
/* Lower bounds from which an asset is hinted and pushed; upper bound from which it is out. */
#define FR_MODEL_HINT_FROM 0.5
#define FR_MODEL_PUSH_FROM 0.7
#define FR_MODEL_OUT_BELOW 0.35

struct fr_model;

/* bytes: of everything. seed: secret; the same after a restart if what was saved is to be
 * read. */
struct fr_model *fr_model_new(size_t bytes, uint64_t seed);
void fr_model_free(struct fr_model **m);

/* --- learning --- */

/* witnesses: setting. now_s: Unix time. Returns whether the load was cold. */
bool fr_model_learn(struct fr_model *m, const struct fr_load *load, unsigned witnesses,
                    int64_t now_s);

/* A client asked for an asset and got it. is_free: no hint of ours made it ask. */
void fr_model_seen(struct fr_model *m, struct fr_str authority, struct fr_str target, enum fr_as as,
                   uint64_t network, bool is_free, int64_t now_s);
/* It is not there (404, 410). */
void fr_model_gone(struct fr_model *m, struct fr_str authority, struct fr_str target,
                   enum fr_as as);

/* A page was not shown but led elsewhere or refused. */
void fr_model_turned_away(struct fr_model *m, struct fr_str authority, struct fr_str page,
                          const struct fr_load_client *client);

struct fr_model_named {
	struct fr_str target; /* path and query on the page's origin */
	enum fr_as as;
	bool is_module, is_cors;
};
/* All that an answer names, by its HTML or by its Link fields. */
struct fr_model_answer {
	struct fr_str authority, page;
	const struct fr_load_client *client;
	const struct fr_model_named *v;
	size_t n;
	bool is_html;     /* else Link */
	bool is_complete; /* what is not among them is not named */
	bool is_public;   /* the same for everybody: fr_teach_judge */
	unsigned witnesses;
};
void fr_model_named(struct fr_model *m, const struct fr_model_answer *a, int64_t now_s);

/* A number that changes with each deployment of the site that is noticed: what was read before
 * is to be read again. */
uint64_t fr_model_deployment(struct fr_model *m, struct fr_str authority);

/* --- recalling --- */

/* Why an asset is offered or not. */
#define FR_MODEL_WHY_TABLE(X)                                                                      \
	X(UNKNOWN, "not known")                                                                    \
	X(NEEDED, "needed")                                                                        \
	X(UNPROVEN, "not enough loads agree")                                                      \
	X(NOT_NEEDED, "most loads do not need it")                                                 \
	X(REPLACED, "another version took its place")                                              \
	X(DOUBTFUL, "not seen since the last deployment")                                          \
	X(WITNESSES, "not seen by enough different clients")                                       \
	X(CREDENTIALS, "only requests with certain credentials had it")                            \
	X(TURNED_AWAY, "the page may not be shown to this client")                                 \
	X(LEFT_OUT, "left out at random, to learn")
enum fr_model_why {
#define X(id, text) FR_MODEL_WHY_##id,
	FR_MODEL_WHY_TABLE(X)
#undef X
};
const char *fr_model_why_str(enum fr_model_why w);

struct fr_learned_asset {
	struct fr_str target; /* in the caller's arena */
	enum fr_as as;
	bool is_module, is_cors;
	bool is_own;   /* by the pattern of a template: only if it is known to exist */
	bool is_named; /* HTML or Link name it, or did */
	double k, n;   /* loads that needed it, of those that count, the template's among them */
	double lower, upper;
	uint8_t facets; /* that made a difference: bit 0 device, 1 Save-Data, then cookies */
	enum fr_model_why why;
};

struct fr_model_recalled {
	struct fr_learned_asset *v; /* in the arena; those that are needed first, surest first */
	size_t n;
	bool is_known;       /* the page or its template was learned */
	bool is_turned_away; /* nothing may be told about the page, whatever the source */
	unsigned template_pages;
};
/* nonce: differs for each load; decides what is left out at random. 0: nothing is. */
void fr_model_recall(struct fr_model *m, struct fr_arena *a, struct fr_str authority,
                     struct fr_str page, const struct fr_load_client *client, unsigned witnesses,
                     uint64_t nonce, int64_t now_s, struct fr_model_recalled *out);
/* Of what another source says of the page: is it known to be of no use? why: as above;
 * UNKNOWN: nothing is known of it. */
enum fr_model_why fr_model_judge(struct fr_model *m, const struct fr_model_recalled *r,
                                 struct fr_str authority, struct fr_str target, enum fr_as as);

/* Forgets the page; target empty: all of the site; authority empty: everything. */
void fr_model_forget(struct fr_model *m, struct fr_str authority, struct fr_str target);

struct fr_model_stats {
	size_t sites, pages, templates, assets, bytes;
	uint64_t loads;           /* records that were taken */
	uint64_t cold;            /* that were evidence */
	uint64_t switches;        /* of a family to another version */
	uint64_t omitted, missed; /* left out at random; of these, asked for */
	uint64_t evicted;
};
void fr_model_stats(struct fr_model *m, struct fr_model_stats *out);

#endif
