/* Reads, prints and compares addresses; keeps sets of them as sorted ranges. */
#include "base/ip.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"

/* What IPv4 addresses begin with. */
static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
#define MAPPED_BITS 96u

static bool is_v4(const struct fr_ip *ip)
{
	return memcmp(ip->bytes, mapped, sizeof mapped) == 0;
}

bool fr_ip_is_loopback(const struct fr_ip *ip)
{
	static const struct fr_ip one = {.bytes = {[15] = 1}};

	return is_v4(ip) ? ip->bytes[12] == 127
	                 : memcmp(ip->bytes, one.bytes, sizeof one.bytes) == 0;
}

bool fr_ip_is_private(const struct fr_ip *ip)
{
	const uint8_t *p = ip->bytes + sizeof mapped;

	if (fr_ip_is_loopback(ip))
		return true;
	if (!is_v4(ip))
		return (ip->bytes[0] & 0xfe) == 0xfc;
	return p[0] == 10 || (p[0] == 172 && (p[1] & 0xf0) == 16) || (p[0] == 192 && p[1] == 168);
}

int fr_ip_parse(struct fr_str text, struct fr_ip *out)
{
	char copy[FR_IP_TEXT_BYTES];
	struct fr_ip ip;

	if (text.len == 0 || text.len >= sizeof copy || memchr(text.p, '\0', text.len))
		return FR_ERR_SYNTAX;
	memcpy(copy, text.p, text.len);
	copy[text.len] = '\0';
	memcpy(ip.bytes, mapped, sizeof mapped);
	if (inet_pton(AF_INET, copy, ip.bytes + sizeof mapped) != 1 &&
	    inet_pton(AF_INET6, copy, ip.bytes) != 1)
		return FR_ERR_SYNTAX;
	*out = ip;
	return 0;
}

void fr_ip_print(const struct fr_ip *ip, char out[FR_IP_TEXT_BYTES])
{
	bool is_short = is_v4(ip);

	out[0] = '\0';
	(void)inet_ntop(is_short ? AF_INET : AF_INET6,
	                is_short ? ip->bytes + sizeof mapped : ip->bytes, out, FR_IP_TEXT_BYTES);
}

bool fr_ip_of_socket(const struct sockaddr *addr, struct fr_ip *out, uint16_t *port)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (addr->sa_family == AF_INET) {
		memcpy(&in, addr, sizeof in);
		memcpy(out->bytes, mapped, sizeof mapped);
		memcpy(out->bytes + sizeof mapped, &in.sin_addr, 4);
		*port = ntohs(in.sin_port);
		return true;
	}
	if (addr->sa_family != AF_INET6)
		return false;
	memcpy(&in6, addr, sizeof in6);
	memcpy(out->bytes, &in6.sin6_addr, sizeof out->bytes);
	*port = ntohs(in6.sin6_port);
	return true;
}

struct fr_ip fr_ip_subscriber(const struct fr_ip *ip)
{
	struct fr_ip whole = *ip;

	if (!is_v4(ip) && !fr_ip_is_loopback(ip))
		memset(whole.bytes + 8, 0, 8);
	return whole;
}

size_t fr_ip_network_bytes(const struct fr_ip *ip)
{
	return is_v4(ip) ? sizeof mapped + 3 : 6;
}

/* --- networks --- */

int fr_ip_network_parse(struct fr_str text, struct fr_ip_network *out)
{
	size_t slash = fr_str_find(text, '/');
	struct fr_str address = fr_str_sub(text, 0, slash);
	struct fr_ip_network n;
	uint64_t bits;

	if (fr_ip_parse(address, &n.address) < 0)
		return FR_ERR_SYNTAX;
	n.is_v4 = fr_str_find(address, ':') == address.len;
	bits = n.is_v4 ? 32 : 128;
	if (slash < text.len) {
		uint64_t most = bits;

		if (fr_str_to_u64(fr_str_sub(text, slash + 1, text.len), &bits) < 0 || bits > most)
			return FR_ERR_SYNTAX;
	}
	n.bits = (unsigned)bits;
	*out = n;
	return 0;
}

/* Of the 128 bits. */
static unsigned prefix_of(const struct fr_ip_network *n)
{
	return n->is_v4 ? n->bits + MAPPED_BITS : n->bits;
}

/* With the bits behind the prefix cleared, or set. */
static struct fr_ip end_of(const struct fr_ip *ip, unsigned prefix, bool last)
{
	struct fr_ip out = *ip;

	for (unsigned i = 0; i < sizeof out.bytes; i++) {
		unsigned kept = prefix > i * 8 ? prefix - i * 8 : 0;
		unsigned host = kept >= 8 ? 0 : 0xffu >> kept;

		out.bytes[i] = (uint8_t)(last ? out.bytes[i] | host : out.bytes[i] & ~host & 0xffu);
	}
	return out;
}

struct fr_ip fr_ip_network_base(const struct fr_ip_network *n)
{
	return end_of(&n->address, prefix_of(n), false);
}

/* --- sets --- */

static int order(const struct fr_ip *a, const struct fr_ip *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

static int by_first(const void *a, const void *b)
{
	return order(&((const struct fr_ip_range *)a)->first,
	             &((const struct fr_ip_range *)b)->first);
}

static void add_range(struct fr_ip_set *s, struct fr_ip first, struct fr_ip last)
{
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 16;
		s->v = fr_realloc(s->v, s->cap * sizeof *s->v);
	}
	s->v[s->n++] = (struct fr_ip_range){first, last};
}

void fr_ip_set_add(struct fr_ip_set *s, const struct fr_ip_network *n)
{
	unsigned prefix = prefix_of(n);
	struct fr_ip first = end_of(&n->address, prefix, false);
	struct fr_ip last = end_of(&n->address, prefix, true);
	struct fr_ip v4 = {{0}}, below, above = {{0}};

	memcpy(v4.bytes, mapped, sizeof mapped);
	if (n->is_v4 || prefix >= MAPPED_BITS || order(&first, &v4) > 0 || order(&last, &v4) < 0) {
		add_range(s, first, last);
		return;
	}
	/* what is below ::ffff:0:0/96, and what is above */
	memset(&below, 0xff, sizeof below);
	memset(below.bytes, 0, 10);
	below.bytes[11] = 0xfe;
	above.bytes[9] = 1;
	add_range(s, first, below);
	if (order(&above, &last) <= 0)
		add_range(s, above, last);
}

void fr_ip_set_seal(struct fr_ip_set *s)
{
	size_t kept = 0;

	if (s->n)
		qsort(s->v, s->n, sizeof *s->v, by_first);
	for (size_t i = 0; i < s->n; i++) {
		struct fr_ip_range *before = kept ? &s->v[kept - 1] : NULL;

		if (before && order(&s->v[i].first, &before->last) <= 0) {
			if (order(&s->v[i].last, &before->last) > 0)
				before->last = s->v[i].last;
			continue;
		}
		s->v[kept++] = s->v[i];
	}
	s->n = kept;
}

bool fr_ip_set_has(const struct fr_ip_set *s, const struct fr_ip *ip)
{
	size_t from = 0, to = s->n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (order(ip, &s->v[middle].first) < 0)
			to = middle;
		else if (order(ip, &s->v[middle].last) > 0)
			from = middle + 1;
		else
			return true;
	}
	return false;
}

void fr_ip_set_fini(struct fr_ip_set *s)
{
	free(s->v);
	*s = (struct fr_ip_set){0};
}
