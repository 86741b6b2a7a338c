/* A proxy that is not trusted is noticed; a developer with a browser is none. */
#include "observe/front_watch.h"

#include "unit.h"

static struct fr_front_watch watch;

static int set_up(void **state)
{
	(void)state;
	memset(&watch, 0, sizeof watch);
	fr_front_watch_use(&watch, 1);
	return 0;
}

static struct fr_ip ip_of(const char *text)
{
	struct fr_ip ip;

	assert_int_equal(fr_ip_parse(S(text), &ip), 0);
	return ip;
}

/* Returns how often it was worth telling. */
static unsigned loads(const char *from, unsigned n, unsigned agents, int64_t begin_s,
                      int64_t step_s)
{
	struct fr_ip ip = ip_of(from);
	unsigned told = 0;

	for (unsigned i = 0; i < n; i++)
		told += fr_front_watch_load(&watch, &ip, i % agents, begin_s + i * step_s);
	return told;
}

static void many_browsers_at_one_address_are_noticed_once(void **state)
{
	(void)state;
	assert_int_equal(loads("10.0.0.5", FR_FRONT_LOADS - 1, 9, 1000, 1), 0);
	assert_int_equal(loads("10.0.0.5", 1000, 9, 1100, 0), 1);
}

static void a_developer_with_few_browsers_is_not(void **state)
{
	(void)state;
	assert_int_equal(loads("127.0.0.1", 10000, 1, 1000, 0), 0);
	assert_int_equal(loads("127.0.0.1", 10000, FR_FRONT_AGENTS - 1, 1000, 0), 0);
}

static void a_site_with_visitors_is_not(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		char from[32];

		/* the busiest of them has nine loads of ten */
		(void)snprintf(from, sizeof from, "192.0.2.%u", i % 10 ? 1 : i % 200);
		assert_int_equal(loads(from, 1, 7, 1000 + i % 300, 0), 0);
	}
}

static void the_operators_own_visits_do_not_hide_it(void **state)
{
	unsigned told = 0;

	(void)state;
	for (unsigned i = 0; i < 10 && !told; i++) {
		told += loads("10.0.0.5", 30, 7, 1000 + i, 0);
		told += loads("192.168.0.9", 1, 1, 1000 + i, 0);
	}
	assert_int_equal(told, 1);
}

static void loads_far_apart_are_not_counted_together(void **state)
{
	(void)state;
	assert_int_equal(loads("10.0.0.5", 300, 9, 1000, FR_FRONT_WINDOW_S / 40), 0);
}

static void a_new_configuration_begins_anew(void **state)
{
	(void)state;
	assert_int_equal(loads("10.0.0.5", 100, 9, 1000, 0), 1);
	fr_front_watch_use(&watch, 1);
	assert_int_equal(loads("10.0.0.5", 100, 9, 1000, 0), 0);
	fr_front_watch_use(&watch, 2);
	assert_int_equal(loads("10.0.0.5", 100, 9, 1000, 0), 1);
}

/* --- the field --- */

static unsigned fields(const char *from, unsigned n, unsigned names)
{
	struct fr_ip ip = ip_of(from);
	unsigned told = 0;

	for (unsigned i = 0; i < n; i++)
		told += fr_front_watch_field(&watch, &ip, i % names);
	return told;
}

static void a_private_peer_that_speaks_for_others_is_noticed_at_once(void **state)
{
	static const char *const rows[] = {"10.0.0.5", "127.0.0.1",   "::1",
	                                   "fd00::1",  "192.168.1.1", "172.16.0.1"};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		assert_int_equal(fields(rows[i], 1, 1), 1);
		assert_int_equal(fields(rows[i], 100, 50), 0);
	}
}

static void one_on_the_internet_after_several_names(void **state)
{
	(void)state;
	assert_int_equal(fields("203.0.113.1", 1000, 1), 0);
	assert_int_equal(fields("203.0.113.1", 1000, FR_FRONT_NAMES), 1);
	assert_int_equal(fields("2001:db8::1", 1000, FR_FRONT_NAMES - 1), 0);
}

/* limits: FR_FRONT_SPEAKERS */
static void more_speakers_than_are_remembered(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		char from[32];

		(void)snprintf(from, sizeof from, "203.0.%u.%u", i / 250, i % 250);
		assert_int_equal(fields(from, 1, 1), 0);
	}
	assert_int_equal(fields("203.0.113.1", 10, FR_FRONT_NAMES), 1);
}

#define T(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(many_browsers_at_one_address_are_noticed_once),
		T(a_developer_with_few_browsers_is_not),
		T(a_site_with_visitors_is_not),
		T(the_operators_own_visits_do_not_hide_it),
		T(loads_far_apart_are_not_counted_together),
		T(a_new_configuration_begins_anew),
		T(a_private_peer_that_speaks_for_others_is_noticed_at_once),
		T(one_on_the_internet_after_several_names),
		T(more_speakers_than_are_remembered),
	};

	RUN(tests);
}
