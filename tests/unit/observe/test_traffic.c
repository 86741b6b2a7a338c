#include "observe/traffic.h"

#include "unit.h"

static struct fr_traffic *table;
static struct fr_traffic_top top;
static struct fr_record record;
static struct fr_hint hints[FR_TRAFFIC_LINKS + 4], *pointers[FR_TRAFFIC_LINKS + 4];
static struct fr_plan plan;

static int set_up(void **state)
{
	(void)state;
	table = fr_traffic_new(42);
	top = (struct fr_traffic_top){0};
	for (size_t i = 0; i < FR_ARRAY_LEN(hints); i++)
		pointers[i] = &hints[i];
	plan = (struct fr_plan){.v = pointers};
	record = (struct fr_record){.host = FR_STR("h.test"),
	                            .target = FR_STR("/page?x=1"),
	                            .status = 200,
	                            .duration_us = 100};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fr_traffic_top_fini(&top);
	fr_traffic_free(&table);
	return 0;
}

static void collect(void)
{
	fr_traffic_top_fini(&top);
	fr_traffic_collect(&table, 1, &top);
}

static void add_asset(const char *target)
{
	record.target = fr_str_from(target);
	record.is_page = false;
	fr_traffic_add(table, &record, 1);
}

static void pages_are_summed_without_their_query(void **state)
{
	(void)state;
	record.is_page = true;
	fr_traffic_add(table, &record, 1);
	record.target = FR_STR("/page?x=2");
	record.duration_us = 300;
	record.cache = FR_CACHE_RESULT_HIT;
	fr_traffic_add(table, &record, 1);
	collect();
	assert_int_equal(top.n_pages, 1);
	assert_string_equal(top.pages[0].name, "h.test/page");
	assert_int_equal(top.pages[0].loads, 2);
	assert_int_equal(top.pages[0].hits, 1);
	assert_int_equal(top.pages[0].duration_us, 400);
	assert_int_equal(top.pages[0].max_us, 300);
}

static void a_page_keeps_its_plan_and_what_became_of_it(void **state)
{
	const struct fr_traffic_link *l;

	(void)state;
	record.is_page = true;
	record.plan = &plan;
	plan.n = 2;
	hints[0] = (struct fr_hint){.url = FR_STR("a.css"),
	                            .target = FR_STR("/a.css"),
	                            .delivery = FR_DELIVERY_PUSH,
	                            .reason = FR_REASON_PUSHED};
	hints[1] = hints[0];
	hints[1].delivery = FR_DELIVERY_LINK;
	hints[1].reason = FR_REASON_DUPLICATE;
	fr_traffic_add(table, &record, 1);
	record.is_page = false;
	record.is_push = true;
	record.plan = NULL;
	record.target = FR_STR("/a.css");
	record.referer = FR_STR("https://h.test/page?x=1");
	record.sent_bytes = 10;
	record.end = FR_END_CANCELLED;
	fr_traffic_add(table, &record, 1);
	collect();
	assert_int_equal(top.pages[0].n_links, 1);
	l = &top.pages[0].links[0];
	assert_string_equal(l->url, "/a.css");
	assert_int_equal(l->delivered[FR_DELIVERY_PUSH], 1);
	assert_int_equal(l->ends[FR_END_CANCELLED], 1);
	assert_int_equal(l->wasted_bytes, 10);
	assert_int_equal(top.n_assets, 1);
	assert_int_equal(top.assets[0].ends[FR_END_CANCELLED], 1);
	assert_int_equal(top.assets[0].requests, 0);
}

static void requests_count_for_the_page_that_they_refer_to(void **state)
{
	(void)state;
	hints[0] = (struct fr_hint){.url = FR_STR("/a.css"), .target = FR_STR("/a.css")};
	plan.n = 1;
	record.is_page = true;
	record.plan = &plan;
	fr_traffic_add(table, &record, 1);
	record.is_page = false;
	record.plan = NULL;
	record.target = FR_STR("/a.css");
	record.referer = FR_STR("https://h.test/page?other=1");
	fr_traffic_add(table, &record, 1);
	record.referer = FR_STR("https://h.test/unknown");
	fr_traffic_add(table, &record, 1);
	record.referer = FR_STR("https://h.test/page");
	record.target = FR_STR("/no-link-of-it.css");
	fr_traffic_add(table, &record, 1);
	collect();
	assert_int_equal(top.n_pages, 1);
	assert_int_equal(top.pages[0].n_links, 1);
	assert_int_equal(top.pages[0].links[0].requests, 1);
}

static void links_beyond_the_bound_are_left_out(void **state)
{
	static char urls[FR_ARRAY_LEN(hints)][24];

	(void)state;
	record.is_page = true;
	record.plan = &plan;
	plan.n = FR_ARRAY_LEN(hints);
	for (size_t i = 0; i < plan.n; i++) {
		(void)snprintf(urls[i], sizeof urls[i], "/%zu", i);
		hints[i] = (struct fr_hint){.url = fr_str_from(urls[i])};
	}
	fr_traffic_add(table, &record, 1);
	collect();
	assert_int_equal(top.pages[0].n_links, FR_TRAFFIC_LINKS);
}

static void hostile_names_are_cut_and_referers_do_no_harm(void **state)
{
	static char big[5000];
	static const char *const referers[] = {"", ":", "x", "http:/", "http://", "https://h.test"};

	(void)state;
	memset(big, 'x', sizeof big);
	record.host = record.target = fr_str_make(big, sizeof big);
	record.is_push = true;
	for (size_t i = 0; i < FR_ARRAY_LEN(referers); i++) {
		record.referer = fr_str_from(referers[i]);
		fr_traffic_add(table, &record, 1);
	}
	record.referer = fr_str_make(big, sizeof big);
	fr_traffic_add(table, &record, 1);
	collect();
	assert_in_range(top.n_pages, 1, FR_ARRAY_LEN(referers) + 1);
	assert_int_equal(top.n_assets, 1);
	assert_int_equal(strlen(top.assets[0].name), FR_TRAFFIC_NAME_BYTES - 1);
}

/* A scan of names that are asked for once does not flush what is asked for often. */
static void a_scan_leaves_what_matters(void **state)
{
	char name[32];

	(void)state;
	for (unsigned round = 0; round < 300; round++)
		for (unsigned i = 0; i < 20; i++) {
			(void)snprintf(name, sizeof name, "/often/%u", i);
			add_asset(name);
		}
	for (unsigned i = 0; i < 50000; i++) {
		(void)snprintf(name, sizeof name, "/scan/%u", i);
		add_asset(name);
	}
	collect();
	assert_int_equal(top.n_assets, FR_TRAFFIC_TOP_ASSETS);
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(strncmp(top.assets[i].name, "h.test/often/", 13), 0);
		assert_int_equal(top.assets[i].requests, 300);
	}
}

static void tables_of_workers_are_joined(void **state)
{
	struct fr_traffic *two[2] = {table, fr_traffic_new(7)};

	(void)state;
	record.is_page = true;
	fr_traffic_add(two[0], &record, 1);
	fr_traffic_add(two[1], &record, 1);
	fr_traffic_collect(two, 2, &top);
	assert_int_equal(top.n_pages, 1);
	assert_int_equal(top.pages[0].loads, 2);
	fr_traffic_free(&two[1]);
}

static void of_several_workers_the_last_load_tells(void **state)
{
	struct fr_traffic *two[] = {table, fr_traffic_new(43)};

	(void)state;
	hints[0] = (struct fr_hint){.url = FR_STR("/a.css"), .delivery = FR_DELIVERY_PUSH};
	plan.n = 1;
	record.is_page = true;
	record.plan = &plan;
	record.time_us = 2000;
	fr_traffic_add(two[0], &record, 1);
	hints[0].delivery = FR_DELIVERY_LINK;
	record.status = 404;
	record.time_us = 1000;
	fr_traffic_add(two[1], &record, 1);
	fr_traffic_collect(two, 2, &top);
	assert_int_equal(top.pages[0].last_status, 200);
	assert_int_equal(top.pages[0].links[0].delivery, FR_DELIVERY_PUSH);
	assert_int_equal(top.pages[0].links[0].loads, 2);
	fr_traffic_free(&two[1]);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(pages_are_summed_without_their_query),
		T(a_page_keeps_its_plan_and_what_became_of_it),
		T(requests_count_for_the_page_that_they_refer_to),
		T(links_beyond_the_bound_are_left_out),
		T(hostile_names_are_cut_and_referers_do_no_harm),
		T(a_scan_leaves_what_matters),
		T(tables_of_workers_are_joined),
		T(of_several_workers_the_last_load_tells),
	};

	RUN(tests);
}
