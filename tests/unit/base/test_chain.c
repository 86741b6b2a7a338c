#include "base/chain.h"

#include "base/mem.h"

#include "unit.h"

static uint8_t byte_at(size_t i)
{
	return (uint8_t)(i * 131 + i / 251);
}

static int append_run(struct fr_chain *c, size_t from, size_t len)
{
	static uint8_t run[5 * FR_BLOCK_BYTES];

	for (size_t i = 0; i < len; i++)
		run[i] = byte_at(from + i);
	return fr_chain_append(c, run, len);
}

static void check_run(const struct fr_chain *c, size_t from)
{
	const uint8_t *data;
	size_t n = fr_chain_peek(c, &data);

	assert_true(n > 0 && n <= c->len);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(data[i], byte_at(from + i));
}

static void bytes_come_out_in_the_order_they_went_in(void **state)
{
	struct fr_block_pool pool = {0};
	struct fr_chain c;
	size_t in = 0, out = 0;

	(void)state;
	fr_chain_init(&c, 6 * FR_BLOCK_BYTES, &pool);
	for (size_t round = 0; round < 3000; round++) {
		size_t n = round * 7919 % (3 * FR_BLOCK_BYTES);
		size_t take = round * 10007 % (3 * FR_BLOCK_BYTES);

		if (append_run(&c, in, n) == 0)
			in += n;
		assert_int_equal(c.len, in - out);
		if (c.len)
			check_run(&c, out);
		if (take > c.len)
			take = c.len;
		fr_chain_consume(&c, take);
		out += take;
	}
	assert_true(out > 100 * (size_t)FR_BLOCK_BYTES);
	fr_chain_clear(&c);
	assert_int_equal(c.len, 0);
	fr_block_pool_fini(&pool);
}

static void the_ceiling_holds_and_refuses_all_or_nothing(void **state)
{
	struct fr_block_pool pool = {0};
	struct fr_chain c;

	(void)state;
	fr_chain_init(&c, FR_BLOCK_BYTES + 10, &pool);
	assert_int_equal(append_run(&c, 0, FR_BLOCK_BYTES), 0);
	assert_int_equal(append_run(&c, FR_BLOCK_BYTES, 11), FR_ERR_LIMIT);
	assert_int_equal(fr_chain_append(&c, "", SIZE_MAX), FR_ERR_LIMIT);
	assert_int_equal(c.len, FR_BLOCK_BYTES);
	assert_int_equal(append_run(&c, FR_BLOCK_BYTES, 10), 0);
	check_run(&c, 0);
	/* a ceiling that was lowered below what waits */
	c.max_bytes = 5;
	assert_int_equal(append_run(&c, 0, 1), FR_ERR_LIMIT);
	fr_chain_clear(&c);
	assert_int_equal(append_run(&c, 0, 5), 0);
	fr_chain_clear(&c);
	fr_block_pool_fini(&pool);
}

static void the_first_bytes_lie_together_up_to_a_block(void **state)
{
	struct fr_block_pool pool = {0};
	struct fr_chain c;
	const uint8_t *data;

	(void)state;
	fr_chain_init(&c, 4 * FR_BLOCK_BYTES, &pool);
	assert_int_equal(fr_chain_peek(&c, &data), 0);
	assert_non_null(data);
	for (size_t i = 0; i < FR_BLOCK_BYTES; i += 1024)
		assert_int_equal(append_run(&c, i, 1024), 0);
	assert_int_equal(append_run(&c, FR_BLOCK_BYTES, 7), 0);
	assert_int_equal(fr_chain_peek(&c, &data), FR_BLOCK_BYTES);
	fr_chain_consume(&c, FR_BLOCK_BYTES);
	assert_int_equal(fr_chain_peek(&c, &data), 7);
	check_run(&c, FR_BLOCK_BYTES);
	fr_chain_consume(&c, 7);
	assert_null(c.first);
	fr_block_pool_fini(&pool);
}

static void without_memory_the_content_stays(void **state)
{
	struct fr_block_pool pool = {0};
	struct fr_chain c;

	(void)state;
	fr_chain_init(&c, 8 * FR_BLOCK_BYTES, &pool);
	assert_int_equal(append_run(&c, 0, 100), 0);
	/* the second of the three blocks that it takes */
	fr_mem_fail_after(2);
	assert_int_equal(append_run(&c, 100, 3 * FR_BLOCK_BYTES), FR_ERR_NOMEM);
	fr_mem_fail_after(0);
	assert_int_equal(c.len, 100);
	check_run(&c, 0);
	assert_int_equal(append_run(&c, 100, 3 * FR_BLOCK_BYTES), 0);
	check_run(&c, 0);
	fr_chain_clear(&c);
	/* and of blocks that were kept */
	fr_mem_fail_after(2);
	assert_int_equal(append_run(&c, 0, 3 * FR_BLOCK_BYTES), FR_ERR_NOMEM);
	fr_mem_fail_after(0);
	assert_int_equal(c.len, 0);
	fr_block_pool_fini(&pool);
}

static void a_pool_keeps_no_more_than_its_bound(void **state)
{
	struct fr_block_pool pool = {0};
	struct fr_chain c;
	size_t blocks = FR_BLOCK_POOL_BLOCKS + 20;

	(void)state;
	fr_chain_init(&c, blocks * FR_BLOCK_BYTES, &pool);
	for (size_t i = 0; i < blocks; i++)
		assert_int_equal(append_run(&c, 0, FR_BLOCK_BYTES), 0);
	fr_chain_clear(&c);
	assert_true(pool.n <= FR_BLOCK_POOL_BLOCKS);
	fr_block_pool_fini(&pool);
	assert_int_equal(pool.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_come_out_in_the_order_they_went_in),
		cmocka_unit_test(the_ceiling_holds_and_refuses_all_or_nothing),
		cmocka_unit_test(the_first_bytes_lie_together_up_to_a_block),
		cmocka_unit_test(without_memory_the_content_stays),
		cmocka_unit_test(a_pool_keeps_no_more_than_its_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
