/* The one function that decides about a hint: whether it is delivered, how, why, in which
 * place, and whether that is decided now. Facts in, verdict out. No I/O, no clock, no
 * exchange; the same facts always give the same verdict.
 *
 * Some facts are costly to find, or change something when they are asked for (an opportunity
 * to push is counted). So a verdict may ask for one fact. The caller fills it in and asks
 * again:
 *
 *   facts of the page --> fr_verdict --> ASKS  --> the caller finds that fact --> fr_verdict
 *                                    --> LATER --> the hint stays open
 *                                    --> NOW   --> the hint is decided
 *
 * Reasons are tried in a fixed order, the cheapest and most final first. */
#ifndef FR_HINTS_VERDICT_H
#define FR_HINTS_VERDICT_H

#include "hints/advice.h"
#include "hints/assets.h"
#include "hints/plan.h"
#include "hints/proof/arm.h"
#include "hints/way.h"

/* Bytes of Link value that one 103 carries at most. */
#define FR_EARLY_MAX_BYTES 8192u

enum fr_moment {
	FR_MOMENT_BEFORE,   /* the response is not there: only what fits the idle link leaves */
	FR_MOMENT_RESPONSE, /* the final response is there: everything is decided */
	FR_MOMENT_GONE      /* the page's request ended without a response */
};

/* Facts about one hint, found only when a verdict asks for them. */
enum fr_fact {
	FR_FACT_NONE,
	FR_FACT_ASSET,  /* what is known of the asset; asked before CACHED */
	FR_FACT_SENT,   /* was it sent or asked for on this connection? */
	FR_FACT_FAILED, /* did a push of it fail lately? */
	FR_FACT_CACHED, /* does the client have it? */
	FR_FACT_STREAM, /* is there room for one more promised stream? */
	FR_FACT_ADVICE, /* do such clients keep pushes of it? Counts an opportunity */
	FR_FACT_LINK    /* its Link value for a 103 */
};

struct fr_hint_facts {
	unsigned known; /* FR_BIT of each fact that is filled in below */
	struct fr_asset asset;
	bool is_sent, has_failed, is_cached, has_stream;
	enum fr_push_advice advice;
	struct fr_str link;  /* p NULL: no memory for it */
	bool promise_failed; /* it was to be pushed, but the promise could not be made */
	bool is_witness;     /* the template's layout witness (hints/proof/layout.h) */
};

struct fr_verdict_limits {
	uint32_t pushes_page, pushes_connection, origin_requests;
	uint64_t push_bytes_page;
	uint32_t early_links; /* in one 103 */
};

struct fr_facts {
	/* the page */
	struct fr_way_facts request;
	struct fr_verdict_limits limits;
	enum fr_way way; /* chosen when the load began */
	enum fr_moment moment;
	bool is_page;         /* a GET that was answered with 200, no push itself */
	bool has_credentials; /* its request */
	bool has_103;         /* it had its one 103 */
	bool is_draining;     /* its connection is closing */
	unsigned message;     /* the number of the final response's links: fr_plan.message */
	enum fr_arm arm;      /* what its visitor gets */
	enum fr_reason held;  /* why that is not all: HELD_OUT or HARMFUL */
	/* what it has used up so far */
	uint32_t pushes_page, pushes_connection, origin_requests;
	uint64_t push_bytes; /* of promised bodies, as far as known */
	uint64_t idle_bytes; /* what the link may still carry before the page */
	size_t links_named;  /* in the 103 that is being made */
	size_t link_bytes;   /* of their values */
	/* the hint */
	struct fr_hint_facts hint;
};

enum fr_verdict_kind {
	FR_VERDICT_ASKS, /* fill in `asks`, then ask again */
	FR_VERDICT_LATER,
	FR_VERDICT_NOW
};

struct fr_verdict {
	enum fr_verdict_kind kind;
	enum fr_fact asks; /* ASKS */
	/* NOW: why. LATER: what holds for the rest of the load, to be kept in the hint's
	 * against.earlier; UNDECIDED: nothing. */
	enum fr_reason reason;
	enum fr_delivery delivery; /* NOW */
	enum fr_rank rank;         /* NOW, if it leaves: its place */
	uint64_t idle_bytes;       /* what it takes of the idle link */
};

/* hint: undecided. f: the page's facts filled in; hint.known 0 at first. */
struct fr_verdict fr_verdict_of(const struct fr_hint *hint, const struct fr_facts *f);

/* After a page whose hint was decided for this reason: does the client have the asset, by a
 * push or because it asked for it itself? */
bool fr_reason_means_client_has(enum fr_reason r);

#endif
