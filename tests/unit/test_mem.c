#include "base/mem.h"

#include "unit.h"

static void arenas_hold_no_more_than_their_ceiling(void **state)
{
	struct fr_arena a;
	size_t got = 0;

	(void)state;
	fr_arena_init(&a, 65536);
	while (fr_arena_alloc(&a, 100))
		got += 100;
	assert_true(got > 30000 && got <= 65536);
	assert_true(a.total_bytes <= 65536);
	assert_null(fr_arena_alloc(&a, 70000));
	fr_arena_fini(&a);
}

static void absurd_sizes_fail(void **state)
{
	struct fr_arena a;

	(void)state;
	fr_arena_init(&a, 65536);
	assert_null(fr_arena_alloc(&a, SIZE_MAX));
	assert_null(fr_arena_alloc(&a, SIZE_MAX - 4));
	assert_null(fr_arena_calloc(&a, SIZE_MAX / 2, 4));
	assert_non_null(fr_arena_alloc(&a, 0));
	fr_arena_fini(&a);
}

static void a_reset_arena_serves_again_with_one_block(void **state)
{
	struct fr_arena a;

	(void)state;
	fr_arena_init(&a, 1u << 20);
	for (int i = 0; i < 1000; i++)
		assert_non_null(fr_arena_alloc(&a, 500));
	fr_arena_reset(&a);
	assert_true(a.total_bytes < 65536);
	for (int i = 0; i < 1000; i++)
		assert_non_null(fr_arena_alloc(&a, 500));
	fr_arena_fini(&a);
	assert_int_equal(a.total_bytes, 0);
}

static void copies_and_formats_are_terminated(void **state)
{
	struct fr_arena a;
	struct fr_str s;

	(void)state;
	fr_arena_init(&a, 65536);
	assert_int_equal(fr_arena_copy(&a, fr_str_make("abcdef", 3), &s), 0);
	assert_string_equal(s.p, "abc");
	assert_int_equal(s.len, 3);
	assert_int_equal(fr_arena_printf(&a, &s, "%d-%s", 5, "x"), 0);
	assert_string_equal(s.p, "5-x");
	assert_int_equal(fr_arena_concat(&a, (struct fr_str[]){S("a"), S(""), S("bc")}, 3, &s), 0);
	assert_string_equal(s.p, "abc");
	assert_int_equal(s.len, 3);
	assert_int_equal(fr_arena_concat(&a, (struct fr_str[]){{"x", SIZE_MAX}, S("y")}, 2, &s),
	                 FR_ERR_NOMEM);
	fr_arena_fini(&a);
}

static void failures_leave_the_output_untouched(void **state)
{
	struct fr_arena a;
	struct fr_str s = S("kept");

	(void)state;
	fr_arena_init(&a, 65536);
	fr_mem_fail_after(1);
	assert_int_equal(fr_arena_copy(&a, S("x"), &s), FR_ERR_NOMEM);
	assert_str(s, "kept");
	assert_int_equal(fr_arena_copy(&a, S("x"), &s), 0);
	fr_arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arenas_hold_no_more_than_their_ceiling),
		cmocka_unit_test(absurd_sizes_fail),
		cmocka_unit_test(a_reset_arena_serves_again_with_one_block),
		cmocka_unit_test(copies_and_formats_are_terminated),
		cmocka_unit_test(failures_leave_the_output_untouched),
	};

	RUN(tests);
}
