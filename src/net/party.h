/* A party to a connection or a request: a client, or a proxy in front of it. What is
 * counted, shared out and logged by address goes by this. A plain value. */
#ifndef FR_NET_PARTY_H
#define FR_NET_PARTY_H

#include "base/ip.h"

struct fr_party {
	bool has_ip;                 /* false: it came by a Unix socket, or cannot be told */
	struct fr_ip ip;             /* if it has one; else zero */
	struct fr_ip counted;        /* what limits count it as: fr_ip_subscriber, or zero */
	uint16_t port;               /* 0: not known */
	char text[FR_IP_TEXT_BYTES]; /* the address; "unix" without one */
};

void fr_party_set(struct fr_party *p, const struct fr_ip *ip, uint16_t port);
/* One on a Unix socket. */
void fr_party_set_unix(struct fr_party *p);
/* Of a socket's peer. False: it has gone. */
bool fr_party_of_socket(struct fr_party *p, int fd);

#endif
