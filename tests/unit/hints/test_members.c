/* What assets of rules with a star are called today: how patterns match, what it takes to
 * believe a new name, and that one client moves nothing. */
#include "hints/members.h"

#include "unit.h"

#define HOST S("s.example")
#define PATTERN S("/app.*.css")

static struct fr_members *members;

static int set_up(void **state)
{
	(void)state;
	members = fr_members_new(42);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fr_members_free(&members);
	return 0;
}

static void saw(const char *target, uint64_t client, int64_t now_s)
{
	fr_members_saw(members, &(struct fr_member_seen){.authority = HOST,
	                                                 .pattern = PATTERN,
	                                                 .target = S(target),
	                                                 .client = client,
	                                                 .witnesses = 3,
	                                                 .now_s = now_s});
}

/* By three clients. */
static void everybody_saw(const char *target, int64_t now_s)
{
	for (uint64_t client = 1; client <= 3; client++)
		saw(target, client, now_s);
}

static void gone(const char *target)
{
	fr_members_gone(members, &(struct fr_member_seen){.authority = HOST,
	                                                  .pattern = PATTERN,
	                                                  .target = S(target)});
}

static void assert_today(const char *name)
{
	char out[FR_MEMBER_BYTES] = "";

	(void)fr_members_find(members, HOST, PATTERN, out);
	assert_string_equal(out, name);
}

static void stars_stay_within_a_part_of_a_url(void **state)
{
	static const struct {
		const char *pattern, *target;
		bool matches;
	} rows[] = {
		{"/app.*.css", "/app.1.css", true},
		{"/app.*.css", "/app.3f2a-9_c~d.e.css", true},
		{"/app.*.css", "/app..css", false},
		{"/app.*.css", "/app.css", false},
		{"/app.*.css", "/app.a/b.css", false},
		{"/app.*.css", "/app.a?x.css", false},
		{"/app.*.css", "/app.1.css?v=2", false},
		{"/app.*.css", "/app.%2e.css", false},
		{"/app.*.css", "/app.*.css", false},
		{"/a.css?ver=*", "/a.css?ver=6.1.9", true},
		{"/a.css?ver=*", "/a.css?ver=", false},
		{"/a.css?ver=*", "/a.css?ver=1&x=2", false},
		{"/a.css?*", "/a.css?17", true},
		{"/*/a-*.js", "/1.2/a-b-c.js", true},
		{"/*/a-*.js", "/1/2/a-b.js", false},
		{"/*a*b", "/xaxab", true},
		{"/*a*b", "/ab", false},
		{"/*", "/", false},
		{"/**", "/ab", true},
		{"/**", "/a", false},
		{"/a", "/a", true},
		{"", "", true},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++)
		if (fr_member_matches(S(rows[i].pattern), S(rows[i].target)) != rows[i].matches)
			fail_msg("%s and %s", rows[i].pattern, rows[i].target);
}

static void a_name_needs_as_many_clients_as_witnesses(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10; i++)
		saw("/app.1.css", 7, i);
	saw("/app.1.css", 8, 11);
	assert_today("");
	saw("/app.1.css", 9, 12);
	assert_today("/app.1.css");
}

static void a_new_name_follows_and_the_old_one_stays_away(void **state)
{
	(void)state;
	everybody_saw("/app.1.css", 0);
	everybody_saw("/app.2.css", 10);
	assert_today("/app.2.css");
	everybody_saw("/app.1.css", 20);
	assert_today("/app.2.css");
	everybody_saw("/app.1.css", 10 + FR_MEMBERS_BACK_S);
	assert_today("/app.1.css");
}

static void what_is_gone_leaves_and_may_be_followed_by_any(void **state)
{
	(void)state;
	everybody_saw("/app.1.css", 0);
	everybody_saw("/app.2.css", 10);
	gone("/app.1.css");
	assert_today("/app.2.css");
	gone("/app.2.css");
	assert_today("");
	everybody_saw("/app.1.css", 20);
	assert_today("/app.1.css");
}

static void one_client_with_many_names_displaces_nobody(void **state)
{
	(void)state;
	everybody_saw("/app.1.css", 0);
	saw("/app.2.css", 1, 1);
	saw("/app.2.css", 2, 1);
	for (unsigned i = 0; i < 1000; i++) {
		char name[32];

		(void)snprintf(name, sizeof name, "/app.x%u.css", i);
		saw(name, 66, 2 + i);
	}
	saw("/app.2.css", 3, 2000);
	assert_today("/app.2.css");
}

static void long_names_and_many_patterns_are_bounded(void **state)
{
	char name[FR_MEMBER_BYTES + 20];
	char out[FR_MEMBER_BYTES];

	(void)state;
	memset(name, 'a', sizeof name);
	name[sizeof name - 1] = '\0';
	everybody_saw(name, 0);
	assert_today("");
	everybody_saw("/app.1.css", 0);
	for (unsigned i = 0; i < FR_MEMBERS_MAX; i++) {
		(void)snprintf(name, sizeof name, "/%u.*", i);
		fr_members_saw(members, &(struct fr_member_seen){.authority = HOST,
		                                                 .pattern = S(name),
		                                                 .target = S("/x.y"),
		                                                 .client = 1,
		                                                 .witnesses = 1});
	}
	assert_today("");
	assert_int_equal(fr_members_find(members, HOST, S("/9.*"), out), 4);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(stars_stay_within_a_part_of_a_url),
		TEST(a_name_needs_as_many_clients_as_witnesses),
		TEST(a_new_name_follows_and_the_old_one_stays_away),
		TEST(what_is_gone_leaves_and_may_be_followed_by_any),
		TEST(one_client_with_many_names_displaces_nobody),
		TEST(long_names_and_many_patterns_are_bounded),
	};

	RUN(tests);
}
