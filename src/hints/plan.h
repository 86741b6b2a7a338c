/* Plans: the ordered hints for one page load, each with a decision and its reason
 * (docs/glossary.md: hint, plan, delivery). This module takes links from every source into
 * hints, one for each asset, orders them by rank, and prints the summary; hints/judge.h
 * says what rules that need no network allow (same origin, nopush, as, media, ...). The
 * edge then carries out deliveries and reports what it could not do.
 *
 *   message 0: what is known before the load (remembered, configured, learned)
 *   message n: the origin's interim responses, then its final one
 *
 * A link that names an asset which an earlier message (or memory) named is no hint of its
 * own: it confirms that one. Named twice by one message it is a duplicate. An asset is
 * named twice only by links that speak of the same request: another `as` or crossorigin is
 * another request, and a link that no client can use does not stand for one that can be
 * used. Every hint gets exactly one decision. All memory is the page's arena; strings of
 * links are borrowed for the plan's life. No I/O, no clock. */
#ifndef FR_HINTS_PLAN_H
#define FR_HINTS_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "base/str.h"
#include "http/link.h"
#include "http/url.h"

/* Hints kept for one page; what comes beyond is counted, not kept. Stops an
 * origin's (or its attacker's) endless Link fields. */
#define FR_PLAN_MAX_HINTS 256u

#define FR_HINT_SOURCE_TABLE(X)                                                                    \
	X(LINK, "link")                                                                            \
	X(HTML, "html")                                                                            \
	X(RULE, "rule")                                                                            \
	X(LEARNED, "learned")
enum fr_hint_source {
#define X(id, text) FR_HINT_SOURCE_##id,
	FR_HINT_SOURCE_TABLE(X)
#undef X
};

#define FR_DELIVERY_TABLE(X)                                                                       \
	X(NONE, "none")                                                                            \
	X(PUSH, "push")                                                                            \
	X(EARLY_HINTS, "early-hints")                                                              \
	X(LINK, "link")
enum fr_delivery {
#define X(id, text) FR_DELIVERY_##id,
	FR_DELIVERY_TABLE(X)
#undef X
};

/* Why a hint was delivered as it was; every hint gets exactly one. */
#define FR_REASON_TABLE(X)                                                                         \
	X(UNDECIDED, "undecided") /* not yet looked at */                                          \
	X(PUSHED, "pushed")                                                                        \
	X(HINTED, "hinted") /* in a 103 */                                                         \
	X(NOPUSH, "nopush") /* the origin forbids it */                                            \
	X(CROSS_ORIGIN, "cross-origin")                                                            \
	X(ABSOLUTE, "absolute-links-off") /* absolute URL, switched off */                         \
	X(NOT_PRELOAD, "not-preload")     /* preconnect and the like */                            \
	X(BAD_URL, "bad-url")                                                                      \
	X(SELF, "self")     /* the page itself */                                                  \
	X(ANCHOR, "anchor") /* for another context */                                              \
	X(MEDIA, "media")                                                                          \
	X(SRCSET, "imagesrcset")                                                                   \
	X(TYPE, "type")                   /* the client cannot use it */                           \
	X(NO_AS, "no-as")                 /* as missing or unknown */                              \
	X(DUPLICATE, "duplicate")         /* named twice for this page */                          \
	X(ALREADY_SENT, "already-sent")   /* on this connection */                                 \
	X(CACHED, "cached")               /* the client has it, by its digest */                   \
	X(PUSH_DISABLED, "push-disabled") /* SETTINGS_ENABLE_PUSH=0 or HTTP/1.1 */                 \
	X(SITE_OFF, "off")                /* configuration says so */                              \
	X(EARLY_OFF, "early-hints-off")   /* no 103 by configuration */                            \
	X(SAVE_DATA, "save-data")         /* not needed to render, and the client saves data */    \
	X(PREFETCH, "prefetch")           /* no push for a page that may never be shown */         \
	X(AFTER_103, "after-103")         /* known only after the one 103 of the page */           \
	X(WITH_RESPONSE, "with-response") /* known only with the response: a 103 gains nothing */  \
	X(NO_CORS, "no-crossorigin")      /* a font that a browser would fetch again */            \
	X(NOT_REUSABLE, "not-reusable")   /* a browser would fetch it again: not fresh */          \
	X(BUDGET, "would-delay-page")     /* 103: more than the link carries meanwhile */          \
	X(OFTEN_CANCELLED, "often-cancelled") /* by clients of this kind */                        \
	X(GONE, "gone")                       /* remembered, but it is not there any more */       \
	X(HELD_OUT, "held-out")               /* this visitor's loads show what hints gain */      \
	X(HARMFUL, "harmful")                 /* the page is slower with it */                     \
	X(WITNESS, "layout-witness")          /* its request shows when the page is painted */     \
	X(LIMIT_PAGE, "limit")                /* pushes per page */                                \
	X(LIMIT_BYTES, "byte-limit")          /* bytes pushed per page */                          \
	X(LIMIT_CONNECTION, "connection-limit")                                                    \
	X(LIMIT_STREAMS, "stream-limit")    /* client's MAX_CONCURRENT_STREAMS */                  \
	X(LIMIT_ORIGIN, "origin-limit")     /* origin requests in flight for the client */         \
	X(RECENT_FAILURE, "recent-failure") /* its last push was not 2xx */                        \
	X(NOT_PAGE, "not-a-page")           /* not GET, not 200, itself a push */                  \
	X(DRAINING, "draining")             /* the connection is closing */                        \
	X(FAILED, "failed")                 /* the promise could not be made */                    \
	X(PAGE_GONE, "page-gone")           /* the page's request ended before its response */     \
	/* what visitors' loads have shown (hints/learning/model.h) */                             \
	X(NOT_NEEDED, "not-needed")         /* most loads do not ask for it */                     \
	X(UNPROVEN, "unproven")             /* too few agree */                                    \
	X(REPLACED, "replaced")             /* another version took its place */                   \
	X(IN_DOUBT, "in-doubt")             /* not seen since the last deployment */               \
	X(NOT_FOR_CLIENT, "not-for-client") /* others' credentials had it */                       \
	X(LEFT_OUT, "left-out")             /* at random, to see whether it is needed */
enum fr_reason {
#define X(id, text) FR_REASON_##id,
	FR_REASON_TABLE(X)
#undef X
		FR_REASON_COUNT
};

/* Destinations (Fetch standard) that `as` may name. */
#define FR_AS_TABLE(X)                                                                             \
	X(NONE, "")                                                                                \
	X(STYLE, "style")                                                                          \
	X(SCRIPT, "script")                                                                        \
	X(FONT, "font")                                                                            \
	X(FETCH, "fetch")                                                                          \
	X(IMAGE, "image")                                                                          \
	X(TRACK, "track")                                                                          \
	X(AUDIO, "audio")                                                                          \
	X(VIDEO, "video")                                                                          \
	X(DOCUMENT, "document")                                                                    \
	X(EMBED, "embed")                                                                          \
	X(OBJECT, "object")                                                                        \
	X(WORKER, "worker")
enum fr_as {
#define X(id, text) FR_AS_##id,
	FR_AS_TABLE(X)
#undef X
		FR_AS_UNKNOWN
};

/* The order of sending, most urgent first: what blocks rendering, then the
 * page, then the rest. */
enum fr_rank {
	FR_RANK_BLOCKING, /* style sheets, scripts, fonts: before the page's body, but for its head */
	FR_RANK_NORMAL,   /* fetch, track, unknown: beside the page */
	FR_RANK_LATE      /* images, media, documents: after it */
};

const char *fr_hint_source_str(enum fr_hint_source s);
const char *fr_delivery_str(enum fr_delivery d);
const char *fr_reason_str(enum fr_reason r);
const char *fr_as_str(enum fr_as as);
enum fr_as fr_as_parse(struct fr_str text); /* case-insensitive */
enum fr_rank fr_as_rank(enum fr_as as);
/* The Accept value that browsers send for that destination. */
const char *fr_as_accept(enum fr_as as);

/* What a source knows beyond the link itself. */
enum {
	FR_HINT_BLOCKING = 1u << 0,   /* html: rendering waits for it */
	FR_HINT_LATE = 1u << 1,       /* html: rendering does not (async, defer, after the head) */
	FR_HINT_RESTRICTED = 1u << 2, /* remembered: only loads with credentials had it */
	FR_HINT_SURE = 1u << 3        /* learned: loads ask for it almost always */
};

/* What is known to speak against a delivery of a hint; UNDECIDED: nothing. */
struct fr_hint_reasons {
	enum fr_reason push;    /* by its link alone: against a push */
	enum fr_reason early;   /* likewise against a 103 */
	enum fr_reason earlier; /* what an earlier moment of this load found: hints/verdict.h */
};

struct fr_hint {
	struct fr_str url;    /* as written, for logs; borrowed */
	struct fr_str target; /* path and query to promise; empty if not of the page's origin */
	struct fr_str whole;  /* the absolute URL if it is of another origin; else empty */
	struct fr_link link;  /* its parameters; strings borrowed */
	enum fr_as as;
	enum fr_rank rank;
	enum fr_hint_source source; /* the first that named it */
	unsigned flags;             /* FR_HINT_* */
	uint32_t bytes;             /* of its body, as far as known; 0: unknown. The edge's */
	struct fr_hint_reasons against;
	unsigned message;   /* the last one that named it; 0: none of this load */
	bool is_remembered; /* from an earlier load */
	enum fr_delivery delivery;
	enum fr_reason reason;
};

/* The page that hints are for. Strings are borrowed for the plan's life. */
struct fr_plan_page {
	struct fr_str scheme, authority, target; /* of the page's request */
	struct fr_str accept;                    /* of the page's request; may be empty */
	bool absolute_links;                     /* setting hints.absolute_links */
};

/* Links of the page that others are not told yet: they need witnesses. */
struct fr_plan_learning {
	uint32_t waiting;   /* links; 0: none */
	uint32_t seen_by;   /* clients that have seen one of them */
	uint32_t witnesses; /* that it needs */
};

struct fr_plan {
	struct fr_arena *arena; /* borrowed: the page's */
	struct fr_plan_page page;
	struct fr_url base; /* the page's URL, when has_base: from the first link on */
	bool has_base;
	struct fr_hint **v; /* in the order of sending after fr_plan_order */
	size_t n, cap;
	size_t dropped;   /* beyond FR_PLAN_MAX_HINTS or memory */
	size_t malformed; /* links that did not parse */
	unsigned message; /* whose links are added now */
	bool has_acted;   /* the client asked for what the 103 named (hints/repeated.h) */
	struct fr_plan_learning learning;
};

/* page: copied; a page without a usable URL has no hints. */
void fr_plan_init(struct fr_plan *p, struct fr_arena *arena, const struct fr_plan_page *page);

/* What is added from now on is of the next message of this load. */
void fr_plan_next_message(struct fr_plan *p);

/* Adds every link of one Link field value. Links that are no hint at all (rel=next
 * and the like) leave no trace. flags: FR_HINT_*. */
void fr_plan_add_link_field(struct fr_plan *p, struct fr_str value, enum fr_hint_source source,
                            unsigned flags);

/* The hint for the request that this link speaks of; NULL: there is none. */
struct fr_hint *fr_plan_find(struct fr_plan *p, const struct fr_link *link);

/* A font that is larger is mostly icons, and would hold up the page: it goes
 * behind it. */
#define FR_FONT_BLOCKING_BYTES 61440u
/* Of what goes after the page, assets this small delay nothing else. */
#define FR_LATE_SMALL_BYTES 8192u

/* Stable order by rank; in one rank fonts come after other blocking ones, and after
 * the page scripts go first, then what is small, then fonts, for the browser makes
 * its first pictures wait for them, then the rest. Else hints stay as they were added. */
void fr_plan_order(struct fr_plan *p);

/* Sets a decision: a hint must be UNDECIDED, once. */
void fr_hint_decide(struct fr_hint *h, enum fr_delivery d, enum fr_reason r);

/* "personal: seen by 1 of 3", in `out`; NULL if nothing waits. */
#define FR_PLAN_LEARNING_BYTES 48u
const char *fr_plan_learning_str(const struct fr_plan_learning *l,
                                 char out[FR_PLAN_LEARNING_BYTES]);

/* "links=5, pushed=2, nopush=1, duplicate=2", and what waits for witnesses: for
 * Server-Timing's desc and the log. Returns the bytes written, at most cap - 1,
 * NUL-terminated. */
size_t fr_plan_summary(const struct fr_plan *p, char *out, size_t cap);

#endif
