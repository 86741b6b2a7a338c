/* What is counted against limits.memory, and what follows from it. */
#include "net/memory_limit.h"

#include "base/buf.h"
#include "base/chain.h"
#include "base/pool.h"
#include "unit.h"

static void levels_come_in_order(void **state)
{
	static const struct {
		uint64_t used;
		enum fr_memory_level level;
	} cases[] = {
		{0, FR_MEMORY_PLENTY},          {69, FR_MEMORY_PLENTY},
		{70, FR_MEMORY_NO_PUSHES},      {80, FR_MEMORY_NO_STORING},
		{88, FR_MEMORY_SHEDDING},       {94, FR_MEMORY_NO_CONNECTIONS},
		{97, FR_MEMORY_NO_CONNECTIONS}, {98, FR_MEMORY_NO_REQUESTS},
		{1000, FR_MEMORY_NO_REQUESTS},  {UINT64_MAX / 100, FR_MEMORY_NO_REQUESTS},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(cases); i++)
		assert_int_equal(fr_memory_level_of(cases[i].used * 100, 10000), cases[i].level);
}

static void a_limit_is_never_below_what_the_process_needs(void **state)
{
	struct fr_memory *m = fr_memory_new(2, NULL, NULL);
	struct fr_memory_stats stats;

	(void)state;
	fr_memory_stats(m, &stats);
	assert_true(stats.limit >= 64u << 20); /* a share of the machine's */
	assert_int_equal(stats.level, FR_MEMORY_PLENTY);
	fr_memory_set_limit(m, 1);
	fr_memory_stats(m, &stats);
	assert_int_equal(stats.limit, 64u << 20);
	fr_memory_set_limit(m, 1ull << 40);
	fr_memory_stats(m, &stats);
	assert_true(stats.limit == 1ull << 40);
	fr_memory_free(&m);
}

/* --- what is taken is counted, and given back whole --- */

static void arenas(void)
{
	struct fr_arena a, b;
	int64_t before = fr_mem_held();

	fr_arena_init(&a, 1u << 20);
	fr_arena_init(&b, 1u << 20);
	assert_non_null(fr_arena_alloc(&a, 100000));
	assert_non_null(fr_arena_alloc(&a, 10));
	assert_int_equal(fr_arena_borrow(&b, &a), 0);
	assert_true(fr_mem_held() - before >= 100000);
	fr_arena_reset(&a);
	assert_true(fr_mem_held() - before >= 100000);
	fr_arena_fini(&b);
	fr_arena_fini(&a);
}

static void queues(void)
{
	struct fr_buf_pool pool = {0};
	struct fr_buf own, pooled;
	int64_t before = fr_mem_held();
	uint8_t bytes[3000] = {0};

	fr_buf_init(&own, 1u << 20);
	fr_buf_init_pooled(&pooled, 1u << 20, &pool);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(fr_buf_append(&own, bytes, sizeof bytes), 0);
		assert_int_equal(fr_buf_append(&pooled, bytes, sizeof bytes), 0);
	}
	assert_true(fr_mem_held() - before >= 600000);
	fr_buf_clear(&own);
	fr_buf_clear(&pooled);
	assert_int_equal(fr_buf_append(&pooled, bytes, 10), 0);
	fr_buf_settle(&pooled);
	fr_buf_fini(&own);
	fr_buf_fini(&pooled);
	fr_buf_pool_fini(&pool);
}

static void chains(void)
{
	struct fr_block_pool pool = {0};
	struct fr_chain c;
	int64_t before = fr_mem_held();
	uint8_t bytes[50000] = {0};

	fr_chain_init(&c, 1u << 20, &pool);
	assert_int_equal(fr_chain_append(&c, bytes, sizeof bytes), 0);
	assert_true(fr_mem_held() - before >= 50000);
	fr_chain_consume(&c, 30000);
	fr_chain_clear(&c);
	fr_block_pool_fini(&pool);
}

static void pools(void)
{
	static const size_t sizes[] = {0, 1, 32, 33, 1024, 1025, 9000, 20000, 30000};
	struct fr_pool pool = {0};
	int64_t before = fr_mem_held();
	void *all[FR_ARRAY_LEN(sizes)];

	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < FR_ARRAY_LEN(sizes); i++) {
			all[i] = fr_pool_alloc(&pool, sizes[i]);
			assert_non_null(all[i]);
		}
		assert_true(fr_mem_held() - before >= 60000);
		all[1] = fr_pool_realloc(&pool, all[1], 5000);
		for (size_t i = 0; i < FR_ARRAY_LEN(sizes); i++)
			fr_pool_free(&pool, all[i]);
		fr_pool_free(&pool, NULL);
	}
	fr_pool_fini(&pool);
}

static void what_was_taken_is_given_back(void **state)
{
	static void (*const kinds[])(void) = {arenas, queues, chains, pools};
	int64_t before = fr_mem_held();

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(kinds); i++) {
		kinds[i]();
		if (fr_mem_held() != before)
			fail_msg("kind %zu: %lld bytes are left", i,
			         (long long)(fr_mem_held() - before));
	}
}

/* Nothing is counted for what there was no memory for. */
static void failures_are_not_counted(void **state)
{
	struct fr_pool pool = {0};
	struct fr_arena a;
	struct fr_buf b;
	int64_t before = fr_mem_held();

	(void)state;
	fr_arena_init(&a, 1u << 20);
	fr_buf_init(&b, 1u << 20);
	fr_mem_fail_after(1);
	assert_null(fr_arena_alloc(&a, 10));
	fr_mem_fail_after(1);
	assert_null(fr_buf_reserve(&b, 10));
	fr_mem_fail_after(1);
	assert_null(fr_pool_alloc(&pool, 10));
	fr_mem_fail_after(0);
	assert_int_equal(fr_mem_held(), before);
	fr_pool_fini(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(levels_come_in_order),
		cmocka_unit_test(a_limit_is_never_below_what_the_process_needs),
		cmocka_unit_test(what_was_taken_is_given_back),
		cmocka_unit_test(failures_are_not_counted),
	};

	RUN(tests);
}
