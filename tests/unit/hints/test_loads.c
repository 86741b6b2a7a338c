#include "hints/learning/loads.h"

#include "unit.h"

static struct fr_loads *loads;
static size_t taken;
static struct fr_load last; /* strings of it are copied below */
static char last_target[64];
static struct fr_load_asset assets[FR_LOAD_MAX_ASSETS];
static char names[FR_LOAD_MAX_ASSETS][64];
static struct fr_load_client client;

static bool take(void *user, struct fr_load *load)
{
	(void)user;
	taken++;
	last = *load;
	(void)snprintf(last_target, sizeof last_target, "%.*s", FR_STR_ARG(load->target));
	for (size_t i = 0; i < load->n; i++) {
		assets[i] = load->v[i];
		(void)snprintf(names[i], sizeof names[i], "%.*s", FR_STR_ARG(load->v[i].target));
	}
	return true;
}

static int set_up(void **state)
{
	(void)state;
	taken = 0;
	last = (struct fr_load){0};
	loads = fr_loads_new(take, NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fr_loads_free(&loads, 100000);
	return 0;
}

static void ask_page(uint64_t id, const char *target, bool is_ahead, uint64_t now)
{
	struct fr_loads_page page = {.authority = S("a.example"),
	                             .target = S(target),
	                             .client = &client,
	                             .id = id,
	                             .is_ahead = is_ahead};

	fr_loads_page(loads, &page, now);
}

static void answer_page(uint64_t id, bool is_load, uint64_t now)
{
	struct fr_loads_answer a = {.is_load = is_load, .from_origin = true};

	fr_loads_page_answered(loads, id, &a, now);
	if (is_load)
		fr_loads_page_ended(loads, id, true, 5000, now + 10);
}

static struct fr_loads_ref ask(const char *target, const char *referer, enum fr_as as, uint64_t now)
{
	struct fr_loads_request r = {
		.authority = S("a.example"), .target = S(target), .referer = S(referer), .as = as};

	return fr_loads_asked(loads, &r, now);
}

static void a_load_ends_after_silence_with_its_assets_and_times(void **state)
{
	(void)state;
	ask_page(1, "/post/1", false, 1000);
	answer_page(1, true, 1050);
	fr_loads_answered(loads, ask("/a.css", "https://a.example/post/1", FR_AS_STYLE, 1060), 200);
	assert_int_equal(fr_loads_tick(loads, 1100), 1060 + FR_LOADS_SILENCE_MS);
	assert_int_equal(taken, 0);
	assert_int_equal(fr_loads_tick(loads, 3060), 0);
	assert_int_equal(taken, 1);
	assert_string_equal(last_target, "/post/1");
	assert_int_equal(last.n, 1);
	assert_string_equal(names[0], "/a.css");
	assert_int_equal(assets[0].asked_ms, 60);
	assert_int_equal(assets[0].flags, FR_LOAD_ASKED | FR_LOAD_OK);
	assert_int_equal(last.times.first_ms, 50);
	assert_int_equal(last.times.last_ms, 60);
	assert_int_equal(last.times.quiet_ms, 60);
	assert_int_equal(last.times.closed_ms, 2060);
	assert_int_equal(last.times.bytes, 5000);
	assert_int_equal(last.end, FR_LOAD_END_SILENCE);
	assert_false(last.is_cut);
}

static void what_a_103_made_the_client_ask_for_comes_before_the_response(void **state)
{
	(void)state;
	ask_page(1, "/", false, 1000);
	fr_loads_answered(loads, ask("/a.css", "https://a.example/", FR_AS_STYLE, 1002), 200);
	answer_page(1, true, 1100);
	fr_loads_offered(loads, 1, S("/a.css"), FR_AS_STYLE, FR_LOAD_HINTED);
	fr_loads_offered(loads, 1, S("/b.css"), FR_AS_STYLE, FR_LOAD_OMITTED);
	fr_loads_free(&loads, 1200);
	assert_int_equal(last.n, 2);
	assert_int_equal(assets[0].flags, FR_LOAD_ASKED | FR_LOAD_OK | FR_LOAD_HINTED);
	assert_int_equal(assets[1].flags, FR_LOAD_OMITTED);
	assert_int_equal(assets[1].asked_ms, FR_LOAD_NEVER);
	assert_int_equal(last.end, FR_LOAD_END_CLOSED);
}

static void a_font_of_a_style_sheet_follows_that_edge(void **state)
{
	(void)state;
	ask_page(1, "/", false, 1000);
	answer_page(1, true, 1010);
	(void)ask("/a.css", "https://a.example/", FR_AS_STYLE, 1020);
	(void)ask("/f.woff2", "https://a.example/a.css", FR_AS_FONT, 1030);
	fr_loads_free(&loads, 1100);
	assert_int_equal(last.n, 2);
	assert_int_equal(assets[1].parent, 0);
	assert_true(assets[1].flags & FR_LOAD_BY_STYLE);
}

static void a_referer_cut_to_the_origin_belongs_to_the_only_load(void **state)
{
	(void)state;
	ask_page(1, "/post/1", false, 1000);
	answer_page(1, true, 1010);
	(void)ask("/a.css", "https://a.example/", FR_AS_STYLE, 1020);
	(void)ask("/b.css", "", FR_AS_STYLE, 1020);
	(void)ask("/c.css", "https://b.example/post/1", FR_AS_STYLE, 1020);
	(void)ask("/d.css", "https://a.example/other", FR_AS_STYLE, 1020);
	fr_loads_free(&loads, 1100);
	assert_int_equal(last.n, 2);
}

static void two_pending_loads_of_one_url_get_nothing(void **state)
{
	(void)state;
	ask_page(1, "/", false, 1000);
	ask_page(2, "/", false, 1000);
	(void)ask("/a.css", "https://a.example/", FR_AS_STYLE, 1002);
	answer_page(1, true, 1010);
	fr_loads_free(&loads, 1100);
	assert_int_equal(taken, 1);
	assert_int_equal(last.n, 0);
}

static void the_next_load_ends_the_one_before(void **state)
{
	(void)state;
	ask_page(1, "/1", false, 1000);
	answer_page(1, true, 1010);
	ask_page(2, "/2", false, 1500);
	assert_int_equal(taken, 0);
	answer_page(2, true, 1510);
	assert_int_equal(taken, 1);
	assert_int_equal(last.end, FR_LOAD_END_NEXT);
	assert_string_equal(last_target, "/1");
}

static void what_is_no_page_is_forgotten_and_ends_nothing(void **state)
{
	(void)state;
	ask_page(1, "/1", false, 1000);
	answer_page(1, true, 1010);
	ask_page(2, "/redirect", false, 1100);
	answer_page(2, false, 1110);
	assert_int_equal(taken, 0);
	(void)ask("/a.css", "https://a.example/1", FR_AS_STYLE, 1120);
	fr_loads_free(&loads, 1200);
	assert_int_equal(taken, 1);
	assert_int_equal(last.n, 1);
}

static void a_prefetched_page_opens_when_its_assets_come(void **state)
{
	(void)state;
	ask_page(1, "/1", false, 1000);
	answer_page(1, true, 1010);
	ask_page(2, "/2", true, 1100);
	answer_page(2, true, 1110);
	(void)ask("/late.css", "", FR_AS_STYLE, 1120); /* the prefetch is no candidate */
	assert_int_equal(taken, 0);
	(void)ask("/a.css", "https://a.example/2", FR_AS_STYLE, 2000);
	assert_int_equal(taken, 1);
	assert_int_equal(last.n, 1);
	fr_loads_free(&loads, 2100);
	assert_int_equal(taken, 2);
	assert_string_equal(last_target, "/2");
	assert_true(last.is_prefetched);
	assert_int_equal(last.times.first_ms, FR_LOAD_NEVER);
	assert_int_equal(assets[0].asked_ms, 0);
}

static void a_prefetch_that_nobody_clicks_leaves_no_record(void **state)
{
	(void)state;
	ask_page(2, "/2", true, 1000);
	answer_page(2, true, 1110);
	assert_int_equal(fr_loads_tick(loads, 1000 + FR_LOADS_AHEAD_MS), 0);
	assert_int_equal(taken, 0);
}

static void a_page_that_did_not_reach_its_client_is_cut(void **state)
{
	struct fr_loads_answer a = {.is_load = true};

	(void)state;
	ask_page(1, "/", false, 1000);
	fr_loads_page_answered(loads, 1, &a, 1010);
	fr_loads_page_ended(loads, 1, false, 100, 1020);
	fr_loads_free(&loads, 1100);
	assert_true(last.is_cut);
}

static void a_window_lasts_ten_seconds_after_the_page_at_most(void **state)
{
	uint64_t now = 1020;

	(void)state;
	ask_page(1, "/", false, 1000);
	answer_page(1, true, 1010); /* ended at 1020 */
	for (; !taken && now < 60000; now += 500)
		(void)ask("/poll", "https://a.example/", FR_AS_FETCH, now);
	assert_true(now > 1020 + FR_LOADS_AFTER_PAGE_MS && now < 1021 + 11000);
}

static void assets_and_loads_are_bounded(void **state)
{
	char name[64];

	(void)state;
	for (uint64_t i = 1; i <= FR_LOADS_MAX + 3; i++)
		ask_page(i, "/", false, 1000);
	fr_loads_free(&loads, 1000);
	assert_int_equal(taken, 0);
	loads = fr_loads_new(take, NULL);
	ask_page(1, "/", false, 1000);
	answer_page(1, true, 1010);
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof name, "/asset/%d.css", i);
		(void)ask(name, "https://a.example/", FR_AS_STYLE, 1020);
	}
	fr_loads_free(&loads, 1100);
	assert_int_equal(last.n, FR_LOAD_MAX_ASSETS);
	assert_int_equal(last.dropped, 1000 - FR_LOAD_MAX_ASSETS);
}

static void a_client_is_known_by_what_matters_for_learning(void **state)
{
	struct fr_load_client a, b;
	struct fr_fields fields;
	struct fr_arena arena;
	struct fr_ip one, two, far;

	(void)state;
	fr_arena_init(&arena, 1u << 16);
	fr_fields_init(&fields, &arena);
	assert_int_equal(fr_ip_parse(S("192.0.2.1"), &one), 0);
	assert_int_equal(fr_ip_parse(S("192.0.2.200"), &two), 0);
	assert_int_equal(fr_ip_parse(S("192.0.3.1"), &far), 0);
	assert_int_equal(fr_fields_add_copy(&fields, S("cookie"), S("ab=A; sid=xyz")), 0);
	assert_int_equal(fr_fields_add_copy(&fields, S("sec-ch-ua-mobile"), S("?1")), 0);
	fr_load_client_of(&fields, &one, 7, &a);
	fr_load_client_of(&fields, &two, 7, &b);
	assert_int_equal(a.n_cookies, 2);
	assert_int_equal(a.device, FR_DEVICE_MOBILE);
	assert_true(a.client != b.client);
	assert_true(a.network == b.network);
	fr_load_client_of(&fields, &far, 7, &b);
	assert_true(a.network != b.network);
	assert_true(a.kinds != 0);
	fr_fields_init(&fields, &arena);
	assert_int_equal(
		fr_fields_add_copy(&fields, S("user-agent"), S("Mozilla/5.0 (ExampleBot/2.1)")), 0);
	fr_load_client_of(&fields, NULL, 7, &a);
	assert_true(a.is_bot);
	assert_int_equal(a.device, FR_DEVICE_DESKTOP);
	assert_int_equal(a.n_cookies, 0);
	fr_arena_fini(&arena);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_load_ends_after_silence_with_its_assets_and_times),
		TEST(what_a_103_made_the_client_ask_for_comes_before_the_response),
		TEST(a_font_of_a_style_sheet_follows_that_edge),
		TEST(a_referer_cut_to_the_origin_belongs_to_the_only_load),
		TEST(two_pending_loads_of_one_url_get_nothing),
		TEST(the_next_load_ends_the_one_before),
		TEST(what_is_no_page_is_forgotten_and_ends_nothing),
		TEST(a_prefetched_page_opens_when_its_assets_come),
		TEST(a_prefetch_that_nobody_clicks_leaves_no_record),
		TEST(a_page_that_did_not_reach_its_client_is_cut),
		TEST(a_window_lasts_ten_seconds_after_the_page_at_most),
		TEST(assets_and_loads_are_bounded),
		TEST(a_client_is_known_by_what_matters_for_learning),
	};

	RUN(tests);
}
