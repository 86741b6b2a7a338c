/* Request fields that only a proxy may send: the client's address, the effective URL or
 * host, the client's identity. One table says what happens to each when a client sends it.
 * Also: names that an origin may confuse with another, and names in Vary that cannot be
 * part of a cache key. No I/O, no allocation. */
#ifndef FR_HTTP_TRUST_H
#define FR_HTTP_TRUST_H

#include <stdbool.h>

#include "http/fields.h"

enum fr_trust {
	FR_TRUST_PASS,    /* a field like any other */
	FR_TRUST_REPLACE, /* the client's goes; the edge says what it knows itself */
	FR_TRUST_DROP,    /* the client's goes: only a proxy has something to say here */
	FR_TRUST_OVERRIDE /* passes; the request is another one than it looks: no cache */
};

/* Names, and what happens to them. Beside them all that begins with x-forwarded,
 * x-ssl-, ssl-client- or x-client-cert is dropped, and all that has other
 * characters in its name than letters, digits and hyphens. */
#define FR_TRUST_TABLE(X)                                                                            \
	/* what the edge says itself (RFC 7239, and what came before) */                             \
	X(FORWARDED, "forwarded", REPLACE)                                                           \
	X(X_FORWARDED_FOR, "x-forwarded-for", REPLACE)                                               \
	X(X_FORWARDED_HOST, "x-forwarded-host", REPLACE)                                             \
	X(X_FORWARDED_PROTO, "x-forwarded-proto", REPLACE)                                           \
	X(X_REAL_IP, "x-real-ip", REPLACE)                                                           \
	/* the client's address, as other proxies say it */                                          \
	X(CF_CONNECTING_IP, "cf-connecting-ip", DROP)                                                \
	X(CF_CONNECTING_IPV6, "cf-connecting-ipv6", DROP)                                            \
	X(CF_PSEUDO_IPV4, "cf-pseudo-ipv4", DROP)                                                    \
	X(CLIENT_IP, "client-ip", DROP)                                                              \
	X(FASTLY_CLIENT_IP, "fastly-client-ip", DROP)                                                \
	X(PROXY_CLIENT_IP, "proxy-client-ip", DROP)                                                  \
	X(REMOTE_ADDR, "remote-addr", DROP)                                                          \
	X(TRUE_CLIENT_IP, "true-client-ip", DROP)                                                    \
	X(WL_PROXY_CLIENT_IP, "wl-proxy-client-ip", DROP)                                            \
	X(X_APPENGINE_USER_IP, "x-appengine-user-ip", DROP)                                          \
	X(X_AZURE_CLIENTIP, "x-azure-clientip", DROP)                                                \
	X(X_CLIENT_IP, "x-client-ip", DROP)                                                          \
	X(X_CLUSTER_CLIENT_IP, "x-cluster-client-ip", DROP)                                          \
	X(X_ENVOY_EXTERNAL_ADDRESS, "x-envoy-external-address", DROP)                                \
	X(X_ORIGINAL_FORWARDED_FOR, "x-original-forwarded-for", DROP)                                \
	X(X_ORIGINATING_IP, "x-originating-ip", DROP)                                                \
	X(X_PROXYUSER_IP, "x-proxyuser-ip", DROP)                                                    \
	X(X_REMOTE_ADDR, "x-remote-addr", DROP)                                                      \
	X(X_REMOTE_IP, "x-remote-ip", DROP)                                                          \
	/* another URL, host or scheme than the request has */                                       \
	X(CF_VISITOR, "cf-visitor", DROP)                                                            \
	X(CLOUDFRONT_FORWARDED_PROTO, "cloudfront-forwarded-proto", DROP)                            \
	X(FRONT_END_HTTPS, "front-end-https", DROP)                                                  \
	X(X_ARR_SSL, "x-arr-ssl", DROP)                                                              \
	X(X_HOST, "x-host", DROP)                                                                    \
	X(X_HTTP_HOST_OVERRIDE, "x-http-host-override", DROP)                                        \
	X(X_ORIGINAL_HOST, "x-original-host", DROP)                                                  \
	X(X_ORIGINAL_METHOD, "x-original-method", DROP)                                              \
	X(X_ORIGINAL_PROTO, "x-original-proto", DROP)                                                \
	X(X_ORIGINAL_URI, "x-original-uri", DROP)                                                    \
	X(X_ORIGINAL_URL, "x-original-url", DROP)                                                    \
	X(X_OVERRIDE_URL, "x-override-url", DROP)                                                    \
	X(X_REWRITE_URL, "x-rewrite-url", DROP)                                                      \
	X(X_SCHEME, "x-scheme", DROP)                                                                \
	X(X_URL_SCHEME, "x-url-scheme", DROP)                                                        \
	/* the client's identity, by TLS or authentication (RFC 9440 §4) */                         \
	X(CLIENT_CERT, "client-cert", DROP)                                                          \
	X(CLIENT_CERT_CHAIN, "client-cert-chain", DROP)                                              \
	X(REMOTE_USER, "remote-user", DROP)                                                          \
	X(X_ARR_CLIENTCERT, "x-arr-clientcert", DROP)                                                \
	X(X_REMOTE_USER, "x-remote-user", DROP)                                                      \
	/* what steers the server: a proxy variable by CGI (CVE-2016-5385), files that a           \
	 * proxy is to send, middleware that is left out (CVE-2025-29927) */ \
	X(PROXY, "proxy", DROP)                                                                      \
	X(X_ACCEL_MAPPING, "x-accel-mapping", DROP)                                                  \
	X(X_MIDDLEWARE_SUBREQUEST, "x-middleware-subrequest", DROP)                                  \
	X(X_SENDFILE_TYPE, "x-sendfile-type", DROP)                                                  \
	/* another method than the request has: applications rely on it */                           \
	X(X_HTTP_METHOD, "x-http-method", OVERRIDE)                                                  \
	X(X_HTTP_METHOD_OVERRIDE, "x-http-method-override", OVERRIDE)                                \
	X(X_METHOD_OVERRIDE, "x-method-override", OVERRIDE)

/* What happens to a client's field of that name (lower case). */
enum fr_trust fr_trust_of(struct fr_str name);

/* Only letters, digits and hyphens. Any other character is one that
 * CGI, and what is like it, turns into what a hyphen becomes, too: `accept_language`
 * is taken for accept-language, behind the back of Vary. */
bool fr_trust_name_is_plain(struct fr_str name);

/* Does a client's field of that name (lower case) reach the origin, in a head or a
 * trailer? Not what is replaced or dropped, nor a name that is not plain. */
bool fr_trust_passes(struct fr_str name);

/* Does Vary name `*`, or a field that the edge makes itself, for each client or each
 * connection anew? Such a response is for one request only. */
bool fr_vary_is_any(const struct fr_fields *response);

#endif
