#include "http/url_path.h"

#include "arena_fixture.h"

static struct fr_url_path read_path(const char *target)
{
	struct fr_url_path path;

	assert_int_equal(fr_url_path_read(&arena, S(target), &path), 0);
	return path;
}

static void spellings_that_mean_the_same_become_one(void **state)
{
	static const struct {
		const char *target, *text;
	} cases[] = {
		{"/", "/"},
		{"/a/b", "/a/b"},
		{"/a/b?c/../d%2f", "/a/b"},
		{"/a//b///", "/a/b/"},
		{"//a", "/a"},
		{"/%61%2Db%7e%5F", "/a-b~_"},
		{"/%C3%A9%20%21", "/\xc3\xa9 !"},
		{"/a;x=1/b;y;z?q", "/a/b"},
		{"/a%3bx/b", "/a/b"},
		{"/.well-known/x", "/.well-known/x"},
		{"/a/...", "/a/..."},
		{"/a.b/..c/d..", "/a.b/..c/d.."},
		{"/100%25", "/100%"},
		{"/%2541", "/%41"},
		{"*", "*"},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(cases); i++) {
		struct fr_url_path path = read_path(cases[i].target);

		assert_str(path.text, cases[i].text);
		if (path.is_ambiguous)
			fail_msg("%s", cases[i].target);
	}
}

static void what_servers_read_in_several_ways_is_told(void **state)
{
	static const struct {
		const char *target, *text;
	} cases[] = {
		{"/a/../b", "/b"},
		{"/a/..", "/"},
		{"/../../a", "/a"},
		{"/a/./b", "/a/b"},
		{"/a/b/..", "/a/"},
		{"/a/.", "/a/"},
		{"/a/%2e%2E/b", "/b"},
		{"/a/.%2e/b", "/b"},
		{"/a/..;x/b", "/b"},
		{"/a/..%3bx/b", "/b"},
		{"/a//../b", "/b"},
		{"/a%2fb", "/a%2Fb"},
		{"/a%2Fb", "/a%2Fb"},
		{"/static/..%2faccount", "/static/..%2Faccount"},
		{"/a\\b", "/a\\b"},
		{"/a%5cb", "/a%5Cb"},
		{"/a%00b", "/a%00b"},
		{"/a%0ab", "/a%0Ab"},
		{"/a%7f", "/a%7F"},
		{"/a%252fb", "/a%2fb"},
		{"/a/%252e%252e/b", "/a/%2e%2e/b"},
		{"/a%255cb", "/a%5cb"},
		{"/a%25252f", "/a%252f"},
		{"/a%", "/a%"},
		{"/a%4", "/a%4"},
		{"/a%u002f", "/a%u002f"},
		{"/a%c0%af", "/a\xc0\xaf"},
		{"/a%C1%9C", "/a\xc1\x9c"},
		{"/a%e0%80%af", "/a\xe0\x80\xaf"},
		{"/a%f0%80%80%af", "/a\xf0\x80\x80\xaf"},
		{"/a;%2f/b", "/a/b"},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(cases); i++) {
		struct fr_url_path path = read_path(cases[i].target);

		assert_str(path.text, cases[i].text);
		if (!path.is_ambiguous)
			fail_msg("%s", cases[i].target);
	}
}

static void any_bytes_are_read_within_their_length(void **state)
{
	static const char alphabet[] = "/.%2fe5c0;a\\?E";
	uint32_t seed = 1;
	char text[24];

	(void)state;
	for (int round = 0; round < 200000; round++) {
		size_t len;
		struct fr_url_path path;

		seed = seed * 1664525u + 1013904223u;
		len = 1 + (seed >> 16) % (sizeof text - 1);
		text[0] = '/';
		for (size_t i = 1; i < len; i++) {
			seed = seed * 1664525u + 1013904223u;
			text[i] = alphabet[(seed >> 16) % (sizeof alphabet - 1)];
		}
		fr_arena_reset(&arena);
		assert_int_equal(fr_url_path_read(&arena, fr_str_make(text, len), &path), 0);
		assert_true(path.text.len >= 1 && path.text.len <= len && path.text.p[0] == '/');
		for (size_t i = 0; i + 1 < path.text.len; i++)
			assert_false(path.text.p[i] == '/' && path.text.p[i + 1] == '/');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(spellings_that_mean_the_same_become_one),
		T(what_servers_read_in_several_ways_is_told),
		T(any_bytes_are_read_within_their_length),
	};

	RUN(tests);
}
