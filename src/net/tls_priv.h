/* What tls.c (connections), tls_context.c (server and client contexts),
 * tls_tickets.c and local_ca.c share: the only places that see OpenSSL. */
#ifndef FR_NET_TLS_PRIV_H
#define FR_NET_TLS_PRIV_H

#include <openssl/ssl.h>
#include <stdatomic.h>

#include "net/tls.h"
#include "net/tls_names.h"

struct fr_tls_cert {  /* one certificate and the names that choose it */
	SSL_CTX *ctx; /* owned */
	char **hosts; /* owned; lower case */
	size_t n_hosts;
	struct fr_tls_names names;       /* that it speaks for */
	uint8_t digest[FR_SHA256_BYTES]; /* of the certificate itself */
};

struct fr_tls_server {
	_Atomic uint32_t refs;
	struct fr_tls_cert *certs; /* owned; [0] answers unknown names */
	size_t n_certs;
	struct fr_tls_tickets *tickets; /* borrowed */
	bool offer_h2;
};

struct fr_tls_client {
	_Atomic uint32_t refs;
	SSL_CTX *ctx; /* owned */
	bool verify;
};

/* The certificate for a name (lower case): exact, then the longest wildcard,
 * then the first. */
const struct fr_tls_cert *fr_tls_server_choose(const struct fr_tls_server *s, struct fr_str name);

/* Sets the ticket callback of a context; it finds the keys through the
 * connection's server. */
void fr_tls_tickets_install(SSL_CTX *ctx);

/* Notes whose certificate is refused, for the error's text (SSL_verify_cb). */
int fr_tls_on_verify(int ok, X509_STORE_CTX *store);

/* "what: reason of the last OpenSSL error", then clears the error queue. */
void fr_tls_describe(char *out, size_t cap, const char *what);

/* The connection's server, from its SSL. NULL for a client's. */
struct fr_tls_server *fr_tls_server_of(SSL *ssl);

/* The ClientHello names `host` (as sent; empty: nobody). Chooses the certificate and
 * binds sessions to both, before a session is looked for. 0 or FR_ERR_TLS. */
int fr_tls_begin_server(SSL *ssl, struct fr_str host) FR_MUST_USE;

#endif
