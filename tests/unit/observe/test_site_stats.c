#include "observe/site_stats.h"

#include <stdio.h>

#include "unit.h"

static void sites_are_counted_by_name_over_workers(void **state)
{
	struct fr_site_registry *r = fr_site_registry_new(2);
	struct fr_site_stats *a0 = fr_site_registry_get(r, "a", 0);
	struct fr_site_stats *a1 = fr_site_registry_get(r, "a", 1);
	struct fr_site_stats *b = fr_site_registry_get(r, "b", 0);
	struct fr_site_sum sums[FR_SITES_MAX + 1];

	(void)state;
	assert_ptr_equal(fr_site_registry_get(r, "a", 0), a0);
	fr_site_stats_add(a0, &(struct fr_record){.cache = FR_CACHE_RESULT_HIT,
	                                          .status = 200,
	                                          .is_page = true,
	                                          .sent_bytes = 10});
	fr_site_stats_add(a1, &(struct fr_record){.cache = FR_CACHE_RESULT_STALE, .status = 200});
	fr_site_stats_add(a1, &(struct fr_record){.cache = FR_CACHE_RESULT_MISS, .status = 502});
	fr_site_stats_add(a1, &(struct fr_record){.cache = FR_CACHE_RESULT_HIT,
	                                          .status = 200,
	                                          .is_push = true,
	                                          .sent_bytes = 5});
	fr_site_stats_add(b, &(struct fr_record){.status = 200, .purpose = "prefetch"});
	assert_int_equal(fr_site_registry_collect(r, sums), 2);
	assert_string_equal(sums[0].name, "a");
	assert_int_equal(sums[0].requests, 3);
	assert_int_equal(sums[0].hits, 2);
	assert_int_equal(sums[0].errors, 1);
	assert_int_equal(sums[0].pages, 1);
	assert_int_equal(sums[0].sent_bytes, 15);
	assert_int_equal(sums[1].prefetches, 1);
	assert_int_equal(sums[1].requests, 1);
	fr_site_registry_free(&r);
	assert_null(r);
}

static void further_sites_share_one_name(void **state)
{
	struct fr_site_registry *r = fr_site_registry_new(1);
	struct fr_site_sum sums[FR_SITES_MAX + 1];
	struct fr_site_stats *other;
	char name[16];

	(void)state;
	for (unsigned i = 0; i < FR_SITES_MAX; i++) {
		(void)snprintf(name, sizeof name, "s%u", i);
		assert_non_null(fr_site_registry_get(r, name, 0));
	}
	other = fr_site_registry_get(r, "one more", 0);
	assert_ptr_equal(fr_site_registry_get(r, "and one", 0), other);
	assert_int_equal(fr_site_registry_collect(r, sums), FR_SITES_MAX + 1);
	assert_string_equal(sums[FR_SITES_MAX].name, "other");
	fr_site_registry_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sites_are_counted_by_name_over_workers),
		cmocka_unit_test(further_sites_share_one_name),
	};

	RUN(tests);
}
