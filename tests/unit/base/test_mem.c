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

/* --- what an arena holds for others --- */

static void count_drop(void *what)
{
	++*(int *)what;
}

static void what_an_arena_holds_is_dropped_once(void **state)
{
	struct fr_arena a;
	int first = 0, second = 0;

	(void)state;
	fr_arena_init(&a, 65536);
	assert_int_equal(fr_arena_hold(&a, count_drop, &first), 0);
	fr_arena_reset(&a);
	assert_int_equal(first, 1);
	assert_int_equal(fr_arena_hold(&a, count_drop, &second), 0);
	fr_arena_fini(&a);
	fr_arena_fini(&a);
	assert_int_equal(first, 1);
	assert_int_equal(second, 1);
	fr_arena_init(&a, 8);
	assert_int_equal(fr_arena_hold(&a, count_drop, &first), FR_ERR_NOMEM);
	fr_arena_fini(&a);
	assert_int_equal(first, 1);
}

/* Whichever goes first: what was borrowed stays until both have gone. */
static void a_borrowed_arena_stays_until_its_borrowers_go(void **state)
{
	for (int order = 0; order < 4; order++) {
		struct fr_arena a, b, c;
		struct fr_str s;
		int dropped = 0;

		(void)state;
		fr_arena_init(&a, 65536);
		fr_arena_init(&b, 65536);
		fr_arena_init(&c, 65536);
		assert_int_equal(fr_arena_copy(&a, S("text"), &s), 0);
		assert_int_equal(fr_arena_hold(&a, count_drop, &dropped), 0);
		assert_int_equal(fr_arena_borrow(&b, &a), 0);
		assert_int_equal(fr_arena_borrow(&c, &a), 0);
		if (order & 1) {
			fr_arena_fini(&b);
			assert_str(s, "text");
		}
		if (order & 2)
			fr_arena_reset(&a);
		else
			fr_arena_fini(&c);
		assert_str(s, "text");
		assert_int_equal(dropped, 0);
		/* the arena itself is used again meanwhile */
		assert_non_null(fr_arena_alloc(&a, 5000));
		fr_arena_fini(&a);
		fr_arena_fini(&b);
		fr_arena_fini(&c);
		assert_int_equal(dropped, 1);
	}
}

static void borrowing_without_memory_changes_nothing(void **state)
{
	struct fr_arena a, b;

	(void)state;
	for (unsigned n = 1; n <= 2; n++) {
		fr_arena_init(&a, 65536);
		fr_arena_init(&b, 65536);
		fr_mem_fail_after(n);
		assert_int_equal(fr_arena_borrow(&b, &a), FR_ERR_NOMEM);
		fr_mem_fail_after(0);
		fr_arena_fini(&a);
		fr_arena_fini(&b);
	}
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
		cmocka_unit_test(what_an_arena_holds_is_dropped_once),
		cmocka_unit_test(a_borrowed_arena_stays_until_its_borrowers_go),
		cmocka_unit_test(borrowing_without_memory_changes_nothing),
		cmocka_unit_test(copies_and_formats_are_terminated),
		cmocka_unit_test(failures_leave_the_output_untouched),
	};

	RUN(tests);
}
