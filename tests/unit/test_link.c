#include "http/link.h"

#include "arena_fixture.h"

static struct fr_link links[64];
static size_t bad;

static size_t parse(const char *value)
{
	struct fr_str rest = S(value);
	size_t n = 0;

	bad = 0;
	while (fr_link_next(&arena, &rest, &links[n], &bad))
		n++;
	return n;
}

static void the_relation_is_a_list_in_any_case_with_any_spaces(void **state)
{
	static const char *const forms[] = {"</a>; rel=preload",
	                                    "</a>;rel=PRELOAD",
	                                    "</a>;REL=\"preload\"",
	                                    "</a>; rel = preload",
	                                    "</a>; rel=\"prefetch preload\"",
	                                    "</a>;rel\t=\t\"preload\"",
	                                    "</a>;x;rel=preload;rel=next",
	                                    "  </a> ; rel=preload , ",
	                                    "</a>;;rel=preload",
	                                    "</a>;rel=\"pre\\load\""};

	(void)state;
	for (size_t i = 0; i < FR_COUNT(forms); i++) {
		if (parse(forms[i]) != 1 || links[0].rels != FR_REL_PRELOAD)
			fail_msg("not read as preload: %s", forms[i]);
		assert_str(links[0].target, "/a");
	}
	assert_int_equal(parse("</a>; rel=\"modulepreload preconnect\""), 1);
	assert_int_equal(links[0].rels, FR_REL_MODULEPRELOAD | FR_REL_PRECONNECT);
}

static void the_first_of_repeated_parameters_counts(void **state)
{
	(void)state;
	assert_int_equal(parse("</a>; rel=prefetch; rel=preload; as=style; as=font"), 1);
	assert_int_equal(links[0].rels, 0);
	assert_str(links[0].as, "style");
}

static void all_parameters_of_interest_are_read(void **state)
{
	(void)state;
	assert_int_equal(
		parse("<f.woff2>; rel=preload; as=font; type=\"font/woff2\"; crossorigin; nopush; "
	              "media=\"(min-width: 1px)\"; anchor=\"#x\"; fetchpriority=high; "
	              "imagesrcset=\"a.png 1x, b.png 2x\""),
		1);
	assert_str(links[0].as, "font");
	assert_str(links[0].type, "font/woff2");
	assert_int_equal(links[0].crossorigin, FR_CORS_ANONYMOUS);
	assert_true(links[0].nopush && links[0].has_anchor);
	assert_str(links[0].anchor, "#x");
	assert_str(links[0].media, "(min-width: 1px)");
	assert_str(links[0].fetchpriority, "high");
	assert_str(links[0].imagesrcset, "a.png 1x, b.png 2x");
	assert_int_equal(parse("</a>;rel=preload;crossorigin=use-credentials"), 1);
	assert_int_equal(links[0].crossorigin, FR_CORS_CREDENTIALS);
}

static void commas_and_semicolons_in_urls_and_strings_do_not_separate(void **state)
{
	(void)state;
	assert_int_equal(parse("</a,b;c%2C>; title=\"x, </no>; rel=preload\"; rel=preload, </d>; "
	                       "rel=preload"),
	                 2);
	assert_str(links[0].target, "/a,b;c%2C");
	assert_str(links[1].target, "/d");
}

static void garbage_never_takes_a_neighbour_with_it(void **state)
{
	static const char *const garbage[] = {"garbage, ",
	                                      "/no-brackets; rel=preload, ",
	                                      "</a; rel=preload, ",
	                                      "</a> rel=preload, ",
	                                      "</a>; =x, ",
	                                      "</a>; rel=preload x, ",
	                                      "\"quoted, </x>; rel=preload\", ",
	                                      ",,, ,",
	                                      "</a>; rel=\"x\"y, ",
	                                      "<, "};

	(void)state;
	for (size_t i = 0; i < FR_COUNT(garbage); i++) {
		char text[200];
		size_t n;

		(void)snprintf(text, sizeof text, "%s</good>; rel=preload", garbage[i]);
		n = parse(text);
		if (n == 0 || !fr_str_is(links[n - 1].target, "/good") ||
		    links[n - 1].rels != FR_REL_PRELOAD)
			fail_msg("lost behind: %s", garbage[i]);
	}
}

static void an_unfinished_string_ends_the_field(void **state)
{
	(void)state;
	assert_int_equal(parse("</a>; rel=preload, </b>; title=\"x"), 1);
	assert_str(links[0].target, "/a");
	assert_int_equal(bad, 1);
	assert_int_equal(parse(""), 0);
	assert_int_equal(parse("<>; rel=preload"), 1);
	assert_str(links[0].target, "");
}

static void escapes_are_removed_from_strings(void **state)
{
	(void)state;
	assert_int_equal(parse("</a>; media=\"a\\\"b\\\\c\"; rel=preload"), 1);
	assert_str(links[0].media, "a\"b\\c");
}

static void without_memory_a_link_is_skipped(void **state)
{
	struct fr_str rest = S("</a>; media=\"\\a\"; rel=preload, </b>; rel=preload");
	struct fr_link link;

	(void)state;
	fr_mem_fail_after(1);
	assert_true(fr_link_next(&arena, &rest, &link, &bad));
	fr_mem_fail_after(0);
	assert_str(link.target, "/b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_relation_is_a_list_in_any_case_with_any_spaces),
		T(the_first_of_repeated_parameters_counts),
		T(all_parameters_of_interest_are_read),
		T(commas_and_semicolons_in_urls_and_strings_do_not_separate),
		T(garbage_never_takes_a_neighbour_with_it),
		T(an_unfinished_string_ends_the_field),
		T(escapes_are_removed_from_strings),
		T(without_memory_a_link_is_skipped),
	};

	RUN(tests);
}
