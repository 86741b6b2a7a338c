#include "hints/learning/names.h"

#include "unit.h"

static void versions_are_found_where_tools_put_them(void **state)
{
	static const struct {
		const char *target;
		enum fr_as as;
		const char *version; /* NULL: none */
	} table[] = {
		{"/a/main.3f2a9b1c.css", FR_AS_STYLE, "3f2a9b1c"},
		{"/a/main.3f2a9b.min.css", FR_AS_STYLE, "3f2a9b"},
		{"/assets/app-Ab3_xY9z.js", FR_AS_SCRIPT, "Ab3_xY9z"},
		{"/assets/app-aB-x_9Zq.js", FR_AS_SCRIPT, "aB-x_9Zq"},
		{"/assets/app--bcdefg1.js", FR_AS_SCRIPT, "-bcdefg1"},
		{"/assets/list-mobile-1a2b3c4d.js", FR_AS_SCRIPT, "1a2b3c4d"},
		{"/_next/static/chunks/main-app-0a1b2c3d4e5f6071.js", FR_AS_SCRIPT,
	         "0a1b2c3d4e5f6071"},
		{"/3f2a9b1c.js", FR_AS_SCRIPT, "3f2a9b1c"},
		{"/app.css?v=12", FR_AS_STYLE, "12"},
		{"/app.css?x=1&ver=2026-11-28", FR_AS_STYLE, "2026-11-28"},
		{"/app.css?3f2a9b1c", FR_AS_STYLE, "3f2a9b1c"},
		{"/s/core.1234567890.css", FR_AS_STYLE, "1234567890"},
		/* no versions */
		{"/logo.svg", FR_AS_IMAGE, NULL},
		{"/jquery-3.7.1.min.js", FR_AS_SCRIPT, NULL},
		{"/img/photo-12345678.jpg", FR_AS_IMAGE, NULL},
		{"/avatars/3f2a9b1c.png", FR_AS_IMAGE, NULL},
		{"/docs/settings-overview.js", FR_AS_SCRIPT, NULL},
		{"/a/Overview.js", FR_AS_SCRIPT, NULL},
		{"/style.css", FR_AS_STYLE, NULL},
		{"/", FR_AS_IMAGE, NULL},
		{"", FR_AS_IMAGE, NULL},
		{"/x?v=", FR_AS_IMAGE, NULL},
		{"/...", FR_AS_SCRIPT, NULL},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(table); i++) {
		struct fr_str t = S(table[i].target);
		size_t at = 0, len = 0;
		bool found = fr_name_version(t, table[i].as, &at, &len);

		if (found != (table[i].version != NULL))
			print_error("%s\n", table[i].target);
		assert_int_equal(found, table[i].version != NULL);
		if (found)
			assert_str(fr_str_sub(t, at, at + len), table[i].version);
	}
}

static void templates_go_from_the_most_specific_one(void **state)
{
	static const struct {
		const char *page, *templates[FR_NAME_TEMPLATES + 1];
	} table[] = {
		{"/", {NULL}},
		{"/post/123", {"/post/#", "/*/#"}},
		{"/about.html", {"/*.html"}},
		{"/world/", {"/*/"}},
		{"/shoes/red-42.html", {"/shoes/*.html", "/*/*.html"}},
		{"/c/shoes/p/3", {"/c/shoes/p/#", "/c/shoes/*/#", "/c/*/*/#", "/*/*/*/#"}},
		{"/search?q=hats&page=2", {"/search?q=*&page=*", "/*?q=*&page=*"}},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(table); i++) {
		struct fr_name_template out[FR_NAME_TEMPLATES];
		size_t n = fr_name_templates(S(table[i].page), out), k = 0;

		for (; table[i].templates[k]; k++) {
			assert_true(k < n);
			assert_str(fr_str_make(out[k].text, out[k].len), table[i].templates[k]);
		}
		assert_int_equal(n, k);
	}
}

static void a_pages_own_part_is_found_in_another_page(void **state)
{
	static const struct {
		const char *page, *asset, *other, *expected; /* expected NULL: no pattern */
	} table[] = {
		{"/post/42", "/img/42/hero.jpg", "/post/7", "/img/7/hero.jpg"},
		{"/shoes/red-xl-42.html", "/media/42/mobile/1.jpg", "/hats/blue-7.html",
	         "/media/7/mobile/1.jpg"},
		{"/world/2026/some-slug-911", "/pic/some-slug/911.jpg", "/x/2026/other-12", NULL},
		{"/p/some-slug", "/pic/some-slug.jpg", "/p/a-b-c", "/pic/a-b-c.jpg"},
		{"/search?q=hats", "/thumb/hats.png", "/search?q=bags", "/thumb/bags.png"},
		{"/post/42", "/logo.svg", "/post/7", NULL},
		{"/post/42", "/img/1142/hero.jpg", "/post/7", NULL},
	};
	char pattern[FR_NAME_MAX_BYTES], out[FR_NAME_MAX_BYTES];
	size_t n, m;

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(table); i++) {
		bool found = fr_name_abstract(S(table[i].page), 0, S(table[i].asset), pattern, &n);

		if (!table[i].expected && !found)
			continue;
		assert_true(found);
		assert_true(fr_name_is_pattern(fr_str_make(pattern, n)));
		/* the page itself gets back what it had */
		assert_true(fr_name_concrete(S(table[i].page), fr_str_make(pattern, n), out, &m));
		assert_str(fr_str_make(out, m), table[i].asset);
		if (table[i].expected) {
			assert_true(fr_name_concrete(S(table[i].other), fr_str_make(pattern, n),
			                             out, &m));
			assert_str(fr_str_make(out, m), table[i].expected);
		}
	}
}

static void any_text_is_taken(void **state)
{
	char page[FR_NAME_MAX_BYTES + 40], asset[FR_NAME_MAX_BYTES + 40], out[FR_NAME_MAX_BYTES];
	struct fr_name_template templates[FR_NAME_TEMPLATES];
	static const char letters[] = "/?&=-_.#aA1fF0\x01%zZ";
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t n = seed % sizeof page, m = (seed >> 8) % sizeof asset, at, len;

		for (size_t i = 0; i < n; i++)
			page[i] = letters[(seed = seed * 1103515245u + 12345u) >> 16 & 15u];
		for (size_t i = 0; i < m; i++)
			asset[i] = letters[(seed = seed * 1103515245u + 12345u) >> 16 & 15u];
		if (round & 1)
			page[0] = asset[0] = '/';
		if (fr_name_version(fr_str_make(asset, m), FR_AS_SCRIPT, &at, &len))
			assert_true(len && at + len <= m);
		(void)fr_name_templates(fr_str_make(page, n), templates);
		if (fr_name_abstract(fr_str_make(page, n), 0, fr_str_make(asset, m), out, &len))
			assert_true(len <= sizeof out);
		(void)fr_name_concrete(fr_str_make(page, n), fr_str_make(asset, m), out, &len);
		seed = seed * 1103515245u + 12345u;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_are_found_where_tools_put_them),
		cmocka_unit_test(templates_go_from_the_most_specific_one),
		cmocka_unit_test(a_pages_own_part_is_found_in_another_page),
		cmocka_unit_test(any_text_is_taken),
	};

	RUN(tests);
}
