/* Who loads a page, as far as comparing loads needs it: the same visitor is in the same arm for
 * a week, so that what its cache got in one arm does not count for the other. A session cookie
 * tells a visitor; without one, the network and the kind of browser do. (The digest cookie does
 * not: it changes with every page.) Keyed hashes only, with a key of the week: nothing of the
 * client itself is kept. No I/O, no clock. */
#ifndef FR_HINTS_PROOF_VISITOR_H
#define FR_HINTS_PROOF_VISITOR_H

#include "base/ip.h"
#include "base/str.h"

#define FR_VISITOR_WEEK_S (7 * 86400)
/* Bytes of a Cookie field that are looked at: bounds the work for a long one. */
#define FR_VISITOR_COOKIE_MAX_BYTES 4096u

struct fr_visitor_facts {
	const struct fr_ip *address; /* NULL: a Unix socket, or unknown */
	struct fr_str cookie;        /* the Cookie field's value; may be empty */
	struct fr_str user_agent;
	bool is_mobile;
};

struct fr_visitor {
	uint64_t id;
	uint64_t network; /* IPv4 /24, IPv6 /48; 0: unknown, or private, where many visitors hide
	                   * behind one address */
};

/* seed: secret, the same in all workers and after a restart. now_s: Unix time. */
struct fr_visitor fr_visitor_of(const struct fr_visitor_facts *f, uint64_t seed, int64_t now_s);

/* The first cookie whose name says that it tells a session ("PHPSESSID", "connect.sid",
 * "laravel_session"), as "name=value"; empty if there is none. Borrowed from the field. */
struct fr_str fr_visitor_session(struct fr_str cookie);

#endif
