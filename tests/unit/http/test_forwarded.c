/* Who a request comes from, behind trusted proxies. */
#include "http/forwarded.h"

#include "arena_fixture.h"

/* 10.0.0.0/8 and fd00::/8 are the proxies'. */
static struct fr_ip_set trusted;

static void trust(const char *network)
{
	struct fr_ip_network n;

	assert_int_equal(fr_ip_network_parse(S(network), &n), 0);
	fr_ip_set_add(&trusted, &n);
}

/* "name: value" lines. */
static void read_fields(const char *lines, struct fr_forwarded *out)
{
	struct fr_fields f;
	struct fr_str rest = S(lines);

	if (trusted.n == 0) {
		trust("10.0.0.0/8");
		trust("fd00::/8");
		fr_ip_set_seal(&trusted);
	}
	fr_fields_init(&f, &arena);
	while (rest.len) {
		size_t end = fr_str_find(rest, '\n'), colon = fr_str_find(rest, ':');

		assert_int_equal(fr_fields_add(&f, fr_str_sub(rest, 0, colon),
		                               fr_str_trim(fr_str_sub(rest, colon + 1, end))),
		                 0);
		rest = fr_str_sub(rest, end + 1, rest.len);
	}
	fr_forwarded_read(&f, &trusted, out);
}

/* "192.0.2.1 10.0.0.2 https", "none", "malformed": what was found. */
static void describe(const struct fr_forwarded *f, char *out, size_t cap)
{
	static const char *const kinds[] = {"none", "", "malformed"};
	size_t n = (size_t)snprintf(out, cap, "%s", kinds[f->kind]);

	for (size_t i = 0; f->kind == FR_FORWARDED_CLIENT && i < f->n_hops; i++) {
		char text[FR_IP_TEXT_BYTES];

		fr_ip_print(&f->hops[i], text);
		n += (size_t)snprintf(out + n, cap - n, i ? " %s" : "%s", text);
		if (i == 0 && f->port)
			n += (size_t)snprintf(out + n, cap - n, "+%u", f->port);
	}
	if (f->scheme.p)
		(void)snprintf(out + n, cap - n, " %.*s", FR_STR_ARG(f->scheme));
}

struct row {
	const char *fields, *found;
};

static void check(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct fr_forwarded f;
		char out[1200];

		read_fields(rows[i].fields, &f);
		describe(&f, out, sizeof out);
		if (strcmp(out, rows[i].found) != 0)
			fail_msg("%s\n  is %s\n not %s", rows[i].fields, out, rows[i].found);
	}
}

static void x_forwarded_for_is_read_from_the_right(void **state)
{
	static const struct row rows[] = {
		{"accept: *", "none"},
		{"x-forwarded-for: 192.0.2.1", "192.0.2.1"},
		{"x-forwarded-for: 192.0.2.1, 10.0.0.2", "192.0.2.1 10.0.0.2"},
		{"x-forwarded-for: 192.0.2.1,10.0.0.2 ,\t10.0.0.3", "192.0.2.1 10.0.0.2 10.0.0.3"},
		/* what the client wrote itself is on the left */
		{"x-forwarded-for: 198.51.100.1, 192.0.2.1", "192.0.2.1"},
		{"x-forwarded-for: 10.0.0.9, 192.0.2.1, 10.0.0.2", "192.0.2.1 10.0.0.2"},
		{"x-forwarded-for: <script>, \"\"\", 192.0.2.1", "192.0.2.1"},
		{"x-forwarded-for: , ,, 192.0.2.1, ,", "192.0.2.1"},
		/* several lines are one list */
		{"x-forwarded-for: 198.51.100.1\nx-forwarded-for: 192.0.2.1\n"
	         "x-forwarded-for: 10.0.0.2",
	         "192.0.2.1 10.0.0.2"},
		{"x-forwarded-for: 192.0.2.1\naccept: 10.0.0.3\nx-forwarded-for:", "192.0.2.1"},
		/* all are trusted: a client inside */
		{"x-forwarded-for: 10.0.0.8", "10.0.0.8"},
		{"x-forwarded-for: 10.0.0.8, fd00::1", "10.0.0.8 fd00::1"},
		/* forms of one address */
		{"x-forwarded-for: 192.0.2.1:4711", "192.0.2.1+4711"},
		{"x-forwarded-for: 2001:db8::1", "2001:db8::1"},
		{"x-forwarded-for: [2001:db8::1]", "2001:db8::1"},
		{"x-forwarded-for: [2001:db8::1]:4711, 10.0.0.2:80", "2001:db8::1+4711 10.0.0.2"},
		{"x-forwarded-for: ::ffff:192.0.2.1", "192.0.2.1"},
		{"x-forwarded-for: 192.0.2.1, ::ffff:10.0.0.2", "192.0.2.1 10.0.0.2"},
		{"x-forwarded-for: 2001:DB8:0::1", "2001:db8::1"},
		/* no address where the client's should be */
		{"x-forwarded-for:", "malformed"},
		{"x-forwarded-for: ,", "malformed"},
		{"x-forwarded-for: unknown", "malformed"},
		{"x-forwarded-for: 192.0.2.1, unknown", "malformed"},
		{"x-forwarded-for: 192.0.2.1, unknown, 10.0.0.2", "malformed"},
		{"x-forwarded-for: _hidden", "malformed"},
		{"x-forwarded-for: 192.0.2.256", "malformed"},
		{"x-forwarded-for: 192.0.2", "malformed"},
		{"x-forwarded-for: 192.0.2.01", "malformed"},
		{"x-forwarded-for: 192.0.2.1:", "malformed"},
		{"x-forwarded-for: 192.0.2.1:x", "malformed"},
		{"x-forwarded-for: 192.0.2.1:65536", "malformed"},
		{"x-forwarded-for: [192.0.2.1]", "malformed"},
		{"x-forwarded-for: [2001:db8::1", "malformed"},
		{"x-forwarded-for: [2001:db8::1]4711", "malformed"},
		{"x-forwarded-for: [2001:db8::1]:", "malformed"},
		{"x-forwarded-for: fe80::1%eth0", "malformed"},
		{"x-forwarded-for: \"192.0.2.1\"", "malformed"},
		{"x-forwarded-for: 192.0.2.1 10.0.0.2", "malformed"},
		{"x-forwarded-for: www.example.org", "malformed"},
	};

	(void)state;
	check(rows, FR_ARRAY_LEN(rows));
}

static void forwarded_is_read_as_rfc_7239_says(void **state)
{
	static const struct row rows[] = {
		{"forwarded: for=192.0.2.1", "192.0.2.1"},
		{"forwarded: For=192.0.2.1;PROTO=HTTPS;by=10.0.0.1;host=a", "192.0.2.1 https"},
		{"forwarded: for=\"192.0.2.1:4711\"", "192.0.2.1+4711"},
		{"forwarded: for=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17+4711"},
		{"forwarded: for=\"[2001:db8::1]:_port\"", "2001:db8::1"},
		{"forwarded: for=192.0.2.1:80", "192.0.2.1+80"},
		{"forwarded: for=[2001:db8::1]", "2001:db8::1"},
		{"forwarded: for=\"1\\92.0.2.1\"", "192.0.2.1"},
		{"forwarded: for=198.51.100.1, for=192.0.2.1, for=10.0.0.2", "192.0.2.1 10.0.0.2"},
		{"forwarded: for=198.51.100.1\nforwarded: for=192.0.2.1;proto=http\n"
	         "forwarded: for=10.0.0.2;proto=https",
	         "192.0.2.1 10.0.0.2 http"},
		{"forwarded: host=\"a, b;for=10.0.0.9\";for=192.0.2.1", "192.0.2.1"},
		{"forwarded: for=192.0.2.1;ext=\"\\\"\\\\\"", "192.0.2.1"},
		{"forwarded: for = 192.0.2.1 ; proto = https", "192.0.2.1 https"},
		{"forwarded: ;for=192.0.2.1;", "192.0.2.1"},
		/* an open quotation mark of the client's stays to the left */
		{"forwarded: for=\"198.51.100.1, for=192.0.2.1", "192.0.2.1"},
		{"forwarded: for=\"a\\\", for=\"[2001:db8::1]\"", "2001:db8::1"},
		{"forwarded: garbage, for=192.0.2.1", "192.0.2.1"},
		/* hidden on purpose, or not an address */
		{"forwarded: for=unknown", "malformed"},
		{"forwarded: for=_gazonk", "malformed"},
		{"forwarded: for=\"_gazonk\", for=10.0.0.2", "malformed"},
		{"forwarded: for=\"unix:\"", "malformed"},
		{"forwarded: proto=https", "malformed"},
		{"forwarded: for=", "malformed"},
		{"forwarded: for=\"\"", "malformed"},
		{"forwarded: for", "malformed"},
		{"forwarded: =192.0.2.1", "malformed"},
		{"forwarded: for=192.0.2.1;for=10.0.0.2", "malformed"},
		{"forwarded: for=192.0.2.1 for=10.0.0.2", "malformed"},
		{"forwarded: for=192.0.2.1;proto=\"https", "malformed"},
		{"forwarded: for=\"192.0.2.1\"x", "malformed"},
		{"forwarded:", "malformed"},
		{"forwarded: for=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	         "malformed"},
		/* a scheme that is none */
		{"forwarded: for=192.0.2.1;proto=gopher", "192.0.2.1"},
	};

	(void)state;
	check(rows, FR_ARRAY_LEN(rows));
}

static void x_forwarded_for_counts_where_both_are(void **state)
{
	static const struct row rows[] = {
		{"forwarded: for=198.51.100.1\nx-forwarded-for: 192.0.2.1", "192.0.2.1"},
		{"x-forwarded-for: 192.0.2.1\nforwarded: for=198.51.100.1;proto=https",
	         "192.0.2.1"},
		{"x-forwarded-for: unknown\nforwarded: for=198.51.100.1", "malformed"},
	};

	(void)state;
	check(rows, FR_ARRAY_LEN(rows));
}

static void the_scheme_is_one_value(void **state)
{
	static const struct row rows[] = {
		{"x-forwarded-proto: https", "none https"},
		{"x-forwarded-proto: HTTP", "none http"},
		{"x-forwarded-proto: wss", "none https"},
		{"x-forwarded-for: 192.0.2.1\nx-forwarded-proto: https", "192.0.2.1 https"},
		{"x-forwarded-for: unknown\nx-forwarded-proto: https", "malformed https"},
		{"forwarded: for=192.0.2.1;proto=http\nx-forwarded-proto: https",
	         "192.0.2.1 https"},
		{"x-forwarded-proto: https, https", "none https"},
		{"x-forwarded-proto: https\nx-forwarded-proto: https", "none https"},
		{"x-forwarded-proto: https, http", "none"},
		{"x-forwarded-proto: http\nx-forwarded-proto: https", "none"},
		{"x-forwarded-proto: on", "none"},
		{"x-forwarded-proto: https://", "none"},
		{"x-forwarded-proto:", "none"},
	};

	(void)state;
	check(rows, FR_ARRAY_LEN(rows));
}

/* limits: FR_FORWARDED_MAX_HOPS */
static void a_chain_has_a_longest(void **state)
{
	struct fr_forwarded f;
	char line[2000];

	(void)state;
	for (unsigned more = 0; more < 3; more++) {
		size_t n = (size_t)snprintf(line, sizeof line, "x-forwarded-for: 192.0.2.1");

		for (unsigned i = 1; i < FR_FORWARDED_MAX_HOPS + more; i++)
			n += (size_t)snprintf(line + n, sizeof line - n, ", 10.0.0.2");
		read_fields(line, &f);
		assert_int_equal(f.kind, more ? FR_FORWARDED_MALFORMED : FR_FORWARDED_CLIENT);
		assert_int_equal(f.n_hops, FR_FORWARDED_MAX_HOPS);
	}
}

static void what_the_client_writes_is_no_hop(void **state)
{
	struct fr_forwarded f;
	char line[2000];
	size_t n = (size_t)snprintf(line, sizeof line, "x-forwarded-for: ");

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		n += (size_t)snprintf(line + n, sizeof line - n, "10.0.0.2, ");
	(void)snprintf(line + n, sizeof line - n, "192.0.2.1");
	read_fields(line, &f);
	assert_int_equal(f.kind, FR_FORWARDED_CLIENT);
	assert_int_equal(f.n_hops, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(x_forwarded_for_is_read_from_the_right),
		T(forwarded_is_read_as_rfc_7239_says),
		T(x_forwarded_for_counts_where_both_are),
		T(the_scheme_is_one_value),
		T(a_chain_has_a_longest),
		T(what_the_client_writes_is_no_hop),
	};

	RUN(tests);
}
