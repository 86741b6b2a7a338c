/* The header of the PROXY protocol, versions 1 and 2 (haproxy.org, proxy-protocol.txt): what
 * a proxy says of a connection's client before the connection's own bytes. Taken in pieces of
 * any size; every version's form is checked whole. No I/O.
 *
 *   1: "PROXY TCP4 192.0.2.7 10.0.0.1 4711 443\r\n"
 *   2: 12 bytes | version, command | family | length | addresses | TLVs */
#ifndef FR_HTTP_PROXY_HEADER_H
#define FR_HTTP_PROXY_HEADER_H

#include "base/ip.h"

/* The longest line of version 1, with its end. */
#define FR_PROXY_LINE_BYTES 107u
/* The longest header of version 2; its own field allows 65551. TLVs of clients' certificates
 * are the largest that proxies write. */
#define FR_PROXY_HEADER_BYTES 4096u

enum fr_proxy_source {
	FR_PROXY_PEER,    /* of the proxy itself (LOCAL, a health check), or UNKNOWN */
	FR_PROXY_ADDRESS, /* of `ip` and `port` */
	FR_PROXY_UNIX     /* of a client on a Unix socket of the proxy's machine */
};

struct fr_proxy_header {
	size_t n; /* of bytes */
	uint8_t bytes[FR_PROXY_HEADER_BYTES];
	/* when it is complete */
	enum fr_proxy_source source;
	struct fr_ip ip;
	uint16_t port;
	bool is_tls; /* the client spoke TLS with the proxy (PP2_TYPE_SSL) */
};

/* More bytes. 1: the header is complete, *used of them were its; 0: all were, and more must
 * come; FR_ERR_SYNTAX: it is none; FR_ERR_LIMIT: it is too long. h: all zero at first;
 * not to be fed again after anything but 0. */
int fr_proxy_header_feed(struct fr_proxy_header *h, const uint8_t *data, size_t len,
                         size_t *used) FR_MUST_USE;

#endif
