#include "observe/access_queue.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "unit.h"

static struct fr_access_queue queue;
static struct fr_access_item item;

static int set_up(void **state)
{
	(void)state;
	fr_access_queue_init(&queue, 4096);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fr_access_queue_fini(&queue);
	return 0;
}

static struct fr_record record_of(uint64_t id, const char *target)
{
	return (struct fr_record){.id = id, .target = fr_str_from(target)};
}

static void what_is_put_comes_out_as_it_was(void **state)
{
	struct fr_record r = {
		.time_us = -1,
		.id = UINT64_MAX,
		.parent_id = 3,
		.sent_bytes = 4,
		.received_bytes = UINT64_MAX - 1,
		.first_byte_us = 6,
		.duration_us = INT64_MAX,
		.origin_first_byte_us = -1,
		.origin_duration_us = 9,
		.status = 599,
		.end = FR_END_FAILED,
		.cache = FR_CACHE_RESULT_BYPASS,
		.is_push = true,
		.is_page = true,
		.tls_resumed = true,
		.client_port = 65535,
		.protocol = FR_PROTOCOL_HTTP_1_1,
		.tls = "TLSv1.3",
		.client = FR_STR("1"),
		.scheme = FR_STR("22"),
		.host = FR_STR("333"),
		.user_agent = FR_STR("a user agent that is longer than sixteen bytes"),
		.method = FR_STR("55555"),
		.target = FR_STR("/7777777"),
		.referer = FR_STR("sixteen bytes..."),
	};
	const struct fr_record *got = &item.record;

	(void)state;
	assert_false(fr_access_queue_put(&queue, &r, 1));
	assert_true(fr_access_queue_next(&queue, &item));
	assert_memory_equal(got, &r, offsetof(struct fr_record, client));
	assert_str(got->client, "1");
	assert_str(got->scheme, "22");
	assert_str(got->host, "333");
	assert_str(got->user_agent, r.user_agent.p);
	assert_str(got->method, "55555");
	assert_str(got->target, "/7777777");
	assert_str(got->referer, "sixteen bytes...");
	assert_int_equal(got->origin.len, 0);
	assert_null(got->plan);
	assert_false(fr_access_queue_next(&queue, &item));
	assert_true(fr_access_queue_is_empty(&queue));
}

static void what_finds_no_room_is_dropped_whole(void **state)
{
	static char text[1000];
	struct fr_record r = {0};
	uint64_t n = 0;

	(void)state;
	memset(text, 'x', sizeof text - 1);
	r.target = fr_str_from(text);
	for (r.id = 1; r.id <= 20; r.id++)
		(void)fr_access_queue_put(&queue, &r, 1);
	while (fr_access_queue_next(&queue, &item)) {
		assert_int_equal(item.record.id, ++n);
		assert_str(item.record.target, text);
	}
	assert_int_equal(n, queue.lines);
	assert_int_equal(queue.lines + queue.dropped, 20);
	assert_in_range(n, 1, 4);
	/* and there is room again when it is given back, not before */
	(void)fr_access_queue_put(&queue, &r, 1);
	assert_false(fr_access_queue_next(&queue, &item));
	fr_access_queue_give_back(&queue);
	(void)fr_access_queue_put(&queue, &r, 1);
	assert_true(fr_access_queue_next(&queue, &item));
}

static void what_is_larger_than_the_queue_is_dropped_and_harms_nothing(void **state)
{
	static char text[FR_ACCESS_VALUE_MAX + 1];
	struct fr_record large = {.id = 1}, small = record_of(2, "/small");

	(void)state;
	memset(text, 'x', sizeof text - 1);
	large.target = large.referer = large.host = fr_str_make(text, sizeof text - 1);
	for (int i = 0; i < 100; i++) {
		(void)fr_access_queue_put(&queue, &small, 1);
		(void)fr_access_queue_put(&queue, &large, 1);
		assert_true(fr_access_queue_next(&queue, &item));
		assert_int_equal(item.record.id, 2);
		assert_str(item.record.target, "/small");
		assert_false(fr_access_queue_next(&queue, &item));
		fr_access_queue_give_back(&queue);
	}
	assert_int_equal(queue.dropped, 100);
}

static void long_strings_are_cut_where_it_can_be_seen(void **state)
{
	static char text[3 * FR_ACCESS_VALUE_MAX];
	struct fr_record r = {.id = 1};

	(void)state;
	memset(text, 'x', sizeof text);
	r.target = fr_str_make(text, sizeof text);
	(void)fr_access_queue_put(&queue, &r, 1);
	assert_true(fr_access_queue_next(&queue, &item));
	assert_int_equal(item.record.target.len, FR_ACCESS_VALUE_MAX + 1);
}

static void a_plan_is_cut_to_a_record(void **state)
{
	static char url[FR_ACCESS_VALUE_MAX + 1];
	static struct fr_hint hints[FR_PLAN_MAX_HINTS], *v[FR_PLAN_MAX_HINTS];
	struct fr_plan plan = {.v = v, .n = FR_PLAN_MAX_HINTS};
	struct fr_record r = {.id = 1, .plan = &plan};
	struct fr_access_queue large;

	(void)state;
	memset(url, 'u', sizeof url - 1);
	for (size_t i = 0; i < FR_PLAN_MAX_HINTS; i++) {
		hints[i] = (struct fr_hint){.url = fr_str_from(url),
		                            .as = FR_AS_FONT,
		                            .source = FR_HINT_SOURCE_HTML,
		                            .delivery = FR_DELIVERY_PUSH,
		                            .reason = FR_REASON_PUSHED};
		v[i] = &hints[i];
	}
	fr_access_queue_init(&large, 2 * FR_ACCESS_RECORD_MAX);
	for (int i = 0; i < 10; i++) {
		(void)fr_access_queue_put(&large, &r, 1);
		assert_true(fr_access_queue_next(&large, &item));
		assert_int_equal(item.record.plan->n + item.plan_cut, FR_PLAN_MAX_HINTS);
		assert_in_range(item.record.plan->n, 60, FR_PLAN_MAX_HINTS - 1);
		for (size_t k = 0; k < item.record.plan->n; k++) {
			const struct fr_hint *h = item.record.plan->v[k];

			assert_str(h->url, url);
			assert_int_equal(h->as, FR_AS_FONT);
			assert_int_equal(h->source, FR_HINT_SOURCE_HTML);
			assert_int_equal(h->delivery, FR_DELIVERY_PUSH);
			assert_int_equal(h->reason, FR_REASON_PUSHED);
		}
		fr_access_queue_give_back(&large);
	}
	assert_int_equal(large.dropped, 0);
	fr_access_queue_fini(&large);
}

static void clearing_counts_what_was_thrown_away(void **state)
{
	struct fr_record r = record_of(1, "/a");

	(void)state;
	for (int i = 0; i < 5; i++)
		(void)fr_access_queue_put(&queue, &r, 1);
	assert_true(fr_access_queue_next(&queue, &item));
	assert_int_equal(fr_access_queue_clear(&queue), 4);
	assert_true(fr_access_queue_is_empty(&queue));
}

#define RECORDS 200000u

static void a_mark_is_the_end_of_what_was_put_before_it(void **state)
{
	struct fr_record r = record_of(1, "/before");

	(void)state;
	fr_access_queue_mark(&queue);
	assert_false(fr_access_queue_is_before_mark(&queue));
	for (unsigned round = 0; round < 100; round++) { /* over its end, too */
		(void)fr_access_queue_put(&queue, &r, 1);
		fr_access_queue_mark(&queue);
		(void)fr_access_queue_put(&queue, &r, 1);
		assert_true(fr_access_queue_is_before_mark(&queue));
		assert_true(fr_access_queue_next(&queue, &item));
		assert_false(fr_access_queue_is_before_mark(&queue));
		assert_true(fr_access_queue_next(&queue, &item));
		assert_false(fr_access_queue_next(&queue, &item));
		fr_access_queue_give_back(&queue);
	}
}

static void *produce(void *user)
{
	char text[40];
	struct fr_record r[3];
	uint64_t id = 0;

	(void)user;
	while (id < RECORDS) {
		size_t n = 1 + id % 3;

		for (size_t i = 0; i < n; i++) {
			memset(text, 'a' + (int)(id % 26), sizeof text);
			r[i] = (struct fr_record){.id = ++id,
			                          .target = fr_str_make(text, sizeof text)};
		}
		(void)fr_access_queue_put(&queue, r, n);
	}
	return NULL;
}

/* One thread puts, one takes, without an agreement: what comes is in order and whole. */
static void two_threads_share_it(void **state)
{
	uint64_t n = 0, last = 0;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, produce, NULL), 0);
	while (queue.lines + queue.dropped < RECORDS || !fr_access_queue_is_empty(&queue)) {
		if (!fr_access_queue_next(&queue, &item)) {
			fr_access_queue_give_back(&queue);
			(void)sched_yield();
			continue;
		}
		n++;
		assert_true(item.record.id > last);
		last = item.record.id;
		assert_int_equal(item.record.target.len, 40);
		for (size_t i = 1; i < 40; i++)
			assert_int_equal(item.record.target.p[i], item.record.target.p[0]);
		if (n % 7 == 0)
			fr_access_queue_give_back(&queue);
	}
	(void)pthread_join(thread, NULL);
	assert_int_equal(n, queue.lines);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_put_comes_out_as_it_was),
		T(what_finds_no_room_is_dropped_whole),
		T(what_is_larger_than_the_queue_is_dropped_and_harms_nothing),
		T(long_strings_are_cut_where_it_can_be_seen),
		T(a_plan_is_cut_to_a_record),
		T(clearing_counts_what_was_thrown_away),
		T(a_mark_is_the_end_of_what_was_put_before_it),
		T(two_threads_share_it),
	};

	RUN(tests);
}
