/* Pushes that are not tried again for a while, for some clients, because an earlier one did not
 * bring its asset. What the answer says decides how far it is believed:
 *
 *   404, 410            all clients that ask likewise (with credentials, or without)
 *   a redirect or 5xx   its own client; the others once a second client had the like
 *   anything else       its own client
 *
 * Works on a set that forgets by itself (hints/seen_urls.h), of one site. No I/O, no clock. */
#ifndef FR_HINTS_PUSH_FAILURES_H
#define FR_HINTS_PUSH_FAILURES_H

#include "hints/seen_urls.h"

struct fr_push_target {
	struct fr_str authority, target; /* borrowed */
	uint64_t client;                 /* fr_witness_client of the client that gets the push */
	bool has_credentials;            /* its request */
};

/* The push did not bring its asset. status: what came instead; 0: nothing. */
void fr_push_failures_add(struct fr_url_ttl_set *set, const struct fr_push_target *t, int status,
                          uint64_t now_ms);
/* Is it not to be tried now? */
bool fr_push_failures_has(const struct fr_url_ttl_set *set, const struct fr_push_target *t,
                          uint64_t now_ms);

#endif
