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
	for (size_t i = 0; i < FR_ARRAY_LEN(forms); i++) {
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
	assert_int_equal(
		parse("</a.png>; rel=preload; as=image; imagesizes=\"(min-width: 9px) 50vw, 9px\"; "
	              "integrity=sha256-YQ==; Integrity=x; referrerpolicy=no-referrer"),
		1);
	assert_str(links[0].imagesizes, "(min-width: 9px) 50vw, 9px");
	assert_str(links[0].integrity, "sha256-YQ==");
	assert_str(links[0].referrerpolicy, "no-referrer");
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
	for (size_t i = 0; i < FR_ARRAY_LEN(garbage); i++) {
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

/* --- writing --- */

static void check_written(const char *value, const char *expected)
{
	struct fr_str out = {0};

	assert_int_equal(parse(value), 1);
	assert_int_equal(fr_link_write(&arena, &links[0], links[0].target, &out), 0);
	assert_str(out, expected);
	assert_int_equal(out.p[out.len], '\0');
}

static void a_link_is_written_in_one_form_however_it_came(void **state)
{
	(void)state;
	check_written("</app.css> ;FETCHPRIORITY=high;type=text/css;x=y; crossorigin=\"\"; "
	              "as=\"style\";rel=\"next preload\"",
	              "</app.css>; rel=preload; as=style; crossorigin; type=\"text/css\"; "
	              "fetchpriority=high");
	check_written("<//c.test>; rel=\"preconnect modulepreload\"; crossorigin=use-credentials",
	              "<//c.test>; rel=\"modulepreload preconnect\"; crossorigin=use-credentials");
	check_written("</a#b>;nopush;rel=preload;anchor;media=\"a\\\"\\\\ (b)\";as=",
	              "</a#b>; rel=preload; as=\"\"; media=\"a\\\"\\\\ (b)\"; anchor=\"\"; nopush");
	check_written("<>; rel=preload", "<>; rel=preload");
}

static void another_target_can_be_written(void **state)
{
	struct fr_str out = {0};

	(void)state;
	assert_int_equal(parse("<a.css>; rel=preload; as=style"), 1);
	assert_int_equal(fr_link_write(&arena, &links[0], S("/d/a.css"), &out), 0);
	assert_str(out, "</d/a.css>; rel=preload; as=style");
}

static void what_cannot_be_in_a_field_is_not_written(void **state)
{
	static const char *const targets[] = {"/a>", "/<", "/a b", "/\n", "/\x7f", "/\xc3\xa9"};
	struct fr_link link = {.rels = FR_REL_PRELOAD};
	struct fr_str out = S("untouched");

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(targets); i++)
		assert_int_equal(fr_link_write(&arena, &link, S(targets[i]), &out), FR_ERR_SYNTAX);
	link.media = S("a\r\nSet-Cookie: b");
	assert_int_equal(fr_link_write(&arena, &link, S("/"), &out), FR_ERR_SYNTAX);
	link.media = fr_str_make("\0", 1);
	assert_int_equal(fr_link_write(&arena, &link, S("/"), &out), FR_ERR_SYNTAX);
	link = (struct fr_link){.as = S("style")};
	assert_int_equal(fr_link_write(&arena, &link, S("/"), &out), FR_ERR_INVALID);
	link.rels = FR_REL_PRELOAD;
	fr_mem_fail_after(1);
	assert_int_equal(fr_link_write(&arena, &link, S("/"), &out), FR_ERR_NOMEM);
	fr_mem_fail_after(0);
	assert_str(out, "untouched");
}

/* The longest that is written is read back; one byte more is refused. */
static void values_have_the_limit_of_the_reader(void **state)
{
	static char text[FR_LINK_MAX_VALUE_BYTES];
	struct fr_link link = {.rels = FR_REL_PRELOAD}, back;
	size_t most = sizeof text - 2;
	struct fr_str out;

	(void)state;
	memset(text, '/', sizeof text);
	link.media = fr_str_make(text, most);
	assert_int_equal(fr_link_write(&arena, &link, fr_str_make(text, most), &out), 0);
	assert_true(fr_link_next(&arena, &out, &back, NULL));
	assert_int_equal(back.target.len, most);
	assert_int_equal(back.media.len, most);
	assert_int_equal(fr_link_write(&arena, &link, fr_str_make(text, most + 1), &out),
	                 FR_ERR_LIMIT);
	link.media.len = most + 1;
	assert_int_equal(fr_link_write(&arena, &link, S("/"), &out), FR_ERR_LIMIT);
	memset(text, '"', sizeof text);
	link.media.len = most / 2 + 1;
	assert_int_equal(fr_link_write(&arena, &link, S("/"), &out), FR_ERR_LIMIT);
}

static bool is_same(const struct fr_link *a, const struct fr_link *b)
{
	return fr_str_eq(a->target, b->target) && a->rels == b->rels && fr_str_eq(a->as, b->as) &&
	       fr_str_eq(a->type, b->type) && fr_str_eq(a->media, b->media) &&
	       fr_str_eq(a->imagesrcset, b->imagesrcset) &&
	       fr_str_eq(a->imagesizes, b->imagesizes) && fr_str_eq(a->integrity, b->integrity) &&
	       fr_str_eq(a->referrerpolicy, b->referrerpolicy) &&
	       fr_str_eq(a->fetchpriority, b->fetchpriority) && a->crossorigin == b->crossorigin &&
	       a->nopush == b->nopush && a->has_anchor == b->has_anchor &&
	       fr_str_eq(a->anchor, b->anchor) && !a->media.p == !b->media.p;
}

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 16;
}

/* Absent, empty, or of any bytes that a field may hold. */
static struct fr_str random_text(unsigned *seed)
{
	static const char bytes[] = "\"\\,;<>= \tabc'()/\xc3\xa9#%";
	size_t n = next_random(seed) % 12;
	char *p = fr_arena_alloc(&arena, n + 1);

	if (next_random(seed) % 3 == 0)
		return (struct fr_str){0};
	for (size_t i = 0; i < n; i++)
		p[i] = bytes[next_random(seed) % (sizeof bytes - 1)];
	return fr_str_make(p, n);
}

static void any_link_is_read_back_as_it_was_written(void **state)
{
	unsigned seed = 1;

	(void)state;
	for (size_t i = 0; i < 20000; i++) {
		struct fr_link back, l = {.target = S("/a,b;c?\"d\"=#e"),
		                          .rels = 1 + next_random(&seed) % 7,
		                          .as = random_text(&seed),
		                          .type = random_text(&seed),
		                          .media = random_text(&seed),
		                          .imagesrcset = random_text(&seed),
		                          .imagesizes = random_text(&seed),
		                          .integrity = random_text(&seed),
		                          .referrerpolicy = random_text(&seed),
		                          .fetchpriority = random_text(&seed),
		                          .anchor = random_text(&seed),
		                          .crossorigin = next_random(&seed) % 3,
		                          .nopush = next_random(&seed) % 2};
		struct fr_str out, again;

		l.has_anchor = l.anchor.p != NULL;
		assert_int_equal(fr_link_write(&arena, &l, l.target, &out), 0);
		again = out;
		if (!fr_link_next(&arena, &again, &back, NULL) || again.len || !is_same(&l, &back))
			fail_msg("not the same: %s", out.p);
		fr_arena_reset(&arena);
	}
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
		T(a_link_is_written_in_one_form_however_it_came),
		T(another_target_can_be_written),
		T(what_cannot_be_in_a_field_is_not_written),
		T(values_have_the_limit_of_the_reader),
		T(any_link_is_read_back_as_it_was_written),
	};

	RUN(tests);
}
