#include "base/buf.h"

#include "unit.h"

static void bytes_come_out_in_the_order_they_went_in(void **state)
{
	struct fr_buf b;
	uint8_t next_in = 0, next_out = 0;

	(void)state;
	fr_buf_init(&b, 5000);
	for (int round = 0; round < 2000; round++) {
		size_t n = (size_t)(round * 37 % 251), out = (size_t)(round * 53 % 257);
		uint8_t chunk[256];

		for (size_t i = 0; i < n; i++)
			chunk[i] = (uint8_t)(next_in + i);
		if (fr_buf_append(&b, chunk, n) == 0)
			next_in = (uint8_t)(next_in + n);
		if (out > fr_buf_len(&b))
			out = fr_buf_len(&b);
		for (size_t i = 0; i < out; i++)
			assert_int_equal(fr_buf_data(&b)[i], next_out++);
		fr_buf_consume(&b, out);
	}
	fr_buf_fini(&b);
}

static void the_ceiling_holds_and_refuses_all_or_nothing(void **state)
{
	struct fr_buf b;

	(void)state;
	fr_buf_init(&b, 10);
	assert_int_equal(fr_buf_append(&b, "12345678", 8), 0);
	assert_int_equal(fr_buf_room(&b), 2);
	assert_int_equal(fr_buf_append(&b, "abc", 3), FR_ERR_LIMIT);
	assert_int_equal(fr_buf_len(&b), 8);
	assert_null(fr_buf_reserve(&b, 3));
	fr_buf_consume(&b, 5);
	assert_int_equal(fr_buf_append(&b, "abcdefg", 7), 0);
	assert_memory_equal(fr_buf_data(&b), "678abcdefg", 10);
	fr_buf_fini(&b);
}

static void absurd_sizes_are_refused(void **state)
{
	struct fr_buf b;

	(void)state;
	fr_buf_init(&b, 1u << 20);
	assert_int_equal(fr_buf_append(&b, "x", 1), 0);
	assert_null(fr_buf_reserve(&b, SIZE_MAX));
	assert_null(fr_buf_reserve(&b, SIZE_MAX - 1));
	fr_buf_fini(&b);
}

static void without_memory_the_content_stays(void **state)
{
	struct fr_buf b;
	char big[20000] = {0};

	(void)state;
	fr_buf_init(&b, 1u << 20);
	assert_int_equal(fr_buf_append(&b, "abc", 3), 0);
	fr_mem_fail_after(1);
	assert_int_equal(fr_buf_append(&b, big, sizeof big), FR_ERR_NOMEM);
	assert_memory_equal(fr_buf_data(&b), "abc", 3);
	fr_buf_fini(&b);
}

static void idle_buffers_give_memory_back(void **state)
{
	struct fr_buf b;
	static const char big[FR_BUF_KEEP_ACTIVE + 1];

	(void)state;
	fr_buf_init(&b, 1u << 20);
	assert_int_equal(fr_buf_append(&b, big, 100000), 0);
	fr_buf_clear(&b);
	assert_true(b.cap >= 100000);
	fr_buf_trim(&b);
	assert_true(b.cap <= FR_BUF_KEEP_IDLE);
	assert_int_equal(fr_buf_append(&b, big, sizeof big), 0);
	fr_buf_clear(&b);
	assert_true(b.cap <= FR_BUF_KEEP_ACTIVE);
	fr_buf_fini(&b);
}

static void empty_buffers_share_the_blocks_of_a_pool(void **state)
{
	struct fr_buf_pool pool = {0};
	struct fr_buf a, b;
	static const char big[FR_BUF_BLOCK_BYTES + 1];

	(void)state;
	fr_buf_init_pooled(&a, 1u << 20, &pool);
	fr_buf_init_pooled(&b, 1u << 20, &pool);
	assert_int_equal(fr_buf_append(&a, "abc", 3), 0);
	assert_int_equal(a.cap, FR_BUF_BLOCK_BYTES);
	fr_buf_consume(&a, 3);
	assert_null(a.data);
	assert_int_equal(fr_buf_append(&b, "de", 2), 0);
	assert_int_equal(pool.n, 0);
	assert_int_equal(fr_buf_append(&a, big, sizeof big), 0);
	assert_true(a.cap > FR_BUF_BLOCK_BYTES);
	assert_memory_equal(fr_buf_data(&b), "de", 2);
	fr_buf_clear(&a);
	assert_null(a.data);
	fr_buf_fini(&b);
	fr_buf_fini(&a);
	assert_true(pool.n <= FR_BUF_POOL_BLOCKS);
	fr_buf_pool_fini(&pool);
	assert_int_equal(pool.n, 0);
}

static void a_pool_keeps_no_more_than_its_blocks(void **state)
{
	struct fr_buf_pool pool = {0};
	struct fr_buf b[FR_BUF_POOL_BLOCKS + 3];

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(b); i++) {
		fr_buf_init_pooled(&b[i], 1000, &pool);
		assert_int_equal(fr_buf_append(&b[i], "x", 1), 0);
	}
	for (size_t i = 0; i < FR_ARRAY_LEN(b); i++)
		fr_buf_fini(&b[i]);
	assert_true(pool.n <= FR_BUF_POOL_BLOCKS);
	fr_buf_pool_fini(&pool);
}

static void bytes_that_stay_leave_their_block(void **state)
{
	struct fr_buf_pool pool = {0};
	struct fr_buf b;
	static const char big[FR_BUF_BLOCK_BYTES - 1];

	(void)state;
	fr_buf_init_pooled(&b, 1u << 20, &pool);
	fr_buf_settle(&b);
	assert_null(b.data);
	assert_int_equal(fr_buf_append(&b, "abcdef", 6), 0);
	fr_buf_consume(&b, 2);
	fr_buf_settle(&b);
	assert_int_equal(b.cap, 4);
	assert_memory_equal(fr_buf_data(&b), "cdef", 4);
	assert_int_equal(fr_buf_append(&b, "gh", 2), 0);
	assert_memory_equal(fr_buf_data(&b), "cdefgh", 6);
	fr_buf_clear(&b);
	/* one that is full stays, and so does one for which there is no memory */
	assert_int_equal(fr_buf_append(&b, big, sizeof big), 0);
	fr_buf_settle(&b);
	assert_int_equal(b.cap, FR_BUF_BLOCK_BYTES);
	fr_buf_consume(&b, sizeof big - 3);
	fr_mem_fail_after(1);
	fr_buf_settle(&b);
	assert_int_equal(b.cap, FR_BUF_BLOCK_BYTES);
	assert_int_equal(fr_buf_len(&b), 3);
	fr_buf_fini(&b);
	fr_buf_pool_fini(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_come_out_in_the_order_they_went_in),
		cmocka_unit_test(the_ceiling_holds_and_refuses_all_or_nothing),
		cmocka_unit_test(absurd_sizes_are_refused),
		cmocka_unit_test(without_memory_the_content_stays),
		cmocka_unit_test(idle_buffers_give_memory_back),
		cmocka_unit_test(empty_buffers_share_the_blocks_of_a_pool),
		cmocka_unit_test(a_pool_keeps_no_more_than_its_blocks),
		cmocka_unit_test(bytes_that_stay_leave_their_block),
	};

	RUN(tests);
}
