/* Says what a shared cache may store and when it may serve it (RFC 9111 §3 and §4).
 * Functions of messages and times only: no store, no I/O, no clock. Times are wall-clock
 * seconds since 1970. */
#ifndef FR_CACHE_POLICY_H
#define FR_CACHE_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "http/cache_control.h"
#include "http/message.h"

/* A response without explicit freshness may be taken for fresh for a tenth of the time
 * since it was last modified (RFC 9111 §4.2.2), but no longer than this: an asset; whatever
 * it is, where an operator wants that; and there, a redirect or an error. */
#define FR_CACHE_HEURISTIC_ASSET_S 3600
#define FR_CACHE_HEURISTIC_MAX_S 86400
#define FR_CACHE_HEURISTIC_ERROR_S 600
/* Such a response stands in for an origin that cannot be reached for so long after that. */
#define FR_CACHE_HEURISTIC_STALE_S 86400

/* Which responses get a lifetime that their origin did not give. */
enum fr_heuristics {
	FR_HEURISTICS_ASSETS, /* style sheets, scripts, fonts, pictures */
	FR_HEURISTICS_ALL,    /* all that RFC 9111 allows */
	FR_HEURISTICS_OFF     /* none */
};

/* Why a response is not stored, in the words of Cache-Status, the access log and metrics;
 * docs/cache.md says what to do about each. */
#define FR_CACHE_STORE_TABLE(X)                                                                    \
	X(YES, "stored")                                                                           \
	X(METHOD, "not a GET")                                                                     \
	X(STATUS, "status is not cacheable")                                                       \
	X(NO_STORE, "no-store")                                                                    \
	X(REQUEST_NO_STORE, "request with no-store")                                               \
	X(PRIVATE, "private")                                                                      \
	X(AUTHORIZATION, "asked for with authorization")                                           \
	X(COOKIE, "asked for with a cookie")                                                       \
	X(CREDENTIAL, "asked for with a credential")                                               \
	X(BYPASS, "asked for with a bypass cookie")                                                \
	X(SET_COOKIE, "sets a cookie")                                                             \
	X(OF_REQUEST, "status of one request")                                                     \
	X(VARY_ANY, "varies by what no key has")                                                   \
	X(NO_FRESHNESS, "no explicit freshness")                                                   \
	X(NOT_REUSABLE, "stale at once, no validator")                                             \
	X(TOO_LARGE, "too large")                                                                  \
	X(MEMORY, "no memory")
enum fr_cache_store {
#define X(id, text) FR_CACHE_STORE_##id,
	FR_CACHE_STORE_TABLE(X)
#undef X
		FR_CACHE_STORE_COUNT
};
const char *fr_cache_store_str(enum fr_cache_store s);

/* Where a lifetime comes from. */
enum fr_lifetime_source {
	FR_LIFETIME_NONE,      /* there is none: the origin gave none, and none is guessed */
	FR_LIFETIME_EXPLICIT,  /* the origin gave it, be it 0 */
	FR_LIFETIME_HEURISTIC, /* by Last-Modified */
	FR_LIFETIME_OPERATOR   /* cache.ttl */
};

struct fr_freshness {
	int64_t response_s;    /* when it was received (or validated last) */
	int64_t initial_age_s; /* corrected_initial_age, RFC 9111 §4.2.3 */
	int64_t lifetime_s;    /* freshness_lifetime, §4.2.1; 0: stale at once */
	int64_t stale_while_revalidate_s, stale_if_error_s; /* RFC 5861; FR_CC_ABSENT */
	enum fr_lifetime_source source;
	bool no_cache;    /* never without validation */
	bool never_stale; /* must-revalidate and what implies it in a shared cache */
};

/* Does the reason lie in the request alone, so that it says nothing of what
 * others would get? */
bool fr_cache_store_is_of_request(enum fr_cache_store s);
/* ... in who asks, so that others who are known to the site will hardly share it either? */
bool fr_cache_store_is_of_client(enum fr_cache_store s);

/* Does the response say that it may be given to every client: public, s-maxage,
 * or max-age in CDN-Cache-Control? */
bool fr_cache_is_for_all(const struct fr_response *resp);
/* Does the Vary of these fields name the field, so that the key has it? */
bool fr_cache_varies_by(const struct fr_fields *resp, struct fr_str name);

/* May the final response to this request be stored, as far as RFC 9111 goes? resp is whole,
 * its Cache-Control as effective is read here. To store, ask cache/gate.h: it knows more of
 * cookies. */
enum fr_cache_store fr_cache_may_store(const struct fr_request *req, const struct fr_response *resp,
                                       const struct fr_freshness *fresh);

/* The longest lifetime that may be guessed for this response; 0: none may be. */
int64_t fr_cache_heuristic_most(enum fr_heuristics which, const struct fr_request *req,
                                const struct fr_response *resp);
/* request_s: when the request was sent; response_s: when its response came.
 * heuristic_most_s: as above. */
void fr_cache_freshness(const struct fr_response *resp, int64_t request_s, int64_t response_s,
                        int64_t heuristic_most_s, struct fr_freshness *out);

int64_t fr_cache_age(const struct fr_freshness *f, int64_t now_s);
/* Seconds left to live; negative when stale. */
int64_t fr_cache_ttl(const struct fr_freshness *f, int64_t now_s);

enum fr_cache_use {
	FR_CACHE_SERVE,            /* fresh, or stale and the client takes it */
	FR_CACHE_SERVE_REVALIDATE, /* stale-while-revalidate: serve, validate afterwards */
	FR_CACHE_VALIDATE,         /* stale: ask the origin first */
	FR_CACHE_VALIDATE_REQUEST  /* the client's directives demand to ask */
};
/* cc: of the request. pragma_no_cache: Pragma: no-cache without Cache-Control. */
enum fr_cache_use fr_cache_judge(const struct fr_freshness *f, const struct fr_cache_control *cc,
                                 bool pragma_no_cache, int64_t now_s);

/* The origin cannot be asked (or answered 5xx): may the stored response be
 * served instead? (RFC 9111 §4.2.4, RFC 5861 §4.) is_answer: it answered 5xx. */
bool fr_cache_may_serve_on_error(const struct fr_freshness *f, const struct fr_cache_control *cc,
                                 bool is_answer, int64_t now_s);

#endif
