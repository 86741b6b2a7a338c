/* What speaks against a certificate, at a time that the test chooses. */
#include <time.h>
#include <unistd.h>

#include "net/local_ca.h"
#include "net/tls_check.h"
#include "unit.h"

#define DAY ((int64_t)86400)

static struct fr_local_ca ca;
static char said[1000];

static char dir[] = "/tmp/forerun-unit-XXXXXX";

static int make_authority(void **state)
{
	struct fr_tls_problem why;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(fr_local_ca_ensure(dir, &ca, &why), 0);
	return 0;
}

static int remove_authority(void **state)
{
	char command[128];

	(void)state;
	(void)snprintf(command, sizeof command, "rm -r %s", dir);
	assert_int_equal(system(command), 0);
	return 0;
}

static void on_fault(void *user, enum fr_tls_fault_kind kind, const char *key, const char *text)
{
	size_t n = strlen(said);

	(void)user;
	(void)key;
	(void)snprintf(said + n, sizeof said - n, "%s%s\n", kind == FR_TLS_WARNING ? "~" : "",
	               text);
}

static const char *check(const char *cert, const char *host, int64_t days)
{
	struct fr_tls_cert_spec spec = {.hosts = &host,
	                                .n_hosts = host ? 1 : 0,
	                                .cert_file = cert,
	                                .key_file = ca.key_file};

	said[0] = '\0';
	fr_tls_check(&spec, (int64_t)time(NULL) + days * DAY, on_fault, NULL);
	return said;
}

static void a_certificate_that_is_good_has_no_fault(void **state)
{
	static const char *const hosts[] = {
		NULL, "localhost", "a.localhost", "*.localhost", "127.0.0.1", "[::1]", "*"};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(hosts); i++)
		assert_string_equal(check(ca.cert_file, hosts[i], 0), "");
}

static void hosts_that_it_does_not_name_are_warnings(void **state)
{
	static const char *const hosts[] = {"example.org", "*.example.org", "xlocalhost",
	                                    "*.a.localhost", "127.0.0.2"};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(hosts); i++) {
		check(ca.cert_file, hosts[i], 0);
		if (said[0] != '~' || !strstr(said, "does not name the host") ||
		    !strstr(said, hosts[i]))
			fail_msg("%s: %s", hosts[i], said);
	}
}

static void its_dates_are_looked_at(void **state)
{
	(void)state;
	assert_non_null(strstr(check(ca.cert_file, NULL, 20000), " expired on "));
	assert_true(said[0] != '~');
	assert_non_null(strstr(check(ca.cert_file, NULL, -20000), " is not valid before "));
	assert_true(said[0] != '~');
}

static void an_end_that_is_near_is_a_warning(void **state)
{
	int64_t days = 0;

	(void)state;
	while (days < 20000 && !check(ca.cert_file, NULL, days)[0])
		days++;
	assert_true(said[0] == '~' && strstr(said, "expires soon"));
	check(ca.cert_file, NULL, days + FR_TLS_CHECK_SOON_DAYS - 1);
	assert_true(said[0] == '~');
	check(ca.cert_file, NULL, days + FR_TLS_CHECK_SOON_DAYS + 1);
	assert_non_null(strstr(said, " expired on "));
}

static void everything_is_told_at_once(void **state)
{
	(void)state;
	/* the authority's certificate has another key, and names no host */
	check(ca.ca_file, "example.org", 20000);
	assert_non_null(strstr(said, "does not belong to the certificate"));
	assert_non_null(strstr(said, " expired on "));
	assert_non_null(strstr(said, "does not name the host example.org"));
}

static void a_file_that_cannot_be_read_is_one_fault(void **state)
{
	(void)state;
	check("/nowhere/cert.pem", "example.org", 0);
	assert_non_null(strstr(said, "cannot use certificate /nowhere/cert.pem"));
	assert_null(strchr(strchr(said, '\n') + 1, '\n'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_certificate_that_is_good_has_no_fault),
		cmocka_unit_test(hosts_that_it_does_not_name_are_warnings),
		cmocka_unit_test(its_dates_are_looked_at),
		cmocka_unit_test(an_end_that_is_near_is_a_warning),
		cmocka_unit_test(everything_is_told_at_once),
		cmocka_unit_test(a_file_that_cannot_be_read_is_one_fault),
	};

	return cmocka_run_group_tests(tests, make_authority, remove_authority);
}
