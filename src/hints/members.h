/* The names that assets have today: for each pattern of a rule's link ("/app.*.css") the
 * member that clients of the site ask for now, so that a rule survives an update. A new
 * name counts once as many different clients as `witnesses` says got it; one client alone
 * moves nothing, whatever it asks for. A name that another has replaced does not come back
 * for FR_MEMBERS_BACK_S, so that visitors with an old page do not turn it round; one that
 * is gone (404, 410) leaves at once.
 *
 *   nothing --witnesses--> a name --witnesses of another--> that one
 *                             \--gone--> nothing
 *
 * A table by keyed hash of (authority, pattern), under one lock that is never held across a
 * callback. Shared by all workers; not kept over a restart. No I/O, no clock. */
#ifndef FR_HINTS_MEMBERS_H
#define FR_HINTS_MEMBERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* Patterns of all sites; the one unused for longest is forgotten. */
#define FR_MEMBERS_MAX 4096u
/* Bytes of a name; longer ones are not remembered. */
#define FR_MEMBER_BYTES 512u
/* New names of one pattern that wait for witnesses. Those with the fewest go first, and one
 * client has but one that nobody else asked for: stops who invents names. */
#define FR_MEMBERS_WAITING 4u
#define FR_MEMBERS_WITNESSES 8u
#define FR_MEMBERS_BACK_S 3600

/* A star stands for one or more letters, digits and any of ". _ ~ -": never for a part of
 * another segment or parameter. */
bool fr_member_matches(struct fr_str pattern, struct fr_str target);

struct fr_members;

struct fr_members *fr_members_new(uint64_t seed);
void fr_members_free(struct fr_members **m);

struct fr_member_seen {
	struct fr_str authority, pattern, target; /* target: matches the pattern */
	uint64_t client;                          /* keyed hash of its address */
	unsigned witnesses;                       /* needed; at most FR_MEMBERS_WITNESSES */
	int64_t now_s;
};
/* A client asked for it and got it. */
void fr_members_saw(struct fr_members *m, const struct fr_member_seen *seen);
/* It is not there any more. */
void fr_members_gone(struct fr_members *m, const struct fr_member_seen *gone);
/* The name of today, with a NUL; its length, 0: none is known. */
size_t fr_members_find(struct fr_members *m, struct fr_str authority, struct fr_str pattern,
                       char out[FR_MEMBER_BYTES]);

#endif
