#include "cache/key.h"

#include "arena_fixture.h"

static struct fr_str key_of(const char *scheme, const char *authority, const char *target,
                            const struct fr_query_rule *rule)
{
	struct fr_request r;
	struct fr_str key = {0};

	fr_request_init(&r, &arena);
	r.scheme = S(scheme);
	r.authority = S(authority);
	r.target = S(target);
	assert_int_equal(fr_cache_key(&arena, &r, rule, &key), 0);
	return key;
}

static void equal_urls_have_one_key(void **state)
{
	struct fr_query_rule keep = {.policy = FR_QUERY_KEEP};

	(void)state;
	assert_str(key_of("https", "H.Test:443", "/A?b", &keep), "https://h.test/A?b");
	assert_str(key_of("https", "h.test.:", "/A?b", &keep), "https://h.test/A?b");
	assert_str(key_of("https", "h.test:00443", "/A?b", &keep), "https://h.test/A?b");
	assert_str(key_of("http", "h.test:443", "/", &keep), "http://h.test:443/");
	assert_str(key_of("https", "[2001:DB8::1]:8443", "/", &keep),
	           "https://[2001:db8::1]:8443/");
}

static void queries_can_be_ignored_or_selected(void **state)
{
	static const char *const names[] = {"id", "page"};
	struct fr_query_rule ignore = {.policy = FR_QUERY_IGNORE};
	struct fr_query_rule only = {.policy = FR_QUERY_ONLY, .names = names, .n = 2};

	(void)state;
	assert_str(key_of("https", "h", "/a?utm=x", &ignore), "https://h/a");
	assert_str(key_of("https", "h", "/a?utm=x&id=1&ID=2&page&idx=3", &only),
	           "https://h/a?id=1&page");
	assert_str(key_of("https", "h", "/a?utm=x", &only), "https://h/a");
	assert_str(key_of("https", "h", "/a", &only), "https://h/a");
}

static void names_of_parameters_are_compared_decoded(void **state)
{
	static const char *const names[] = {"page", "a b"};
	struct fr_query_rule only = {.policy = FR_QUERY_ONLY, .names = names, .n = 2};
	struct fr_str sent;

	(void)state;
	assert_str(key_of("https", "h", "/?p%61ge=1&%70%61%67%65=2", &only),
	           "https://h/?p%61ge=1&%70%61%67%65=2");
	assert_str(key_of("https", "h", "/?a+b=1&a%20b=2&a%2Bb=3", &only),
	           "https://h/?a+b=1&a%20b=2");
	assert_str(key_of("https", "h", "/?p%6=1&page%=1&pag&pagex=1&=page&x", &only),
	           "https://h/");
	/* what is sent is what the key has */
	assert_int_equal(fr_query_select(&arena, &only, S("/x?utm=1&p%61ge=1&b"), &sent), 0);
	assert_str(sent, "/x?p%61ge=1");
	assert_int_equal(fr_query_select(&arena, &only, S("/x?utm=1"), &sent), 0);
	assert_str(sent, "/x");
}

static struct fr_str values(const char *vary, const char *name, const char *a, const char *b)
{
	struct fr_fields f;
	struct fr_str out = {0};

	fr_fields_init(&f, &arena);
	if (a)
		assert_int_equal(fr_fields_add(&f, S(name), S(a)), 0);
	if (b)
		assert_int_equal(fr_fields_add(&f, S(name), S(b)), 0);
	assert_int_equal(fr_vary_values(&arena, S(vary), &f, &out), 0);
	return out;
}

static void same(struct fr_str a, struct fr_str b, bool expected)
{
	if (fr_str_eq(a, b) != expected)
		fail_msg("'%.*s' and '%.*s'", FR_STR_ARG(a), FR_STR_ARG(b));
}

static void requests_that_select_the_same_response_have_equal_values(void **state)
{
	(void)state;
	same(values("Accept", "accept", "1,2", NULL), values("accept", "accept", "1 ,\t2", NULL),
	     true);
	same(values("Accept", "accept", "1", "2"), values("accept", "accept", "1, 2", NULL), true);
	same(values("Accept-Language", "accept-language", "de", "en"),
	     values("accept-language", "accept-language", "de,en", NULL), true);
	/* what another field means by white space or by lines is its own */
	same(values("X-A", "x-a", "1,2", NULL), values("x-a", "x-a", "1, 2", NULL), false);
	same(values("X-A", "x-a", "1", "2"), values("x-a", "x-a", "1, 2", NULL), false);
	same(values("X-A", "x-a", "1", NULL), values("x-a", "x-a", "2", NULL), false);
	same(values("X-A", "x-a", "", NULL), values("x-a", "x-a", NULL, NULL), false);
	same(values("a, b", "a", "1", NULL), values("a, b", "b", "1", NULL), false);
	same(values("cookie", "cookie", "a=1", NULL), values("cookie", "cookie", "A=1", NULL),
	     false);
}

static void accept_encoding_is_normalised(void **state)
{
	static const char *const equal[] = {
		"gzip, deflate, br", "br,gzip,deflate", "deflate, GZIP;q=0.5, br;q=1.0",
		"x-gzip, br, deflate, identity", "gzip, br, deflate, sdch"};

	(void)state;
	for (size_t i = 1; i < FR_ARRAY_LEN(equal); i++)
		same(values("Accept-Encoding", "accept-encoding", equal[0], NULL),
		     values("Accept-Encoding", "accept-encoding", equal[i], NULL), true);
	same(values("Accept-Encoding", "accept-encoding", "gzip, br;q=0", NULL),
	     values("Accept-Encoding", "accept-encoding", "gzip", NULL), true);
	same(values("Accept-Encoding", "accept-encoding", "gzip, br", NULL),
	     values("Accept-Encoding", "accept-encoding", "gzip", NULL), false);
	same(values("Accept-Encoding", "accept-encoding", "gzip", "br"),
	     values("Accept-Encoding", "accept-encoding", "br, gzip", NULL), true);
	same(values("Accept-Encoding", "accept-encoding", "", NULL),
	     values("Accept-Encoding", "accept-encoding", "identity", NULL), true);
	same(values("Accept-Encoding", "accept-encoding", "", NULL),
	     values("Accept-Encoding", "accept-encoding", NULL, NULL), false);
	same(values("Accept-Encoding", "accept-encoding", "*", NULL),
	     values("Accept-Encoding", "accept-encoding", "gzip", NULL), false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(equal_urls_have_one_key),
		T(queries_can_be_ignored_or_selected),
		T(names_of_parameters_are_compared_decoded),
		T(requests_that_select_the_same_response_have_equal_values),
		T(accept_encoding_is_normalised),
	};

	RUN(tests);
}
