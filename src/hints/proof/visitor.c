/* Hashes what tells a visitor. */
#include "hints/proof/visitor.h"

#include "base/siphash.h"
#include "hints/client_class.h"
#include "http/cookie.h"

/* --- sessions --- */

/* "sess" anywhere, "sid" as the last letters: what frameworks call theirs. */
static bool tells_session(struct fr_str name)
{
	return fr_str_ihas(name, FR_STR("sess")) ||
	       (name.len >= 3 && fr_str_iis(fr_str_sub(name, name.len - 3, name.len), "sid"));
}

struct fr_str fr_visitor_session(struct fr_str cookie)
{
	struct fr_str rest = fr_str_sub(cookie, 0, FR_VISITOR_COOKIE_MAX_BYTES), pair;

	while (fr_cookie_next(&rest, &pair)) {
		size_t equals = fr_str_find(pair, '=');

		if (equals + 1 < pair.len &&
		    tells_session(fr_str_trim(fr_str_sub(pair, 0, equals))))
			return pair;
	}
	return fr_str_make(NULL, 0);
}

/* --- visitors --- */

/* A private network's addresses are machines of their own. */
static uint64_t hash_network(const struct fr_ip *ip, uint64_t key)
{
	size_t bytes = sizeof ip->bytes;

	if (!ip)
		return 0;
	if (!fr_ip_is_private(ip))
		bytes = fr_ip_network_bytes(ip);
	return fr_siphash(key, ip->bytes, bytes);
}

struct fr_visitor fr_visitor_of(const struct fr_visitor_facts *f, uint64_t seed, int64_t now_s)
{
	int64_t week = now_s / FR_VISITOR_WEEK_S;
	uint64_t key = fr_siphash(seed, &week, sizeof week);
	struct fr_str session = fr_visitor_session(f->cookie);
	uint64_t network = hash_network(f->address, key);
	struct {
		uint64_t network;
		uint32_t class, is_mobile;
	} known = {.network = network,
	           .class = (uint32_t)fr_client_class_of(f->user_agent),
	           .is_mobile = f->is_mobile};

	return (struct fr_visitor){
		.id = session.len ? fr_siphash(key, session.p, session.len)
	                          : fr_siphash(key, &known, sizeof known),
		.network = f->address && !fr_ip_is_private(f->address) ? network | 1 : 0,
	};
}
