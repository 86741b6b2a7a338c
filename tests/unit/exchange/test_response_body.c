/* The way of a response's body to a client that is slower than the origin:
 * exchange/response_body.c. */
#include "fake_client.h"

#define CONFIG_WITH(spill)                                                                         \
	"timeouts: {body: 600s}\n"                                                                 \
	"limits: {response_buffer: 8KiB, spill: " spill "}\n"                                      \
	"cache: {memory: 1MiB}\n"                                                                  \
	"sites: [{hosts: [a.test], origin: {url: 'http://127.0.0.1:80'}, cache: {enabled: "        \
	"false}}]\n"

#define BODY_BYTES (4u << 20)

static uint8_t bytes[BODY_BYTES];

/* A response of BODY_BYTES to a client that takes nothing; how much of it was sent. */
static struct fake_request *ask_slowly(struct fixture *f, size_t *sent)
{
	struct fake_request *r = fake_get(f->client, "https://a.test/x", "");

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 31 + i / 251);
	r->is_stalled = true;
	origin_send(f->worker, "/x", "HTTP/1.1 200 OK\r\nContent-Length: 4194304\r\n\r\n");
	*sent = origin_send_bytes(f->worker, "/x", bytes, sizeof bytes);
	return r;
}

static void a_client_that_takes_nothing_stops_the_origin(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;
	size_t sent;

	r = ask_slowly(f, &sent);
	assert_true(sent < sizeof bytes / 2);
	assert_int_equal(r->status, 200);
	assert_int_equal(worker_count(f->worker, FR_COUNT_BODIES_SPILLED), 0);
}

static void what_is_taken_makes_room_for_more(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;
	size_t sent;

	r = ask_slowly(f, &sent);
	r->is_stalled = false;
	sent += origin_send_bytes(f->worker, "/x", bytes + sent, sizeof bytes - sent);
	assert_int_equal(sent, sizeof bytes);
	assert_true(r->is_complete);
	assert_int_equal(r->body_len, sizeof bytes);
	assert_memory_equal(r->body, bytes, sizeof bytes);
	assert_int_equal(worker_count(f->worker, FR_COUNT_BODIES_SPILLED), 0);
}

static void after_a_while_the_rest_goes_to_a_file(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;
	size_t sent;

	r = ask_slowly(f, &sent);
	worker_advance(f->worker, 350);
	assert_int_equal(worker_count(f->worker, FR_COUNT_BODIES_SPILLED), 1);
	sent += origin_send_bytes(f->worker, "/x", bytes + sent, sizeof bytes - sent);
	assert_int_equal(sent, sizeof bytes);
	/* the origin is through with it, the client is not */
	assert_int_equal(worker_count(f->worker, FR_COUNT_FETCHES_OPEN), 0);
	assert_false(r->is_complete);
	r->is_stalled = false;
	worker_turn(f->worker);
	assert_true(r->is_complete);
	assert_int_equal(r->body_len, sizeof bytes);
	assert_memory_equal(r->body, bytes, sizeof bytes);
}

static void a_file_takes_no_more_than_it_may(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;
	size_t sent;

	worker_reload(f->worker, CONFIG_WITH("1MiB"));
	r = ask_slowly(f, &sent);
	worker_advance(f->worker, 350);
	sent += origin_send_bytes(f->worker, "/x", bytes + sent, sizeof bytes - sent);
	assert_true(sent < sizeof bytes);
	assert_int_equal(worker_count(f->worker, FR_COUNT_BODIES_SPILLED), 1);
	assert_true(worker_count(f->worker, FR_COUNT_LIMIT_SPILL) >= 1);
	/* it is slower, not lost */
	r->is_stalled = false;
	sent += origin_send_bytes(f->worker, "/x", bytes + sent, sizeof bytes - sent);
	assert_true(r->is_complete);
	assert_memory_equal(r->body, bytes, sizeof bytes);
}

static void without_files_the_origin_waits(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;
	size_t sent;

	worker_reload(f->worker, CONFIG_WITH("0MiB"));
	r = ask_slowly(f, &sent);
	worker_advance(f->worker, 350);
	assert_int_equal(origin_send_bytes(f->worker, "/x", bytes + sent, sizeof bytes - sent), 0);
	assert_int_equal(worker_count(f->worker, FR_COUNT_LIMIT_SPILL), 1);
	r->is_stalled = false;
	(void)origin_send_bytes(f->worker, "/x", bytes + sent, sizeof bytes - sent);
	assert_true(r->is_complete);
}

static void a_body_whose_client_leaves_is_given_up_with_its_file(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;
	size_t sent;

	r = ask_slowly(f, &sent);
	worker_advance(f->worker, 350);
	fake_cancel(r, false);
	assert_int_equal(worker_count(f->worker, FR_COUNT_FETCHES_OPEN), 0);
	assert_int_equal(worker_count(f->worker, FR_COUNT_EXCHANGES_OPEN), 0);
}

static void what_came_before_the_origin_broke_off_is_delivered(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;
	size_t sent;

	r = ask_slowly(f, &sent);
	origin_close(f->worker, "/x");
	worker_advance(f->worker, 350);
	r->is_stalled = false;
	worker_turn(f->worker);
	assert_true(r->has_failed);
	assert_true(r->body_len > 0 && r->body_len < sizeof bytes);
	assert_memory_equal(r->body, bytes, r->body_len);
}

FIXTURE(CONFIG_WITH("64MiB"), FAKE_H2)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_client_that_takes_nothing_stops_the_origin),
		TEST(what_is_taken_makes_room_for_more),
		TEST(after_a_while_the_rest_goes_to_a_file),
		TEST(a_file_takes_no_more_than_it_may),
		TEST(without_files_the_origin_waits),
		TEST(a_body_whose_client_leaves_is_given_up_with_its_file),
		TEST(what_came_before_the_origin_broke_off_is_delivered),
	};
	RUN(tests);
}
