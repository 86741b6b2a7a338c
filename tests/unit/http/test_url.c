#include "http/url.h"

#include "arena_fixture.h"

static void absolute_urls_are_taken_apart(void **state)
{
	struct fr_url u;

	(void)state;
	assert_int_equal(fr_url_parse(&arena, S("HTTPS://Example.ORG:8443/a/../b?x=1#f"), &u), 0);
	assert_str(u.scheme, "https");
	assert_str(u.host, "example.org");
	assert_int_equal(u.port, 8443);
	assert_str(u.target, "/b?x=1");
	assert_int_equal(fr_url_parse(&arena, S("http://h"), &u), 0);
	assert_int_equal(u.port, 80);
	assert_str(u.target, "/");
	assert_int_equal(fr_url_parse(&arena, S("https://[::1]?q"), &u), 0);
	assert_str(u.host, "[::1]");
	assert_str(u.target, "/?q");
	assert_int_equal(fr_url_parse(&arena, S("https://h:/"), &u), 0);
	assert_int_equal(u.port, 443);
}

static void what_could_be_misread_is_refused(void **state)
{
	static const char *const bad[] = {"",
	                                  "h",
	                                  "http:",
	                                  "http://",
	                                  "http:///a",
	                                  "http://u@h/",
	                                  "http://u:p@h/",
	                                  "http://h:65536/",
	                                  "http://h:x/",
	                                  "http://h:-1/",
	                                  "http://h/a\tb",
	                                  "http://h\\a/",
	                                  "http://[::1/",
	                                  "http://::1/",
	                                  "http://a b/",
	                                  "http://h/\x01",
	                                  "http://h/\x7f"};
	struct fr_url u;

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(bad); i++)
		if (fr_url_parse(&arena, S(bad[i]), &u) >= 0)
			fail_msg("taken for a URL: '%s'", bad[i]);
	assert_int_equal(fr_url_parse(&arena, S("ftp://h/"), &u), FR_ERR_UNSUPPORTED);
}

static void what_browsers_encode_is_encoded(void **state)
{
	struct fr_url u;

	(void)state;
	assert_int_equal(fr_url_parse(&arena, S("http://h/a b\"<>\xc3\xa4%20?c d"), &u), 0);
	assert_str(u.target, "/a%20b%22%3C%3E%C3%A4%20?c%20d");
	assert_int_equal(fr_url_parse(&arena, S("http://h/a\\..\\b"), &u), 0);
	assert_str(u.target, "/b");
	assert_int_equal(fr_url_parse(&arena, S("http://h/a/%2E%2e/b"), &u), 0);
	assert_str(u.target, "/b");
}

static void lengths_are_bounded(void **state)
{
	char text[FR_URL_MAX_BYTES + 100] = "http://h/";
	struct fr_url u;

	(void)state;
	memset(text + 9, 'a', sizeof text - 10);
	assert_int_equal(fr_url_parse(&arena, S(text), &u), FR_ERR_LIMIT);
	text[FR_URL_MAX_BYTES] = '\0';
	assert_int_equal(fr_url_parse(&arena, S(text), &u), 0);
}

/* The examples of RFC 3986 §5.4 that stay within http, fragments dropped. */
static void references_resolve_as_the_rfc_says(void **state)
{
	static const char *const cases[][2] = {{"g", "/b/c/g"},
	                                       {"./g", "/b/c/g"},
	                                       {"g/", "/b/c/g/"},
	                                       {"/g", "/g"},
	                                       {"?y", "/b/c/d;p?y"},
	                                       {"g?y", "/b/c/g?y"},
	                                       {"#s", "/b/c/d;p?q"},
	                                       {"g#s", "/b/c/g"},
	                                       {"g?y#s", "/b/c/g?y"},
	                                       {";x", "/b/c/;x"},
	                                       {"g;x", "/b/c/g;x"},
	                                       {"", "/b/c/d;p?q"},
	                                       {".", "/b/c/"},
	                                       {"./", "/b/c/"},
	                                       {"..", "/b/"},
	                                       {"../", "/b/"},
	                                       {"../g", "/b/g"},
	                                       {"../..", "/"},
	                                       {"../../g", "/g"},
	                                       {"../../../g", "/g"},
	                                       {"../../../../g", "/g"},
	                                       {"/./g", "/g"},
	                                       {"/../g", "/g"},
	                                       {"g.", "/b/c/g."},
	                                       {".g", "/b/c/.g"},
	                                       {"g..", "/b/c/g.."},
	                                       {"./../g", "/b/g"},
	                                       {"./g/.", "/b/c/g/"},
	                                       {"g/./h", "/b/c/g/h"},
	                                       {"g/../h", "/b/c/h"},
	                                       {"g;x=1/./y", "/b/c/g;x=1/y"},
	                                       {"g;x=1/../y", "/b/c/y"},
	                                       {"g?y/./x", "/b/c/g?y/./x"},
	                                       {"g?y/../x", "/b/c/g?y/../x"},
	                                       {"//a/z", "/z"},
	                                       {"http://a/z?q", "/z?q"}};
	struct fr_url base, u;

	(void)state;
	assert_int_equal(fr_url_parse(&arena, S("http://a/b/c/d;p?q"), &base), 0);
	for (size_t i = 0; i < FR_ARRAY_LEN(cases); i++) {
		assert_int_equal(fr_url_resolve(&arena, &base, S(cases[i][0]), &u), 0);
		assert_str(u.target, cases[i][1]);
		assert_true(fr_url_same_origin(&base, &u));
	}
}

static void origins_compare_scheme_host_and_port(void **state)
{
	struct fr_url a, b;

	(void)state;
	assert_int_equal(fr_url_parse(&arena, S("https://h/"), &a), 0);
	assert_int_equal(fr_url_parse(&arena, S("https://H:443/x"), &b), 0);
	assert_true(fr_url_same_origin(&a, &b));
	assert_int_equal(fr_url_parse(&arena, S("http://h:443/"), &b), 0);
	assert_false(fr_url_same_origin(&a, &b));
	assert_int_equal(fr_url_parse(&arena, S("https://h:444/"), &b), 0);
	assert_false(fr_url_same_origin(&a, &b));
	assert_int_equal(fr_url_parse(&arena, S("https://h.evil/"), &b), 0);
	assert_false(fr_url_same_origin(&a, &b));
}

static void authorities_split_into_host_and_port(void **state)
{
	static const char *const bad[] = {"",        ":80", "u@h",  "h:70000", "h:8a",
	                                  "h:80:80", "a/b", "[::1", "[]",      "h h"};
	struct fr_str host;
	uint16_t port;

	(void)state;
	assert_int_equal(fr_authority_parse(S("h"), &host, &port), 0);
	assert_int_equal(port, 0);
	assert_int_equal(fr_authority_parse(S("[2001:db8::1]:443"), &host, &port), 0);
	assert_str(host, "[2001:db8::1]");
	assert_int_equal(port, 443);
	for (size_t i = 0; i < FR_ARRAY_LEN(bad); i++)
		if (fr_authority_parse(S(bad[i]), &host, &port) != FR_ERR_SYNTAX)
			fail_msg("taken for an authority: '%s'", bad[i]);
}

static void memory_failures_are_reported(void **state)
{
	struct fr_url u;
	int rc = FR_ERR_NOMEM;

	(void)state;
	for (unsigned n = 1; rc < 0; n++) {
		struct fr_arena a;

		fr_arena_init(&a, 1u << 16);
		fr_mem_fail_after(n);
		rc = fr_url_parse(&a, S("https://h/a/../b"), &u);
		fr_mem_fail_after(0);
		assert_true(rc == 0 || rc == FR_ERR_NOMEM);
		fr_arena_fini(&a);
		assert_true(n < 100);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(absolute_urls_are_taken_apart),        T(what_could_be_misread_is_refused),
		T(what_browsers_encode_is_encoded),      T(lengths_are_bounded),
		T(references_resolve_as_the_rfc_says),   T(origins_compare_scheme_host_and_port),
		T(authorities_split_into_host_and_port), T(memory_failures_are_reported),
	};

	RUN(tests);
}
