#include "base/pool.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "unit.h"

static void pieces_keep_what_is_in_them(void **state)
{
	struct fr_pool p = {0};
	uint8_t *at[200] = {0};

	(void)state;
	for (int round = 0; round < 50; round++)
		for (size_t i = 0; i < FR_ARRAY_LEN(at); i++) {
			size_t size = (i * 37 + (size_t)round * 11) % 1500 + 1;

			fr_pool_free(&p, at[i]);
			at[i] = fr_pool_alloc(&p, size);
			assert_non_null(at[i]);
			assert_int_equal((uintptr_t)at[i] % 16, 0);
			memset(at[i], (int)i, size);
			assert_int_equal(at[(i + 1) % FR_ARRAY_LEN(at)]
			                         ? at[(i + 1) % FR_ARRAY_LEN(at)][0]
			                         : (i + 1) % FR_ARRAY_LEN(at),
			                 (i + 1) % FR_ARRAY_LEN(at));
		}
	for (size_t i = 0; i < FR_ARRAY_LEN(at); i++)
		fr_pool_free(&p, at[i]);
	fr_pool_fini(&p);
}

static void a_piece_that_grows_keeps_its_beginning(void **state)
{
	struct fr_pool p = {0};
	char *at = fr_pool_realloc(&p, NULL, 5);

	(void)state;
	assert_non_null(at);
	memcpy(at, "abcd", 5);
	for (size_t size = 6; size < 5000; size += 97) {
		at = fr_pool_realloc(&p, at, size);
		assert_non_null(at);
		assert_string_equal(at, "abcd");
	}
	at = fr_pool_realloc(&p, at, 5);
	assert_string_equal(at, "abcd");
	fr_pool_free(&p, at);
	fr_pool_free(&p, NULL);
	fr_pool_fini(&p);
}

static void what_waits_is_bounded(void **state)
{
	struct fr_pool p = {0};
	static void *at[2 * FR_POOL_KEPT_BYTES / 512];

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(at); i++) {
		at[i] = fr_pool_alloc(&p, 512);
		assert_non_null(at[i]);
	}
	for (size_t i = 0; i < FR_ARRAY_LEN(at); i++)
		fr_pool_free(&p, at[i]);
	assert_true(p.kept_bytes <= FR_POOL_KEPT_BYTES);
	fr_pool_fini(&p);
	assert_int_equal(p.kept_bytes, 0);
}

static void large_pieces_are_pages_of_their_own(void **state)
{
	struct fr_pool p = {0};
	uint8_t *at[2 * FR_POOL_KEPT_PAGES];
	const size_t sizes[] = {FR_POOL_PAGES_MIN_BYTES - 1, FR_POOL_PAGES_MIN_BYTES, 16394,
	                        FR_POOL_PAGES_BYTES - 32,    FR_POOL_PAGES_BYTES,     60000};

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < FR_ARRAY_LEN(at); i++) {
			at[i] = fr_pool_alloc(&p, sizes[i % FR_ARRAY_LEN(sizes)]);
			assert_non_null(at[i]);
			assert_int_equal((uintptr_t)at[i] % 16, 0);
			memset(at[i], (int)i, sizes[i % FR_ARRAY_LEN(sizes)]);
		}
		for (size_t i = 0; i < FR_ARRAY_LEN(at); i++) {
			assert_int_equal(at[i][sizes[i % FR_ARRAY_LEN(sizes)] - 1], i);
			fr_pool_free(&p, at[i]);
		}
		assert_true(p.kept_pages <= FR_POOL_KEPT_PAGES);
	}
	fr_pool_fini(&p);
	assert_int_equal(p.kept_pages, 0);
}

static void tests_can_make_it_fail(void **state)
{
	struct fr_pool p = {0};
	char *at = fr_pool_alloc(&p, 10), *more;

	(void)state;
	assert_non_null(at);
	memcpy(at, "abc", 4);
	fr_mem_fail_after(1);
	more = fr_pool_realloc(&p, at, 4000);
	assert_null(more);
	assert_string_equal(at, "abc");
	fr_pool_free(&p, at);
	fr_mem_fail_after(1);
	at = fr_pool_alloc(&p, 10);
	assert_null(at);
	at = fr_pool_alloc(&p, SIZE_MAX);
	assert_null(at);
	fr_pool_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_keep_what_is_in_them),
		cmocka_unit_test(a_piece_that_grows_keeps_its_beginning),
		cmocka_unit_test(what_waits_is_bounded),
		cmocka_unit_test(large_pieces_are_pages_of_their_own),
		cmocka_unit_test(tests_can_make_it_fail),
	};

	RUN(tests);
}
