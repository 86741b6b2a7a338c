/* The record of one exchange that has ended: filled by the edge, read by the access log,
 * the metrics and the tables of pages and assets. A plain value; everything it points to
 * is borrowed for the call that gets it. */
#ifndef FR_OBSERVE_RECORD_H
#define FR_OBSERVE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "cache/policy.h"
#include "hints/plan.h"

/* How the cache took part. */
#define FR_CACHE_RESULT_TABLE(X)                                                                   \
	X(NONE, "none")               /* the cache is off, or we answered ourselves */             \
	X(HIT, "hit")                 /* answered from the store, fresh */                         \
	X(STALE, "stale")             /* answered from the store, although no longer fresh */      \
	X(REVALIDATED, "revalidated") /* the origin said that what is stored is still good */      \
	X(JOINED, "joined")           /* answered by another request's fetch */                    \
	X(MISS, "miss")               /* nothing stored: the origin was asked */                   \
	X(EXPIRED, "expired")         /* stored, not good enough: the origin was asked */          \
	X(BYPASS, "bypass")           /* not for the cache */
enum fr_cache_result {
#define X(id, text) FR_CACHE_RESULT_##id,
	FR_CACHE_RESULT_TABLE(X)
#undef X
		FR_CACHE_RESULT_COUNT
};

/* How an exchange ended; of a push: its outcome. */
#define FR_END_TABLE(X)                                                                            \
	X(COMPLETED, "completed") /* the client got all of it */                                   \
	X(CANCELLED, "cancelled") /* the client reset it or went away */                           \
	X(REFUSED, "refused")     /* the client reset it with REFUSED_STREAM */                    \
	X(FAILED, "failed")       /* we could not complete it */
enum fr_end {
#define X(id, text) FR_END_##id,
	FR_END_TABLE(X)
#undef X
		FR_END_COUNT
};

#define FR_PROTOCOL_TABLE(X)                                                                       \
	X(HTTP_1_0, "HTTP/1.0")                                                                    \
	X(HTTP_1_1, "HTTP/1.1")                                                                    \
	X(HTTP_2, "HTTP/2.0")
enum fr_protocol {
#define X(id, text) FR_PROTOCOL_##id,
	FR_PROTOCOL_TABLE(X)
#undef X
		FR_PROTOCOL_COUNT
};

/* How many rows those tables have. */
enum {
#define X(id, text) FR_SOURCE_SLOT_##id,
	FR_HINT_SOURCE_TABLE(X)
#undef X
		FR_SOURCE_SLOTS
};
enum {
#define X(id, text) FR_DELIVERY_SLOT_##id,
	FR_DELIVERY_TABLE(X)
#undef X
		FR_DELIVERY_SLOTS
};

const char *fr_cache_result_str(enum fr_cache_result r);
const char *fr_end_str(enum fr_end e);
const char *fr_protocol_str(enum fr_protocol p);

/* Plain values first, then what most records of one client share, then the
 * rest: observe/access_queue.c copies them in these three pieces.
 * members: one for each value of a line of the access log. */
struct fr_record {
	int64_t time_us;         /* since 1970, when the request's head was complete */
	uint64_t id;             /* of this exchange; never 0 */
	uint64_t parent_id;      /* push: of its page; else 0 */
	uint64_t sent_bytes;     /* of the response's body */
	uint64_t received_bytes; /* of the request's body */
	/* from time_us on, in microseconds; -1: did not happen */
	int64_t first_byte_us;        /* the head was handed to the client's connection */
	int64_t duration_us;          /* the end */
	int64_t origin_first_byte_us; /* from the question to the head; -1: not asked */
	int64_t origin_duration_us;   /* to the last byte; -1 */
	int status;                   /* 0: no head was sent */
	const char *coding;           /* that the edge gave to the body; static; NULL: none */
	enum fr_end end;
	enum fr_cache_result cache;
	enum fr_cache_store not_stored; /* why the response was not; YES: nothing to say */
	const char *purpose; /* static: why it was made, "prefetch"; NULL: for a person */
	const char *arm;     /* static: of a page on trial, what its visitor gets; else NULL */
	bool is_push;
	bool is_page;                     /* a document, or something with hints */
	struct fr_plan_learning learning; /* of a page: what others are not told yet */
	/* the client side */
	bool tls_resumed;
	uint16_t client_port; /* 0: Unix socket, or not known */
	enum fr_protocol protocol;
	const char *tls; /* "TLSv1.3", static; NULL: none */
	struct fr_str client;
	struct fr_str peer; /* the proxy that connected; empty: the client did */
	struct fr_str scheme, host, user_agent;
	/* this request */
	struct fr_str method, target, referer;
	struct fr_str origin;       /* "127.0.0.1:8080"; empty: not asked */
	struct fr_str error;        /* why the origin's response is not there or not whole; empty */
	const struct fr_plan *plan; /* pages with hints; else NULL */
};

#endif
