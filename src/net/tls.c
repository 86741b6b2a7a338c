/* One TLS connection over OpenSSL, as bytes in and bytes out. */
#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "net/tls_priv.h"

#define MAGIC 0x746c7363u
/* What TLS adds to one record: header, explicit nonce or content type, tag. */
#define RECORD_OVERHEAD_BYTES 64u
#define RECORD_MAX_BYTES 16384u
#define NAME_MAX_BYTES 256u

struct fr_tls {
	uint32_t magic;
	SSL *ssl;                       /* owned */
	struct fr_tls_server *server;   /* reference; NULL on a client */
	struct fr_tls_client *client;   /* reference; NULL on a server */
	const struct fr_tls_cert *cert; /* borrowed from server: the one in use; NULL on a client */
	struct fr_buf *out;             /* borrowed: ciphertext to send */
	const uint8_t *in;              /* borrowed: ciphertext received, in_len left */
	size_t in_len;
	char name[NAME_MAX_BYTES]; /* SNI, lower case, no dot at its end */
	char error[160]; /* until failed(): the subject of a certificate that was refused */
	bool is_first_read;
	bool saw_plain_http;
};

static struct fr_tls *of(SSL *ssl)
{
	struct fr_tls *t = SSL_get_app_data(ssl);

	FR_ASSERT(t && t->magic == MAGIC);
	return t;
}

struct fr_tls_server *fr_tls_server_of(SSL *ssl)
{
	return of(ssl)->server;
}

/* --- the transport: a BIO over the bytes fed and the output buffer --- */

static int bio_read(BIO *bio, char *buf, int len)
{
	struct fr_tls *t = BIO_get_data(bio);
	size_t n = (size_t)(len > 0 ? len : 0);

	BIO_clear_retry_flags(bio);
	if (t->in_len == 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	if (n > t->in_len)
		n = t->in_len;
	memcpy(buf, t->in, n);
	t->in += n;
	t->in_len -= n;
	return (int)n;
}

static int bio_write(BIO *bio, const char *buf, int len)
{
	struct fr_tls *t = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	if (len <= 0 || fr_buf_append(t->out, buf, (size_t)len) < 0)
		return -1;
	return len;
}

static long bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
	(void)bio;
	(void)num;
	(void)ptr;
	return cmd == BIO_CTRL_FLUSH || cmd == BIO_CTRL_DUP;
}

static BIO_METHOD *method;
static CRYPTO_ONCE method_once = CRYPTO_ONCE_STATIC_INIT;

/* Written once, before any use, then only read. */
static void make_method(void)
{
	method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "forerun");
	FR_ASSERT(method);
	BIO_meth_set_read(method, bio_read);
	BIO_meth_set_write(method, bio_write);
	BIO_meth_set_ctrl(method, bio_ctrl);
}

static struct fr_tls *tls_new(SSL_CTX *ctx, struct fr_buf *out)
{
	struct fr_tls *t = fr_try_calloc(1, sizeof *t);
	BIO *bio;

	FR_ASSERT(CRYPTO_THREAD_run_once(&method_once, make_method));
	if (!t)
		return NULL;
	t->magic = MAGIC;
	t->out = out;
	t->is_first_read = true;
	t->ssl = SSL_new(ctx);
	bio = BIO_new(method);
	if (!t->ssl || !bio) {
		BIO_free(bio);
		SSL_free(t->ssl);
		free(t);
		return NULL;
	}
	BIO_set_data(bio, t);
	BIO_set_init(bio, 1);
	SSL_set_bio(t->ssl, bio, bio);
	SSL_set_app_data(t->ssl, t);
	return t;
}

struct fr_tls *fr_tls_accept(struct fr_tls_server *s, struct fr_buf *out)
{
	struct fr_tls *t = tls_new(s->certs[0].ctx, out);

	if (!t)
		return NULL;
	fr_tls_server_ref(s);
	t->server = s;
	t->cert = &s->certs[0];
	SSL_set_accept_state(t->ssl);
	return t;
}

/* SNI and certificates name hosts without the dot at their end (RFC 6066 §3). */
static struct fr_str without_dot(struct fr_str host)
{
	return host.len > 1 && host.p[host.len - 1] == '.' ? fr_str_sub(host, 0, host.len - 1)
	                                                   : host;
}

struct fr_tls *fr_tls_connect(struct fr_tls_client *c, const char *host, struct fr_buf *out)
{
	struct fr_tls *t = tls_new(c->ctx, out);
	X509_VERIFY_PARAM *param;

	if (!t)
		return NULL;
	param = SSL_get0_param(t->ssl);
	fr_tls_client_ref(c);
	t->client = c;
	/* an address is verified as such and never sent as a name (RFC 6066 §3) */
	if (X509_VERIFY_PARAM_set1_ip_asc(param, host) != 1) {
		struct fr_str bare = without_dot(fr_str_from(host));
		char *name = fr_str_dup(bare);

		ERR_clear_error();
		/* without the name nothing would be verified */
		if (SSL_set1_host(t->ssl, name) != 1)
			fr_tls_free(&t);
		else
			(void)SSL_set_tlsext_host_name(t->ssl, name);
		free(name);
		if (!t)
			return NULL;
	}
	SSL_set_connect_state(t->ssl);
	return t;
}

void fr_tls_free(struct fr_tls **tp)
{
	struct fr_tls *t = *tp;

	if (!t)
		return;
	SSL_free(t->ssl);
	fr_tls_server_unref(&t->server);
	fr_tls_client_unref(&t->client);
	t->magic = 0;
	free(t);
	*tp = NULL;
}

/* --- errors --- */

/* Of a certificate's subject in an error. */
#define SUBJECT_BYTES 80

/* What came was no record of TLS: mostly the answer of a port that speaks HTTP. */
static bool is_no_tls(unsigned long e)
{
	return ERR_GET_LIB(e) == ERR_LIB_SSL && ERR_GET_REASON(e) == SSL_R_WRONG_VERSION_NUMBER;
}

void fr_tls_describe(char *out, size_t cap, const char *what)
{
	unsigned long first = ERR_peek_error(), last = ERR_peek_last_error();
	/* a file that cannot be read is told by the system; what follows says only that it did */
	const char *reason = ERR_SYSTEM_ERROR(first) ? strerrordesc_np(ERR_GET_REASON(first))
	                     : is_no_tls(last)       ? "no TLS there (wrong version number)"
	                     : last                  ? ERR_reason_error_string(last)
	                                             : NULL;

	(void)snprintf(out, cap, "%s%s%s", what, *what ? ": " : "",
	               reason ? reason : "unknown error");
	ERR_clear_error();
}

int fr_tls_on_verify(int ok, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	X509 *cert = X509_STORE_CTX_get_current_cert(store);
	struct fr_tls *t = ssl ? SSL_get_app_data(ssl) : NULL;
	BIO *bio;
	int n;

	if (ok || !t || !cert || *t->error)
		return ok;
	bio = BIO_new(BIO_s_mem());
	/* escaped: it is printed in logs */
	if (bio && X509_NAME_print_ex(bio, X509_get_subject_name(cert), 0,
	                              XN_FLAG_ONELINE & ~XN_FLAG_SPC_EQ) > 0) {
		n = BIO_read(bio, t->error, SUBJECT_BYTES - 1);
		t->error[n > 0 ? n : 0] = '\0';
	}
	BIO_free(bio);
	return ok;
}

/* "certificate has expired: CN=a"; "certificate with hostname mismatch: CN=a" */
static void explain_refusal(struct fr_tls *t, long verify)
{
	const char *reason = X509_verify_cert_error_string(verify);
	const char *of = strstr(reason, "certificate") ? "" : "certificate with ";
	char subject[SUBJECT_BYTES];

	(void)snprintf(subject, sizeof subject, "%.*s", SUBJECT_BYTES - 1, t->error);
	(void)snprintf(t->error, sizeof t->error, "%s%s%s%s", of, reason, *subject ? ": " : "",
	               subject);
	ERR_clear_error();
}

static int failed(struct fr_tls *t)
{
	long verify = SSL_get_verify_result(t->ssl);

	if (t->client && verify != X509_V_OK) {
		explain_refusal(t, verify);
	} else if (t->saw_plain_http) {
		(void)snprintf(t->error, sizeof t->error, "plain HTTP on a TLS port");
		ERR_clear_error();
	} else {
		fr_tls_describe(t->error, sizeof t->error, "TLS");
	}
	return FR_ERR_TLS;
}

/* What an operation that returned `rc` <= 0 means. */
static int outcome(struct fr_tls *t, int rc)
{
	switch (SSL_get_error(t->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return FR_ERR_AGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	default:
		return failed(t);
	}
}

/* --- the connection --- */

void fr_tls_feed(struct fr_tls *t, const uint8_t *data, size_t len)
{
	if (t->is_first_read && len) {
		t->is_first_read = false;
		/* handshake records begin with 22; an upper-case letter is a method */
		t->saw_plain_http = t->server && data[0] >= 'A' && data[0] <= 'Z';
	}
	t->in = data;
	t->in_len = len;
}

int fr_tls_begin_server(SSL *ssl, struct fr_str host)
{
	struct fr_tls *t = of(ssl);
	uint8_t context[FR_SHA256_BYTES];
	size_t n = 0;

	host = without_dot(host);
	if (host.len >= sizeof t->name || (host.len && memchr(host.p, '\0', host.len)))
		return FR_ERR_TLS;
	for (; n < host.len; n++)
		t->name[n] = fr_ascii_lower(host.p[n]);
	t->name[n] = '\0';
	t->cert = fr_tls_server_choose(t->server, fr_str_make(t->name, n));
	fr_sha256((const struct fr_str[]){fr_str_make((const char *)t->cert->digest,
	                                              sizeof t->cert->digest),
	                                  fr_str_make(t->name, n)},
	          2, context);
	if (!SSL_set_SSL_CTX(ssl, t->cert->ctx) ||
	    SSL_set_session_id_context(ssl, context, sizeof context) != 1)
		return FR_ERR_TLS;
	return 0;
}

int fr_tls_handshake(struct fr_tls *t)
{
	int rc;

	ERR_clear_error();
	rc = SSL_do_handshake(t->ssl);
	if (rc == 1)
		return 1;
	rc = outcome(t, rc);
	return rc == 0 ? failed(t) : rc;
}

int64_t fr_tls_read(struct fr_tls *t, uint8_t *buf, size_t cap)
{
	size_t n = 0;
	int rc;

	ERR_clear_error();
	rc = SSL_read_ex(t->ssl, buf, cap, &n);
	return rc == 1 ? (int64_t)n : outcome(t, rc);
}

int fr_tls_write(struct fr_tls *t, const void *data, size_t len, size_t record_bytes)
{
	size_t max =
		record_bytes && record_bytes < RECORD_MAX_BYTES ? record_bytes : RECORD_MAX_BYTES;
	const uint8_t *p = data;

	if (fr_buf_room(t->out) < len + (len / max + 1) * RECORD_OVERHEAD_BYTES)
		return FR_ERR_LIMIT;
	ERR_clear_error();
	while (len) {
		size_t n = len < max ? len : max, written = 0;

		if (SSL_write_ex(t->ssl, p, n, &written) != 1)
			return failed(t);
		p += written;
		len -= written;
	}
	return 0;
}

void fr_tls_shutdown(struct fr_tls *t)
{
	ERR_clear_error();
	(void)SSL_shutdown(t->ssl);
	ERR_clear_error();
}

/* --- what was negotiated --- */

struct fr_str fr_tls_alpn(const struct fr_tls *t)
{
	const unsigned char *p = NULL;
	unsigned n = 0;

	SSL_get0_alpn_selected(t->ssl, &p, &n);
	return fr_str_make((const char *)p, n);
}

struct fr_str fr_tls_server_name(const struct fr_tls *t)
{
	return fr_str_from(t->name);
}

const char *fr_tls_version_str(const struct fr_tls *t)
{
	return SSL_get_version(t->ssl);
}

bool fr_tls_is_13(const struct fr_tls *t)
{
	return SSL_version(t->ssl) == TLS1_3_VERSION;
}

bool fr_tls_is_resumed(const struct fr_tls *t)
{
	return SSL_session_reused(t->ssl) == 1;
}

const char *fr_tls_error_text(const struct fr_tls *t)
{
	return t->error;
}

bool fr_tls_covers(const struct fr_tls *t, struct fr_str host)
{
	return !t->server || fr_tls_names_cover(&t->cert->names, host) ||
	       (host.len && fr_str_is(host, t->name));
}

bool fr_tls_is_best(const struct fr_tls *t, const struct fr_tls_server *now, struct fr_str host)
{
	const struct fr_tls_cert *same;

	if (!t->server || !now)
		return !t->server;
	same = fr_tls_server_choose(now, fr_str_from(t->name));
	return fr_tls_server_choose(now, host) == same &&
	       memcmp(same->digest, t->cert->digest, sizeof same->digest) == 0;
}

bool fr_tls_saw_plain_http(const struct fr_tls *t)
{
	return t->saw_plain_http;
}

const char *fr_tls_library_version(void)
{
	return OpenSSL_version(OPENSSL_VERSION);
}

void fr_random_bytes(void *out, size_t len)
{
	FR_ASSERT(len <= 65536 && RAND_bytes(out, (int)len) == 1);
}

void fr_sha256(const struct fr_str *parts, size_t n, uint8_t out[FR_SHA256_BYTES])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;

	for (size_t i = 0; ok && i < n; i++)
		ok = EVP_DigestUpdate(ctx, parts[i].p, parts[i].len) == 1;
	FR_ASSERT(ok && EVP_DigestFinal_ex(ctx, out, NULL) == 1);
	EVP_MD_CTX_free(ctx);
}
