#include "http/trust.h"

#include "arena_fixture.h"

static void each_name_of_the_table_is_found(void **state)
{
	static const struct {
		const char *name;
		enum fr_trust trust;
	} rows[] = {
#define X(id, name, trust) {name, FR_TRUST_##trust},
		FR_TRUST_TABLE(X)
#undef X
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++)
		if (fr_trust_of(S(rows[i].name)) != rows[i].trust)
			fail_msg("%s", rows[i].name);
}

static void whole_families_are_dropped(void **state)
{
	static const char *const names[] = {
		"x-forwarded",     "x-forwarded-port",  "x-forwarded-user", "x-forwarded-prefix",
		"x-ssl-client-dn", "ssl-client-verify", "x-client-cert-dn", "x-client-cert"};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(names); i++)
		if (fr_trust_of(S(names[i])) != FR_TRUST_DROP)
			fail_msg("%s", names[i]);
}

static void ordinary_fields_pass(void **state)
{
	static const char *const names[] = {
		"",        "x",           "accept",    "x-requested-with", "x-csrf-token",
		"dnt",     "sec-ch-ua",   "x-forward", "user-agent",       "x-real-ips",
		"proxies", "x-request-id"};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(names); i++)
		assert_int_equal(fr_trust_of(S(names[i])), FR_TRUST_PASS);
}

static void only_plain_names_are_plain(void **state)
{
	static const char *const odd[] = {
		"x_forwarded_for", "accept_language", "x.real.ip", "x^real^ip", "a'b", "a~b"};

	(void)state;
	assert_true(fr_trust_name_is_plain(S("sec-ch-ua-2")));
	for (size_t i = 0; i < FR_ARRAY_LEN(odd); i++)
		assert_false(fr_trust_name_is_plain(S(odd[i])));
}

static void what_only_a_proxy_says_does_not_pass(void **state)
{
	static const char *const none[] = {"x-forwarded-for", "forwarded",      "x-real-ip",
	                                   "x-original-url",  "true-client-ip", "x_sum"};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(none); i++)
		assert_false(fr_trust_passes(S(none[i])));
	assert_true(fr_trust_passes(S("x-sum")));
	assert_true(fr_trust_passes(S("x-http-method-override")));
}

static bool varies_on_all(const char *a, const char *b)
{
	struct fr_fields f;

	fr_fields_init(&f, &arena);
	assert_int_equal(fr_fields_add(&f, S("vary"), S(a)), 0);
	if (b)
		assert_int_equal(fr_fields_add(&f, S("vary"), S(b)), 0);
	return fr_vary_is_any(&f);
}

static void vary_on_what_the_edge_makes_is_vary_on_all(void **state)
{
	static const char *const made[] = {"*",
	                                   "X-Forwarded-For",
	                                   "x-forwarded-proto",
	                                   "X-Forwarded-Port",
	                                   "Forwarded",
	                                   "X-Real-IP",
	                                   "Via",
	                                   "Connection",
	                                   "TE",
	                                   "Range",
	                                   "If-None-Match",
	                                   "accept, via"};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(made); i++)
		if (!varies_on_all(made[i], NULL) || !varies_on_all("Accept", made[i]))
			fail_msg("%s", made[i]);
	assert_false(varies_on_all("Accept-Encoding, Accept-Language", "Cookie"));
	/* never sent: the same for everybody */
	assert_false(varies_on_all("True-Client-IP", NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_name_of_the_table_is_found),
		T(whole_families_are_dropped),
		T(ordinary_fields_pass),
		T(only_plain_names_are_plain),
		T(what_only_a_proxy_says_does_not_pass),
		T(vary_on_what_the_edge_makes_is_vary_on_all),
	};

	RUN(tests);
}
