/* A client that speaks HTTP/1: client/http1.c, on a connection's bytes. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "one_worker.h"

#define CONFIG                                                                                     \
	"timeouts: {request_fields: 5s, idle: 20s, body: 5s}\n"                                    \
	"cache: {memory: 1MiB}\n" ONE_SITE

struct fixture {
	struct one_worker *worker;
	int fd;
	char out[1u << 20]; /* what came since it was last looked at */
	size_t n;
	bool is_closed;
};

static int begin(void **state)
{
	struct fixture *f = fr_calloc(1, sizeof *f);

	f->worker = worker_new(CONFIG);
	(void)worker_accept(f->worker, 1, false, &f->fd);
	*state = f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;

	close(f->fd);
	worker_free(&f->worker);
	free(f);
	return 0;
}

/* All that came since the last call. */
static const char *came(struct fixture *f)
{
	ssize_t n;

	f->n = 0;
	do {
		worker_turn(f->worker);
		n = recv(f->fd, f->out + f->n, sizeof f->out - f->n - 1, MSG_DONTWAIT);
		f->is_closed |= n == 0 || (n < 0 && errno != EAGAIN);
		f->n += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	f->out[f->n] = '\0';
	return f->out;
}

static void say(struct fixture *f, const char *text)
{
	assert_int_equal(send(f->fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
	worker_turn(f->worker);
}

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool ends(const char *text, const char *with)
{
	return fr_str_ends(S(text), S(with));
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a.test\r\n\r\n"

static void a_request_gets_its_response_and_the_connection_stays(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 3; i++) {
		say(f, GET("/x"));
		origin_answer(f->worker, "/x", "200 OK", "Cache-Control: no-store\r\n", "hello");
		assert_true(starts(came(f), "HTTP/1.1 200 OK\r\n"));
		assert_non_null(strcasestr(f->out, "\r\ncontent-length: 5\r\n"));
		assert_true(ends(f->out, "\r\n\r\nhello"));
		assert_false(f->is_closed);
	}
	assert_int_equal(worker_count(f->worker, FR_COUNT_CONNECTIONS), 1);
}

static void a_request_may_come_byte_by_byte(void **state)
{
	struct fixture *f = *state;
	const char *p = GET("/x");

	for (; *p; p++)
		say(f, (const char[]){*p, '\0'});
	assert_non_null(origin_request(f->worker, "/x"));
}

static void answers_to_pipelined_requests_leave_in_order(void **state)
{
	struct fixture *f = *state;

	say(f, GET("/1") GET("/2"));
	assert_non_null(origin_request(f->worker, "/1"));
	/* one at a time */
	assert_null(origin_request(f->worker, "/2"));
	origin_answer(f->worker, "/1", "200 OK", "", "first");
	assert_true(ends(came(f), "first"));
	origin_answer(f->worker, "/2", "200 OK", "", "second");
	assert_true(ends(came(f), "second"));
}

static void a_body_of_unknown_length_is_chunked(void **state)
{
	struct fixture *f = *state;

	say(f, GET("/x"));
	origin_send(f->worker, "/x",
	            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
	assert_non_null(strcasestr(came(f), "\r\ntransfer-encoding: chunked\r\n"));
	assert_true(ends(f->out, "\r\n\r\n5\r\nhello\r\n"));
	origin_send(f->worker, "/x", "0\r\n\r\n");
	assert_true(ends(came(f), "0\r\n\r\n"));
	assert_false(f->is_closed);
}

static void to_http_1_0_it_ends_with_the_connection(void **state)
{
	struct fixture *f = *state;

	say(f, "GET /x HTTP/1.0\r\nHost: a.test\r\n\r\n");
	origin_send(f->worker, "/x",
	            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
	assert_null(strcasestr(came(f), "transfer-encoding"));
	assert_true(ends(f->out, "\r\n\r\nhello"));
	assert_true(f->is_closed);
}

static void who_says_close_is_closed(void **state)
{
	struct fixture *f = *state;

	say(f, "GET /x HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n");
	origin_answer(f->worker, "/x", "200 OK", "", "hello");
	assert_non_null(strcasestr(came(f), "\r\nconnection: close\r\n"));
	assert_true(f->is_closed);
}

static void http_1_0_with_keep_alive_stays(void **state)
{
	struct fixture *f = *state;

	say(f, "GET /x HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n");
	origin_answer(f->worker, "/x", "200 OK", "", "hello");
	assert_non_null(strcasestr(came(f), "\r\nconnection: keep-alive\r\n"));
	assert_false(f->is_closed);
}

static void what_is_no_request_is_a_400_and_the_end(void **state)
{
	struct fixture *f = *state;

	say(f, "nonsense\r\n\r\n");
	assert_true(starts(came(f), "HTTP/1.1 400 "));
	assert_non_null(strcasestr(f->out, "\r\nconnection: close\r\n"));
	assert_true(f->is_closed);
}

static void two_lengths_are_a_400_and_nothing_of_it_reaches_the_origin(void **state)
{
	struct fixture *f = *state;

	say(f,
	    "POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /y HTTP/1.1\r\nHost: a.test\r\n\r\n");
	assert_true(starts(came(f), "HTTP/1.1 400 "));
	assert_true(f->is_closed);
	assert_int_equal(origin_requests(f->worker), 0);
}

static void a_head_that_does_not_come_closes(void **state)
{
	struct fixture *f = *state;

	say(f, "GET /x HTTP/1.1\r\nHos");
	worker_advance(f->worker, 4900);
	(void)came(f);
	assert_false(f->is_closed);
	worker_advance(f->worker, 300);
	(void)came(f);
	assert_true(f->is_closed);
	assert_int_equal(worker_count(f->worker, FR_COUNT_TIMEOUT_REQUEST_FIELDS), 1);
}

static void an_idle_connection_is_closed_in_the_end(void **state)
{
	struct fixture *f = *state;

	say(f, GET("/x"));
	origin_answer(f->worker, "/x", "200 OK", "", "hello");
	worker_advance(f->worker, 19000);
	(void)came(f);
	assert_false(f->is_closed);
	worker_advance(f->worker, 1500);
	(void)came(f);
	assert_true(f->is_closed);
	assert_int_equal(worker_count(f->worker, FR_COUNT_TIMEOUT_IDLE), 1);
}

static void a_drain_ends_it_after_the_response(void **state)
{
	struct fixture *f = *state;

	say(f, GET("/x"));
	worker_drain(f->worker);
	worker_turn(f->worker);
	origin_answer(f->worker, "/x", "200 OK", "", "hello");
	assert_non_null(strcasestr(came(f), "\r\nconnection: close\r\n"));
	assert_true(ends(f->out, "hello"));
	assert_true(f->is_closed);
}

static void a_body_goes_to_the_origin(void **state)
{
	struct fixture *f = *state;

	say(f, "POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello" GET("/y"));
	assert_str(origin_request_body(f->worker, "/x"), "hello");
	origin_answer(f->worker, "/x", "200 OK", "", "");
	assert_non_null(origin_request(f->worker, "/y"));
}

static void a_body_that_breaks_off_cuts_the_response(void **state)
{
	struct fixture *f = *state;

	say(f, GET("/x"));
	origin_send(f->worker, "/x", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
	origin_close(f->worker, "/x");
	assert_true(ends(came(f), "hello"));
	assert_true(f->is_closed);
}

static void a_client_that_has_sent_all_still_gets_its_response(void **state)
{
	struct fixture *f = *state;

	say(f, GET("/x"));
	assert_int_equal(shutdown(f->fd, SHUT_WR), 0);
	worker_turn(f->worker);
	origin_answer(f->worker, "/x", "200 OK", "", "hello");
	assert_true(ends(came(f), "hello"));
	assert_true(f->is_closed);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_request_gets_its_response_and_the_connection_stays),
		T(a_request_may_come_byte_by_byte),
		T(answers_to_pipelined_requests_leave_in_order),
		T(a_body_of_unknown_length_is_chunked),
		T(to_http_1_0_it_ends_with_the_connection),
		T(who_says_close_is_closed),
		T(http_1_0_with_keep_alive_stays),
		T(what_is_no_request_is_a_400_and_the_end),
		T(two_lengths_are_a_400_and_nothing_of_it_reaches_the_origin),
		T(a_head_that_does_not_come_closes),
		T(an_idle_connection_is_closed_in_the_end),
		T(a_drain_ends_it_after_the_response),
		T(a_body_goes_to_the_origin),
		T(a_body_that_breaks_off_cuts_the_response),
		T(a_client_that_has_sent_all_still_gets_its_response),
	};
	RUN(tests);
}
