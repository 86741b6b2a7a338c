/* Judges a certificate before it is used: whether it can be read, belongs to
 * its key, is valid now and names the hosts that it is to serve. Used by
 * `forerun check`. Reads the two files; no network. */
#ifndef FR_NET_TLS_CHECK_H
#define FR_NET_TLS_CHECK_H

#include "net/tls.h"

/* A certificate that ends sooner is worth a warning. */
#define FR_TLS_CHECK_SOON_DAYS 14

enum fr_tls_fault_kind {
	FR_TLS_FAULT,  /* clients refuse it, or it cannot be used */
	FR_TLS_WARNING /* some clients refuse it, or will soon */
};

/* key: which of the two files is meant, as the configuration calls it: "certificate" or "key".
 * text: a sentence without a full stop, borrowed for the call. */
typedef void fr_tls_on_fault(void *user, enum fr_tls_fault_kind kind, const char *key,
                             const char *text);

/* Tells everything that speaks against `cert` for its hosts at `now_s` (Unix
 * time); the host "*" (any) is not judged. on_fault is called before return. */
void fr_tls_check(const struct fr_tls_cert_spec *cert, int64_t now_s, fr_tls_on_fault *on_fault,
                  void *user);

#endif
