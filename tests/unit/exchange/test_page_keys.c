/* Under which keys the hints of a page are kept: exchange/page_keys.c. */
#include "exchange/page_keys.h"

#include "arena_fixture.h"
#include "config/config.h"
#include "hints/teach.h"

static struct fr_request request(const char *target)
{
	struct fr_request req;

	fr_request_init(&req, &arena);
	req.method = FR_METHOD_GET;
	req.method_text = S("GET");
	req.scheme = S("https");
	req.authority = S("a.test");
	req.target = S(target);
	return req;
}

static struct fr_page_keys keys_of(const struct fr_config_hints *settings, const char *target)
{
	struct fr_request req = request(target);
	struct fr_page_keys keys;

	assert_int_equal(fr_page_keys_make(&arena, settings, &req, &keys), 0);
	return keys;
}

static void a_page_without_a_query_has_one_key(void **state)
{
	const struct fr_config_hints settings = {.keep_query = false};
	struct fr_page_keys keys = keys_of(&settings, "/p");

	(void)state;
	assert_str(keys.path, "https://a.test/p");
	assert_str(keys.own, "https://a.test/p");
	assert_str(keys.whole, "https://a.test/p");
	assert_int_equal(keys.shared.len, 0);
}

static void a_query_has_a_key_of_its_own_and_one_that_queries_share(void **state)
{
	const struct fr_config_hints settings = {.keep_query = false};
	struct fr_page_keys keys = keys_of(&settings, "/p?a=1"),
			    other = keys_of(&settings, "/p?a=2");

	(void)state;
	assert_str(keys.path, "https://a.test/p");
	assert_str(keys.own, "https://a.test/p?a=1");
	assert_false(fr_str_eq(keys.own, other.own));
	assert_true(fr_str_eq(keys.shared, other.shared));
	/* no request's own key is that */
	assert_false(fr_str_eq(keys.shared, keys.path));
	assert_true(memchr(keys.shared.p, '\n', keys.shared.len) != NULL);
}

static void a_query_that_counts_is_the_path(void **state)
{
	const struct fr_config_hints settings = {.keep_query = true};
	struct fr_page_keys keys = keys_of(&settings, "/p?a=1");

	(void)state;
	assert_str(keys.path, "https://a.test/p?a=1");
	assert_true(fr_str_eq(keys.own, keys.path));
	assert_int_equal(keys.shared.len, 0);
}

static void of_a_query_in_part_the_rest_is_shared(void **state)
{
	char *only[] = {(char *)(uintptr_t) "id"};
	const struct fr_config_hints settings = {.query_only = only, .n_query_only = 1};
	struct fr_page_keys keys = keys_of(&settings, "/p?utm=x&id=2");

	(void)state;
	assert_str(keys.path, "https://a.test/p?id=2");
	assert_str(keys.own, "https://a.test/p?utm=x&id=2");
	/* the settings say that the rest tells nothing apart */
	assert_true(fr_str_eq(keys.shared, keys.path));
	keys = keys_of(&settings, "/p?id=2");
	assert_true(fr_str_eq(keys.own, keys.path));
	assert_int_equal(keys.shared.len, 0);
}

static void pages_that_vary_have_a_key_for_each_variant(void **state)
{
	const struct fr_config_hints settings = {.keep_query = false};
	struct fr_page_keys de = keys_of(&settings, "/p?a=1"), en = de, none = de;
	struct fr_request req = request("/p?a=1");
	struct fr_response resp;
	uint32_t vary;

	(void)state;
	fr_response_init(&resp, &arena, 200);
	assert_int_equal(fr_fields_add_id(&resp.fields, FR_FIELD_VARY, S("Accept-Language")), 0);
	vary = fr_teach_vary(&resp.fields);
	assert_int_not_equal(vary, 0);
	assert_int_equal(fr_fields_add(&req.fields, S("accept-language"), S("de")), 0);
	assert_int_equal(fr_page_keys_vary(&arena, &req, vary, &de), 0);
	req = request("/p?a=1");
	assert_int_equal(fr_fields_add(&req.fields, S("accept-language"), S("en")), 0);
	assert_int_equal(fr_page_keys_vary(&arena, &req, vary, &en), 0);
	assert_false(fr_str_eq(de.own, en.own));
	assert_false(fr_str_eq(de.shared, en.shared));
	assert_true(fr_str_eq(de.path, en.path));
	assert_true(fr_str_eq(de.whole, en.whole));
	/* nothing to vary by */
	assert_int_equal(fr_page_keys_vary(&arena, &req, 0, &none), 0);
	assert_true(fr_str_eq(none.own, none.whole));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_page_without_a_query_has_one_key),
		T(a_query_has_a_key_of_its_own_and_one_that_queries_share),
		T(a_query_that_counts_is_the_path),
		T(of_a_query_in_part_the_rest_is_shared),
		T(pages_that_vary_have_a_key_for_each_variant),
	};
	RUN(tests);
}
