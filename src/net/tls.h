/* TLS (1.2 and 1.3) over memory, by OpenSSL: ciphertext in, plaintext out and
 * back; no sockets. Server contexts choose a certificate by SNI and the
 * protocol by ALPN; client contexts verify origins. Contexts are immutable
 * and shared between workers (reference-counted); connections belong to one
 * worker. Only this module sees OpenSSL, so that it can be replaced here.
 * Random numbers and hashing of secrets come from here as well. */
#ifndef FR_NET_TLS_H
#define FR_NET_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/* Why a context could not be made: one line for people, e.g.
 * "cannot read key.pem: permission denied". */
struct fr_tls_problem {
	char text[512];
	/* fr_tls_server_new only: which certificate, from 0, and whether its key is the fault */
	size_t pair;
	bool is_key;
};

struct fr_tls_cert_spec {
	const char *const *hosts; /* borrowed: names for SNI, "*.example.org" too; lower case */
	size_t n_hosts;
	const char *cert_file; /* PEM chain */
	const char *key_file;  /* PEM key */
	/* their contents, borrowed for the call; p NULL: the files are read */
	struct fr_str cert_pem, key_pem;
};

struct fr_tls_server; /* refcounted: configuration and its live connections */

/* The session tickets' keys, shared by all workers and kept across reloads
 * (later: by a fleet), rotated by time. */
struct fr_tls_tickets;
struct fr_tls_tickets *fr_tls_tickets_new(void);
void fr_tls_tickets_free(struct fr_tls_tickets **t);

/* min_version: 12 or 13. The first certificate answers clients without SNI or
 * with an unknown name. With offer_h2 false only http/1.1 and http/1.0 are
 * negotiated. Sessions are resumed under the same certificate and name only.
 * Checks that key and certificate belong together. tickets: borrowed, must
 * outlive the context. 0; FR_ERR_TLS or FR_ERR_IO with *why filled. */
int fr_tls_server_new(const struct fr_tls_cert_spec *certs, size_t n, int min_version,
                      bool offer_h2, struct fr_tls_tickets *tickets, struct fr_tls_server **out,
                      struct fr_tls_problem *why) FR_MUST_USE;
void fr_tls_server_ref(struct fr_tls_server *s);
void fr_tls_server_unref(struct fr_tls_server **s);

/* When a certificate ends. */
struct fr_tls_expiry {
	char name[256];  /* the first host that it is used for, or its subject */
	int64_t until_s; /* seconds since 1970 */
};
/* Of all certificates, at most cap; returns how many. Any thread. */
size_t fr_tls_server_expiries(const struct fr_tls_server *s, struct fr_tls_expiry *out, size_t cap);

struct fr_tls_client; /* refcounted */
/* ca_file: PEM bundle to trust, NULL for the system's. verify=false accepts
 * anything (tools and tests that say so). alpn: "http/1.1", "h2" or NULL. */
int fr_tls_client_new(const char *ca_file, bool verify, const char *alpn,
                      struct fr_tls_client **out, struct fr_tls_problem *why) FR_MUST_USE;
void fr_tls_client_ref(struct fr_tls_client *c);
void fr_tls_client_unref(struct fr_tls_client **c);

struct fr_tls; /* one connection */

/* Ciphertext to be sent is appended to `out` (borrowed; its ceiling bounds
 * it). NULL: out of memory. host (for verification and SNI; an IP address is verified
 * as such and not sent as SNI) is copied. */
struct fr_tls *fr_tls_accept(struct fr_tls_server *s, struct fr_buf *out);
struct fr_tls *fr_tls_connect(struct fr_tls_client *c, const char *host, struct fr_buf *out);
void fr_tls_free(struct fr_tls **t);

/* Gives received ciphertext; borrowed until the next call of
 * fr_tls_handshake/fr_tls_read has returned FR_ERR_AGAIN (by then all of it
 * has been taken in). */
void fr_tls_feed(struct fr_tls *t, const uint8_t *data, size_t len);
/* Steps the handshake: 1 done, FR_ERR_AGAIN for more input, FR_ERR_TLS when
 * it failed (an alert may be in `out`). */
int fr_tls_handshake(struct fr_tls *t) FR_MUST_USE;
/* Plaintext: > 0 bytes, 0 after close_notify, FR_ERR_AGAIN, FR_ERR_TLS. */
int64_t fr_tls_read(struct fr_tls *t, uint8_t *buf, size_t cap) FR_MUST_USE;
/* Encrypts all of it into `out`; records of at most record_bytes plaintext
 * (0: the maximum). 0, FR_ERR_LIMIT (out's ceiling; the connection is then
 * unusable), FR_ERR_TLS. Not before the handshake is done. */
int fr_tls_write(struct fr_tls *t, const void *data, size_t len, size_t record_bytes) FR_MUST_USE;
/* Puts close_notify into `out`. */
void fr_tls_shutdown(struct fr_tls *t);

/* After the handshake. Borrowed for the life of t. */
struct fr_str fr_tls_alpn(const struct fr_tls *t); /* "" if none */
/* SNI, in lower case, without a dot at its end; "" if none */
struct fr_str fr_tls_server_name(const struct fr_tls *t);
const char *fr_tls_version_str(const struct fr_tls *t);
bool fr_tls_is_13(const struct fr_tls *t);
bool fr_tls_is_resumed(const struct fr_tls *t);
/* Why the connection failed, for the log; "" if it did not. */
const char *fr_tls_error_text(const struct fr_tls *t);
/* Does the connection speak for `host` (lower case, without port and without a dot at
 * the end)? If the certificate in use names it (RFC 9113 §9.1.1), or if the client came
 * for it: by that server name. True on a client. */
bool fr_tls_covers(const struct fr_tls *t, struct fr_str host);
/* Would a new connection for `host` be under the certificate in use, too? `now`
 * (NULL: nobody knows) is the server that makes it, after a reload another one. */
bool fr_tls_is_best(const struct fr_tls *t, const struct fr_tls_server *now, struct fr_str host);

/* A client spoke plain HTTP to a TLS port (known once bytes were fed). */
bool fr_tls_saw_plain_http(const struct fr_tls *t);

/* Of OpenSSL at run time, e.g. "OpenSSL 3.0.19 27 Jan 2026". */
const char *fr_tls_library_version(void);

/* Cryptographically secure random bytes. Aborts if the system has none. */
void fr_random_bytes(void *out, size_t len);

#define FR_SHA256_BYTES 32
/* SHA-256 (FIPS 180-4) of the n parts one after another. Aborts if OpenSSL
 * cannot. */
void fr_sha256(const struct fr_str *parts, size_t n, uint8_t out[FR_SHA256_BYTES]);

#endif
