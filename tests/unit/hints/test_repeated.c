#include "hints/repeated.h"

#include "unit.h"

static struct fr_arena arena;
static struct fr_plan plan;

#define FONT "</t.woff2>; rel=preload; as=font; crossorigin"
#define STYLE "</a.css>; rel=preload; as=style"

/* A page whose 103 named what `early` has, and whose response has `late`. */
static void set_up_page(const char *early, const char *late)
{
	const struct fr_plan_page page = {.scheme = FR_STR("https"),
	                                  .authority = FR_STR("h.test"),
	                                  .target = FR_STR("/d/x"),
	                                  .absolute_links = true};

	fr_arena_init(&arena, 1u << 20);
	fr_plan_init(&plan, &arena, &page);
	fr_plan_add_link_field(&plan, S(early), FR_HINT_SOURCE_LINK, 0);
	for (size_t i = 0; i < plan.n; i++)
		fr_hint_decide(plan.v[i], FR_DELIVERY_EARLY_HINTS, FR_REASON_HINTED);
	fr_plan_next_message(&plan);
	fr_plan_add_link_field(&plan, S(late), FR_HINT_SOURCE_LINK, 0);
}

static void links_that_the_103_made_superfluous_are_taken_out(void **state)
{
	static const struct {
		const char *early, *asked, *late, *left; /* left NULL: no field */
	} cases[] = {
		/* nobody has acted */
		{FONT, NULL, FONT, FONT},
		{FONT, "/other", FONT, FONT},
		{FONT "," STYLE, "/a.css?v=2", FONT, FONT},
		/* acted on one of them */
		{FONT, "/t.woff2", FONT, NULL},
		{FONT "," STYLE, "/a.css", FONT "," STYLE, STYLE},
		{FONT "," STYLE, "/a.css", STYLE "  ,\t" FONT, STYLE},
		/* however it is written */
		{FONT, "/t.woff2",
	         "<https://h.test/t.woff2>; as=font; rel=preload; crossorigin=anonymous", NULL},
		{FONT, "/t.woff2", "<../t.woff2>;rel=\"preload next\";AS=\"font\";crossorigin",
	         NULL},
		{FONT, "/t.woff2", FONT "," FONT, NULL},
		/* only fonts that were named, for the same request */
		{STYLE, "/a.css", FONT "," STYLE, FONT "," STYLE},
		{FONT, "/t.woff2", "</t.woff2>; rel=preload; as=font",
	         "</t.woff2>; rel=preload; as=font"},
		{FONT, "/t.woff2", "<//o.test/t.woff2>; rel=preload; as=font; crossorigin",
	         "<//o.test/t.woff2>; rel=preload; as=font; crossorigin"},
		/* neighbours keep their text; what is malformed at the end, too */
		{FONT, "/t.woff2",
	         "</n>;rel=next;title=\"<a>, b\" , " FONT " , </c>; rel=canonical",
	         "</n>;rel=next;title=\"<a>, b\", </c>; rel=canonical"},
		{FONT, "/t.woff2", FONT ", <broken", "<broken"},
		{FONT, "/t.woff2", "," FONT ",,", NULL},
		{FONT, "/t.woff2", FONT ",a,b,c,d", "a,b,c,d"},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(cases); i++) {
		struct fr_fields f;
		const struct fr_field *link;

		set_up_page(cases[i].early, cases[i].late);
		fr_fields_init(&f, &arena);
		assert_int_equal(fr_fields_add_id(&f, FR_FIELD_ETAG, FR_STR("\"1\"")), 0);
		assert_int_equal(fr_fields_add_id(&f, FR_FIELD_LINK, S(cases[i].late)), 0);
		if (cases[i].asked)
			fr_repeated_note_asked(&plan, S(cases[i].asked));
		fr_repeated_drop(&plan, &f);
		link = fr_fields_get(&f, FR_FIELD_LINK);
		assert_int_equal(f.n, cases[i].left ? 2 : 1);
		assert_non_null(fr_fields_get(&f, FR_FIELD_ETAG));
		if (cases[i].left)
			assert_str(link->value, cases[i].left);
		else
			assert_null(link);
		fr_arena_fini(&arena);
	}
}

static void without_memory_all_links_stay(void **state)
{
	struct fr_fields f;

	(void)state;
	set_up_page(FONT, FONT);
	fr_fields_init(&f, &arena);
	assert_int_equal(fr_fields_add_id(&f, FR_FIELD_LINK, FR_STR(FONT)), 0);
	fr_repeated_note_asked(&plan, FR_STR("/t.woff2"));
	while (fr_arena_alloc(&arena, 16))
		;
	fr_repeated_drop(&plan, &f);
	assert_int_equal(f.n, 1);
	assert_str(f.v[0].value, FONT);
	fr_arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_that_the_103_made_superfluous_are_taken_out),
		cmocka_unit_test(without_memory_all_links_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
