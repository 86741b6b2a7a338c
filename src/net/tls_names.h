/* The names that a certificate is valid for (RFC 9525 §6.3): DNS names and addresses of
 * its subjectAltName. The common name does not count, as in browsers. They are read once,
 * so that a request's host can be compared without OpenSSL. */
#ifndef FR_NET_TLS_NAMES_H
#define FR_NET_TLS_NAMES_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct fr_tls_names {
	char **dns; /* owned, each too: in lower case, without a dot at the end */
	size_t n_dns;
	struct fr_tls_address {
		unsigned char bytes[16];
		size_t len; /* 4 or 16 */
	} * addresses;      /* owned */
	size_t n_addresses;
};

/* cert: borrowed for the call; NULL has no names. Names that are none (with a NUL,
 * say) are left out. */
void fr_tls_names_read(struct fr_tls_names *names, X509 *cert);
void fr_tls_names_fini(struct fr_tls_names *names);

/* Does the certificate speak for `host`: a name in lower case without a dot
 * at its end, or an address, IPv6 in brackets? A star stands for one label,
 * the leftmost (RFC 9525 §6.3). */
bool fr_tls_names_cover(const struct fr_tls_names *names, struct fr_str host);

#endif
