/* Makes the local authority and its certificate for localhost, and keeps both in files. */
#include "net/local_ca.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/tls_priv.h"

#define CA_DAYS 3650
#define LEAF_DAYS 90
#define RENEW_BEFORE_DAYS 7
#define NAMES "DNS:localhost,DNS:*.localhost,IP:127.0.0.1,IP:::1"

static int problem(struct fr_tls_problem *why, const char *what, const char *path)
{
	(void)snprintf(why->text, sizeof why->text, "%.60s %.300s: %.100s", what, path,
	               strerror(errno));
	return FR_ERR_IO;
}

static int tls_problem(struct fr_tls_problem *why, const char *what)
{
	fr_tls_describe(why->text, sizeof why->text, what);
	return FR_ERR_TLS;
}

/* --- the folder --- */

static int make_folder(char *path, struct fr_tls_problem *why)
{
	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		(void)mkdir(path, 0755);
		*p = '/';
	}
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return problem(why, "cannot make folder", path);
	return 0;
}

static int choose_folder(const char *dir, char *out, size_t cap, struct fr_tls_problem *why)
{
	const char *xdg = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	int n;

	if (dir)
		n = snprintf(out, cap, "%s", dir);
	else if (xdg && xdg[0] == '/')
		n = snprintf(out, cap, "%s/forerun", xdg);
	else if (home && home[0] == '/')
		n = snprintf(out, cap, "%s/.local/share/forerun", home);
	else
		n = snprintf(out, cap, "/var/lib/forerun");
	if (n < 0 || (size_t)n >= cap) {
		errno = ENAMETOOLONG;
		return problem(why, "cannot use folder", dir ? dir : "of the user's data");
	}
	return 0;
}

static void name_files(const char *folder, struct fr_local_ca *names)
{
	*names = (struct fr_local_ca){0};
	(void)snprintf(names->ca_file, sizeof names->ca_file, "%s/ca.pem", folder);
	(void)snprintf(names->cert_file, sizeof names->cert_file, "%s/cert.pem", folder);
	(void)snprintf(names->key_file, sizeof names->key_file, "%s/key.pem", folder);
}

/* --- reading what is there --- */

static X509 *read_cert(const char *path)
{
	FILE *f = fopen(path, "re");
	X509 *cert = f ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;

	if (f)
		(void)fclose(f);
	ERR_clear_error();
	return cert;
}

static EVP_PKEY *read_key(const char *path)
{
	FILE *f = fopen(path, "re");
	EVP_PKEY *key = f ? PEM_read_PrivateKey(f, NULL, NULL, NULL) : NULL;

	if (f)
		(void)fclose(f);
	ERR_clear_error();
	return key;
}

static bool is_fresh(const X509 *cert)
{
	time_t limit = time(NULL) + RENEW_BEFORE_DAYS * 86400;

	return X509_cmp_time(X509_get0_notAfter(cert), &limit) > 0;
}

/* A certificate with its key, still good for a while. NULL: must be made. */
static X509 *read_pair(const char *cert_file, const char *key_file, EVP_PKEY **key)
{
	X509 *cert = read_cert(cert_file);
	EVP_PKEY *k = read_key(key_file);

	if (cert && k && X509_check_private_key(cert, k) == 1 && is_fresh(cert)) {
		*key = k;
		return cert;
	}
	ERR_clear_error();
	X509_free(cert);
	EVP_PKEY_free(k);
	return NULL;
}

/* --- making --- */

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;
	bool ok;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = ext && X509_add_ext(cert, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	return ok;
}

static bool set_basics(X509 *cert, EVP_PKEY *key, const char *cn, long days)
{
	unsigned char serial[16];
	BIGNUM *bn;
	bool ok;

	fr_random_bytes(serial, sizeof serial);
	serial[0] &= 0x7f;
	bn = BN_bin2bn(serial, sizeof serial, NULL);
	ok = bn && BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(cert)) &&
	     X509_set_version(cert, X509_VERSION_3) == 1 &&
	     X509_gmtime_adj(X509_getm_notBefore(cert), -3600) &&
	     X509_gmtime_adj(X509_getm_notAfter(cert), days * 86400) &&
	     X509_set_pubkey(cert, key) == 1 &&
	     X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8,
	                                (const unsigned char *)cn, -1, -1, 0) == 1;
	BN_free(bn);
	return ok;
}

static X509 *make_ca(EVP_PKEY *key)
{
	char cn[128], host[64] = "this machine";
	X509 *cert = X509_new();

	(void)gethostname(host, sizeof host - 1);
	(void)snprintf(cn, sizeof cn, "Forerun local authority (%s)", host);
	cn[64] = '\0'; /* the upper bound of a common name (RFC 5280) */
	if (cert && set_basics(cert, key, cn, CA_DAYS) &&
	    X509_set_issuer_name(cert, X509_get_subject_name(cert)) == 1 &&
	    add_extension(cert, cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
	    add_extension(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign") &&
	    add_extension(cert, cert, NID_subject_key_identifier, "hash") &&
	    X509_sign(cert, key, EVP_sha256()) > 0)
		return cert;
	X509_free(cert);
	return NULL;
}

static X509 *make_leaf(EVP_PKEY *key, X509 *ca, EVP_PKEY *ca_key)
{
	X509 *cert = X509_new();

	if (cert && set_basics(cert, key, "localhost", LEAF_DAYS) &&
	    X509_set_issuer_name(cert, X509_get_subject_name(ca)) == 1 &&
	    add_extension(cert, ca, NID_basic_constraints, "critical,CA:FALSE") &&
	    add_extension(cert, ca, NID_key_usage, "critical,digitalSignature") &&
	    add_extension(cert, ca, NID_ext_key_usage, "serverAuth") &&
	    add_extension(cert, ca, NID_subject_alt_name, NAMES) &&
	    add_extension(cert, ca, NID_subject_key_identifier, "hash") &&
	    add_extension(cert, ca, NID_authority_key_identifier, "keyid") &&
	    X509_sign(cert, ca_key, EVP_sha256()) > 0)
		return cert;
	X509_free(cert);
	return NULL;
}

/* --- writing: a whole file or none --- */

static int write_file(const char *path, mode_t mode, X509 *cert, X509 *chain, EVP_PKEY *key,
                      struct fr_tls_problem *why)
{
	char tmp[600];
	FILE *f = NULL;
	bool ok;
	int fd;

	(void)snprintf(tmp, sizeof tmp, "%s.%ld.new", path, (long)getpid());
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd >= 0)
		f = fdopen(fd, "w");
	if (!f)
		return problem(why, "cannot write", tmp);
	ok = (!key || PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) == 1) &&
	     (!cert || PEM_write_X509(f, cert) == 1) && (!chain || PEM_write_X509(f, chain) == 1);
	ok = fflush(f) == 0 && fsync(fd) == 0 && ok;
	ok = fclose(f) == 0 && ok;
	if (ok && rename(tmp, path) == 0)
		return 0;
	(void)problem(why, "cannot write", path);
	(void)unlink(tmp);
	return FR_ERR_IO;
}

struct files {
	char ca_key[512];
	struct fr_local_ca *names;
};

static int make_authority(const struct files *f, X509 **ca, EVP_PKEY **key,
                          struct fr_tls_problem *why)
{
	int rc;

	*key = EVP_EC_gen("P-256");
	*ca = *key ? make_ca(*key) : NULL;
	if (!*ca)
		return tls_problem(why, "cannot make the local authority");
	rc = write_file(f->ca_key, 0600, NULL, NULL, *key, why);
	if (rc == 0)
		rc = write_file(f->names->ca_file, 0644, *ca, NULL, NULL, why);
	f->names->created = rc == 0;
	return rc;
}

static int make_certificate(const struct files *f, X509 *ca, EVP_PKEY *ca_key,
                            struct fr_tls_problem *why)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = key ? make_leaf(key, ca, ca_key) : NULL;
	int rc;

	if (!cert) {
		rc = tls_problem(why, "cannot make a certificate");
	} else {
		rc = write_file(f->names->key_file, 0600, NULL, NULL, key, why);
		if (rc == 0)
			rc = write_file(f->names->cert_file, 0644, cert, ca, NULL, why);
	}
	X509_free(cert);
	EVP_PKEY_free(key);
	return rc;
}

/* Is the server certificate there, good, and of this authority? */
static bool has_certificate(const struct files *f, X509 *ca)
{
	EVP_PKEY *key = NULL;
	X509 *cert = read_pair(f->names->cert_file, f->names->key_file, &key);
	bool ok = cert && X509_verify(cert, X509_get0_pubkey(ca)) == 1;

	ERR_clear_error();
	X509_free(cert);
	EVP_PKEY_free(key);
	return ok;
}

static int ensure_locked(const struct files *f, struct fr_tls_problem *why)
{
	EVP_PKEY *ca_key = NULL;
	X509 *ca = read_pair(f->names->ca_file, f->ca_key, &ca_key);
	int rc = 0;

	if (!ca)
		rc = make_authority(f, &ca, &ca_key, why);
	if (rc == 0 && !has_certificate(f, ca))
		rc = make_certificate(f, ca, ca_key, why);
	X509_free(ca);
	EVP_PKEY_free(ca_key);
	return rc;
}

int fr_local_ca_ensure(const char *dir, struct fr_local_ca *out, struct fr_tls_problem *why)
{
	struct fr_local_ca names = {0};
	struct files f = {.names = &names};
	char folder[400], lock[420];
	int rc = choose_folder(dir, folder, sizeof folder, why), fd;

	if (rc == 0)
		rc = make_folder(folder, why);
	if (rc < 0)
		return rc;
	name_files(folder, &names);
	(void)snprintf(f.ca_key, sizeof f.ca_key, "%s/ca-key.pem", folder);
	/* two that start at once: the second finds what the first has made */
	(void)snprintf(lock, sizeof lock, "%s/lock", folder);
	fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return problem(why, "cannot write", lock);
	if (flock(fd, LOCK_EX) < 0)
		rc = problem(why, "cannot lock", lock);
	else
		rc = ensure_locked(&f, why);
	close(fd);
	if (rc == 0)
		*out = names;
	return rc;
}

int fr_local_ca_names(const char *dir, struct fr_local_ca *out, struct fr_tls_problem *why)
{
	char folder[400];
	int rc = choose_folder(dir, folder, sizeof folder, why);

	if (rc == 0)
		name_files(folder, out);
	return rc;
}

int fr_certificate_key_hash(const char *cert_file, char out[FR_KEY_HASH_BYTES])
{
	FILE *f = fopen(cert_file, "r");
	uint8_t hash[FR_SHA256_BYTES];
	unsigned char *der = NULL;
	struct fr_str part;
	X509 *cert;
	int n;

	if (!f)
		return FR_ERR_IO;
	cert = PEM_read_X509(f, NULL, NULL, NULL);
	(void)fclose(f);
	n = cert ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der) : -1;
	if (n > 0) {
		part = fr_str_make((const char *)der, (size_t)n);
		fr_sha256(&part, 1, hash);
		(void)EVP_EncodeBlock((unsigned char *)out, hash, sizeof hash);
	}
	OPENSSL_free(der);
	X509_free(cert);
	ERR_clear_error();
	return n > 0 ? 0 : FR_ERR_TLS;
}
