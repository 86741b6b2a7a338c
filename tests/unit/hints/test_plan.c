#include "hints/judge.h"
#include "hints/plan.h"

#include "unit.h"

static struct fr_arena arena;
static struct fr_plan plan;
static struct fr_plan_page page;

/* A load whose first message comes now. */
static void begin(struct fr_arena *a)
{
	fr_plan_init(&plan, a, &page);
	fr_plan_next_message(&plan);
}

static int set_up(void **state)
{
	(void)state;
	fr_arena_init(&arena, 1u << 20);
	page = (struct fr_plan_page){.scheme = FR_STR("https"),
	                             .authority = FR_STR("h.test"),
	                             .target = FR_STR("/d/x"),
	                             .accept = FR_STR("text/html,image/webp"),
	                             .absolute_links = true};
	begin(&arena);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fr_arena_fini(&arena);
	return 0;
}

static void add(const char *value)
{
	fr_plan_add_link_field(&plan, S(value), FR_HINT_SOURCE_LINK, 0);
}

struct judged {
	const char *link, *target, *reason;
};

static void check(const struct judged *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		begin(&arena);
		add(cases[i].link);
		if (plan.n != 1 ||
		    strcmp(fr_reason_str(plan.v[0]->against.push), cases[i].reason) != 0)
			fail_msg("%s: %s, not %s", cases[i].link,
			         plan.n ? fr_reason_str(plan.v[0]->against.push) : "no hint",
			         cases[i].reason);
		if (cases[i].target)
			assert_str(plan.v[0]->target, cases[i].target);
	}
}

static void targets_of_the_same_origin_are_candidates(void **state)
{
	static const struct judged cases[] = {
		{"<a.css>;rel=preload;as=style", "/d/a.css", "undecided"},
		{"<../a.css>;rel=preload;as=style", "/a.css", "undecided"},
		{"<?v=2>;rel=preload;as=fetch", "/d/x?v=2", "undecided"},
		{"<//h.test/a>;rel=preload;as=style", "/a", "undecided"},
		{"<https://H.test:443/a>;rel=preload;as=style", "/a", "undecided"},
		{"</a#frag>;rel=preload;as=style", "/a", "undecided"},
		{"</a,b;c%2C>;rel=preload;as=style", "/a,b;c%2C", "undecided"},
		{"</m.js>;rel=modulepreload", "/m.js", "undecided"},
		{"</a>;rel=preload;as=style;anchor=\"/d/x\"", "/a", "undecided"},
	};

	(void)state;
	check(cases, FR_ARRAY_LEN(cases));
}

static void what_must_not_be_pushed_has_its_reason(void **state)
{
	static const struct judged cases[] = {
		{"</a>;rel=preload;as=style;nopush", NULL, "nopush"},
		{"<https://other.test/a>;rel=preload;as=style", "", "cross-origin"},
		{"<http://h.test/a>;rel=preload;as=style", "", "cross-origin"},
		{"<https://h.test:444/a>;rel=preload;as=style", "", "cross-origin"},
		{"<//h.test.evil/a>;rel=preload;as=style", "", "cross-origin"},
		{"<data:text/css,x>;rel=preload;as=style", "", "cross-origin"},
		{"<https://u@h.test/a>;rel=preload;as=style", "", "bad-url"},
		{"<\\\\other.test\\a>;rel=preload;as=style", "", "bad-url"},
		{"</.//other.test/a>;rel=preload;as=style", "", "bad-url"},
		{"<https://h.test>;rel=preconnect", NULL, "not-preload"},
		{"<>;rel=preload;as=fetch", NULL, "self"},
		{"<#x>;rel=preload;as=fetch", NULL, "self"},
		{"</a>;rel=preload;as=style;anchor=\"/other\"", NULL, "anchor"},
		{"</a>;rel=preload;as=style;media=print", NULL, "media"},
		{"</a>;rel=preload;as=image;imagesrcset=\"a 1x, b 2x\"", NULL, "imagesrcset"},
		{"</a>;rel=preload;as=style;type=text/less", NULL, "type"},
		{"</a>;rel=preload;as=image;type=image/avif", NULL, "type"},
		{"</a>;rel=preload;as=nonsense", NULL, "no-as"},
	};

	(void)state;
	check(cases, FR_ARRAY_LEN(cases));
}

static void absolute_links_can_be_switched_off(void **state)
{
	static const struct judged cases[] = {
		{"<https://h.test/a>;rel=preload;as=style", NULL, "absolute-links-off"},
		{"<//h.test/a>;rel=preload;as=style", NULL, "absolute-links-off"},
		{"</a>;rel=preload;as=style", "/a", "undecided"},
	};

	(void)state;
	page.absolute_links = false;
	check(cases, FR_ARRAY_LEN(cases));
}

static void a_url_named_twice_is_a_duplicate_however_written(void **state)
{
	(void)state;
	add("</d/a>;rel=preload;as=style, <a>;rel=preload;as=style, "
	    "<https://h.test/d/./a#x>;rel=preload;as=style");
	assert_int_equal(plan.n, 3);
	assert_int_equal(plan.v[0]->reason, FR_REASON_UNDECIDED);
	assert_int_equal(plan.v[1]->reason, FR_REASON_DUPLICATE);
	assert_int_equal(plan.v[2]->reason, FR_REASON_DUPLICATE);
}

static void a_url_named_for_another_request_or_usably_counts(void **state)
{
	static const struct {
		const char *links, *second;
	} rows[] = {
		{"<//c.test>;rel=preconnect, <//c.test>;rel=preconnect;crossorigin", "undecided"},
		{"<//c.test>;rel=preconnect;crossorigin, <//c.test>;rel=preconnect", "undecided"},
		{"<//c.test>;rel=preconnect;crossorigin=use-credentials, "
	         "<//c.test>;rel=preconnect",
	         "duplicate"},
		{"</f>;rel=preload;as=font, </f>;rel=preload;as=font;crossorigin", "undecided"},
		{"</a>;rel=preload;as=style;media=print, </a>;rel=preload;as=style", "undecided"},
		{"</a>;rel=preload;as=style, </a>;rel=preload;as=style;media=print", "duplicate"},
		{"</a>;rel=preload;as=unknown, </a>;rel=preload;as=style", "undecided"},
		{"</a>;rel=preload;as=image;type=image/avif, </a>;rel=preload;as=image",
	         "undecided"},
		{"</a>;rel=preload;as=script, </a>;rel=preload;as=fetch;crossorigin", "undecided"},
		{"</m>;rel=modulepreload, </m>;rel=modulepreload;crossorigin", "duplicate"},
		{"</m>;rel=modulepreload, </m>;rel=preload;as=script;crossorigin", "duplicate"},
		{"</m>;rel=modulepreload, </m>;rel=preload;as=script", "undecided"},
		{"</a>;rel=preload;as=style, </a>;rel=preload;as=style;nopush", "duplicate"},
		{"</a>;rel=preload;as=style, </a>;rel=preload;as=STYLE;fetchpriority=high",
	         "duplicate"},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		begin(&arena);
		add(rows[i].links);
		assert_int_equal(plan.n, 2);
		if (strcmp(fr_reason_str(plan.v[1]->reason), rows[i].second))
			fail_msg("%s: %s", rows[i].links, fr_reason_str(plan.v[1]->reason));
	}
}

static void of_what_is_remembered_the_first_source_knows_the_request(void **state)
{
	(void)state;
	fr_plan_init(&plan, &arena, &page);
	fr_plan_add_link_field(&plan, S("</b>;rel=preload;as=script"), FR_HINT_SOURCE_LINK, 0);
	fr_plan_add_link_field(&plan, S("</b>;rel=preload;as=script;crossorigin"),
	                       FR_HINT_SOURCE_HTML, FR_HINT_BLOCKING);
	assert_int_equal(plan.n, 1);
	assert_true(plan.v[0]->flags & FR_HINT_BLOCKING);
}

static void what_blocks_rendering_comes_first_else_the_written_order(void **state)
{
	(void)state;
	add("</1>;rel=preload;as=image, </2>;rel=preload;as=script, </3>;rel=preload;as=fetch, "
	    "</4>;rel=preload;as=style, </5>;rel=preload;as=font, </6>;rel=preload;as=image");
	fr_plan_order(&plan);
	for (size_t i = 0; i < plan.n; i++)
		assert_int_equal(plan.v[i]->target.p[1], "245316"[i]);
}

static void what_is_known_before_is_confirmed_not_repeated(void **state)
{
	(void)state;
	fr_plan_init(&plan, &arena, &page);
	fr_plan_add_link_field(&plan, S("</a>;rel=preload;as=style, </b>;rel=preload;as=script"),
	                       FR_HINT_SOURCE_LINK, 0);
	fr_plan_add_link_field(&plan, S("</a>;rel=preload;as=style"), FR_HINT_SOURCE_HTML,
	                       FR_HINT_BLOCKING);
	assert_int_equal(plan.n, 2);
	assert_true(plan.v[0]->is_remembered);
	fr_plan_next_message(&plan);
	add("</a>;rel=preload;as=style;nopush, </c>;rel=preload;as=style");
	assert_int_equal(plan.n, 3);
	assert_int_equal(plan.v[0]->message, 1);
	assert_int_equal(plan.v[0]->against.push, FR_REASON_NOPUSH); /* what it says now counts */
	assert_int_equal(plan.v[1]->message, 0);
	assert_false(plan.v[2]->is_remembered);
	fr_plan_next_message(&plan);
	add("</a>;rel=preload;as=style, </a>;rel=preload;as=style");
	assert_int_equal(plan.n, 4);
	assert_int_equal(plan.v[3]->reason, FR_REASON_DUPLICATE);
}

static void scripts_that_nothing_waits_for_are_late_and_fonts_behind_styles(void **state)
{
	(void)state;
	fr_plan_add_link_field(&plan, S("</1>;rel=preload;as=script"), FR_HINT_SOURCE_HTML,
	                       FR_HINT_LATE);
	add("</2>;rel=preload;as=font;crossorigin, </3>;rel=preload;as=style");
	fr_plan_order(&plan);
	for (size_t i = 0; i < plan.n; i++)
		assert_int_equal(plan.v[i]->target.p[1], "321"[i]);
	assert_int_equal(plan.v[2]->rank, FR_RANK_LATE);
}

static void a_103_names_only_what_browsers_reuse(void **state)
{
	static const struct judged cases[] = {
		{"</a>;rel=preload;as=style", NULL, "undecided"},
		{"</a>;rel=preload;as=style;nopush", NULL, "undecided"},
		{"<https://cdn.test/a>;rel=preload;as=style", NULL, "undecided"},
		{"<https://cdn.test>;rel=preconnect", NULL, "undecided"},
		{"</m.js>;rel=modulepreload", NULL, "undecided"},
		{"</f>;rel=preload;as=font", NULL, "no-crossorigin"},
		{"</f>;rel=preload;as=font;crossorigin", NULL, "undecided"},
		{"</a>;rel=preload", NULL, "no-as"},
		{"</a>;rel=preload;as=style;media=print", NULL, "media"},
		{"</a>;rel=preload;as=image;imagesrcset=\"a 1x\"", NULL, "imagesrcset"},
		{"<data:text/css,x>;rel=preload;as=style", NULL, "cross-origin"},
		{"<>;rel=preload;as=fetch", NULL, "self"},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(cases); i++) {
		begin(&arena);
		add(cases[i].link);
		assert_int_equal(plan.n, 1);
		if (strcmp(fr_reason_str(plan.v[0]->against.early), cases[i].reason) != 0)
			fail_msg("%s: %s, not %s", cases[i].link,
			         fr_reason_str(plan.v[0]->against.early), cases[i].reason);
	}
}

static void links_of_a_103_have_only_parameters_that_browsers_know(void **state)
{
	static const char *const cases[][2] = {
		{"<a.css>;rel=\"preload prefetch\";as=STYLE;nopush;title=x;media=all;integrity=y",
	         "</d/a.css>; rel=preload; as=style"},
		{"</f.woff2>;rel=preload;as=font;crossorigin;type=\"font/woff2\"",
	         "</f.woff2>; rel=preload; as=font; crossorigin; type=\"font/woff2\""},
		{"</m.js>;rel=modulepreload;fetchpriority=low",
	         "</m.js>; rel=modulepreload; fetchpriority=low"},
		{"<//cdn.test:444/x?y>;rel=preload;as=fetch;crossorigin=use-credentials",
	         "<https://cdn.test:444/x?y>; rel=preload; as=fetch; crossorigin=use-credentials"},
		{"<https://cdn.test>;rel=preconnect;crossorigin",
	         "<https://cdn.test/>; rel=preconnect; crossorigin"},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(cases); i++) {
		struct fr_str text;

		begin(&arena);
		add(cases[i][0]);
		assert_int_equal(plan.n, 1);
		assert_int_equal(fr_hint_early_link(&arena, plan.v[0], &text), 0);
		assert_str(text, cases[i][1]);
	}
}

static void other_relations_leave_no_trace(void **state)
{
	(void)state;
	add("</next>; rel=next, <https://api.w.org/>; rel=\"https://api.w.org/\"");
	assert_int_equal(plan.n, 0);
}

static void hints_beyond_the_limit_are_counted_not_kept(void **state)
{
	char summary[64];

	(void)state;
	for (unsigned i = 0; i < FR_PLAN_MAX_HINTS + 20; i++) {
		char link[64];

		(void)snprintf(link, sizeof link, "</%u>;rel=preload;as=style", i);
		fr_plan_add_link_field(&plan, S(link), FR_HINT_SOURCE_LINK, 0);
	}
	assert_int_equal(plan.n, FR_PLAN_MAX_HINTS);
	assert_int_equal(plan.dropped, 20);
	(void)fr_plan_summary(&plan, summary, sizeof summary);
	assert_string_equal(summary, "links=276, undecided=256");
}

static void the_summary_never_cuts_an_entry(void **state)
{
	char out[64];

	(void)state;
	add("</a>;rel=preload;as=style;nopush, </b>;rel=preload;as=style");
	fr_hint_decide(plan.v[0], FR_DELIVERY_LINK, plan.v[0]->against.push);
	fr_hint_decide(plan.v[1], FR_DELIVERY_PUSH, FR_REASON_PUSHED);
	assert_int_equal(fr_plan_summary(&plan, out, sizeof out), 27);
	assert_string_equal(out, "links=2, pushed=1, nopush=1");
	assert_int_equal(fr_plan_summary(&plan, out, 20), 17);
	assert_string_equal(out, "links=2, pushed=1");
}

static void memory_failures_lose_hints_not_the_plan(void **state)
{
	(void)state;
	for (unsigned n = 1; n < 30; n++) {
		struct fr_arena a;

		fr_arena_init(&a, 4096);
		begin(&a);
		fr_mem_fail_after(n);
		for (int i = 0; i < 40; i++)
			add("</a>;rel=preload;as=style, </bbb>;rel=preload;as=style;media=\"\\x\"");
		fr_mem_fail_after(0);
		for (size_t i = 0; i < plan.n; i++)
			assert_true(plan.v[i]->url.len > 0);
		fr_arena_fini(&a);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(targets_of_the_same_origin_are_candidates),
		T(what_must_not_be_pushed_has_its_reason),
		T(absolute_links_can_be_switched_off),
		T(a_url_named_twice_is_a_duplicate_however_written),
		T(a_url_named_for_another_request_or_usably_counts),
		T(of_what_is_remembered_the_first_source_knows_the_request),
		T(what_blocks_rendering_comes_first_else_the_written_order),
		T(what_is_known_before_is_confirmed_not_repeated),
		T(scripts_that_nothing_waits_for_are_late_and_fonts_behind_styles),
		T(a_103_names_only_what_browsers_reuse),
		T(links_of_a_103_have_only_parameters_that_browsers_know),
		T(other_relations_leave_no_trace),
		T(hints_beyond_the_limit_are_counted_not_kept),
		T(the_summary_never_cuts_an_entry),
		T(memory_failures_lose_hints_not_the_plan),
	};

	RUN(tests);
}
