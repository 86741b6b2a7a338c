#include "http/fields.h"

#include "arena_fixture.h"

static void add(struct fr_fields *f, const char *name, const char *value)
{
	assert_int_equal(fr_fields_add(f, S(name), S(value)), 0);
}

static void every_known_name_is_found_by_its_id(void **state)
{
	(void)state;
	for (int id = FR_FIELD_OTHER + 1; id < FR_FIELD_COUNT; id++)
		assert_int_equal(fr_field_lookup(fr_field_name((enum fr_field_id)id)), id);
	assert_int_equal(fr_field_lookup(S("x-unknown")), FR_FIELD_OTHER);
	assert_int_equal(fr_field_lookup(S("")), FR_FIELD_OTHER);
	assert_int_equal(fr_field_lookup(S("hosts")), FR_FIELD_OTHER);
}

static void fields_keep_their_order_and_repetitions(void **state)
{
	struct fr_fields f;
	const struct fr_field *link;

	(void)state;
	fr_fields_init(&f, &arena);
	add(&f, "link", "a");
	add(&f, "x-b", "b");
	add(&f, "link", "c");
	link = fr_fields_get(&f, FR_FIELD_LINK);
	assert_str(link->value, "a");
	link = fr_fields_next(&f, FR_FIELD_LINK, link);
	assert_str(link->value, "c");
	assert_null(fr_fields_next(&f, FR_FIELD_LINK, link));
	assert_int_equal(fr_fields_count(&f, FR_FIELD_LINK), 2);
	assert_null(fr_fields_get(&f, FR_FIELD_OTHER));
	assert_str(fr_fields_find(&f, S("x-b"))->value, "b");
	assert_int_equal(fr_fields_remove(&f, FR_FIELD_LINK), 2);
	assert_int_equal(f.n, 1);
	assert_str(f.v[0].name, "x-b");
	assert_int_equal(fr_fields_remove(&f, FR_FIELD_OTHER), 0);
}

static void sizes_count_as_settings_max_header_list_size(void **state)
{
	struct fr_fields f;

	(void)state;
	fr_fields_init(&f, &arena);
	assert_int_equal(fr_fields_size(&f), 0);
	add(&f, "cookie", "a=b");
	add(&f, "x", "");
	assert_int_equal(fr_fields_size(&f), 6 + 3 + 32 + 1 + 32);
}

static void token_lists_are_searched_without_regard_to_case(void **state)
{
	struct fr_fields f;

	(void)state;
	fr_fields_init(&f, &arena);
	add(&f, "connection", "keep-alive, \"close\"");
	add(&f, "connection", " Upgrade ,");
	assert_true(fr_fields_has_token(&f, FR_FIELD_CONNECTION, "upgrade"));
	assert_true(fr_fields_has_token(&f, FR_FIELD_CONNECTION, "Keep-Alive"));
	assert_false(fr_fields_has_token(&f, FR_FIELD_CONNECTION, "close"));
	assert_false(fr_fields_has_token(&f, FR_FIELD_CONNECTION, "up"));
}

static void names_and_values_follow_the_grammar(void **state)
{
	(void)state;
	assert_true(fr_field_name_is_valid(S("x-a_b!")));
	assert_false(fr_field_name_is_valid(S("")));
	assert_false(fr_field_name_is_valid(S("X-A")));
	assert_false(fr_field_name_is_valid(S("a b")));
	assert_false(fr_field_name_is_valid(S("a:")));
	assert_true(fr_field_value_is_valid(S("")));
	assert_true(fr_field_value_is_valid(S("a\tb \xe4")));
	assert_false(fr_field_value_is_valid(S(" a")));
	assert_false(fr_field_value_is_valid(S("a ")));
	assert_false(fr_field_value_is_valid(S("a\rb")));
	assert_false(fr_field_value_is_valid(S("a\nb")));
	assert_false(fr_field_value_is_valid(S("a\x7f")));
	assert_false(fr_field_value_is_valid(fr_str_make("a\0b", 3)));
}

static void a_list_that_cannot_grow_stays_as_it_was(void **state)
{
	struct fr_fields f;
	int rc = 0;
	size_t n;

	(void)state;
	fr_arena_fini(&arena);
	fr_arena_init(&arena, 8192);
	fr_fields_init(&f, &arena);
	while (rc == 0) {
		n = f.n;
		rc = fr_fields_add(&f, S("x"), S("y"));
	}
	assert_int_equal(rc, FR_ERR_NOMEM);
	assert_int_equal(f.n, n);
	assert_true(n > 8);
	for (size_t i = 0; i < n; i++)
		assert_str(f.v[i].value, "y");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_known_name_is_found_by_its_id),
		T(fields_keep_their_order_and_repetitions),
		T(sizes_count_as_settings_max_header_list_size),
		T(token_lists_are_searched_without_regard_to_case),
		T(names_and_values_follow_the_grammar),
		T(a_list_that_cannot_grow_stays_as_it_was),
	};

	RUN(tests);
}
