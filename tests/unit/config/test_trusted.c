/* trusted_proxies, and listeners that take the PROXY protocol. */
#include "config_fixture.h"

#define SITE "sites: [{hosts: [\"*\"], origin: {url: \"http://o\"}}]\n"
#define SMALL "listen: [{address: \"127.0.0.1:0\"}]\n" SITE

static int tear_down(void **state)
{
	(void)state;
	drop_config();
	return 0;
}

static void what_nobody_can_mean_is_refused(void **state)
{
	static const char *const rows[][2] = {
		{SMALL "trusted_proxies: [10.0.0.0/8, x]\n",
	         "edge.yaml:3: trusted_proxies[1]: expected ADDRESS, ADDRESS/BITS, private, "
	         "loopback or unix, not 'x'"},
		{SMALL "trusted_proxies: [10.0.0.5/8]\n",
	         "trusted_proxies[0]: '10.0.0.5/8' has bits set beyond its prefix: write "
	         "10.0.0.0/8 "
	         "for the network, or leave /8 out for the one address"},
		{SMALL "trusted_proxies: [\"2001:db8::1/32\"]\n", "write 2001:db8::/32 for"},
		{SMALL "trusted_proxies: [10.0.0.0/33]\n", "trusted_proxies[0]: expected ADDRESS"},
		{SMALL "trusted_proxies: [\"[::1]\"]\n", "trusted_proxies[0]: expected ADDRESS"},
		{SMALL "trusted_proxies: [\"127.0.0.1:80\"]\n", "trusted_proxies[0]: expected"},
		{SMALL "trusted_proxies: [\"\"]\n", "trusted_proxies[0]: expected ADDRESS"},
		{SMALL "trusted_proxies: [Private]\n", "trusted_proxies[0]: expected ADDRESS"},
		{SMALL "trusted_proxies: [unix, \"::1\", unix]\n",
	         "trusted_proxies[2]: 'unix' is listed twice"},
		{SMALL "trusted_proxies: 10.0.0.0/8\n", "edge.yaml:3: trusted_proxies"},
		{"listen: [{address: \"*:0\", proxy_protocol: maybe}]\n" SITE,
	         "edge.yaml:1: listen[0].proxy_protocol: expected true or false, not 'maybe'"},
		{"listen: [{address: \"*:0\", proxy_protocol: true}]\n" SITE,
	         "listen[0].proxy_protocol: only connections of trusted_proxies are accepted, and "
	         "it names no address"},
		{"listen: [{address: \"*:0\", proxy_protocol: true}]\n"
	         "trusted_proxies: [unix]\n" SITE,
	         "and it names no address"},
		{"listen: [{address: \"unix:/x\", proxy_protocol: true}]\n"
	         "trusted_proxies: [10.0.0.0/8]\n" SITE,
	         "and it names no 'unix'"},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		assert_true(parse(rows[i][0]) < 0);
		if (!strstr(why.text, rows[i][1]))
			fail_msg("'%s' lacks '%s'", why.text, rows[i][1]);
	}
}

static void a_listener_takes_headers_of_whom_is_trusted(void **state)
{
	static const char *const rows[] = {
		"listen: [{address: \"*:0\", proxy_protocol: true}]\ntrusted_proxies: [private]\n",
		"listen: [{address: \"unix:/x\", proxy_protocol: on}]\ntrusted_proxies: [unix]\n"};
	char yaml[512];

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		(void)snprintf(yaml, sizeof yaml, "%s" SITE, rows[i]);
		assert_int_equal(parse(yaml), 0);
		assert_true(config->listeners[0].proxy_protocol);
	}
	assert_int_equal(parse(SMALL), 0);
	assert_false(config->listeners[0].proxy_protocol);
}

static void trusted_proxies_are_networks_and_words(void **state)
{
	static const struct {
		const char *list, *address; /* address "": a Unix socket */
		bool trusts;
	} rows[] = {
		{"[]", "127.0.0.1", false},
		{"[]", "", false},
		{"[loopback]", "127.3.2.1", true},
		{"[loopback]", "::1", true},
		{"[loopback]", "10.0.0.1", false},
		{"[loopback]", "", false},
		{"[private]", "127.0.0.1", true},
		{"[private]", "10.255.0.1", true},
		{"[private]", "172.31.255.255", true},
		{"[private]", "172.32.0.0", false},
		{"[private]", "192.168.1.1", true},
		{"[private]", "fd12::1", true},
		{"[private]", "::1", true},
		{"[private]", "2001:db8::1", false},
		{"[private]", "169.254.1.1", false},
		{"[private]", "", false},
		{"[unix]", "", true},
		{"[unix]", "127.0.0.1", false},
		{"[\"2001:db8::/32\", 192.0.2.1]", "192.0.2.1", true},
		{"[\"2001:db8::/32\", 192.0.2.1]", "::ffff:192.0.2.1", true},
		{"[\"2001:db8::/32\", 192.0.2.1]", "2001:db8:7::", true},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		struct fr_ip ip;
		char yaml[512];
		bool is_unix = !*rows[i].address;

		(void)snprintf(yaml, sizeof yaml, SMALL "trusted_proxies: %s\n", rows[i].list);
		assert_int_equal(parse(yaml), 0);
		assert_true(is_unix || fr_ip_parse(S(rows[i].address), &ip) == 0);
		if (fr_config_trusts(config, is_unix ? NULL : &ip) != rows[i].trusts)
			fail_msg("%s in %s", rows[i].address, rows[i].list);
	}
}

static void a_wide_network_of_proxies_is_noted(void **state)
{
	static const char *const wide[] = {"0.0.0.0/0", "\"::/0\"", "0.0.0.0/7", "\"2000::/3\""};
	static const char *const narrow[] = {"10.0.0.0/8", "private", "\"2001::/16\"", "\"::1\""};
	char yaml[512];

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(wide); i++) {
		(void)snprintf(yaml, sizeof yaml, SMALL "trusted_proxies: [%s]\n", wide[i]);
		assert_int_equal(parse(yaml), 0);
		assert_non_null(config->trusted.wide);
		(void)snprintf(yaml, sizeof yaml, SMALL "trusted_proxies: [%s]\n", narrow[i]);
		assert_int_equal(parse(yaml), 0);
		assert_null(config->trusted.wide);
	}
}

#define T(f) cmocka_unit_test_teardown(f, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_nobody_can_mean_is_refused),
		T(a_listener_takes_headers_of_whom_is_trusted),
		T(trusted_proxies_are_networks_and_words),
		T(a_wide_network_of_proxies_is_noted),
	};

	RUN(tests);
}
