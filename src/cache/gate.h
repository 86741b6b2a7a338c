/* The one gate into the store. Whatever is stored, or changes what is stored, passes it: a
 * 200, a stored response that a 304 or a HEAD updates, whoever asked (a client, a push, a
 * fetch that warms the cache, one that follows a stale response). It judges the whole
 * response and the request, and says which fields are kept.
 *
 * cache/object.h makes stored objects by its verdict alone; cache/store.h asserts in debug
 * builds that what comes in has passed. No I/O, no clock. */
#ifndef FR_CACHE_GATE_H
#define FR_CACHE_GATE_H

#include "cache/audience.h"
#include "cache/policy.h"

/* What an operator says. */
struct fr_gate_rules {
	/* cache.ttl: a lifetime instead of the origin's; 0: none. Never widens
	 * what may be stored. */
	int64_t ttl_s;
	enum fr_heuristics heuristics; /* cache.heuristics */
	struct fr_identity_rules identity;
};

struct fr_gate_question {
	const struct fr_request *client; /* as the client sent it */
	const struct fr_request *sent;   /* as the origin got it; may be the same */
	/* whole, without hop-by-hop fields; what a 304 validated is merged
	 * with it first (fr_object_merge) */
	const struct fr_response *resp;
	int64_t request_s, response_s; /* as in fr_cache_freshness */
	struct fr_gate_rules rules;
};

struct fr_gate_verdict {
	enum fr_cache_store why; /* FR_CACHE_STORE_YES: it may be stored */
	struct fr_freshness fresh;
	enum fr_audience audience;
	/* a field is kept out of the store, so that what is stored is less than
	 * what the client that asked gets */
	bool drops;
	struct fr_cache_control cc, cdn; /* of the response; borrow from it */
};

void fr_gate_judge(const struct fr_gate_question *q, struct fr_gate_verdict *out);

/* Does a field of the judged response go into the store? Never do: Set-Cookie
 * and what else is for one client, hop-by-hop fields, and those that
 * private="..." and no-cache="..." name, in either of the two fields. */
bool fr_gate_keeps(const struct fr_gate_verdict *v, const struct fr_field *f);

/* Could these fields have passed? For assertions: what they say of
 * themselves forbids nothing. */
bool fr_gate_holds(int status, const struct fr_fields *stored);

/* Does a 304 with these fields speak of the stored response that was asked
 * about (RFC 9111 §4.3.4)? False: it updates nothing. One without any
 * validator answers our condition, which names only that response. */
bool fr_gate_validates(const struct fr_fields *stored, const struct fr_fields *not_modified,
                       int64_t now_s);

#endif
