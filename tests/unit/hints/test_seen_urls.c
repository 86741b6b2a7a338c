#include "hints/seen_urls.h"

#include "unit.h"

static struct fr_str numbered(unsigned i)
{
	static char text[16];

	(void)snprintf(text, sizeof text, "/%u", i);
	return S(text);
}

static void a_url_is_new_once(void **state)
{
	struct fr_seen_urls *m = fr_seen_urls_new(10, 1);

	(void)state;
	assert_int_equal(fr_seen_urls_add(m, S("h"), S("/a")), 1);
	assert_int_equal(fr_seen_urls_add(m, S("h"), S("/a")), 0);
	assert_int_equal(fr_seen_urls_add(m, S("g"), S("/a")), 1);
	assert_true(fr_seen_urls_has(m, S("h"), S("/a")));
	assert_false(fr_seen_urls_has(m, S("h"), S("/b")));
	fr_seen_urls_free(&m);
	assert_null(m);
}

static void host_and_path_do_not_run_into_each_other(void **state)
{
	struct fr_seen_urls *m = fr_seen_urls_new(10, 1);

	(void)state;
	assert_int_equal(fr_seen_urls_add(m, S("ab"), S("c")), 1);
	assert_int_equal(fr_seen_urls_add(m, S("a"), S("bc")), 1);
	fr_seen_urls_free(&m);
}

static void the_oldest_are_forgotten_beyond_the_capacity(void **state)
{
	struct fr_seen_urls *m = fr_seen_urls_new(100, 7);

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(fr_seen_urls_add(m, S("h"), numbered(i)), 1);
		assert_true(fr_seen_urls_count(m) <= 100);
		if (i >= 50)
			assert_true(fr_seen_urls_has(m, S("h"), numbered(i - 50)));
		if (i >= 100)
			assert_false(fr_seen_urls_has(m, S("h"), numbered(i - 100)));
	}
	fr_seen_urls_free(&m);
}

static void failures_expire(void **state)
{
	struct fr_url_ttl_set *f = fr_url_ttl_set_new(10, 1000, 1);

	(void)state;
	fr_url_ttl_set_add(f, 7, S("h"), S("/a"), 5000);
	assert_true(fr_url_ttl_set_has(f, 7, S("h"), S("/a"), 5999));
	assert_false(fr_url_ttl_set_has(f, 7, S("h"), S("/a"), 6000));
	assert_false(fr_url_ttl_set_has(f, 7, S("h"), S("/b"), 5000));
	assert_false(fr_url_ttl_set_has(f, 8, S("h"), S("/a"), 5999));
	fr_url_ttl_set_free(&f);
}

static void failures_are_bounded_and_the_newest_stay(void **state)
{
	struct fr_url_ttl_set *f = fr_url_ttl_set_new(8, 1000, 1);

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		fr_url_ttl_set_add(f, 7, S("h"), numbered(i), 5000 + i);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(fr_url_ttl_set_has(f, 7, S("h"), numbered(i), 5100), i >= 92);
	fr_url_ttl_set_free(&f);
}

static void nothing_is_remembered_for_no_time(void **state)
{
	struct fr_url_ttl_set *f = fr_url_ttl_set_new(8, 0, 1);

	(void)state;
	fr_url_ttl_set_add(f, 7, S("h"), S("/a"), 5000);
	assert_false(fr_url_ttl_set_has(f, 7, S("h"), S("/a"), 5000));
	fr_url_ttl_set_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_url_is_new_once),
		cmocka_unit_test(host_and_path_do_not_run_into_each_other),
		cmocka_unit_test(the_oldest_are_forgotten_beyond_the_capacity),
		cmocka_unit_test(failures_expire),
		cmocka_unit_test(failures_are_bounded_and_the_newest_stay),
		cmocka_unit_test(nothing_is_remembered_for_no_time),
	};

	RUN(tests);
}
