#include "hints/proof/experiments.h"

#include "unit.h"

static void a_page_a_template_or_a_site_is_named(void **state)
{
	static const struct {
		const char *pattern;
		uint32_t share;
		int rc;
	} v[] = {
		{"a.test/", 20, 0},
		{"a.test/post/17", 1, 0},
		{"a.test/post/*", 50, 0},
		{"a.test/*", 20, 0},
		{"a.test:8443/*", 20, 0},
		{"a.test", 20, FR_ERR_SYNTAX},
		{"/post", 20, FR_ERR_SYNTAX},
		{"", 20, FR_ERR_SYNTAX},
		{"*/post", 20, FR_ERR_SYNTAX},
		{"a.test/*/x", 20, FR_ERR_SYNTAX},
		{"a.test/**", 20, FR_ERR_SYNTAX},
		{"a.test/x?y", 20, FR_ERR_SYNTAX},
		{"a.test/x y", 20, FR_ERR_SYNTAX},
		{"a.test/\xc3\xa4", 20, FR_ERR_SYNTAX},
		{"a.test/", 0, FR_ERR_SYNTAX},
		{"a.test/", 51, FR_ERR_SYNTAX},
	};
	struct fr_experiments e = {0};

	(void)state;
	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++)
		assert_int_equal(fr_experiments_start(&e, S(v[i].pattern), v[i].share, 1), v[i].rc);
	assert_int_equal(e.n, 5);
}

static void the_longest_pattern_counts(void **state)
{
	struct fr_experiments e = {0};

	(void)state;
	assert_int_equal(fr_experiments_start(&e, S("a.test/*"), 10, 1), 0);
	assert_int_equal(fr_experiments_start(&e, S("a.test/post/17"), 30, 1), 0);
	assert_int_equal(fr_experiments_start(&e, S("a.test/post/*"), 20, 1), 0);
	assert_int_equal(fr_experiments_find(&e, S("a.test"), S("/post/17"))->share, 30);
	assert_int_equal(fr_experiments_find(&e, S("a.test"), S("/post/18"))->share, 20);
	assert_int_equal(fr_experiments_find(&e, S("a.test"), S("/"))->share, 10);
	assert_null(fr_experiments_find(&e, S("b.test"), S("/post/17")));
	assert_true(fr_experiments_stop(&e, S("a.test/*")));
	assert_false(fr_experiments_stop(&e, S("a.test/*")));
	assert_null(fr_experiments_find(&e, S("a.test"), S("/")));
}

static void there_is_a_bound(void **state)
{
	char long_one[FR_EXPERIMENT_PATTERN_BYTES + 1] = "a.test/";
	struct fr_experiments e = {0};

	(void)state;
	memset(long_one + 7, 'x', FR_EXPERIMENT_PATTERN_BYTES - 7);
	assert_int_equal(fr_experiments_start(&e, S(long_one), 10, 1), FR_ERR_LIMIT);
	for (unsigned i = 0; i <= FR_EXPERIMENTS_MAX; i++) {
		char pattern[32];

		(void)snprintf(pattern, sizeof pattern, "a.test/%u", i);
		assert_int_equal(fr_experiments_start(&e, S(pattern), 10, 1),
		                 i < FR_EXPERIMENTS_MAX ? 0 : FR_ERR_LIMIT);
	}
	assert_int_equal(fr_experiments_start(&e, S("a.test/3"), 20, 2), 0); /* one that runs */
}

static void bytes_give_the_same_list_or_nothing(void **state)
{
	struct fr_experiments e = {0}, read = {0};
	uint8_t *bytes;
	struct fr_buf b;
	size_t len;

	(void)state;
	fr_buf_init(&b, 1u << 16);
	assert_int_equal(fr_experiments_start(&e, S("a.test/post/*"), 20, 1790000000), 0);
	assert_int_equal(fr_experiments_start(&e, S("b.test/"), 5, 1790000001), 0);
	assert_int_equal(fr_experiments_save(&e, &b), 0);
	bytes = (uint8_t *)(uintptr_t)fr_buf_data(&b);
	len = fr_buf_len(&b);
	assert_int_equal(fr_experiments_load(bytes, len, &read), 0);
	assert_memory_equal(&read, &e, sizeof e);
	for (size_t i = 0; i < len; i++) {
		assert_true(fr_experiments_load(bytes, i, &read) < 0);
		bytes[i] ^= 1;
		assert_true(fr_experiments_load(bytes, len, &read) < 0);
		bytes[i] ^= 1;
	}
	fr_buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_a_template_or_a_site_is_named),
		cmocka_unit_test(the_longest_pattern_counts),
		cmocka_unit_test(there_is_a_bound),
		cmocka_unit_test(bytes_give_the_same_list_or_nothing),
	};

	RUN(tests);
}
