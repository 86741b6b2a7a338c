/* Streams over real sockets on loopback. */
#include "net/transport.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include "unit.h"

#define OUTPUT_BYTES (1u << 22)

static struct fr_loop *loop;
static struct fr_transport *stream;
static int peer;      /* the other end */
static char said[64]; /* by it */

static void on_open(void *user)
{
	(void)user;
}

static void on_data(void *user, const uint8_t *data, size_t len)
{
	(void)user;
	assert_true(strlen(said) + len < sizeof said);
	strncat(said, (const char *)data, len);
}

static void on_failed(void *user, int err)
{
	(void)user;
	(void)err;
}

static const struct fr_transport_handler handler = {.on_open = on_open,
                                                    .on_data = on_data,
                                                    .on_eof = on_open,
                                                    .on_drained = on_open,
                                                    .on_failed = on_failed,
                                                    .on_closed = on_open};

static void tcp_pair(int fd[2])
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof a;
	int l = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(l >= 0);
	assert_int_equal(bind(l, (struct sockaddr *)&a, len), 0);
	assert_int_equal(listen(l, 1), 0);
	assert_int_equal(getsockname(l, (struct sockaddr *)&a, &len), 0);
	fd[1] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fd[1], (struct sockaddr *)&a, len), 0);
	fd[0] = accept4(l, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_true(fd[0] >= 0);
	close(l);
}

static void open_stream(bool is_unix)
{
	int fd[2];

	if (is_unix)
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	else
		tcp_pair(fd);
	peer = fd[1];
	assert_int_equal(fr_loop_new(on_open, NULL, &loop), 0);
	assert_int_equal(fr_transport_accept(loop, fd[0], is_unix, NULL, OUTPUT_BYTES, &handler,
	                                     NULL, &stream),
	                 0);
}

static int tear_down(void **state)
{
	(void)state;
	fr_transport_close(stream, true);
	fr_loop_stop(loop);
	fr_loop_run(loop);
	fr_loop_free(&loop);
	close(peer);
	return 0;
}

static void a_path_is_known_from_the_handshake_on(void **state)
{
	struct fr_path p = {0};

	(void)state;
	open_stream(false);
	assert_int_equal(fr_transport_path(stream, &p), 0);
	assert_true(p.rtt_us > 0 && p.rtt_us < 1000000);
	assert_true(p.min_rtt_us <= p.rtt_us);
	/* ten packets on any kernel since 2.6.39 */
	assert_true(p.cwnd_bytes >= 10 * 536);
	assert_int_equal(p.unsent_bytes, 0);
	assert_int_equal(p.in_flight_bytes, 0);
	assert_int_equal(p.delivery_rate_bytes_per_s, 0);
}

static void what_waits_in_our_buffers_is_unsent(void **state)
{
	struct fr_path p = {0};
	uint8_t *at;

	(void)state;
	open_stream(false);
	/* nobody reads: the socket takes a part */
	at = fr_buf_reserve(fr_transport_out(stream), OUTPUT_BYTES);
	assert_non_null(at);
	memset(at, 'x', OUTPUT_BYTES);
	fr_buf_commit(fr_transport_out(stream), OUTPUT_BYTES);
	fr_transport_flush(stream);
	assert_true(fr_transport_backlog(stream) > 0);
	assert_int_equal(fr_transport_path(stream, &p), 0);
	assert_true(p.unsent_bytes >= fr_transport_backlog(stream));
}

static void a_unix_socket_has_no_path(void **state)
{
	struct fr_path p = {.rtt_us = 77};

	(void)state;
	open_stream(true);
	assert_int_equal(fr_transport_path(stream, &p), FR_ERR_UNSUPPORTED);
	assert_int_equal(p.rtt_us, 77);
}

static void a_packet_that_is_to_be_filled_waits_for_the_push(void **state)
{
	char got[256];

	(void)state;
	open_stream(false);
	assert_int_equal(fr_buf_append(fr_transport_out(stream), "begun", 5), 0);
	fr_transport_flush_more(stream);
	assert_int_equal(fr_transport_backlog(stream), 0);
	assert_int_equal(recv(peer, got, sizeof got, MSG_DONTWAIT), -1);
	fr_transport_push(stream);
	assert_int_equal(recv(peer, got, sizeof got, 0), 5);
	/* the next flush does, too */
	assert_int_equal(fr_buf_append(fr_transport_out(stream), "be", 2), 0);
	fr_transport_flush_more(stream);
	assert_int_equal(fr_buf_append(fr_transport_out(stream), "gun", 3), 0);
	fr_transport_flush(stream);
	assert_int_equal(recv(peer, got, sizeof got, MSG_WAITALL | MSG_DONTWAIT), 5);
	assert_memory_equal(got, "begun", 5);
}

/* --- what a server said before it closed --- */

static int listener;

/* The request begins, and is answered before its end: what follows of it meets a reset. */
static void answer_and_close(void *user)
{
	char got[16];

	(void)user;
	peer = accept(listener, NULL, NULL);
	assert_true(peer >= 0);
	assert_int_equal(fr_buf_append(fr_transport_out(stream), "begun", 5), 0);
	fr_transport_flush(stream);
	assert_int_equal(recv(peer, got, 1, 0), 1);
	assert_int_equal(send(peer, "too large", 9, MSG_NOSIGNAL), 9);
	close(peer); /* with unread bytes */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(fr_buf_append(fr_transport_out(stream), "more", 4), 0);
		fr_transport_flush(stream);
		assert_int_equal(fr_transport_backlog(stream), 0);
	}
	assert_false(fr_transport_is_open(stream));
}

static void stop_loop(void *user)
{
	(void)user;
	fr_transport_close(stream, true);
	fr_loop_stop(loop);
}

static void stop_failed(void *user, int err)
{
	(void)err;
	stop_loop(user);
}

static void an_answer_is_read_although_writing_fails(void **state)
{
	static const struct fr_transport_handler connecting = {.on_open = answer_and_close,
	                                                       .on_data = on_data,
	                                                       .on_eof = stop_loop,
	                                                       .on_drained = on_open,
	                                                       .on_failed = stop_failed,
	                                                       .on_closed = on_open};
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof a;

	(void)state;
	listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&a, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&a, &len), 0);
	said[0] = '\0';
	assert_int_equal(fr_loop_new(on_open, NULL, &loop), 0);
	stream = fr_transport_connect(loop, (struct sockaddr *)&a, NULL, "", OUTPUT_BYTES,
	                              &connecting, NULL);
	fr_loop_run(loop);
	assert_string_equal(said, "too large");
	close(listener);
	fr_loop_free(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_read_although_writing_fails),
		cmocka_unit_test_teardown(a_path_is_known_from_the_handshake_on, tear_down),
		cmocka_unit_test_teardown(what_waits_in_our_buffers_is_unsent, tear_down),
		cmocka_unit_test_teardown(a_unix_socket_has_no_path, tear_down),
		cmocka_unit_test_teardown(a_packet_that_is_to_be_filled_waits_for_the_push,
	                                  tear_down),
	};

	RUN(tests);
}
