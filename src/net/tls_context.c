/* Server and client contexts: certificates, protocols, ciphers, verification. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "net/tls_priv.h"

/* TLS 1.2: forward secrecy and AEAD only; nothing of RFC 9113 appendix A. */
#define CIPHERS_12 "ECDHE+AESGCM:ECDHE+CHACHA20"
#define GROUPS "X25519:P-256:P-384"

static int problem(struct fr_tls_problem *why, const char *what, const char *file, int err)
{
	char prefix[400];

	(void)snprintf(prefix, sizeof prefix, "%s %s", what, file);
	fr_tls_describe(why->text, sizeof why->text, prefix);
	return err;
}

/* --- choosing --- */

static bool wildcard_matches(const char *pattern, struct fr_str name)
{
	struct fr_str suffix = fr_str_from(pattern + 1); /* with its dot */

	return pattern[0] == '*' && pattern[1] == '.' && name.len > suffix.len &&
	       fr_str_ends(name, suffix);
}

const struct fr_tls_cert *fr_tls_server_choose(const struct fr_tls_server *s, struct fr_str name)
{
	const struct fr_tls_cert *best = &s->certs[0];
	size_t best_len = 0;

	for (size_t c = 0; c < s->n_certs; c++)
		for (size_t h = 0; h < s->certs[c].n_hosts; h++) {
			const char *host = s->certs[c].hosts[h];

			if (fr_str_is(name, host))
				return &s->certs[c];
			if (wildcard_matches(host, name) && strlen(host) > best_len) {
				best = &s->certs[c];
				best_len = strlen(host);
			}
		}
	return best;
}

/* A big-endian number of two bytes, taken off the front; SIZE_MAX: there is none. */
static size_t take_u16(const unsigned char **p, size_t *left)
{
	size_t v;

	if (*left < 2)
		return SIZE_MAX;
	v = (size_t)(*p)[0] << 8 | (*p)[1];
	*p += 2;
	*left -= 2;
	return v;
}

/* The host that a ClientHello names: ServerNameList of one host_name (RFC 6066 §3); empty
 * without. What is malformed OpenSSL refuses later. */
static struct fr_str read_server_name(SSL *ssl)
{
	const unsigned char *p;
	struct fr_str none = {0};
	size_t left, n;

	if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &p, &left) != 1)
		return none;
	n = take_u16(&p, &left);
	if (n != left || left < 1 || *p != TLSEXT_NAMETYPE_host_name)
		return none;
	p++;
	left--;
	n = take_u16(&p, &left);
	return n > left ? none : fr_str_make((const char *)p, n);
}

/* Before a session is looked for, which comes before OpenSSL's callback for server names:
 * what a session is resumed under must be known by then. */
static int on_client_hello(SSL *ssl, int *alert, void *arg)
{
	(void)arg;
	if (fr_tls_begin_server(ssl, read_server_name(ssl)) == 0)
		return SSL_CLIENT_HELLO_SUCCESS;
	*alert = SSL_AD_UNRECOGNIZED_NAME;
	return SSL_CLIENT_HELLO_ERROR;
}

/* The name was taken: says so to the client. */
static int on_server_name(SSL *ssl, int *alert, void *arg)
{
	(void)alert;
	(void)arg;
	return SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) ? SSL_TLSEXT_ERR_OK
	                                                          : SSL_TLSEXT_ERR_NOACK;
}

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                   const unsigned char *in, unsigned in_len, void *arg)
{
	static const unsigned char all[] = "\x02h2\x08http/1.1\x08http/1.0";
	const struct fr_tls_server *s = arg;
	const unsigned char *ours = s->offer_h2 ? all : all + 3;
	unsigned ours_len = (unsigned)sizeof all - 1 - (s->offer_h2 ? 0 : 3);

	(void)ssl;
	/* RFC 7301 §3.2: nothing in common is an error */
	if (SSL_select_next_proto((unsigned char **)(uintptr_t)out, out_len, ours, ours_len, in,
	                          in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	return SSL_TLSEXT_ERR_OK;
}

/* --- servers --- */

static SSL_CTX *server_ctx(struct fr_tls_server *s, int min_version)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	FR_ASSERT(ctx);
	(void)SSL_CTX_set_min_proto_version(ctx,
	                                    min_version == 13 ? TLS1_3_VERSION : TLS1_2_VERSION);
	FR_ASSERT(SSL_CTX_set_cipher_list(ctx, CIPHERS_12) == 1);
	FR_ASSERT(SSL_CTX_set1_groups_list(ctx, GROUPS) == 1);
	(void)SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
	                                       SSL_OP_CIPHER_SERVER_PREFERENCE |
	                                       SSL_OP_PRIORITIZE_CHACHA |
	                                       SSL_OP_IGNORE_UNEXPECTED_EOF);
	(void)SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
	                                    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(ctx, 1);
	/* resumption by tickets alone: nothing is kept for clients that are gone */
	(void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_num_tickets(ctx, 1);
	SSL_CTX_set_client_hello_cb(ctx, on_client_hello, NULL);
	(void)SSL_CTX_set_tlsext_servername_callback(ctx, on_server_name);
	SSL_CTX_set_alpn_select_cb(ctx, on_alpn, s);
	fr_tls_tickets_install(ctx);
	return ctx;
}

/* As SSL_CTX_use_certificate_chain_file, from memory: the server's own first, then those that lead
 * to its authority. */
static bool use_chain(SSL_CTX *ctx, struct fr_str pem)
{
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.len);
	X509 *cert = bio ? PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL) : NULL;
	bool ok = cert && SSL_CTX_use_certificate(ctx, cert) == 1;

	X509_free(cert);
	while (ok && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		ok = SSL_CTX_add0_chain_cert(ctx, cert) == 1;
		if (!ok)
			X509_free(cert);
	}
	/* the end of the chain is no error; anything else in the way is */
	if (ok && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE)
		ERR_clear_error();
	else
		ok = false;
	BIO_free(bio);
	return ok;
}

static bool use_key(SSL_CTX *ctx, struct fr_str pem)
{
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.len);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
	bool ok = key && SSL_CTX_use_PrivateKey(ctx, key) == 1;

	EVP_PKEY_free(key);
	BIO_free(bio);
	return ok;
}

/* OpenSSL may say so when the key is given, or when it is asked. */
static bool is_of_another(void)
{
	int reason = ERR_GET_REASON(ERR_peek_last_error());

	return reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH;
}

/* Labels of PEM blocks, and why a file with that block is not the one that is wanted. A NUL
 * follows the text of a file. */
static const char *explain_pem(struct fr_str pem, bool is_key)
{
	static const struct {
		const char *label, *as_cert, *as_key;
	} known[] = {
		{"CERTIFICATE REQUEST-----", "it is a request for a certificate (CSR)",
	         "it is a request for a certificate (CSR)"},
		{"ENCRYPTED", "it is a key, not a certificate",
	         "it is locked with a passphrase, for which nobody can be asked"},
		{"PRIVATE KEY-----", "it is a key, not a certificate", NULL},
		{"CERTIFICATE-----", NULL, "it is a certificate, not a key"},
	};

	if (!pem.p)
		return NULL;
	for (size_t i = 0; i < FR_ARRAY_LEN(known); i++)
		if (strstr(pem.p, known[i].label))
			return is_key ? known[i].as_key : known[i].as_cert;
	return is_key ? "it has no '-----BEGIN PRIVATE KEY-----'"
	              : "it has no '-----BEGIN CERTIFICATE-----'";
}

/* A file that cannot be used: in words if its text shows why, else in OpenSSL's. */
static int pem_problem(struct fr_tls_problem *why, const char *file, struct fr_str pem, int err)
{
	const char *words = explain_pem(pem, why->is_key);
	const char *what = why->is_key ? "cannot use key" : "cannot use certificate";

	if (!words)
		return problem(why, what, file, err);
	ERR_clear_error();
	(void)snprintf(why->text, sizeof why->text, "%s %.380s: %s", what, file, words);
	return err;
}

/* OpenSSL's words add nothing: "key values mismatch", "no certificate assigned". */
static int other_key(struct fr_tls_problem *why, const char *file, int err)
{
	ERR_clear_error();
	(void)snprintf(why->text, sizeof why->text, "key %.380s does not belong to the certificate",
	               file);
	return err;
}

static int load_pair(SSL_CTX *ctx, const struct fr_tls_cert_spec *spec, struct fr_tls_problem *why)
{
	ERR_clear_error();
	why->is_key = false;
	if (!(spec->cert_pem.p ? use_chain(ctx, spec->cert_pem)
	                       : SSL_CTX_use_certificate_chain_file(ctx, spec->cert_file) == 1))
		return pem_problem(why, spec->cert_file, spec->cert_pem, FR_ERR_IO);
	why->is_key = true;
	if (!(spec->key_pem.p
	              ? use_key(ctx, spec->key_pem)
	              : SSL_CTX_use_PrivateKey_file(ctx, spec->key_file, SSL_FILETYPE_PEM) == 1))
		return is_of_another() ? other_key(why, spec->key_file, FR_ERR_IO)
		                       : pem_problem(why, spec->key_file, spec->key_pem, FR_ERR_IO);
	if (SSL_CTX_check_private_key(ctx) != 1)
		return other_key(why, spec->key_file, FR_ERR_TLS);
	why->is_key = false;
	return 0;
}

/* What the certificate says of itself, for later comparisons. */
static int describe(struct fr_tls_cert *cert, const char *file, struct fr_tls_problem *why)
{
	X509 *x509 = SSL_CTX_get0_certificate(cert->ctx);
	unsigned n = 0;

	if (!x509 || X509_digest(x509, EVP_sha256(), cert->digest, &n) != 1 ||
	    n != sizeof cert->digest)
		return problem(why, "cannot read certificate", file, FR_ERR_TLS);
	fr_tls_names_read(&cert->names, x509);
	ERR_clear_error();
	return 0;
}

static void copy_hosts(struct fr_tls_cert *cert, const struct fr_tls_cert_spec *spec)
{
	cert->hosts = fr_calloc(spec->n_hosts, sizeof *cert->hosts);
	for (; cert->n_hosts < spec->n_hosts; cert->n_hosts++)
		cert->hosts[cert->n_hosts] = fr_str_dup(fr_str_from(spec->hosts[cert->n_hosts]));
}

int fr_tls_server_new(const struct fr_tls_cert_spec *certs, size_t n, int min_version,
                      bool offer_h2, struct fr_tls_tickets *tickets, struct fr_tls_server **out,
                      struct fr_tls_problem *why)
{
	struct fr_tls_server *s;
	int rc = 0;

	why->pair = 0;
	why->is_key = false;
	if (n == 0) {
		(void)snprintf(why->text, sizeof why->text, "no certificate is configured");
		return FR_ERR_INVALID;
	}
	s = fr_calloc(1, sizeof *s);
	s->refs = 1;
	s->tickets = tickets;
	s->offer_h2 = offer_h2;
	s->certs = fr_calloc(n, sizeof *s->certs);
	for (; rc == 0 && s->n_certs < n; s->n_certs++) {
		s->certs[s->n_certs].ctx = server_ctx(s, min_version);
		copy_hosts(&s->certs[s->n_certs], &certs[s->n_certs]);
		why->pair = s->n_certs;
		rc = load_pair(s->certs[s->n_certs].ctx, &certs[s->n_certs], why);
		if (rc == 0)
			rc = describe(&s->certs[s->n_certs], certs[s->n_certs].cert_file, why);
	}
	if (rc < 0) {
		fr_tls_server_unref(&s);
		return rc;
	}
	*out = s;
	return 0;
}

void fr_tls_server_ref(struct fr_tls_server *s)
{
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
}

void fr_tls_server_unref(struct fr_tls_server **sp)
{
	struct fr_tls_server *s = *sp;

	*sp = NULL;
	if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t c = 0; c < s->n_certs; c++) {
		SSL_CTX_free(s->certs[c].ctx);
		for (size_t h = 0; h < s->certs[c].n_hosts; h++)
			free(s->certs[c].hosts[h]);
		free(s->certs[c].hosts);
		fr_tls_names_fini(&s->certs[c].names);
	}
	free(s->certs);
	free(s);
}

size_t fr_tls_server_expiries(const struct fr_tls_server *s, struct fr_tls_expiry *out, size_t cap)
{
	size_t n = 0;

	for (; n < s->n_certs && n < cap; n++) {
		X509 *x509 = SSL_CTX_get0_certificate(s->certs[n].ctx);
		struct tm tm = {0};

		out[n] = (struct fr_tls_expiry){.until_s = 0};
		if (s->certs[n].n_hosts)
			(void)snprintf(out[n].name, sizeof out[n].name, "%s", s->certs[n].hosts[0]);
		else
			(void)snprintf(out[n].name, sizeof out[n].name, "the default");
		if (x509 && ASN1_TIME_to_tm(X509_get0_notAfter(x509), &tm) == 1)
			out[n].until_s = (int64_t)timegm(&tm);
	}
	return n;
}

/* --- clients --- */

static int load_trust(SSL_CTX *ctx, const char *ca_file, struct fr_tls_problem *why)
{
	ERR_clear_error();
	if (!ca_file && SSL_CTX_set_default_verify_paths(ctx) != 1)
		return problem(why, "cannot use the system's", "authorities", FR_ERR_IO);
	if (ca_file && SSL_CTX_load_verify_file(ctx, ca_file) != 1)
		return problem(why, "cannot use authorities", ca_file, FR_ERR_IO);
	return 0;
}

static void set_alpn(SSL_CTX *ctx, const char *alpn)
{
	unsigned char wire[32];
	size_t n = strlen(alpn);

	FR_ASSERT(n && n < sizeof wire);
	wire[0] = (unsigned char)n;
	memcpy(wire + 1, alpn, n);
	(void)SSL_CTX_set_alpn_protos(ctx, wire, (unsigned)n + 1);
}

int fr_tls_client_new(const char *ca_file, bool verify, const char *alpn,
                      struct fr_tls_client **out, struct fr_tls_problem *why)
{
	struct fr_tls_client *c = fr_calloc(1, sizeof *c);
	int rc = 0;

	c->refs = 1;
	c->verify = verify;
	c->ctx = SSL_CTX_new(TLS_client_method());
	FR_ASSERT(c->ctx);
	(void)SSL_CTX_set_min_proto_version(c->ctx, TLS1_2_VERSION);
	(void)SSL_CTX_set_mode(c->ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
	                                       SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	/* a missing close_notify is for the reader to judge, not an error here */
	(void)SSL_CTX_set_options(c->ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_read_ahead(c->ctx, 1);
	if (alpn)
		set_alpn(c->ctx, alpn);
	if (verify) {
		SSL_CTX_set_verify(c->ctx, SSL_VERIFY_PEER, fr_tls_on_verify);
		rc = load_trust(c->ctx, ca_file, why);
	}
	if (rc < 0) {
		fr_tls_client_unref(&c);
		return rc;
	}
	*out = c;
	return 0;
}

void fr_tls_client_ref(struct fr_tls_client *c)
{
	atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
}

void fr_tls_client_unref(struct fr_tls_client **cp)
{
	struct fr_tls_client *c = *cp;

	*cp = NULL;
	if (!c || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
		return;
	SSL_CTX_free(c->ctx);
	free(c);
}
