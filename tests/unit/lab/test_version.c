/* Versions in names and queries of assets become stars; what somebody named stays. */
#include "lab/replay/version.h"

#include "unit.h"

static void versions_become_stars_and_names_stay(void **state)
{
	static const struct {
		const char *target, *starred;
	} rows[] = {
		/* names of build tools */
		{"/app.3f2a9c1d.css", "/app.*.css"},
		{"/assets/index-F78whNqM.js", "/assets/index-*.js"},
		{"/assets/index-BxKdJtZe.css", "/assets/index-*.css"},
		{"/static/js/main.a1b2c3d4.chunk.js", "/static/js/main.*.chunk.js"},
		{"/_next/static/chunks/webpack-0123456789abcdef.js",
	         "/_next/static/chunks/webpack-*.js"},
		{"/_next/static/css/c0ffee12345678.css", "/_next/static/css/*.css"},
		{"/_nuxt/entry.DxW9kq2Z.js", "/_nuxt/entry.*.js"},
		{"/packs/application-9f2c7a6b1e.js", "/packs/application-*.js"},
		{"/css/app.css?id=68f3e2a94c1b", "/css/app.css?id=*"},
		{"/static/version1700000000/frontend/a.css", "/static/version*/frontend/a.css"},
		/* numbers */
		{"/jquery-3.6.0.min.js", "/jquery-*.min.js"},
		{"/lib/bootstrap/5.3.2/css/bootstrap.min.css",
	         "/lib/bootstrap/*/css/bootstrap.min.css"},
		{"/x/v1.2.3/x.js", "/x/*/x.js"},
		/* queries */
		{"/wp-includes/css/style.min.css?ver=6.1.9",
	         "/wp-includes/css/style.min.css?ver=*"},
		{"/a.css?v=12", "/a.css?v=*"},
		{"/a.css?1700000000", "/a.css?*"},
		{"/a.css?family=Inter&ver=2", "/a.css?family=Inter&ver=*"},
		{"/a.js?v=abc", "/a.js?v=abc"}, /* a word */
		{"/a.css?v=1%202", "/a.css?v=1%202"},
		{"/css?family=Roboto:400,700", "/css?family=Roboto:400,700"},
		/* names that somebody wrote */
		{"/css/FontAwesome.css", "/css/FontAwesome.css"},
		{"/js/bootstrap.bundle.min.js", "/js/bootstrap.bundle.min.js"},
		{"/js/html5shiv.js", "/js/html5shiv.js"},
		{"/js/jquery-ui-datepicker.js", "/js/jquery-ui-datepicker.js"},
		{"/fonts/fa-solid-900.woff2", "/fonts/fa-solid-900.woff2"},
		{"/es2015/main.js", "/es2015/main.js"},
		{"/uploads/2024/05/hero.jpg", "/uploads/2024/05/hero.jpg"},
		{"/css/faced.css", "/css/faced.css"},
		{"/css/decade.css", "/css/decade.css"},
		{"/bootstrap.min.css", "/bootstrap.min.css"},
		{"/js/DataTables.js", "/js/DataTables.js"},
		{"/js/mainPage.js", "/js/mainPage.js"},
		{"/js/jQueryMobile.js", "/js/jQueryMobile.js"},
		{"/img/icon-32x32.png", "/img/icon-32x32.png"},
		/* whole URLs: the host has no version */
		{"https://cdn-1.2.3.example/a.css?v=3", "https://cdn-1.2.3.example/a.css?v=*"},
		{"https://c0ffee12345678.example.net/a.css",
	         "https://c0ffee12345678.example.net/a.css"},
		{"https://c0ffee1.example", "https://c0ffee1.example"},
		{"", ""},
		{"/", "/"},
		{"?v=1", "?v=*"},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		char out[256];
		bool has = fr_version_star(S(rows[i].target), out, sizeof out);

		if (strcmp(out, rows[i].starred) != 0)
			fail_msg("%s gives %s, not %s", rows[i].target, out, rows[i].starred);
		assert_int_equal(has, strcmp(rows[i].target, rows[i].starred) != 0);
	}
}

static void what_does_not_fit_is_cut(void **state)
{
	char out[8];

	(void)state;
	assert_true(fr_version_star(S("/a?v=1234567"), out, sizeof out));
	assert_string_equal(out, "/a?v=*");
	assert_false(fr_version_star(S("/a/long/name.css"), out, sizeof out));
	assert_string_equal(out, "/a/long");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_become_stars_and_names_stay),
		cmocka_unit_test(what_does_not_fit_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
