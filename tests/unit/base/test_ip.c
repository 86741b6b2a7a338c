/* Addresses, networks, and sets of them. */
#include "base/ip.h"

#include "unit.h"

static struct fr_ip ip_of(const char *text)
{
	struct fr_ip ip;

	if (fr_ip_parse(S(text), &ip) < 0)
		fail_msg("%s", text);
	return ip;
}

static void an_address_has_one_text(void **state)
{
	static const struct {
		const char *text, *printed;
	} rows[] = {
		{"192.0.2.1", "192.0.2.1"},
		{"::ffff:192.0.2.1", "192.0.2.1"},
		{"::FFFF:c000:201", "192.0.2.1"},
		{"2001:DB8:0:0::1", "2001:db8::1"},
		{"::", "::"},
		{"::1", "::1"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	};
	char out[FR_IP_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		struct fr_ip ip = ip_of(rows[i].text);

		fr_ip_print(&ip, out);
		assert_string_equal(out, rows[i].printed);
	}
}

static void what_is_no_address_is_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"1",
		"1.2.3",
		"1.2.3.4.5",
		"256.1.1.1",
		"01.2.3.4",
		" 1.2.3.4",
		"1.2.3.4 ",
		"[::1]",
		"::1%eth0",
		":::",
		"1.2.3.4:80",
		"unknown",
		"0x7f.0.0.1",
		"12345::1",
		"::1/128",
		"1.2.3.4/8",
		"localhost",
		"2001:db8:2001:db8:2001:db8:2001:db8:2001:db8:2001:db8:2001:db8"};
	struct fr_ip ip;

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++)
		if (fr_ip_parse(S(rows[i]), &ip) == 0)
			fail_msg("'%s'", rows[i]);
	assert_int_equal(fr_ip_parse(fr_str_make("1.2.3.4\0", 8), &ip), FR_ERR_SYNTAX);
}

static void a_subscriber_has_a_64(void **state)
{
	static const struct {
		const char *address, *counted;
	} rows[] = {
		{"192.0.2.77", "192.0.2.77"},
		{"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"},
		{"::1", "::1"},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		struct fr_ip ip = ip_of(rows[i].address), is = fr_ip_subscriber(&ip),
			     want = ip_of(rows[i].counted);

		assert_memory_equal(&is, &want, sizeof is);
	}
}

static void a_network_is_a_24_or_a_48(void **state)
{
	static const struct {
		const char *a, *b;
		bool is_same;
	} rows[] = {
		{"192.0.2.1", "192.0.2.254", true},
		{"192.0.2.1", "192.0.3.1", false},
		{"2001:db8:1:2::1", "2001:db8:1:ffff::2", true},
		{"2001:db8:1::1", "2001:db8:2::1", false},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		struct fr_ip a = ip_of(rows[i].a), b = ip_of(rows[i].b);
		size_t n = fr_ip_network_bytes(&a);

		assert_int_equal(n, fr_ip_network_bytes(&b));
		assert_int_equal(memcmp(a.bytes, b.bytes, n) == 0, rows[i].is_same);
	}
}

static void loopback_is_this_machine(void **state)
{
	static const char *const ours[] = {"127.0.0.1", "127.255.0.3", "::1", "::ffff:127.0.0.1"};
	static const char *const others[] = {"128.0.0.1", "::2", "::", "10.0.0.1", "::127.0.0.1"};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(ours); i++) {
		struct fr_ip ip = ip_of(ours[i]);

		assert_true(fr_ip_is_loopback(&ip));
	}
	for (size_t i = 0; i < FR_ARRAY_LEN(others); i++) {
		struct fr_ip ip = ip_of(others[i]);

		assert_false(fr_ip_is_loopback(&ip));
	}
}

static void private_is_what_the_internet_does_not_route(void **state)
{
	static const char *const ours[] = {"127.0.0.1",   "::1",        "10.0.0.0",
	                                   "10.255.1.1",  "172.16.0.0", "172.31.255.255",
	                                   "192.168.0.1", "fc00::1",    "fdff::1"};
	static const char *const others[] = {
		"9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0",  "192.167.0.1",
		"192.169.0.1",   "fe00::1",  "fb00::1",        "2001:db8::1", "::10.0.0.1"};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(ours); i++) {
		struct fr_ip ip = ip_of(ours[i]);

		assert_true(fr_ip_is_private(&ip));
	}
	for (size_t i = 0; i < FR_ARRAY_LEN(others); i++) {
		struct fr_ip ip = ip_of(others[i]);

		assert_false(fr_ip_is_private(&ip));
	}
}

/* --- networks --- */

static void a_network_has_a_lowest_address(void **state)
{
	static const struct {
		const char *text, *base;
		unsigned bits;
	} rows[] = {
		{"10.0.0.0/8", "10.0.0.0", 8},
		{"10.1.2.3/8", "10.0.0.0", 8},
		{"10.1.2.3/31", "10.1.2.2", 31},
		{"10.1.2.3", "10.1.2.3", 32},
		{"10.1.2.3/32", "10.1.2.3", 32},
		{"0.0.0.0/0", "0.0.0.0", 0},
		{"2001:db8::1/33", "2001:db8::", 33},
		{"::/0", "::", 0},
		{"::1", "::1", 128},
		{"::ffff:10.1.2.3/104", "10.0.0.0", 104},
	};
	char out[FR_IP_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		struct fr_ip_network n;
		struct fr_ip base;

		assert_int_equal(fr_ip_network_parse(S(rows[i].text), &n), 0);
		base = fr_ip_network_base(&n);
		fr_ip_print(&base, out);
		assert_string_equal(out, rows[i].base);
		assert_int_equal(n.bits, rows[i].bits);
	}
}

static void what_is_no_network_is_refused(void **state)
{
	static const char *const rows[] = {"10.0.0.0/33",
	                                   "10.0.0.0/",
	                                   "10.0.0.0/-1",
	                                   "10/8",
	                                   "::/129",
	                                   "10.0.0.0/8/8",
	                                   "/8",
	                                   "10.0.0.0/ 8",
	                                   "10.0.0.0/255.0.0.0",
	                                   "",
	                                   "10.0.0.0/+8",
	                                   "[::]/0"};
	struct fr_ip_network n;

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++)
		if (fr_ip_network_parse(S(rows[i]), &n) == 0)
			fail_msg("'%s'", rows[i]);
}

/* --- sets --- */

static void set_of(struct fr_ip_set *s, const char *list)
{
	struct fr_str rest = S(list), item;

	*s = (struct fr_ip_set){0};
	while (fr_str_next_item(&rest, &item)) {
		struct fr_ip_network n;

		assert_int_equal(fr_ip_network_parse(item, &n), 0);
		fr_ip_set_add(s, &n);
	}
	fr_ip_set_seal(s);
}

static void a_set_has_what_its_networks_have(void **state)
{
	static const struct {
		const char *list, *address;
		bool has;
	} rows[] = {
		{"", "192.0.2.1", false},
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
		{"10.0.0.0/8", "9.255.255.255", false},
		{"10.0.0.0/8", "10.0.0.0", true},
		{"10.0.0.0/8", "10.255.255.255", true},
		{"10.0.0.0/8", "11.0.0.0", false},
		{"10.0.0.0/8", "::ffff:10.1.1.1", true},
		{"10.0.0.0/8", "::10.1.1.1", false},
		{"::ffff:10.0.0.0/104", "10.1.1.1", true},
		{"0.0.0.0/0", "255.255.255.255", true},
		{"0.0.0.0/0", "::1", false},
		{"::/0", "::", true},
		{"::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true},
		{"::/0", "2001:db8::1", true},
		{"::/0", "::fffe:ffff:ffff", true},
		{"::/0", "0:0:0:0:1::", true},
		/* IPv4 is asked for by itself */
		{"::/0", "192.0.2.1", false},
		{"::/8", "127.0.0.1", false},
		{"::/0, 192.0.2.0/24", "192.0.2.1", true},
		/* one in the other, and neighbours, in any order */
		{"10.1.0.0/16, 10.0.0.0/8, 10.2.0.0/16", "10.200.0.1", true},
		{"10.0.0.0/9, 10.128.0.0/9", "10.127.255.255", true},
		{"10.0.0.0/9, 10.128.0.0/9", "10.128.0.0", true},
		{"fc00::/7, 192.168.0.0/16, 172.16.0.0/12", "172.32.0.0", false},
		{"fc00::/7, 192.168.0.0/16, 172.16.0.0/12", "fd00::1", true},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		struct fr_ip ip = ip_of(rows[i].address);
		struct fr_ip_set s;

		set_of(&s, rows[i].list);
		if (fr_ip_set_has(&s, &ip) != rows[i].has)
			fail_msg("%s in %s", rows[i].address, rows[i].list);
		fr_ip_set_fini(&s);
	}
}

/* Against a look at each network. */
static void a_large_set_answers_as_its_networks_do(void **state)
{
	struct fr_ip_network networks[300];
	struct fr_ip_set s = {0};
	unsigned dice = 1;

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(networks); i++) {
		char text[FR_IP_TEXT_BYTES + 4];

		dice = dice * 1103515245u + 12345u;
		(void)snprintf(text, sizeof text, "%u.%u.%u.0/%u", dice >> 8 & 3, dice >> 12 & 255,
		               dice >> 20 & 255, 14 + (dice >> 28));
		assert_int_equal(fr_ip_network_parse(S(text), &networks[i]), 0);
		fr_ip_set_add(&s, &networks[i]);
	}
	fr_ip_set_seal(&s);
	for (size_t k = 0; k < 20000; k++) {
		struct fr_ip ip = ip_of("0.0.0.0");
		bool has = false;

		dice = dice * 1103515245u + 12345u;
		ip.bytes[12] = (uint8_t)(dice >> 8 & 3);
		ip.bytes[13] = (uint8_t)(dice >> 12);
		ip.bytes[14] = (uint8_t)(dice >> 20);
		for (size_t i = 0; i < FR_ARRAY_LEN(networks) && !has; i++) {
			struct fr_ip_network one = {
				.address = ip, .bits = networks[i].bits, .is_v4 = true};
			struct fr_ip a = fr_ip_network_base(&one),
				     b = fr_ip_network_base(&networks[i]);

			has = memcmp(&a, &b, sizeof a) == 0;
		}
		assert_int_equal(fr_ip_set_has(&s, &ip), has);
	}
	fr_ip_set_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_has_one_text),
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(a_subscriber_has_a_64),
		cmocka_unit_test(a_network_is_a_24_or_a_48),
		cmocka_unit_test(loopback_is_this_machine),
		cmocka_unit_test(private_is_what_the_internet_does_not_route),
		cmocka_unit_test(a_network_has_a_lowest_address),
		cmocka_unit_test(what_is_no_network_is_refused),
		cmocka_unit_test(a_set_has_what_its_networks_have),
		cmocka_unit_test(a_large_set_answers_as_its_networks_do),
	};

	RUN(tests);
}
