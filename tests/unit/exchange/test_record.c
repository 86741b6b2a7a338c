/* What is counted of an exchange when it ends: exchange/record.c. */
#include "exchange/record.h"

#include "fake_client.h"

#define CONFIG "cache: {memory: 1MiB}\n" ONE_SITE

static struct fr_metrics_sum *metrics(struct fixture *f)
{
	static struct fr_metrics_sum sum;

	memset(&sum, 0, sizeof sum);
	fr_metrics_collect(&worker_of(f->worker)->observer.metrics, &sum);
	return &sum;
}

static uint64_t responses(struct fixture *f, enum fr_protocol p, const char *status,
                          enum fr_cache_result cache)
{
	const struct fr_metrics_sum *sum = metrics(f);
	char label[8];

	for (unsigned i = 0; i < FR_STATUS_SLOTS; i++) {
		fr_status_label(i, label);
		if (strcmp(label, status) == 0)
			return sum->responses[p][i][cache];
	}
	fail_msg("no slot for %s", status);
	return 0;
}

static struct fr_traffic_top top_of(struct fixture *f)
{
	struct fr_traffic_top top;

	fr_traffic_collect(&worker_of(f->worker)->observer.traffic, 1, &top);
	return top;
}

static void responses_are_counted_by_protocol_status_and_cache(void **state)
{
	struct fixture *f = *state;
	struct fake_client *h1 = fake_client_new(f->worker, FAKE_H1, 2);

	(void)fake_get(f->client, "https://a.test/x", "");
	origin_answer(f->worker, "/x", "200 OK", "Cache-Control: max-age=60\r\n", "hello");
	assert_int_equal(responses(f, FR_PROTOCOL_HTTP_2, "200", FR_CACHE_RESULT_MISS), 1);
	(void)fake_get(h1, "https://a.test/x", "");
	assert_int_equal(responses(f, FR_PROTOCOL_HTTP_1_1, "200", FR_CACHE_RESULT_HIT), 1);
	(void)fake_get(h1, "https://b.test/x", "");
	assert_int_equal(responses(f, FR_PROTOCOL_HTTP_1_1, "421", FR_CACHE_RESULT_NONE), 1);
	(void)fake_send(h1, "DELETE", "https://a.test/x", "", false);
	origin_answer(f->worker, "/x", "404 Not Found", "", "");
	assert_int_equal(responses(f, FR_PROTOCOL_HTTP_1_1, "404", FR_CACHE_RESULT_BYPASS), 1);
}

static void bytes_of_both_bodies_are_counted(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = fake_send(f->client, "POST", "https://a.test/x", "", true);

	fake_body(r, "1234567", 7);
	fake_end(r);
	origin_answer(f->worker, "/x", "200 OK", "", "hello");
	assert_int_equal(metrics(f)->received_bytes, 7);
	assert_int_equal(metrics(f)->sent_bytes, 5);
}

static void it_is_counted_how_exchanges_end(void **state)
{
	struct fixture *f = *state;

	(void)fake_get(f->client, "https://a.test/1", "");
	origin_answer(f->worker, "/1", "200 OK", "", "hello");
	fake_cancel(fake_get(f->client, "https://a.test/2", ""), false);
	(void)fake_get(f->client, "https://a.test/3", "cookie: a=b\n");
	origin_send(f->worker, "/3", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel");
	origin_close(f->worker, "/3");
	assert_int_equal(metrics(f)->ends[FR_END_COMPLETED], 1);
	assert_int_equal(metrics(f)->ends[FR_END_CANCELLED], 1);
	assert_int_equal(metrics(f)->ends[FR_END_FAILED], 1);
	assert_int_equal(metrics(f)->ends[FR_END_REFUSED], 0);
}

static void times_are_kept_by_who_answered(void **state)
{
	struct fixture *f = *state;

	(void)fake_get(f->client, "https://a.test/x", "");
	worker_advance(f->worker, 300);
	origin_answer(f->worker, "/x", "200 OK", "Cache-Control: max-age=60\r\n", "hello");
	(void)fake_get(f->client, "https://a.test/x", "");
	(void)fake_get(f->client, "https://b.test/x", "");
	assert_int_equal(fr_histogram_count(&metrics(f)->first_byte[FR_ANSWERED_BY_ORIGIN]), 1);
	assert_in_range(metrics(f)->first_byte[FR_ANSWERED_BY_ORIGIN].sum_us, 300000, 400000);
	assert_int_equal(fr_histogram_count(&metrics(f)->first_byte[FR_ANSWERED_BY_CACHE]), 1);
	assert_int_equal(metrics(f)->first_byte[FR_ANSWERED_BY_CACHE].sum_us, 0);
	assert_int_equal(fr_histogram_count(&metrics(f)->first_byte[FR_ANSWERED_BY_EDGE]), 1);
	assert_int_equal(fr_histogram_count(&metrics(f)->origin_first_byte), 1);
	assert_in_range(metrics(f)->origin_first_byte.sum_us, 300000, 400000);
}

static void documents_are_pages_and_the_rest_are_assets(void **state)
{
	struct fixture *f = *state;
	struct fr_traffic_top top;

	(void)fake_get(f->client, "https://a.test/p?q=1", "");
	origin_answer(f->worker, "/p?q=1", "200 OK", "Content-Type: text/html\r\n", "<p>");
	(void)fake_get(f->client, "https://a.test/s.css", "");
	origin_answer(f->worker, "/s.css", "200 OK", "Content-Type: text/css\r\n", "a{}");
	assert_int_equal(metrics(f)->pages, 1);
	top = top_of(f);
	assert_int_equal(top.n_pages, 1);
	assert_string_equal(top.pages[0].name, "a.test/p");
	assert_int_equal(top.pages[0].last_status, 200);
	assert_int_equal(top.n_assets, 1);
	assert_string_equal(top.assets[0].name, "a.test/s.css");
	fr_traffic_top_fini(&top);
}

static void pushes_are_counted_by_their_outcome_and_apart_from_requests(void **state)
{
	struct fixture *f = *state;
	struct fake_client *c = fake_client_new(f->worker, FAKE_PUSHABLE, 2);
	struct fr_traffic_top top;

	(void)fake_get(c, "https://a.test/p", "");
	origin_answer(f->worker, "/p", "200 OK",
	              "Content-Type: text/html\r\nLink: </s.css>; rel=preload; as=style\r\n",
	              "<p>");
	origin_answer(f->worker, "/s.css", "200 OK", "", "a{}");
	assert_int_equal(metrics(f)->ends[FR_END_COMPLETED], 1);
	top = top_of(f);
	assert_int_equal(top.n_assets, 1);
	assert_string_equal(top.assets[0].name, "a.test/s.css");
	assert_int_equal(top.assets[0].ends[FR_END_COMPLETED], 1);
	assert_int_equal(top.assets[0].requests, 0);
	assert_int_equal(top.assets[0].pushed_bytes, 3);
	assert_int_equal(top.n_pages, 1);
	assert_int_equal(top.pages[0].n_links, 1);
	assert_int_equal(top.pages[0].links[0].delivered[FR_DELIVERY_PUSH], 1);
	fr_traffic_top_fini(&top);
}

static void what_never_became_a_request_is_no_traffic(void **state)
{
	struct fixture *f = *state;

	fake_cancel(fake_open(f->client), false);
	for (int i = 0; i < FR_END_COUNT; i++)
		assert_int_equal(metrics(f)->ends[i], 0);
}

static void what_operators_ask_is_no_traffic(void **state)
{
	struct fixture *f = *state;
	struct fake_client *admin = fake_client_new(f->worker, FAKE_ADMIN, 2);

	assert_int_equal(fake_get(admin, "http://localhost/live", "")->status, 200);
	assert_int_equal(metrics(f)->ends[FR_END_COMPLETED], 0);
	assert_int_equal(worker_count(f->worker, FR_COUNT_ADMIN_REQUESTS), 1);
	assert_int_equal(worker_count(f->worker, FR_COUNT_REQUESTS), 0);
}

static void exchanges_have_ids_of_their_own(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[20];

	for (size_t i = 0; i < FR_ARRAY_LEN(ids); i++) {
		struct fake_request *r = fake_open(f->client);

		ids[i] = r->ex->seen.id;
		assert_int_not_equal(ids[i], 0);
		for (size_t k = 0; k < i; k++)
			assert_int_not_equal(ids[i], ids[k]);
		fake_cancel(r, false);
	}
}

static void many_that_end_in_one_turn_are_all_counted(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 40; i++)
		(void)fake_get(f->client, "https://a.test/x", "");
	/* all of them wait for one */
	origin_answer(f->worker, "/x", "200 OK", "Cache-Control: max-age=60\r\n", "hello");
	assert_int_equal(metrics(f)->ends[FR_END_COMPLETED], 40);
	assert_int_equal(responses(f, FR_PROTOCOL_HTTP_2, "200", FR_CACHE_RESULT_JOINED), 39);
}

FIXTURE(CONFIG, FAKE_H2)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(responses_are_counted_by_protocol_status_and_cache),
		TEST(bytes_of_both_bodies_are_counted),
		TEST(it_is_counted_how_exchanges_end),
		TEST(times_are_kept_by_who_answered),
		TEST(documents_are_pages_and_the_rest_are_assets),
		TEST(pushes_are_counted_by_their_outcome_and_apart_from_requests),
		TEST(what_never_became_a_request_is_no_traffic),
		TEST(what_operators_ask_is_no_traffic),
		TEST(exchanges_have_ids_of_their_own),
		TEST(many_that_end_in_one_turn_are_all_counted),
	};
	RUN(tests);
}
