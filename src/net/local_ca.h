/* The local authority: makes a root certificate and a server certificate for
 * localhost (DNS localhost, *.localhost, IP 127.0.0.1 and ::1), kept in a
 * folder, so that `serve` and `demo` speak TLS without any preparation. */
#ifndef FR_NET_LOCAL_CA_H
#define FR_NET_LOCAL_CA_H

#include "net/tls.h"

struct fr_local_ca {
	char ca_file[512];   /* the authority's certificate: what a user trusts */
	char cert_file[512]; /* chain for the server */
	char key_file[512];  /* mode 0600 */
	bool created;        /* made just now, not found */
};

/* dir: NULL for $XDG_DATA_HOME/forerun or ~/.local/share/forerun (made with
 * mode 0700). Reuses what is there while valid for 7 days more; a server
 * certificate that is about to expire is renewed under the same authority.
 * Safe when two processes start at once (write to a temporary name, then
 * rename). 0; FR_ERR_IO, FR_ERR_TLS with *why filled. */
int fr_local_ca_ensure(const char *dir, struct fr_local_ca *out,
                       struct fr_tls_problem *why) FR_MUST_USE;

/* Where fr_local_ca_ensure keeps them, without a look at what is there. Errors as above. */
int fr_local_ca_names(const char *dir, struct fr_local_ca *out,
                      struct fr_tls_problem *why) FR_MUST_USE;

/* SHA-256 of a certificate's public key, in base64: by which browsers can be
 * told to trust it. The first certificate of a PEM file. 0, FR_ERR_IO, FR_ERR_TLS. */
#define FR_KEY_HASH_BYTES 48u
int fr_certificate_key_hash(const char *cert_file, char out[FR_KEY_HASH_BYTES]) FR_MUST_USE;

#endif
