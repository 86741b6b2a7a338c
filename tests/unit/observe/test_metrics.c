#include "observe/metrics.h"
#include "observe/status.h"

#include <jansson.h>

#include "base/log.h"
#include "unit.h"

static struct fr_metrics metrics;
static struct fr_metrics_sum total;
static struct fr_record record;

static int set_up(void **state)
{
	(void)state;
	memset(&metrics, 0, sizeof metrics);
	memset(&total, 0, sizeof total);
	record = (struct fr_record){.protocol = FR_PROTOCOL_HTTP_2,
	                            .host = FR_STR("h.test"),
	                            .target = FR_STR("/a"),
	                            .status = 200,
	                            .first_byte_us = 90,
	                            .duration_us = 300,
	                            .origin_first_byte_us = -1,
	                            .cache = FR_CACHE_RESULT_HIT};
	return 0;
}

static void buckets_hold_what_is_at_most_their_bound(void **state)
{
	struct fr_histogram h;
	struct fr_histogram_sum s = {0};

	(void)state;
	memset(&h, 0, sizeof h);
	fr_histogram_add(&h, 0);
	fr_histogram_add(&h, 100);
	fr_histogram_add(&h, 101);
	fr_histogram_add(&h, UINT64_C(60000001));
	fr_histogram_collect(&h, &s);
	assert_int_equal(s.counts[0], 2);
	assert_int_equal(s.counts[1], 1);
	assert_int_equal(s.counts[FR_HISTOGRAM_BUCKETS], 1);
	assert_int_equal(fr_histogram_count(&s), 4);
	assert_int_equal(s.sum_us, 60000202);
}

static void quantiles_lie_in_their_bucket(void **state)
{
	struct fr_histogram_sum s = {0};

	(void)state;
	assert_int_equal(fr_histogram_quantile(&s, 0.5), 0);
	s.counts[3] = 90; /* 500 to 1000 */
	s.counts[6] = 10; /* 5000 to 10000 */
	assert_in_range(fr_histogram_quantile(&s, 0.5), 500, 1000);
	assert_in_range(fr_histogram_quantile(&s, 0.99), 5000, 10000);
	s.counts[FR_HISTOGRAM_BUCKETS] = 1000;
	assert_int_equal(fr_histogram_quantile(&s, 0.99), 60000000);
}

static void statuses_are_told_apart_or_go_by_their_class(void **state)
{
	static const struct {
		int status;
		const char *label;
	} cases[] = {{0, "none"},  {200, "200"}, {404, "404"},  {299, "2xx"},
	             {477, "4xx"}, {599, "5xx"}, {777, "other"}};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(cases); i++) {
		char label[8];
		unsigned slot = 0;

		memset(&metrics, 0, sizeof metrics);
		memset(&total, 0, sizeof total);
		record.status = cases[i].status;
		fr_metrics_add(&metrics, &record, 1);
		fr_metrics_collect(&metrics, &total);
		while (!total.responses[FR_PROTOCOL_HTTP_2][slot][FR_CACHE_RESULT_HIT])
			slot++;
		fr_status_label(slot, label);
		assert_string_equal(label, cases[i].label);
	}
}

static void an_exchange_counts_once_in_each_table(void **state)
{
	(void)state;
	record.sent_bytes = 10;
	fr_metrics_add(&metrics, &record, 1);
	record.is_push = true;
	record.cache = FR_CACHE_RESULT_MISS;
	record.origin = FR_STR("127.0.0.1:80");
	record.origin_first_byte_us = 50;
	fr_metrics_add(&metrics, &record, 1);
	fr_metrics_collect(&metrics, &total);
	assert_int_equal(total.ends[FR_END_COMPLETED], 1); /* without pushes */
	assert_int_equal(total.sent_bytes, 20);
	assert_int_equal(fr_histogram_count(&total.duration[FR_ANSWERED_BY_CACHE]), 1);
	assert_int_equal(fr_histogram_count(&total.duration[FR_ANSWERED_BY_ORIGIN]), 1);
	assert_int_equal(fr_histogram_count(&total.origin_first_byte), 1);
}

/* Every counter is shown, with a row of its own or without. */
static void the_exposition_has_every_counter(void **state)
{
	struct fr_status s = {.metrics = fr_calloc(1, sizeof(struct fr_metrics_sum))};
	struct fr_buf out;
	char *text;

	(void)state;
	for (int i = 0; i < FR_COUNTER_COUNT; i++)
		s.counters[i] = 1000000u + (unsigned)i;
	fr_buf_init(&out, FR_ANSWERED_BY_MAX_BYTES);
	assert_int_equal(fr_prometheus_write(&s, &out), 0);
	text = fr_str_dup(fr_str_make((const char *)fr_buf_data(&out), fr_buf_len(&out)));
	for (int i = 0; i < FR_COUNTER_COUNT; i++) {
		char value[24];

		(void)snprintf(value, sizeof value, " %u\n", 1000000u + (unsigned)i);
		if (i != FR_COUNT_HINTS && !strstr(text, value))
			fail_msg("not shown: %s", fr_counter_name((enum fr_counter)i));
	}
	free(text);
	fr_buf_fini(&out);
	fr_status_fini(&s);
}

static void the_status_is_json_whatever_names_clients_chose(void **state)
{
	struct fr_traffic *t = fr_traffic_new(1);
	struct fr_status s = {.metrics = fr_calloc(1, sizeof(struct fr_metrics_sum))};
	struct fr_buf out;
	json_t *json;

	(void)state;
	record.target = FR_STR("/\xff\xfe\"\n");
	fr_traffic_add(t, &record, 1);
	fr_traffic_collect(&t, 1, &s.top);
	fr_buf_init(&out, FR_ANSWERED_BY_MAX_BYTES);
	assert_int_equal(fr_status_json_write(&s, &out), 0);
	json = json_loadb((const char *)fr_buf_data(&out), fr_buf_len(&out), 0, NULL);
	assert_non_null(json);
	assert_int_equal(json_array_size(json_object_get(json, "assets")), 1);
	json_decref(json);
	fr_buf_fini(&out);
	fr_status_fini(&s);
	fr_traffic_free(&t);
}

static void origins_beyond_the_bound_share_one(void **state)
{
	static struct fr_origin_sum sums[FR_ORIGINS_MAX + 1];
	struct fr_origin_registry *r = fr_origin_registry_new(2);
	struct fr_origin_stats *first = NULL, *last = NULL;
	char name[32];

	(void)state;
	for (unsigned i = 0; i < FR_ORIGINS_MAX + 50; i++) {
		(void)snprintf(name, sizeof name, "http://o%u", i);
		last = fr_origin_registry_get(r, name, 1);
		first = first ? first : last;
		fr_count_stat(&last->requests, 1);
	}
	assert_ptr_equal(fr_origin_registry_get(r, "http://o0", 1), first);
	assert_ptr_not_equal(fr_origin_registry_get(r, "http://o0", 0), first);
	assert_int_equal(fr_origin_registry_collect(r, sums), FR_ORIGINS_MAX + 1);
	assert_string_equal(sums[FR_ORIGINS_MAX].name, "other");
	assert_int_equal(sums[FR_ORIGINS_MAX].requests, 50);
	fr_origin_registry_free(&r);
}

static void a_module_may_have_a_level_of_its_own(void **state)
{
	(void)state;
	fr_log_set_level(FR_LOG_WARN);
	assert_false(fr_log_on(FR_LOG_DEBUG));
	assert_int_equal(fr_log_set_module("h2", FR_LOG_DEBUG), 0);
	assert_true(fr_log_on(FR_LOG_DEBUG));
	fr_log_reset_module("h2");
	assert_false(fr_log_on(FR_LOG_DEBUG));
	assert_int_equal(fr_log_set_module("H2", FR_LOG_DEBUG), FR_ERR_INVALID);
	assert_int_equal(fr_log_set_module("", FR_LOG_DEBUG), FR_ERR_INVALID);
	for (unsigned i = 0; i < FR_LOG_MAX_MODULES + 5; i++) {
		char name[16];

		(void)snprintf(name, sizeof name, "m%u", i);
		(void)!fr_log_set_module(name, FR_LOG_TRACE);
	}
	assert_int_equal(fr_log_set_module("one-more", FR_LOG_TRACE), FR_ERR_LIMIT);
	fr_log_reset_module(NULL);
	assert_false(fr_log_on(FR_LOG_INFO));
}

#define T(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(buckets_hold_what_is_at_most_their_bound),
		T(quantiles_lie_in_their_bucket),
		T(statuses_are_told_apart_or_go_by_their_class),
		T(an_exchange_counts_once_in_each_table),
		T(the_exposition_has_every_counter),
		T(the_status_is_json_whatever_names_clients_chose),
		T(origins_beyond_the_bound_share_one),
		T(a_module_may_have_a_level_of_its_own),
	};

	RUN(tests);
}
