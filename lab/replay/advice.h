/* Derives from measured loads what to change so that a page gains from push and hints:
 * Link values to add or remove, mistakes to fix, and the expected gain (replay.h). No I/O. */
#ifndef FR_LAB_REPLAY_ADVICE_H
#define FR_LAB_REPLAY_ADVICE_H

#include "lab/replay/replay.h"

/* Link values for one page: as many as a rule may have. */
#define FR_ADVICE_MAX_LINKS 64u
#define FR_ADVICE_MAX_ITEMS 96u
/* A gain below both is none: no measurement would show it. */
#define FR_ADVICE_LEAST_US 20000u
#define FR_ADVICE_LEAST_PERCENT 2u

#define FR_ADVICE_TABLE(X)                                                                         \
	X(TEXT, "text")               /* text that is not compressed */                            \
	X(CACHING, "caching")         /* assets that browsers cannot keep */                       \
	X(PAGE, "page")               /* a page that nobody may store */                           \
	X(REDIRECT, "redirect")       /* round trips for nothing */                                \
	X(ADD, "add")                 /* Link values to add */                                     \
	X(NOPUSH, "nopush")           /* hinted, and better not pushed */                          \
	X(UNUSED, "unused")           /* hinted or pushed, and of no use to the page */            \
	X(UNSEEN, "unseen")           /* the same, as far as a load without scripts shows */       \
	X(MISTAKE, "mistake")         /* as, crossorigin, caching */                               \
	X(LATE, "late")               /* found late in a chain */                                  \
	X(LARGE, "large")             /* worth a hint, but for its size */                         \
	X(THIRD_PARTY, "third-party") /* of other hosts */                                         \
	X(MEASURED, "measured")       /* what loads with hints showed */
enum fr_advice_kind {
#define X(id, text) FR_ADVICE_##id,
	FR_ADVICE_TABLE(X)
#undef X
};
const char *fr_advice_kind_str(enum fr_advice_kind k);

struct fr_advice_item {
	enum fr_advice_kind kind;
	char *text; /* owned; a sentence or two */
	char *link; /* owned; a Link value; NULL: none */
};

struct fr_advice { /* for one page */
	char *url; /* owned */
	struct fr_advice_item items[FR_ADVICE_MAX_ITEMS];
	size_t n;
	char *links[FR_ADVICE_MAX_LINKS]; /* owned; what the page's rule should have */
	size_t n_links;
	/* expected, since the page was asked for: as it is, with push, with 103 */
	struct fr_replay_result before, push, early_hints;
	bool has_gain;
};

/* off: a load without hints. hinted: one with push or hints, or NULL. */
void fr_advice_make(const struct fr_measurement *off, const struct fr_measurement *hinted,
                    const struct fr_network *network, struct fr_advice *out);
void fr_advice_fini(struct fr_advice *a);
/* Adds one more; text and link are copied; at most FR_ADVICE_MAX_ITEMS stay. */
void fr_advice_add(struct fr_advice *a, enum fr_advice_kind kind, const char *link,
                   const char *format, ...) FR_PRINTF(4, 5);

/* Of a URL: path and query, as rules and Link fields name it; all of it if it
 * is of another host than page. Borrowed. */
struct fr_str fr_advice_target(const char *page, const char *url);
/* "</a.css>; rel=preload; as=style": for an asset with these flags (CORS and
 * MODULE count); the caller frees it. NULL if it cannot be written. */
char *fr_advice_link(struct fr_str target, enum fr_as as, unsigned flags);

#endif
