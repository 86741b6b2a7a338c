/* Plans: the ordered hints for one page load, each with a decision and its
 * reason (design: "hint", "plan", "delivery"). This module reads links into
 * hints, applies the rules that need no network (same origin, nopush, as,
 * media, ...), orders them by rank, and prints the summary. The edge then
 * carries out deliveries and reports what it could not do.
 *
 * A plan is filled from sources behind one call (fr_plan_add), so that
 * remembered, configured and learned hints join later without a change here.
 * All memory is the page's arena. No I/O, no clock. */
#ifndef FR_HINTS_PLAN_H
#define FR_HINTS_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "base/str.h"

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
	X(PUSH_DISABLED, "push-disabled") /* SETTINGS_ENABLE_PUSH=0 or HTTP/1.1 */                 \
	X(SITE_OFF, "off")                /* configuration says so */                              \
	X(LIMIT_PAGE, "limit")            /* pushes per page */                                    \
	X(LIMIT_CONNECTION, "connection-limit")                                                    \
	X(LIMIT_STREAMS, "stream-limit")    /* client's MAX_CONCURRENT_STREAMS */                  \
	X(LIMIT_ORIGIN, "origin-limit")     /* origin requests in flight for the client */         \
	X(RECENT_FAILURE, "recent-failure") /* its last push was not 2xx */                        \
	X(NOT_PAGE, "not-a-page")           /* not GET, not 200, itself a push */                  \
	X(DRAINING, "draining")             /* the connection is closing */                        \
	X(FAILED, "failed")                 /* the promise could not be made */
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
	FR_RANK_BLOCKING, /* style sheets, scripts, fonts: before the page's body */
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

struct fr_hint {
	struct fr_str url;    /* as written, for logs; borrowed */
	struct fr_str target; /* path and query to promise; empty if not usable */
	enum fr_as as;
	enum fr_hint_source source;
	enum fr_delivery delivery;
	enum fr_reason reason;
};

/* The page that hints are for. Strings are borrowed for the plan's life. */
struct fr_plan_page {
	struct fr_str scheme, authority, target; /* of the page's request */
	struct fr_str accept;                    /* of the page's request; may be empty */
	bool absolute_links;                     /* setting hints.absolute_links */
};

struct fr_plan {
	struct fr_arena *arena; /* borrowed: the page's */
	struct fr_hint **v;     /* in the order of sending after fr_plan_order */
	size_t n, cap;
	size_t dropped;   /* beyond FR_PLAN_MAX_HINTS or memory */
	size_t malformed; /* links that did not parse */
};

void fr_plan_init(struct fr_plan *p, struct fr_arena *arena);

/* Adds every link of one Link field value; each is decided as far as the
 * rules of this module go, candidates for pushing stay UNDECIDED. Links that
 * are no hint at all (rel=next and the like) leave no trace. */
void fr_plan_add_link_field(struct fr_plan *p, const struct fr_plan_page *page, struct fr_str value,
                            enum fr_hint_source source);

/* Stable order by rank; candidates of one rank stay as the origin wrote them. */
void fr_plan_order(struct fr_plan *p);

/* Sets a decision: a hint must be UNDECIDED, once. */
void fr_hint_decide(struct fr_hint *h, enum fr_delivery d, enum fr_reason r);

/* "links=5, pushed=2, nopush=1, duplicate=2": for Server-Timing's desc
 * and the log. Returns the bytes written, at most cap - 1, NUL-terminated. */
size_t fr_plan_summary(const struct fr_plan *p, char *out, size_t cap);

#endif
