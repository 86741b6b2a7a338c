/* The names that a certificate is valid for, and whether a host is one of them. */
#include "net/tls_names.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define HOST_MAX_BYTES 255u

static void add_dns(struct fr_tls_names *names, const ASN1_STRING *value)
{
	struct fr_str s = fr_str_make((const char *)ASN1_STRING_get0_data(value),
	                              (size_t)ASN1_STRING_length(value));
	char *copy;

	if (s.len && s.p[s.len - 1] == '.')
		s.len--;
	if (s.len == 0 || s.len > HOST_MAX_BYTES || memchr(s.p, '\0', s.len))
		return;
	copy = fr_str_dup(s);
	for (size_t i = 0; i < s.len; i++)
		copy[i] = fr_ascii_lower(copy[i]);
	names->dns[names->n_dns++] = copy;
}

static void add_address(struct fr_tls_names *names, const ASN1_OCTET_STRING *value)
{
	size_t len = (size_t)ASN1_STRING_length(value);
	struct fr_tls_address *a = &names->addresses[names->n_addresses];

	if (len != 4 && len != sizeof a->bytes)
		return;
	memcpy(a->bytes, ASN1_STRING_get0_data(value), len);
	a->len = len;
	names->n_addresses++;
}

void fr_tls_names_read(struct fr_tls_names *names, X509 *cert)
{
	GENERAL_NAMES *list =
		cert ? X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL) : NULL;
	int n = list ? sk_GENERAL_NAME_num(list) : 0;

	*names = (struct fr_tls_names){0};
	if (n <= 0) {
		GENERAL_NAMES_free(list);
		return;
	}
	names->dns = fr_calloc((size_t)n, sizeof *names->dns);
	names->addresses = fr_calloc((size_t)n, sizeof *names->addresses);
	for (int i = 0; i < n; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(list, i);

		if (name->type == GEN_DNS)
			add_dns(names, name->d.dNSName);
		else if (name->type == GEN_IPADD)
			add_address(names, name->d.iPAddress);
	}
	GENERAL_NAMES_free(list);
}

void fr_tls_names_fini(struct fr_tls_names *names)
{
	for (size_t i = 0; i < names->n_dns; i++)
		free(names->dns[i]);
	free(names->dns);
	free(names->addresses);
	*names = (struct fr_tls_names){0};
}

/* An address as bytes; 0: it is none. */
static size_t read_address(struct fr_str host, unsigned char bytes[16])
{
	char text[INET6_ADDRSTRLEN + 1];
	bool is6 = host.len > 2 && host.p[0] == '[' && host.p[host.len - 1] == ']';

	if (is6)
		host = fr_str_sub(host, 1, host.len - 1);
	if (host.len == 0 || host.len >= sizeof text)
		return 0;
	memcpy(text, host.p, host.len);
	text[host.len] = '\0';
	if (inet_pton(is6 ? AF_INET6 : AF_INET, text, bytes) != 1)
		return 0;
	return is6 ? 16 : 4;
}

static bool matches(const char *pattern, struct fr_str host)
{
	size_t label;

	if (pattern[0] != '*' || pattern[1] != '.')
		return fr_str_is(host, pattern);
	label = fr_str_find(host, '.');
	return label > 0 && fr_str_is(fr_str_sub(host, label, host.len), pattern + 1);
}

bool fr_tls_names_cover(const struct fr_tls_names *names, struct fr_str host)
{
	unsigned char bytes[16];
	size_t len = read_address(host, bytes);

	/* an address is never compared with names */
	for (size_t i = 0; len && i < names->n_addresses; i++)
		if (names->addresses[i].len == len &&
		    memcmp(names->addresses[i].bytes, bytes, len) == 0)
			return true;
	for (size_t i = 0; !len && i < names->n_dns; i++)
		if (matches(names->dns[i], host))
			return true;
	return false;
}
