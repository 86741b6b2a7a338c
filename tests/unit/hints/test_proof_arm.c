#include "hints/proof/arm.h"

#include "hints/proof/strata.h"
#include "hints/proof/visitor.h"
#include "unit.h"

#define NOW_S 1790000000
#define SEED 0x1234567890abcdefu

static struct fr_visitor visitor(const char *address, const char *cookie, int64_t now_s)
{
	struct fr_ip ip;
	struct fr_visitor_facts f = {
		.address = address ? &ip : NULL,
		.cookie = fr_str_from(cookie),
		.user_agent = S("Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0.0.0 Safari/537.36"),
	};

	if (address)
		assert_int_equal(fr_ip_parse(fr_str_from(address), &ip), 0);
	return fr_visitor_of(&f, SEED, now_s);
}

static void a_session_cookie_is_known_by_its_name(void **state)
{
	static const struct {
		const char *cookie, *session;
	} v[] = {
		{"", ""},
		{"a=b", ""},
		{"_ga=GA1.1.17; PHPSESSID=abc; x=y", "PHPSESSID=abc"},
		{"connect.sid=s%3A17", "connect.sid=s%3A17"},
		{"JSESSIONID=1", "JSESSIONID=1"},
		{"ASP.NET_SessionId=k", "ASP.NET_SessionId=k"},
		{"theme=dark;laravel_session=q=1", "laravel_session=q=1"},
		{"sessionid=", ""},    /* no value */
		{"theme=session", ""}, /* the name counts */
		{"sid", ""},
		{";;;=; = ;sid=1", "sid=1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++)
		assert_str(fr_visitor_session(fr_str_from(v[i].cookie)), v[i].session);
}

static void a_long_cookie_field_is_not_read_to_its_end(void **state)
{
	static char text[FR_VISITOR_COOKIE_MAX_BYTES + 64];

	(void)state;
	memset(text, ';', sizeof text);
	memcpy(text + FR_VISITOR_COOKIE_MAX_BYTES, "sid=1", 5);
	assert_int_equal(fr_visitor_session(fr_str_make(text, sizeof text)).len, 0);
}

static void a_visitor_is_the_same_for_a_week(void **state)
{
	struct fr_visitor a = visitor("198.51.100.7", "", NOW_S);
	int64_t begin_s = NOW_S / FR_VISITOR_WEEK_S * FR_VISITOR_WEEK_S;

	(void)state;
	assert_int_equal(a.id, visitor("198.51.100.7", "", begin_s).id);
	assert_int_equal(a.id, visitor("198.51.100.7", "", begin_s + FR_VISITOR_WEEK_S - 1).id);
	assert_int_not_equal(a.id, visitor("198.51.100.7", "", begin_s + FR_VISITOR_WEEK_S).id);
}

static void a_network_is_one_visitor_but_for_sessions(void **state)
{
	struct fr_visitor a = visitor("198.51.100.7", "", NOW_S);

	(void)state;
	assert_int_equal(a.id, visitor("198.51.100.9", "", NOW_S).id);
	assert_int_not_equal(a.id, visitor("198.51.101.7", "", NOW_S).id);
	assert_int_not_equal(a.id, visitor("198.51.100.7", "sid=1", NOW_S).id);
	assert_int_not_equal(visitor("198.51.100.7", "sid=2", NOW_S).id,
	                     visitor("198.51.100.7", "sid=1", NOW_S).id);
	/* the session wherever it is used */
	assert_int_equal(visitor("203.0.113.7", "sid=1", NOW_S).id,
	                 visitor("198.51.100.7", "sid=1", NOW_S).id);
	assert_int_equal(visitor("2001:db8:1:2::1", "", NOW_S).id,
	                 visitor("2001:db8:1:3::1", "", NOW_S).id);
	assert_int_not_equal(visitor("2001:db8:1::1", "", NOW_S).id,
	                     visitor("2001:db8:2::1", "", NOW_S).id);
}

static void a_private_network_is_none(void **state)
{
	(void)state;
	assert_int_not_equal(visitor("127.0.0.1", "", NOW_S).id,
	                     visitor("127.0.0.2", "", NOW_S).id);
	assert_int_equal(visitor("127.0.0.1", "", NOW_S).network, 0);
	assert_int_equal(visitor("10.1.2.3", "", NOW_S).network, 0);
	assert_int_equal(visitor(NULL, "", NOW_S).network, 0);
	assert_int_not_equal(visitor("198.51.100.7", "", NOW_S).network, 0);
}

static void a_share_of_visitors_is_held_out(void **state)
{
	unsigned held = 0, n = 20000;

	(void)state;
	for (unsigned i = 0; i < n; i++) {
		char cookie[32];
		uint64_t id;

		(void)snprintf(cookie, sizeof cookie, "sid=%u", i);
		id = visitor("198.51.100.7", cookie, NOW_S).id;
		held += fr_arm_choose(id, 100, FR_ARM_ALL) == FR_ARM_NONE;
		/* a larger share has the smaller one in it */
		if (fr_arm_choose(id, 100, FR_ARM_ALL) == FR_ARM_NONE)
			assert_int_equal(fr_arm_choose(id, 200, FR_ARM_BLOCKING), FR_ARM_NONE);
		assert_int_equal(fr_arm_choose(id, 0, FR_ARM_BLOCKING), FR_ARM_BLOCKING);
		assert_int_equal(fr_arm_choose(id, FR_ARM_SHARES, FR_ARM_ALL), FR_ARM_NONE);
	}
	assert_in_range(held, n / 10 - n / 100, n / 10 + n / 100);
}

static void round_trips_fall_into_quartiles(void **state)
{
	static const uint64_t rtt_us[] = {1000, 20000, 80000, 300000};
	struct fr_rtt_steps s = {0};
	unsigned n[FR_STRATA] = {0};

	(void)state;
	for (unsigned i = 0; i < 40000; i++)
		n[fr_strata_of(&s, i % 8 >= 4, rtt_us[i % 4])]++;
	for (unsigned i = 0; i < FR_STRATA; i++)
		assert_in_range(n[i], 4900, 5100);
}

static void any_round_trip_has_a_stratum(void **state)
{
	struct fr_rtt_steps s = {0};

	(void)state;
	for (unsigned i = 0; i < 64; i++) {
		assert_true(fr_strata_of(&s, false, (uint64_t)1 << i) < FR_STRATA);
		assert_true(fr_strata_of(&s, true, ((uint64_t)1 << i) - 1) < FR_STRATA);
	}
	assert_true(fr_strata_of(&s, true, UINT64_MAX) < FR_STRATA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_cookie_is_known_by_its_name),
		cmocka_unit_test(a_long_cookie_field_is_not_read_to_its_end),
		cmocka_unit_test(a_visitor_is_the_same_for_a_week),
		cmocka_unit_test(a_network_is_one_visitor_but_for_sessions),
		cmocka_unit_test(a_private_network_is_none),
		cmocka_unit_test(a_share_of_visitors_is_held_out),
		cmocka_unit_test(round_trips_fall_into_quartiles),
		cmocka_unit_test(any_round_trip_has_a_stratum),
	};

	RUN(tests);
}
