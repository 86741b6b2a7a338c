/* Server and client contexts against each other over memory, with the local
 * authority's certificates. */
#include "net/tls.h"

#include <sys/stat.h>
#include <unistd.h>

#include "net/local_ca.h"
#include "unit.h"

static char dir[64];
static struct fr_local_ca ca;
static struct fr_tls_problem why;
static struct fr_tls_tickets *tickets;

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof dir, "/tmp/forerun-unit-XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(fr_local_ca_ensure(dir, &ca, &why), 0);
	tickets = fr_tls_tickets_new();
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	fr_tls_tickets_free(&tickets);
	(void)snprintf(command, sizeof command, "rm -r %s", dir);
	assert_int_equal(system(command), 0);
	return 0;
}

static struct fr_tls_server *server(bool h2, int version)
{
	static const char *const hosts[] = {"localhost"}, *const others[] = {"other.test"};
	struct fr_tls_cert_spec specs[] = {
		{.hosts = hosts, .n_hosts = 1, .cert_file = ca.cert_file, .key_file = ca.key_file},
		{.hosts = others,
	         .n_hosts = 1,
	         .cert_file = ca.cert_file,
	         .key_file = ca.key_file}};
	struct fr_tls_server *s;

	assert_int_equal(fr_tls_server_new(specs, 2, version, h2, tickets, &s, &why), 0);
	return s;
}

struct talk {
	struct fr_tls *client, *server;
	struct fr_buf to_client, to_server;
	int client_rc, server_rc;
};

static void move(struct fr_buf *from, struct fr_tls *to, int *rc)
{
	if (fr_buf_len(from)) {
		fr_tls_feed(to, fr_buf_data(from), fr_buf_len(from));
		*rc = fr_tls_handshake(to);
		if (*rc != 1)
			fr_buf_clear(from);
	}
}

/* Both sides until neither has anything to say. */
static void shake(struct talk *t)
{
	t->client_rc = fr_tls_handshake(t->client);
	t->server_rc = FR_ERR_AGAIN;
	for (int i = 0; i < 10; i++) {
		if (t->server_rc == FR_ERR_AGAIN)
			move(&t->to_server, t->server, &t->server_rc);
		if (t->client_rc == FR_ERR_AGAIN)
			move(&t->to_client, t->client, &t->client_rc);
	}
}

/* c: taken over. */
static void begin_with(struct talk *t, struct fr_tls_server *s, struct fr_tls_client *c,
                       const char *host)
{
	memset(t, 0, sizeof *t);
	fr_buf_init(&t->to_client, 1u << 20);
	fr_buf_init(&t->to_server, 1u << 20);
	t->client = fr_tls_connect(c, host, &t->to_server);
	t->server = fr_tls_accept(s, &t->to_client);
	fr_tls_client_unref(&c);
	shake(t);
}

static void begin(struct talk *t, struct fr_tls_server *s, const char *ca_file, const char *alpn,
                  const char *host)
{
	struct fr_tls_client *c;

	assert_int_equal(fr_tls_client_new(ca_file, true, alpn, &c, &why), 0);
	begin_with(t, s, c, host);
}

static void end(struct talk *t)
{
	fr_tls_free(&t->client);
	fr_tls_free(&t->server);
	fr_buf_fini(&t->to_client);
	fr_buf_fini(&t->to_server);
}

static void the_protocol_is_agreed_by_alpn(void **state)
{
	static const struct {
		bool offers_h2;
		const char *asked, *agreed;
	} cases[] = {{true, "h2", "h2"},
	             {true, "http/1.1", "http/1.1"},
	             {true, NULL, ""},
	             {true, "http/1.0", "http/1.0"},
	             {false, "http/1.0", "http/1.0"},
	             {false, "http/1.1", "http/1.1"}};
	struct talk t;

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(cases); i++) {
		struct fr_tls_server *s = server(cases[i].offers_h2, 12);

		begin(&t, s, ca.ca_file, cases[i].asked, "localhost");
		assert_int_equal(t.client_rc, 1);
		assert_int_equal(t.server_rc, 1);
		assert_str(fr_tls_alpn(t.server), cases[i].agreed);
		assert_str(fr_tls_server_name(t.server), "localhost");
		assert_true(fr_tls_covers(t.server, S("localhost")));
		assert_false(fr_tls_covers(t.server, S("other.test")));
		assert_false(fr_tls_is_best(t.server, s, S("other.test")));
		assert_true(fr_tls_is_best(t.server, s, S("any.test")));
		end(&t);
		fr_tls_server_unref(&s);
	}
}

static void origins_are_verified_by_chain_and_name(void **state)
{
	struct fr_tls_server *s = server(true, 12);
	struct talk t;

	(void)state;
	begin(&t, s, ca.ca_file, NULL, "127.0.0.1");
	assert_int_equal(t.client_rc, 1);
	end(&t);
	begin(&t, s, ca.ca_file, NULL, "other.test");
	assert_int_equal(t.client_rc, FR_ERR_TLS);
	assert_non_null(strstr(fr_tls_error_text(t.client), "ertificate"));
	end(&t);
	begin(&t, s, NULL /* the system's authorities do not know ours */, NULL, "localhost");
	assert_int_equal(t.client_rc, FR_ERR_TLS);
	end(&t);
	fr_tls_server_unref(&s);
}

static void garbage_and_plain_http_fail_cleanly(void **state)
{
	struct fr_tls_server *s = server(true, 12);
	struct fr_buf out;
	struct fr_tls *t;

	(void)state;
	fr_buf_init(&out, 1u << 16);
	t = fr_tls_accept(s, &out);
	fr_tls_feed(t, (const uint8_t *)"GET / HTTP/1.1\r\n\r\n", 18);
	assert_int_equal(fr_tls_handshake(t), FR_ERR_TLS);
	assert_true(fr_tls_saw_plain_http(t));
	fr_tls_free(&t);
	t = fr_tls_accept(s, &out);
	fr_tls_feed(t, (const uint8_t *)"\x16\x03\x01\xff\xff\xff\xff\xff\xff\xff\xff", 11);
	assert_int_equal(fr_tls_handshake(t), FR_ERR_TLS);
	assert_false(fr_tls_saw_plain_http(t));
	fr_tls_free(&t);
	fr_buf_fini(&out);
	fr_tls_server_unref(&s);
}

static void what_is_wrong_with_files_is_said(void **state)
{
	static const char *const hosts[] = {"localhost"};
	struct fr_tls_cert_spec spec = {.hosts = hosts,
	                                .n_hosts = 1,
	                                .cert_file = "/nonexistent.pem",
	                                .key_file = ca.key_file};
	struct fr_tls_server *s;
	struct fr_tls_client *c;

	(void)state;
	assert_true(fr_tls_server_new(&spec, 1, 12, true, tickets, &s, &why) < 0);
	assert_non_null(strstr(why.text, "/nonexistent.pem"));
	spec.cert_file = ca.key_file; /* a key where a certificate should be */
	assert_true(fr_tls_server_new(&spec, 1, 12, true, tickets, &s, &why) < 0);
	assert_non_null(strstr(why.text, ca.key_file));
	assert_true(fr_tls_client_new("/nonexistent.pem", true, NULL, &c, &why) < 0);
	assert_non_null(strstr(why.text, "/nonexistent.pem"));
}

/* --- the local authority --- */

static void the_local_authority_is_kept_and_private(void **state)
{
	struct fr_local_ca again;
	struct stat st;

	(void)state;
	assert_true(ca.created);
	assert_int_equal(stat(ca.key_file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(fr_local_ca_ensure(dir, &again, &why), 0);
	assert_false(again.created);
	assert_string_equal(again.ca_file, ca.ca_file);
}

static void a_damaged_certificate_is_made_again_under_the_same_authority(void **state)
{
	struct fr_tls_server *s;
	struct fr_local_ca again;
	struct talk t;
	FILE *f = fopen(ca.cert_file, "w");

	(void)state;
	assert_non_null(f);
	(void)fputs("-----BEGIN CERTIFICATE-----\nnonsense\n", f);
	(void)fclose(f);
	assert_int_equal(fr_local_ca_ensure(dir, &again, &why), 0);
	s = server(true, 12);
	begin(&t, s, ca.ca_file, NULL, "localhost");
	assert_int_equal(t.client_rc, 1);
	end(&t);
	fr_tls_server_unref(&s);
}

static void a_folder_that_cannot_be_written_is_named(void **state)
{
	struct fr_local_ca none;

	(void)state;
	assert_true(fr_local_ca_ensure("/proc/nowhere", &none, &why) < 0);
	assert_non_null(strstr(why.text, "/proc/nowhere"));
}

/* A server with a certificate that openssl makes for that subjectAltName, and a connection to
 * it that verifies nothing. */
static struct fr_tls_server *serve_names(struct talk *t, const char *san)
{
	static const char *const hosts[] = {"default.test"};
	char command[1024], cert[128], key[128];
	struct fr_tls_cert_spec spec = {
		.hosts = hosts, .n_hosts = 1, .cert_file = cert, .key_file = key};
	struct fr_tls_server *s;
	struct fr_tls_client *c;

	(void)snprintf(cert, sizeof cert, "%s/names.pem", dir);
	(void)snprintf(key, sizeof key, "%s/names.key", dir);
	(void)snprintf(command, sizeof command,
	               "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
	               "-keyout %s -out %s -subj /CN=common.test %s%s 2>/dev/null",
	               key, cert, *san ? "-addext subjectAltName=" : "", san);
	assert_int_equal(system(command), 0);
	assert_int_equal(fr_tls_server_new(&spec, 1, 12, true, tickets, &s, &why), 0);
	assert_int_equal(fr_tls_client_new(NULL, false, NULL, &c, &why), 0);
	begin_with(t, s, c, "default.test");
	assert_int_equal(t->server_rc, 1);
	return s;
}

static void a_certificate_speaks_for_its_alternative_names(void **state)
{
	static const char *const covered[] = {
		"a.test",   "b.w.test",  "x-1.w.test",    "upper.test",
		"dot.test", "192.0.2.7", "[2001:db8::1]", "[2001:DB8:0:0:0:0:0:1]",
	};
	static const char *const not_covered[] = {
		"",           ".",           "w.test",        ".w.test",
		"a.b.w.test", "xa.test",     "a.test.x",      "pb.part.test",
		"a.x.test",   "common.test", "192.0.2.8",     "192.0.2.07",
		"192.0.2",    "2001:db8::1", "[2001:db8::2]", "[::ffff:192.0.2.7]",
		"[a.test]",
	};
	struct fr_tls_server *s;
	struct talk t;

	(void)state;
	s = serve_names(&t, "DNS:a.test,DNS:*.w.test,DNS:Upper.Test,DNS:dot.test.,"
	                    "DNS:p*.part.test,DNS:a.*.test,IP:192.0.2.7,IP:2001:db8::1,"
	                    "DNS:192.0.2.8,email:x@y.test");
	for (size_t i = 0; i < FR_ARRAY_LEN(covered); i++)
		if (!fr_tls_covers(t.server, S(covered[i])))
			fail_msg("does not speak for %s", covered[i]);
	for (size_t i = 0; i < FR_ARRAY_LEN(not_covered); i++)
		if (fr_tls_covers(t.server, S(not_covered[i])))
			fail_msg("speaks for %s", not_covered[i]);
	/* what the client came for it gets; for others no connection would be better */
	assert_true(fr_tls_covers(t.server, S("default.test")));
	assert_true(fr_tls_is_best(t.server, s, S("common.test")));
	assert_false(fr_tls_is_best(t.server, NULL, S("common.test")));
	end(&t);
	fr_tls_server_unref(&s);
	/* a common name is no name */
	s = serve_names(&t, "");
	assert_false(fr_tls_covers(t.server, S("common.test")));
	end(&t);
	fr_tls_server_unref(&s);
}

/* Names as they come in a ClientHello, and as they count. */
static void a_server_name_counts_in_lower_case_without_its_last_dot(void **state)
{
	static const char *const names[][2] = {
		{"LocalHost", "localhost"}, {"other.TEST", "other.test"}, {"x..", "x"}};
	struct fr_tls_server *s = server(true, 12);
	struct talk t;

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(names); i++) {
		struct fr_tls_client *c;

		assert_int_equal(fr_tls_client_new(NULL, false, NULL, &c, &why), 0);
		begin_with(&t, s, c, names[i][0]);
		assert_int_equal(t.server_rc, 1);
		/* of two dots the client side has taken one already */
		assert_str(fr_tls_server_name(t.server), names[i][1]);
		end(&t);
	}
	fr_tls_server_unref(&s);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static void sha256_is_that_of_the_parts_together(void **state)
{
	/* FIPS 180-4's examples: "abc", and nothing */
	static const uint8_t abc[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea,
	                              0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
	                              0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c,
	                              0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
	static const uint8_t nothing[] = {0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14};
	struct fr_str parts[] = {FR_STR("a"), {NULL, 0}, FR_STR("bc")};
	uint8_t out[FR_SHA256_BYTES];

	(void)state;
	fr_sha256(parts, 3, out);
	assert_memory_equal(out, abc, sizeof abc);
	fr_sha256(NULL, 0, out);
	assert_memory_equal(out, nothing, sizeof nothing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_protocol_is_agreed_by_alpn),
		T(origins_are_verified_by_chain_and_name),
		T(garbage_and_plain_http_fail_cleanly),
		T(what_is_wrong_with_files_is_said),
		T(a_certificate_speaks_for_its_alternative_names),
		T(a_server_name_counts_in_lower_case_without_its_last_dot),
		T(the_local_authority_is_kept_and_private),
		T(a_damaged_certificate_is_made_again_under_the_same_authority),
		T(a_folder_that_cannot_be_written_is_named),
		cmocka_unit_test(sha256_is_that_of_the_parts_together),
	};

	RUN(tests);
}
