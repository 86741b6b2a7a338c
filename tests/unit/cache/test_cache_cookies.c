/* Names of cookies against lists of them. */
#include "cache/cookies.h"

#include <stdio.h>
#include <stdlib.h>

#include "arena_fixture.h"

static enum fr_cookies judge(const char *const *bypass, size_t n, struct fr_str value)
{
	struct fr_cookie_rules rules = {.bypass = {.v = bypass, .n = n}};
	struct fr_fields f;

	fr_fields_init(&f, &arena);
	assert_int_equal(fr_fields_add(&f, S("cookie"), value), 0);
	return fr_cookies_judge(&f, &rules);
}

static void a_star_stands_at_either_end(void **state)
{
	static const struct {
		const char *pattern, *cookie;
		bool matches;
	} cases[] = {
		{"a", "a=1", true},
		{"a", "ab=1", false},
		{"a", "b=a=1", false},
		{"a", "b=1; a=2", true},
		{"a", "b=1;a", true},
		{"a", "A=1", false},
		{"a*", "a=1", true},
		{"a*", "ab=1", true},
		{"a*", "ba=1", false},
		{"*a", "a=1", true},
		{"*a", "ba=1", true},
		{"*a", "ab=1", false},
		{"*ab*", "xaby=1", true},
		{"*ab*", "ab=1", true},
		{"*ab*", "axb=1", false},
		{"*ab*", "a=ab", false},
		{"*", "x=1", true},
		{"*_session", "my_app_session=1", true},
		{"*_session", "_session=1", true},
		{"*_session", "session=1", false},
		{"a", "__Host-a=1", true},
		{"a", "__Secure-a=1", true},
		{"__Host-a", "a=1", false},
		{"a", "  a  = 1", true},
		{"a", "a =1", true},
		{"a", ";;;a", true},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(cases); i++) {
		enum fr_cookies got = judge(&cases[i].pattern, 1, S(cases[i].cookie));

		if ((got == FR_COOKIES_BYPASS) != cases[i].matches)
			fail_msg("%s and %s", cases[i].pattern, cases[i].cookie);
	}
}

/* One cookie of each system, as it is seen in the wild. */
static void common_systems_are_known(void **state)
{
	static const char *const known[] = {
		"wordpress_logged_in_5bd7a9c61cda6e66fc921a05bc80ee93=admin",
		"wp-postpass_5bd7a9c61cda6e66fc921a05bc80ee93=x",
		"comment_author_email_5bd7a9c61cda6e66fc921a05bc80ee93=x",
		"wp_woocommerce_session_5bd7a9c61cda6e66=1",
		"woocommerce_items_in_cart=1",
		"SESS49960de5880e8c687434170f6476605b=x",
		"SSESS49960de5880e8c687434170f6476605b=x",
		"joomla_user_state=logged_in",
		"X-Magento-Vary=x",
		"sessionid=x",
		"_shop_session=x",
		"laravel_session=x",
		"my-app-session=x",
		"PHPSESSID=x",
		"connect.sid=s%3Ax",
		"__Secure-next-auth.session-token.0=x",
		"ASP.NET_SessionId=x",
		".AspNetCore.Identity.Application=x",
		"JSESSIONID=x",
		"SESSION=x",
		"ghost-members-ssr=x",
		"fe_typo_user=x",
		"enwikiUserID=1",
		"enwiki_session=1",
		"MoodleSession=1",
		"session-=x",
	};
	static const char *const of_no_interest[] = {
		"_ga=GA1.1.1", "_ga_MWG30LDQKZ=GS1.1", "_gat_gtag_UA_1=1", "__utmz=1",
		"_fbp=fb.1",   "_hjSession_1=x",       "_pk_id.1.1fff=x",  "__hstc=1",
		"_clck=1"};
	static const char *const others[] = {"theme=dark", "lang=de",     "user=alice", "session=1",
	                                     "gaa=1",      "csrftoken=1", "_gax=1"};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(known); i++)
		if (judge(NULL, 0, S(known[i])) != FR_COOKIES_BYPASS)
			fail_msg("%s", known[i]);
	for (size_t i = 0; i < FR_ARRAY_LEN(of_no_interest); i++)
		if (judge(NULL, 0, S(of_no_interest[i])) != FR_COOKIES_NONE)
			fail_msg("%s", of_no_interest[i]);
	for (size_t i = 0; i < FR_ARRAY_LEN(others); i++)
		if (judge(NULL, 0, S(others[i])) != FR_COOKIES_COUNT)
			fail_msg("%s", others[i]);
}

/* The cost is bounded, and what is not looked at counts as the strongest. */
static void more_cookies_than_browsers_keep_are_not_looked_at(void **state)
{
	char text[4 * FR_COOKIES_MAX + 4];

	(void)state;
	for (size_t i = 0; i <= FR_COOKIES_MAX; i++)
		(void)snprintf(text + 3 * i, 4, "_b;");
	assert_int_equal(judge(NULL, 0, fr_str_make(text, 3 * (FR_COOKIES_MAX + 1))),
	                 FR_COOKIES_BYPASS);
	assert_int_equal(judge(NULL, 0, fr_str_make(text, 3 * (size_t)FR_COOKIES_MAX)),
	                 FR_COOKIES_COUNT);
}

/* Of "lang" and the defaults. */
static void what_is_ignored_is_taken_off(void **state)
{
	static const struct {
		const char *lines[3];
		const char *left; /* NULL: no field; "": as it was */
	} rows[] = {
		{{"a=1"}, ""},
		{{"a=1;b=2"}, ""},
		{{"_ga=1"}, NULL},
		{{" _ga = 1 ;; _gid=2;"}, NULL},
		{{"_ga=1; a=1"}, "a=1"},
		{{"a=1; _ga=1"}, "a=1"},
		{{"a=1;_ga=1;  b=2 "}, "a=1; b=2"},
		{{"lang=de; a=_ga"}, "a=_ga"},
		{{"__Host-lang=de; a"}, "a"},
		{{"a=1", "b=2"}, "a=1; b=2"},
		{{"_ga=1", "b=2", "_gid=2"}, "b=2"},
		{{"_ga=1", "_gid=2"}, NULL},
		{{"_ga=1; sessionid=1"}, ""}, /* of somebody who is known */
		{{"sessionid=1; _ga=1"}, ""},
		{{"LANG=de"}, ""},
	};
	static const char *const ignored[] = {FR_COOKIES_DEFAULT, "lang"};
	const struct fr_cookie_rules rules = {.ignored = {.v = ignored, .n = 2}};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		struct fr_fields f;
		const struct fr_field *got;

		fr_fields_init(&f, &arena);
		assert_int_equal(fr_fields_add(&f, S("host"), S("a")), 0);
		for (size_t j = 0; j < 3 && rows[i].lines[j]; j++)
			assert_int_equal(fr_fields_add(&f, S("cookie"), S(rows[i].lines[j])), 0);
		assert_int_equal(fr_cookies_strip(&arena, &f, &rules), 0);
		got = fr_fields_get(&f, FR_FIELD_COOKIE);
		if (!rows[i].left)
			assert_null(got);
		else
			assert_str(got->value, *rows[i].left ? rows[i].left : rows[i].lines[0]);
		assert_int_equal(f.n, rows[i].left ? 2 : 1);
	}
}

static void check_docs(const char *docs, const char *name)
{
	char text[64];

	(void)snprintf(text, sizeof text, "`%s`", name);
	if (!strstr(docs, text))
		fail_msg("docs/cache.md lacks %s", text);
}

static void docs_list_every_name(void **state)
{
	FILE *f = fopen(FR_TEST_DIR "/../../docs/cache.md", "r");
	char *docs = calloc(1, 1u << 17);

	(void)state;
	assert_non_null(f);
	assert_non_null(docs);
	assert_true(fread(docs, 1, (1u << 17) - 1, f) > 0);
	(void)fclose(f);
#define X(name) check_docs(docs, name);
	FR_COOKIES_BYPASS_TABLE(X)
	FR_COOKIES_IGNORED_TABLE(X)
#undef X
	free(docs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_star_stands_at_either_end),
		T(common_systems_are_known),
		T(more_cookies_than_browsers_keep_are_not_looked_at),
		T(what_is_ignored_is_taken_off),
		T(docs_list_every_name),
	};

	RUN(tests);
}
