/* What hints gain a site's own visitors: all subjects (page templates), which visitor's loads
 * get what, and the figures of the loads that have ended. Shared by all workers: one lock, which
 * a page with hints takes twice, once when it is requested and once when its load has ended.
 *
 * At most FR_PROOF_SUBJECTS are kept; a new one displaces the one that was loaded longest ago.
 * No I/O, no clock. */
#ifndef FR_HINTS_PROOF_PROOF_H
#define FR_HINTS_PROOF_PROOF_H

#include "base/buf.h"
#include "hints/learning/load.h"
#include "hints/proof/experiments.h"
#include "hints/proof/subject.h"
#include "hints/proof/visitor.h"

#define FR_PROOF_SUBJECTS 1024u
/* "www.example.org/post/" and a star. Longer ones are cut. */
#define FR_PROOF_KEY_BYTES 192u
/* Loads between two rows in the database: so many a crash may lose. */
#define FR_PROOF_SAVE_LOADS 16u

struct fr_proof;

/* seed: secret, the same after a restart: arms last a week. Never NULL. */
struct fr_proof *fr_proof_new(uint64_t seed);
void fr_proof_free(struct fr_proof **p);

/* --- loads --- */

struct fr_proof_question {
	struct fr_str authority, path; /* of the page; path without a query */
	struct fr_visitor_facts visitor;
	uint32_t holdout; /* percent; 0: nobody, but in experiments */
	int64_t now_s;    /* Unix time */
};
struct fr_proof_answer {
	struct fr_mark mark;
	struct fr_visitor visitor;
	uint64_t witness; /* fr_measure_asset of an asset that gets no hint; 0: none */
};
/* Does anything compare pages with this hold-out? Without the lock. */
bool fr_proof_is_on(const struct fr_proof *p, uint32_t holdout);
/* A page with hints was requested. */
void fr_proof_ask(struct fr_proof *p, const struct fr_proof_question *q,
                  struct fr_proof_answer *out);

/* What an asset is called among the loads of all pages: its family, so that a hash in its name
 * does not count. target: path and query. Never 0. */
uint64_t fr_measure_asset(struct fr_str target);

/* Hints of a template were switched, up or down. */
struct fr_proof_news {
	char key[FR_PROOF_KEY_BYTES];
	enum fr_trial_state state; /* the new one */
	enum fr_harm harm;         /* NONE: they are tried again */
};

/* Its load has ended, and was compared (fr_load.visitor). 1: something was switched, *news says
 * what; else 0, *news is untouched. */
int fr_proof_take(struct fr_proof *p, const struct fr_load *load, int64_t now_s,
                  struct fr_proof_news *news);

/* --- figures --- */

struct fr_proof_row {
	char key[FR_PROOF_KEY_BYTES]; /* host and template */
	enum fr_trial_state state;
	enum fr_harm harm; /* of the last switch */
	int64_t switched_s;
	uint32_t switches;
	uint32_t share;      /* held out, in thousandths */
	uint32_t begin;      /* loads before the trial */
	uint32_t experiment; /* percent held out by one that runs; 0: none */
	bool has_witness;
	struct fr_gain gain[FR_METRIC_COUNT];
	struct fr_proof_counts counts;
};
/* Fills in up to `most` rows, the most loaded first; returns how many. */
size_t fr_proof_rows(struct fr_proof *p, struct fr_proof_row *out, size_t most);

/* What hints gain in words, NUL-terminated: "first paint 21 % sooner, between 14 and 27, from
 * 1,840 loads", or why there is nothing to say. Returns out. */
#define FR_PROOF_TEXT_BYTES 160u
const char *fr_proof_text(const struct fr_proof_row *row, char out[FR_PROOF_TEXT_BYTES]);

/* --- experiments of the operator --- */

/* As fr_experiments_start. The figures of its pages begin anew, under its pattern. */
int fr_proof_start(struct fr_proof *p, struct fr_str pattern, uint32_t share,
                   int64_t now_s) FR_MUST_USE;
/* False: there is none. Its figures stay. */
bool fr_proof_stop(struct fr_proof *p, struct fr_str pattern);

/* --- the file: rows under their keys --- */

struct fr_proof_journal {
	void (*changed)(void *user, struct fr_str key); /* called without the lock */
	void *user;                                     /* borrowed */
};
void fr_proof_set_journal(struct fr_proof *p, const struct fr_proof_journal *j);
/* Appends a subject's bytes. 0, FR_ERR_NOTFOUND, or that of the buffer. */
int fr_proof_save(struct fr_proof *p, struct fr_str key, struct fr_buf *out,
                  int64_t *expires_s) FR_MUST_USE;
/* Hostile input: 0, FR_ERR_SYNTAX, or FR_ERR_LIMIT if it is full. */
int fr_proof_load(struct fr_proof *p, struct fr_str key, const void *bytes, size_t len,
                  int64_t now_s) FR_MUST_USE;
void fr_proof_walk(struct fr_proof *p, void (*visit)(void *ctx, struct fr_str key), void *ctx);

#endif
