/* Reads trusted_proxies: networks, addresses, and words for usual ones. */
#include <stdio.h>
#include <stdlib.h>

#include "config/config_priv.h"

/* IPv4 and IPv6 prefixes that are shorter take in what no operator has alone. */
#define WIDE_BITS_V4 8u
#define WIDE_BITS_V6 16u

/* Words for what many write: this machine; and all that is not routed on the Internet
 * (RFC 1918, RFC 4193) with it. */
static const struct {
	const char *word;
	const char *networks[8];
} words[] = {
	{"loopback", {"127.0.0.0/8", "::1"}},
	{"private",
         {"127.0.0.0/8", "::1", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"}},
};

static void add_text(struct fr_config_trusted *t, const char *network)
{
	struct fr_ip_network n;

	if (fr_ip_network_parse(fr_str_from(network), &n) == 0)
		fr_ip_set_add(&t->addresses, &n);
}

/* False: it is no word. */
static bool add_word(struct fr_config_trusted *t, const char *entry)
{
	if (strcmp(entry, "unix") == 0) {
		t->unix_sockets = true;
		return true;
	}
	for (size_t i = 0; i < FR_ARRAY_LEN(words); i++) {
		if (strcmp(entry, words[i].word) != 0)
			continue;
		for (size_t k = 0; words[i].networks[k]; k++)
			add_text(t, words[i].networks[k]);
		return true;
	}
	return false;
}

static void add_network(const struct fr_source *s, const char *key, const char *entry,
                        struct fr_config_trusted *t)
{
	struct fr_ip_network n;
	char base[FR_IP_TEXT_BYTES];
	struct fr_ip lowest;

	if (fr_ip_network_parse(fr_str_from(entry), &n) < 0) {
		fr_config_complain(s, key,
		                   "expected ADDRESS, ADDRESS/BITS, private, loopback or unix, "
		                   "not '%s'",
		                   entry);
		return;
	}
	lowest = fr_ip_network_base(&n);
	fr_ip_print(&lowest, base);
	if (memcmp(&lowest, &n.address, sizeof lowest) != 0) {
		fr_config_complain(s, key,
		                   "'%s' has bits set beyond its prefix: write %s/%u for the "
		                   "network, or leave /%u out for the one address",
		                   entry, base, n.bits, n.bits);
		return;
	}
	if (n.bits < (n.is_v4 ? WIDE_BITS_V4 : WIDE_BITS_V6) && !t->wide)
		t->wide = fr_str_dup(fr_str_from(entry));
	fr_ip_set_add(&t->addresses, &n);
}

void fr_trusted_take(const struct fr_source *s, const struct fr_raw *raw,
                     struct fr_config_trusted *out)
{
	for (unsigned i = 0; i < raw->trusted_proxies_count; i++) {
		const char *entry = raw->trusted_proxies[i];
		char key[40];

		(void)snprintf(key, sizeof key, "trusted_proxies[%u]", i);
		for (unsigned k = 0; k < i; k++)
			if (strcmp(raw->trusted_proxies[k], entry) == 0)
				fr_config_complain(s, key, "'%s' is listed twice", entry);
		if (!add_word(out, entry))
			add_network(s, key, entry, out);
	}
	fr_ip_set_seal(&out->addresses);
}

void fr_trusted_fini(struct fr_config_trusted *t)
{
	fr_ip_set_fini(&t->addresses);
	free(t->wide);
}

bool fr_config_trusts(const struct fr_config *c, const struct fr_ip *ip)
{
	return ip ? fr_ip_set_has(&c->trusted.addresses, ip) : c->trusted.unix_sockets;
}
