/* Internet addresses as values, and sets of them. An IPv4 address is its mapped form
 * (::ffff:192.0.2.1, RFC 4291 §2.5.5.2), so that both spellings of it are one address.
 * A set is a sorted list of ranges; looking one up takes a binary search. No I/O. */
#ifndef FR_BASE_IP_H
#define FR_BASE_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct sockaddr;

struct fr_ip {
	uint8_t bytes[16];
};

/* The longest text, with its NUL. */
#define FR_IP_TEXT_BYTES 46u

/* This machine itself: 127.0.0.0/8, ::1. */
bool fr_ip_is_loopback(const struct fr_ip *ip);
/* Of no network of the Internet's: loopback, RFC 1918, RFC 4193. */
bool fr_ip_is_private(const struct fr_ip *ip);
/* "192.0.2.1" or "2001:db8::1", nothing around it: no brackets, port or zone. 0 or
 * FR_ERR_SYNTAX. */
int fr_ip_parse(struct fr_str text, struct fr_ip *out) FR_MUST_USE;
void fr_ip_print(const struct fr_ip *ip, char out[FR_IP_TEXT_BYTES]);
/* Of a socket's address; *port: host byte order. False: a Unix socket, or another family. */
bool fr_ip_of_socket(const struct sockaddr *addr, struct fr_ip *out, uint16_t *port);
/* What one subscriber has: an IPv4 address, or the /64 of an IPv6 address. */
struct fr_ip fr_ip_subscriber(const struct fr_ip *ip);
/* How many of its first bytes name the network that one operator runs: an IPv4 /24, an IPv6 /48. */
size_t fr_ip_network_bytes(const struct fr_ip *ip);

/* --- sets --- */

struct fr_ip_range {
	struct fr_ip first, last;
};

struct fr_ip_set {
	struct fr_ip_range *v; /* owned */
	size_t n, cap;
};

/* A network: an address and how many of its bits count, as written (at most 32 for IPv4). */
struct fr_ip_network {
	struct fr_ip address;
	unsigned bits;
	bool is_v4;
};
/* "10.0.0.0/8", "2001:db8::/32", or an address, which is a network of one. Bits beyond the
 * prefix may be set: see fr_ip_network_base. 0 or FR_ERR_SYNTAX. */
int fr_ip_network_parse(struct fr_str text, struct fr_ip_network *out) FR_MUST_USE;
/* Its lowest address. */
struct fr_ip fr_ip_network_base(const struct fr_ip_network *n);

/* s: all zero at first. An IPv6 network has no IPv4 addresses, however large it is. */
void fr_ip_set_add(struct fr_ip_set *s, const struct fr_ip_network *n);
/* After the last fr_ip_set_add: sorts and joins. Looking up needs it. */
void fr_ip_set_seal(struct fr_ip_set *s);
bool fr_ip_set_has(const struct fr_ip_set *s, const struct fr_ip *ip);
void fr_ip_set_fini(struct fr_ip_set *s);

#endif
