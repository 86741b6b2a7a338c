/* A client that speaks HTTP/2, with nghttp2's own client on the other end of its connection:
 * client/http2.c. */
#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <sys/socket.h>
#include <unistd.h>

#include "one_worker.h"

#define CONFIG                                                                                     \
	"timeouts: {idle: 20s}\n"                                                                  \
	"cache: {memory: 1MiB}\n"                                                                  \
	"limits: {fields: 2KiB}\n"                                                                 \
	"sites:\n"                                                                                 \
	"  - hosts: [a.test]\n"                                                                    \
	"    origin: {url: 'http://127.0.0.1:80'}\n"                                               \
	"    hints: {html: false, warm: false}\n"                                                  \
	"    rules: [{path: '/ruled', links: ['</a.css>; rel=preload; as=style']}]\n"

#define STREAMS 64

struct stream {            /* by its id */
	char fields[2048]; /* "name: value\n" of all heads; "promise" before a promised one */
	char body[4096];
	size_t n_fields, n_body;
	bool is_closed;
	uint32_t code;
};

struct fixture {
	struct one_worker *worker;
	int fd;
	nghttp2_session *session; /* owned */
	struct stream streams[STREAMS];
	int32_t goaway; /* last stream; -1: none came */
	bool is_closed;
};

static struct stream *stream(struct fixture *f, int32_t id)
{
	assert_true(id > 0 && id < STREAMS);
	return &f->streams[id];
}

static int on_field(nghttp2_session *s, const nghttp2_frame *frame, const uint8_t *name,
                    size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                    void *user)
{
	int32_t id = frame->hd.type == NGHTTP2_PUSH_PROMISE ? frame->push_promise.promised_stream_id
	                                                    : frame->hd.stream_id;
	struct stream *to = stream(user, id);

	(void)s;
	(void)flags;
	to->n_fields += (size_t)snprintf(
		to->fields + to->n_fields, sizeof to->fields - to->n_fields, "%.*s: %.*s\n",
		(int)name_len, (const char *)name, (int)value_len, (const char *)value);
	return 0;
}

static int on_data(nghttp2_session *s, uint8_t flags, int32_t id, const uint8_t *data, size_t len,
                   void *user)
{
	struct stream *to = stream(user, id);

	(void)s;
	(void)flags;
	assert_true(len < sizeof to->body - to->n_body);
	memcpy(to->body + to->n_body, data, len);
	to->n_body += len;
	return 0;
}

static int on_close(nghttp2_session *s, int32_t id, uint32_t code, void *user)
{
	(void)s;
	stream(user, id)->is_closed = true;
	stream(user, id)->code = code;
	return 0;
}

static int on_frame(nghttp2_session *s, const nghttp2_frame *frame, void *user)
{
	struct fixture *f = user;

	(void)s;
	if (frame->hd.type == NGHTTP2_GOAWAY)
		f->goaway = frame->goaway.last_stream_id;
	return 0;
}

/* Both ways, until nothing moves. */
static void talk(struct fixture *f)
{
	bool moved = true;

	while (moved) {
		const uint8_t *out;
		uint8_t in[16384];
		ssize_t n;

		moved = false;
		while (!f->is_closed && (n = nghttp2_session_mem_send(f->session, &out)) > 0) {
			(void)!send(f->fd, out, (size_t)n, MSG_NOSIGNAL);
			moved = true;
		}
		worker_turn(f->worker);
		n = recv(f->fd, in, sizeof in, MSG_DONTWAIT);
		if (n > 0) {
			assert_int_equal(nghttp2_session_mem_recv(f->session, in, (size_t)n), n);
			moved = true;
		}
		f->is_closed |= n == 0 || (n < 0 && errno != EAGAIN);
	}
}

static void connect_client(struct fixture *f, bool takes_push)
{
	nghttp2_settings_entry push = {NGHTTP2_SETTINGS_ENABLE_PUSH, takes_push};
	nghttp2_session_callbacks *callbacks;

	assert_int_equal(nghttp2_session_callbacks_new(&callbacks), 0);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_field);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	assert_int_equal(nghttp2_session_client_new(&f->session, callbacks, f), 0);
	nghttp2_session_callbacks_del(callbacks);
	assert_int_equal(nghttp2_submit_settings(f->session, NGHTTP2_FLAG_NONE, &push, 1), 0);
	(void)worker_accept(f->worker, 1, false, &f->fd);
	f->goaway = -1;
	talk(f);
}

static int begin(void **state)
{
	struct fixture *f = fr_calloc(1, sizeof *f);

	f->worker = worker_new(CONFIG);
	connect_client(f, true);
	*state = f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;

	close(f->fd);
	nghttp2_session_del(f->session);
	worker_free(&f->worker);
	free(f);
	return 0;
}

#define FIELD(name, value)                                                                         \
	{                                                                                          \
		(uint8_t *)(uintptr_t)(name), (uint8_t *)(uintptr_t)(value), strlen(name),         \
			strlen(value), NGHTTP2_NV_FLAG_NONE                                        \
	}

static ssize_t read_body(nghttp2_session *s, int32_t id, uint8_t *buf, size_t len, uint32_t *flags,
                         nghttp2_data_source *source, void *user)
{
	const char *text = source->ptr;
	size_t n = strlen(text);

	(void)s;
	(void)id;
	(void)user;
	assert_true(n <= len);
	memcpy(buf, text, n);
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)n;
}

/* extra: a field's value of "x-extra"; NULL: none. body NULL: none. */
static int32_t ask(struct fixture *f, const char *method, const char *path, const char *extra,
                   const char *body)
{
	nghttp2_nv fields[] = {FIELD(":method", method), FIELD(":scheme", "http"),
	                       FIELD(":authority", "a.test"), FIELD(":path", path),
	                       FIELD("x-extra", extra ? extra : "")};
	nghttp2_data_provider data = {.source.ptr = (char *)(uintptr_t)body,
	                              .read_callback = read_body};
	int32_t id = nghttp2_submit_request(f->session, NULL, fields, extra ? 5 : 4,
	                                    body ? &data : NULL, NULL);

	assert_true(id > 0);
	talk(f);
	return id;
}

static void answer(struct fixture *f, const char *target, const char *fields, const char *body)
{
	origin_answer(f->worker, target, "200 OK", fields, body);
	talk(f);
}

static bool has(struct fixture *f, int32_t id, const char *line)
{
	return strstr(stream(f, id)->fields, line) != NULL;
}

static void a_request_gets_its_response(void **state)
{
	struct fixture *f = *state;
	int32_t id = ask(f, "GET", "/x", NULL, NULL);

	assert_non_null(origin_request(f->worker, "/x"));
	answer(f, "/x", "X-A: 1\r\n", "hello");
	assert_true(has(f, id, ":status: 200\n"));
	assert_true(has(f, id, "x-a: 1\n"));
	assert_true(has(f, id, "content-length: 5\n"));
	assert_string_equal(stream(f, id)->body, "hello");
	assert_true(stream(f, id)->is_closed);
	assert_int_equal(stream(f, id)->code, NGHTTP2_NO_ERROR);
	assert_int_equal(worker_count(f->worker, FR_COUNT_CONNECTIONS_H2), 1);
}

static void requests_are_answered_as_their_responses_come(void **state)
{
	struct fixture *f = *state;
	int32_t first = ask(f, "GET", "/1", NULL, NULL), second = ask(f, "GET", "/2", NULL, NULL);

	answer(f, "/2", "", "second");
	assert_string_equal(stream(f, second)->body, "second");
	assert_int_equal(stream(f, first)->n_fields, 0);
	answer(f, "/1", "", "first");
	assert_string_equal(stream(f, first)->body, "first");
}

static void a_body_goes_to_the_origin(void **state)
{
	struct fixture *f = *state;
	int32_t id = ask(f, "POST", "/x", NULL, "hello");

	assert_str(origin_request_body(f->worker, "/x"), "hello");
	answer(f, "/x", "", "thanks");
	assert_string_equal(stream(f, id)->body, "thanks");
}

static void an_interim_response_comes_before_the_final_one(void **state)
{
	struct fixture *f = *state;
	int32_t id = ask(f, "GET", "/x", NULL, NULL);

	origin_send(f->worker, "/x", "HTTP/1.1 102 Processing\r\n\r\n");
	talk(f);
	assert_true(has(f, id, ":status: 102\n"));
	answer(f, "/x", "", "hello");
	assert_true(has(f, id, ":status: 200\n"));
}

static void a_reset_ends_the_request(void **state)
{
	struct fixture *f = *state;
	int32_t id = ask(f, "DELETE", "/x", NULL, NULL);

	assert_int_equal(worker_count(f->worker, FR_COUNT_FETCHES_OPEN), 1);
	assert_int_equal(
		nghttp2_submit_rst_stream(f->session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL), 0);
	talk(f);
	assert_int_equal(worker_count(f->worker, FR_COUNT_FETCHES_OPEN), 0);
	assert_int_equal(worker_count(f->worker, FR_COUNT_EXCHANGES_OPEN), 0);
	assert_int_equal(worker_count(f->worker, FR_COUNT_REQUESTS_ABORTED), 1);
}

static void a_body_that_breaks_off_resets_the_stream(void **state)
{
	struct fixture *f = *state;
	int32_t id = ask(f, "GET", "/x", NULL, NULL);

	origin_send(f->worker, "/x", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
	talk(f);
	origin_close(f->worker, "/x");
	talk(f);
	assert_string_equal(stream(f, id)->body, "hello");
	assert_true(stream(f, id)->is_closed);
	assert_int_equal(stream(f, id)->code, NGHTTP2_INTERNAL_ERROR);
	assert_false(f->is_closed);
}

static void fields_that_are_too_large_are_a_431(void **state)
{
	struct fixture *f = *state;
	char large[4001] = {0};
	int32_t id;

	memset(large, 'x', sizeof large - 1);
	id = ask(f, "GET", "/x", large, NULL);
	assert_true(has(f, id, ":status: 431\n"));
	assert_int_equal(origin_requests(f->worker), 0);
}

/* --- pushes --- */

static void a_promise_comes_before_the_page(void **state)
{
	struct fixture *f = *state;
	int32_t id = ask(f, "GET", "/ruled", NULL, NULL);

	assert_true(has(f, 2, ":path: /a.css\n"));
	assert_true(has(f, 2, "referer: http://a.test/ruled\n"));
	assert_int_equal(stream(f, id)->n_fields, 0);
	answer(f, "/a.css", "", "a{}");
	assert_true(has(f, 2, ":status: 200\n"));
	assert_string_equal(stream(f, 2)->body, "a{}");
	assert_int_equal(worker_count(f->worker, FR_COUNT_PUSHES_COMPLETED), 1);
	answer(f, "/ruled", "", "<p>");
	assert_string_equal(stream(f, id)->body, "<p>");
}

static void who_takes_no_pushes_gets_none(void **state)
{
	struct fixture *f = *state;

	close(f->fd);
	nghttp2_session_del(f->session);
	f->is_closed = false;
	connect_client(f, false);
	(void)ask(f, "GET", "/ruled", NULL, NULL);
	assert_int_equal(stream(f, 2)->n_fields, 0);
	assert_int_equal(worker_count(f->worker, FR_COUNT_PUSHES_PROMISED), 0);
}

static void a_push_that_the_client_cancels_is_counted(void **state)
{
	struct fixture *f = *state;

	(void)ask(f, "GET", "/ruled", NULL, NULL);
	assert_int_equal(
		nghttp2_submit_rst_stream(f->session, NGHTTP2_FLAG_NONE, 2, NGHTTP2_CANCEL), 0);
	talk(f);
	assert_int_equal(worker_count(f->worker, FR_COUNT_PUSHES_CANCELLED), 1);
}

static void a_push_that_the_client_refuses_is_counted_as_such(void **state)
{
	struct fixture *f = *state;

	(void)ask(f, "GET", "/ruled", NULL, NULL);
	assert_int_equal(
		nghttp2_submit_rst_stream(f->session, NGHTTP2_FLAG_NONE, 2, NGHTTP2_REFUSED_STREAM),
		0);
	talk(f);
	assert_int_equal(worker_count(f->worker, FR_COUNT_PUSHES_REFUSED), 1);
}

static void a_push_without_its_asset_is_reset(void **state)
{
	struct fixture *f = *state;

	(void)ask(f, "GET", "/ruled", NULL, NULL);
	origin_answer(f->worker, "/a.css", "404 Not Found", "", "");
	talk(f);
	assert_true(stream(f, 2)->is_closed);
	assert_int_equal(stream(f, 2)->code, NGHTTP2_CANCEL);
	assert_int_equal(worker_count(f->worker, FR_COUNT_PUSHES_FAILED), 1);
}

/* --- the end --- */

static void a_drain_says_goaway_and_ends_what_was_accepted(void **state)
{
	struct fixture *f = *state;
	int32_t id = ask(f, "GET", "/x", NULL, NULL);

	worker_drain(f->worker);
	talk(f);
	assert_int_equal(f->goaway, INT32_MAX);
	answer(f, "/x", "", "hello");
	assert_string_equal(stream(f, id)->body, "hello");
	worker_advance(f->worker, 1100);
	talk(f);
	assert_true(f->is_closed);
}

static void an_idle_connection_ends_with_a_goaway(void **state)
{
	struct fixture *f = *state;

	worker_advance(f->worker, 19000);
	talk(f);
	assert_false(f->is_closed);
	worker_advance(f->worker, 1500);
	talk(f);
	assert_true(f->goaway >= 0);
	assert_true(f->is_closed);
	assert_int_equal(worker_count(f->worker, FR_COUNT_TIMEOUT_IDLE), 1);
}

static void what_is_no_http_2_ends_the_connection(void **state)
{
	static const char frame[] = "\0\0\1\0\0\0\0\0\1x"; /* DATA of a stream that is idle */
	struct fixture *f = *state;

	assert_int_equal(send(f->fd, frame, sizeof frame - 1, MSG_NOSIGNAL), sizeof frame - 1);
	talk(f);
	assert_true(f->goaway >= 0);
	assert_true(f->is_closed);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_request_gets_its_response),
		T(requests_are_answered_as_their_responses_come),
		T(a_body_goes_to_the_origin),
		T(an_interim_response_comes_before_the_final_one),
		T(a_reset_ends_the_request),
		T(a_body_that_breaks_off_resets_the_stream),
		T(fields_that_are_too_large_are_a_431),
		T(a_promise_comes_before_the_page),
		T(who_takes_no_pushes_gets_none),
		T(a_push_that_the_client_cancels_is_counted),
		T(a_push_that_the_client_refuses_is_counted_as_such),
		T(a_push_without_its_asset_is_reset),
		T(a_drain_says_goaway_and_ends_what_was_accepted),
		T(an_idle_connection_ends_with_a_goaway),
		T(what_is_no_http_2_ends_the_connection),
	};
	RUN(tests);
}
