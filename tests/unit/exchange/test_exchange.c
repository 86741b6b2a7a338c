/* The states of an exchange, from the request's head to its release: exchange/exchange.c. */
#include "fake_client.h"

#define CONFIG                                                                                     \
	"timeouts: {request_fields: 60s, idle: 600s, body: 2s}\n"                                  \
	"limits: {origin_requests_per_client: 3}\n"                                                \
	"cache: {memory: 1MiB}\n"                                                                  \
	"sites: [{hosts: [a.test], origin: {url: 'http://127.0.0.1:80'}, cache: {enabled: "        \
	"false}}]\n"

static void a_request_is_answered_by_the_origin(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = fake_get(f->client, "https://a.test/x", "");

	assert_non_null(origin_request(f->worker, "/x"));
	assert_int_equal(r->status, 0);
	origin_answer(f->worker, "/x", "200 OK", "X-A: 1\r\n", "hello");
	assert_int_equal(r->status, 200);
	assert_str(fake_field(r, "x-a"), "1");
	assert_string_equal(r->body, "hello");
	assert_true(r->is_complete);
	assert_int_equal(worker_count(f->worker, FR_COUNT_EXCHANGES_OPEN), 0);
}

static void the_head_is_passed_on_before_the_body_is_complete(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = fake_get(f->client, "https://a.test/x", "");

	origin_send(f->worker, "/x", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
	assert_int_equal(r->status, 200);
	assert_string_equal(r->body, "hello");
	assert_false(r->is_complete);
	origin_send(f->worker, "/x", "world");
	assert_string_equal(r->body, "helloworld");
	assert_true(r->is_complete);
}

static void a_response_to_head_ends_with_its_fields(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = fake_send(f->client, "HEAD", "https://a.test/x", "", false);

	origin_send(f->worker, "/x", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
	assert_int_equal(r->status, 200);
	assert_true(r->is_complete);
	assert_int_equal(r->body_len, 0);
}

static void interim_responses_are_passed_on_without_hop_by_hop_fields(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = fake_get(f->client, "https://a.test/x", "");

	origin_send(f->worker, "/x", "HTTP/1.1 102 Processing\r\nX-A: 1\r\nKeep-Alive: 5\r\n\r\n");
	assert_int_equal(r->n_interims, 1);
	assert_string_equal(r->interims[0], "102 x-a: 1\n");
	origin_answer(f->worker, "/x", "200 OK", "", "");
	assert_int_equal(r->status, 200);
}

static void trailers_come_after_the_body(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = fake_get(f->client, "https://a.test/x", "");

	origin_send(f->worker, "/x",
	            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	            "2\r\nhi\r\n0\r\nX-Sum: 9\r\n\r\n");
	assert_true(r->is_complete);
	assert_string_equal(r->body, "hi");
	assert_non_null(r->trailers);
	assert_non_null(strcasestr(r->trailers, "x-sum: 9"));
}

static void an_origin_that_refuses_connections_is_a_502(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	worker_refuse_origin(f->worker);
	r = fake_get(f->client, "https://a.test/x", "");
	assert_int_equal(r->status, 502);
	assert_str(fake_field(r, "cache-control"), "no-store");
	assert_true(r->is_complete);
}

static void a_response_that_is_no_http_is_a_502(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = fake_get(f->client, "https://a.test/x", "");

	origin_send(f->worker, "/x", "SSH-2.0-OpenSSH\r\n\r\n");
	assert_int_equal(r->status, 502);
	assert_int_equal(worker_count(f->worker, FR_COUNT_ORIGIN_MALFORMED), 1);
}

static void a_body_that_breaks_off_fails_the_response(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = fake_get(f->client, "https://a.test/x", "");

	origin_send(f->worker, "/x", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
	origin_close(f->worker, "/x");
	assert_true(r->has_failed);
	assert_string_equal(r->body, "hello");
	assert_int_equal(worker_count(f->worker, FR_COUNT_RESPONSES_FAILED), 1);
}

static void a_client_that_leaves_cancels_the_fetch(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = fake_get(f->client, "https://a.test/x", "");

	assert_int_equal(worker_count(f->worker, FR_COUNT_FETCHES_OPEN), 1);
	fake_cancel(r, false);
	assert_int_equal(worker_count(f->worker, FR_COUNT_FETCHES_OPEN), 0);
	assert_int_equal(worker_count(f->worker, FR_COUNT_ORIGIN_CONNECTIONS_OPEN), 0);
	assert_int_equal(worker_count(f->worker, FR_COUNT_REQUESTS_ABORTED), 1);
}

static void connect_is_not_supported(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = fake_send(f->client, "CONNECT", "https://a.test/", "", false);

	assert_int_equal(r->status, 501);
	assert_int_equal(origin_requests(f->worker), 0);
}

static void requests_past_a_clients_share_of_the_origin_may_be_tried_again(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	(void)fake_get(f->client, "https://a.test/1", "");
	(void)fake_get(f->client, "https://a.test/2", "");
	(void)fake_get(f->client, "https://a.test/3", "");
	r = fake_get(f->client, "https://a.test/4", "");
	assert_true(r->was_aborted);
	assert_int_equal(r->why, FR_ABORT_REFUSED);
	assert_int_equal(worker_count(f->worker, FR_COUNT_LIMIT_ORIGIN_REQUESTS), 1);
	/* one that has been answered makes room */
	origin_answer(f->worker, "/1", "200 OK", "", "");
	r = fake_get(f->client, "https://a.test/4", "");
	assert_false(r->was_aborted);
	assert_non_null(origin_request(f->worker, "/4"));
}

static void a_head_that_does_not_come_is_not_waited_for(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = fake_open(f->client);

	worker_advance(f->worker, 59900);
	assert_false(r->was_aborted);
	worker_advance(f->worker, 300);
	assert_true(r->was_aborted);
	assert_int_equal(r->why, FR_ABORT_TIMEOUT);
	assert_true(worker_count(f->worker, FR_COUNT_TIMEOUT_REQUEST_FIELDS) >= 1);
}

static void a_client_that_takes_nothing_of_the_body_is_given_up(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = fake_get(f->client, "https://a.test/x", "");

	r->is_stalled = true;
	origin_answer(f->worker, "/x", "200 OK", "", "hello");
	worker_advance(f->worker, 1900);
	fake_take(r, 1); /* it moved: the time begins anew */
	worker_advance(f->worker, 1900);
	assert_false(r->was_aborted);
	worker_advance(f->worker, 200);
	assert_true(r->was_aborted);
	assert_int_equal(r->why, FR_ABORT_TIMEOUT);
	assert_int_equal(worker_count(f->worker, FR_COUNT_TIMEOUT_BODY), 1);
}

static void after_101_bytes_go_both_ways(void **state)
{
	struct fixture *f = *state;
	struct fake_client *h1 = fake_client_new(f->worker, FAKE_H1, 2);
	struct fake_request *r =
		fake_get(h1, "http://a.test/ws", "connection: upgrade\nupgrade: websocket\n");

	assert_non_null(strcasestr(origin_request(f->worker, "/ws"), "upgrade: websocket"));
	origin_send(f->worker, "/ws",
	            "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
	            "Upgrade: websocket\r\n\r\nfrom the origin");
	assert_int_equal(r->status, 101);
	assert_string_equal(r->body, "from the origin");
	assert_int_equal(worker_count(f->worker, FR_COUNT_UPGRADES), 1);
	fake_body(r, "from the client", 15);
	assert_int_equal(r->consumed, 15);
	origin_close(f->worker, "/ws");
	assert_true(r->is_complete);
}

static void a_request_in_a_circle_is_a_508(void **state)
{
	struct fixture *f = *state;
	char fields[2048];
	int n = snprintf(fields, sizeof fields, "cdn-loop: ");
	struct fake_request *r;

	for (int i = 0; i < 9; i++)
		n += snprintf(fields + n, sizeof fields - (size_t)n, "%sforerun", i ? ", " : "");
	(void)snprintf(fields + n, sizeof fields - (size_t)n, "\n");
	r = fake_get(f->client, "https://a.test/x", fields);
	assert_int_equal(r->status, 508);
	assert_int_equal(origin_requests(f->worker), 0);
}

static void requests_under_way_end_when_the_connection_breaks(void **state)
{
	struct fixture *f = *state;

	(void)fake_get(f->client, "https://a.test/1", "");
	(void)fake_get(f->client, "https://a.test/2", "");
	fake_client_free(f->client);
	assert_int_equal(worker_count(f->worker, FR_COUNT_EXCHANGES_OPEN), 0);
	assert_int_equal(worker_count(f->worker, FR_COUNT_CONNECTIONS_OPEN), 0);
	assert_int_equal(worker_count(f->worker, FR_COUNT_FETCHES_OPEN), 0);
}

FIXTURE(CONFIG, FAKE_H2)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_request_is_answered_by_the_origin),
		TEST(the_head_is_passed_on_before_the_body_is_complete),
		TEST(a_response_to_head_ends_with_its_fields),
		TEST(interim_responses_are_passed_on_without_hop_by_hop_fields),
		TEST(trailers_come_after_the_body),
		TEST(an_origin_that_refuses_connections_is_a_502),
		TEST(a_response_that_is_no_http_is_a_502),
		TEST(a_body_that_breaks_off_fails_the_response),
		TEST(a_client_that_leaves_cancels_the_fetch),
		TEST(connect_is_not_supported),
		TEST(requests_past_a_clients_share_of_the_origin_may_be_tried_again),
		TEST(a_head_that_does_not_come_is_not_waited_for),
		TEST(a_client_that_takes_nothing_of_the_body_is_given_up),
		TEST(after_101_bytes_go_both_ways),
		TEST(a_request_in_a_circle_is_a_508),
		TEST(requests_under_way_end_when_the_connection_breaks),
	};
	RUN(tests);
}
