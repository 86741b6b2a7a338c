/* Judges certificates with OpenSSL, without a connection: the pair by making
 * a server context of it, dates and names from the certificate itself. */
#include "net/tls_check.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "net/tls_names.h"

#define SECONDS_PER_DAY 86400
#define DATE_BYTES 32

struct checking {
	const struct fr_tls_cert_spec *cert; /* borrowed */
	fr_tls_on_fault *on_fault;
	void *user; /* borrowed */
};

__attribute__((format(printf, 3, 4))) static void
tell(const struct checking *c, enum fr_tls_fault_kind kind, const char *format, ...)
{
	char text[sizeof(struct fr_tls_problem)];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	c->on_fault(c->user, kind, "certificate", text);
}

static X509 *read_certificate(const char *file)
{
	BIO *bio = BIO_new_file(file, "r");
	X509 *x509 = bio ? PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	ERR_clear_error();
	return x509;
}

static void write_date(const ASN1_TIME *at, char out[DATE_BYTES])
{
	struct tm tm;

	if (ASN1_TIME_to_tm(at, &tm) != 1 || strftime(out, DATE_BYTES, "%Y-%m-%d", &tm) == 0)
		(void)snprintf(out, DATE_BYTES, "an unknown date");
}

static void check_dates(const struct checking *c, const X509 *x509, int64_t now_s)
{
	const ASN1_TIME *from = X509_get0_notBefore(x509), *to = X509_get0_notAfter(x509);
	time_t now = (time_t)now_s, soon = now + FR_TLS_CHECK_SOON_DAYS * SECONDS_PER_DAY;
	char date[DATE_BYTES];

	write_date(to, date);
	if (X509_cmp_time(to, &now) <= 0)
		tell(c, FR_TLS_FAULT, "certificate %s expired on %s", c->cert->cert_file, date);
	else if (X509_cmp_time(to, &soon) <= 0)
		tell(c, FR_TLS_WARNING, "certificate %s expires soon, on %s", c->cert->cert_file,
		     date);
	write_date(from, date);
	if (X509_cmp_time(from, &now) > 0)
		tell(c, FR_TLS_FAULT, "certificate %s is not valid before %s", c->cert->cert_file,
		     date);
}

/* A wildcard must be named by a wildcard: any one label stands for its star. */
static bool covers(const struct fr_tls_names *names, const char *host)
{
	char any[300];

	if (strncmp(host, "*.", 2) != 0)
		return fr_tls_names_cover(names, fr_str_from(host));
	return snprintf(any, sizeof any, "any%s", host + 1) < (int)sizeof any &&
	       fr_tls_names_cover(names, fr_str_from(any));
}

static void check_hosts(const struct checking *c, X509 *x509)
{
	struct fr_tls_names names;

	fr_tls_names_read(&names, x509);
	for (size_t i = 0; i < c->cert->n_hosts; i++) {
		const char *host = c->cert->hosts[i];

		if (strcmp(host, "*") != 0 && !covers(&names, host))
			tell(c, FR_TLS_WARNING, "certificate %s does not name the host %s",
			     c->cert->cert_file, host);
	}
	fr_tls_names_fini(&names);
}

void fr_tls_check(const struct fr_tls_cert_spec *cert, int64_t now_s, fr_tls_on_fault *on_fault,
                  void *user)
{
	struct checking c = {.cert = cert, .on_fault = on_fault, .user = user};
	struct fr_tls_server *s = NULL;
	struct fr_tls_problem why;
	X509 *x509;

	if (fr_tls_server_new(cert, 1, 12, true, NULL, &s, &why) < 0)
		on_fault(user, FR_TLS_FAULT, why.is_key ? "key" : "certificate", why.text);
	fr_tls_server_unref(&s);
	x509 = read_certificate(cert->cert_file);
	if (!x509)
		return; /* said above */
	check_dates(&c, x509, now_s);
	check_hosts(&c, x509);
	X509_free(x509);
	ERR_clear_error();
}
