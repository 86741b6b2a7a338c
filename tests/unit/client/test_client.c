/* What is the same for clients of all protocols: admission, the choice of the protocol, time
 * limits, the end: client/client.c. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fake_client.h"

#define CONFIG                                                                                     \
	"timeouts: {request_fields: 5s, drain: 30s}\n"                                             \
	"limits: {connections: 3, connections_per_address: 2}\n"                                   \
	"cache: {memory: 1MiB}\n" ONE_SITE

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

static int connect_from(struct fixture *f, unsigned number)
{
	int fd;

	(void)worker_accept(f->worker, number, false, &fd);
	worker_turn(f->worker);
	return fd;
}

static void say(struct fixture *f, int fd, const char *bytes, size_t len)
{
	assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), (ssize_t)len);
	worker_turn(f->worker);
}

static bool is_closed(struct fixture *f, int fd)
{
	char c[4096];
	ssize_t n;

	worker_turn(f->worker);
	while ((n = recv(fd, c, sizeof c, MSG_DONTWAIT)) > 0)
		;
	return n == 0 || errno != EAGAIN;
}

static void the_first_bytes_tell_http_2_from_http_1(void **state)
{
	struct fixture *f = *state;
	int h2 = connect_from(f, 2), h1 = connect_from(f, 3);

	/* "PRI " could be a method of HTTP/1 for long */
	for (size_t i = 0; i + 1 < sizeof PREFACE; i++)
		say(f, h2, &PREFACE[i], 1);
	assert_int_equal(worker_count(f->worker, FR_COUNT_CONNECTIONS_H2), 1);
	say(f, h1, "PRIVATE /x HTTP/1.1\r\nHost: a.test\r\n\r\n", 37);
	assert_int_equal(worker_count(f->worker, FR_COUNT_CONNECTIONS_H2), 1);
	assert_int_equal(worker_count(f->worker, FR_COUNT_REQUESTS), 1);
	close(h1);
	close(h2);
}

static void connections_past_the_limit_are_closed(void **state)
{
	struct fixture *f = *state;
	int a = connect_from(f, 2), b = connect_from(f, 3), c = connect_from(f, 4);

	assert_false(is_closed(f, a));
	assert_false(is_closed(f, b));
	assert_true(is_closed(f, c));
	assert_int_equal(worker_count(f->worker, FR_COUNT_LIMIT_CONNECTIONS), 1);
	close(a);
	worker_turn(f->worker);
	close(c);
	c = connect_from(f, 4);
	assert_false(is_closed(f, c));
	close(b);
	close(c);
}

static void one_address_has_its_share(void **state)
{
	struct fixture *f = *state;
	int a = connect_from(f, 1), b = connect_from(f, 1);

	/* the fixture's client is the first of that address */
	assert_false(is_closed(f, a));
	assert_true(is_closed(f, b));
	assert_int_equal(worker_count(f->worker, FR_COUNT_LIMIT_CONNECTIONS_ADDRESS), 1);
	close(a);
	close(b);
}

static void who_says_nothing_is_not_waited_for(void **state)
{
	struct fixture *f = *state;
	int fd = connect_from(f, 2);

	worker_advance(f->worker, 4900);
	assert_false(is_closed(f, fd));
	worker_advance(f->worker, 200);
	assert_true(is_closed(f, fd));
	assert_int_equal(worker_count(f->worker, FR_COUNT_TIMEOUT_REQUEST_FIELDS), 1);
	close(fd);
}

static void a_drain_closes_who_has_said_nothing(void **state)
{
	struct fixture *f = *state;
	int fd = connect_from(f, 2);

	worker_advance(f->worker, 1100);
	worker_drain(f->worker);
	assert_true(is_closed(f, fd));
	assert_true(fake_client_is_drained(f->client));
	close(fd);
}

static void a_drain_waits_a_second_for_a_first_request(void **state)
{
	struct fixture *f = *state;
	int fd = connect_from(f, 2);

	worker_advance(f->worker, 300);
	worker_drain(f->worker);
	worker_advance(f->worker, 600);
	assert_false(is_closed(f, fd));
	worker_advance(f->worker, 200);
	assert_true(is_closed(f, fd));
	close(fd);
}

static void a_first_request_is_answered_while_draining(void **state)
{
	struct fixture *f = *state;
	static const char request[] = "GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n";
	int fd = connect_from(f, 2);
	char got[4096];
	ssize_t n;

	worker_drain(f->worker);
	say(f, fd, request, sizeof request - 1);
	origin_answer(f->worker, "/x", "200 OK", "", "hello");
	worker_turn(f->worker);
	n = recv(fd, got, sizeof got - 1, MSG_DONTWAIT);
	assert_true(n > 0);
	got[n] = '\0';
	assert_non_null(strcasestr(got, "\r\nconnection: close\r\n"));
	assert_true(is_closed(f, fd));
	close(fd);
}

static void a_connection_goes_when_its_last_exchange_has_gone(void **state)
{
	struct fixture *f = *state;

	(void)fake_get(f->client, "https://a.test/1", "");
	(void)fake_get(f->client, "https://a.test/2", "");
	assert_int_equal(worker_count(f->worker, FR_COUNT_EXCHANGES_OPEN), 2);
	fake_client_free(f->client);
	assert_int_equal(worker_count(f->worker, FR_COUNT_EXCHANGES_OPEN), 0);
	assert_int_equal(worker_count(f->worker, FR_COUNT_CONNECTIONS_OPEN), 0);
}

static void a_drain_does_not_last_for_ever(void **state)
{
	struct fixture *f = *state;

	(void)fake_get(f->client, "https://a.test/1", "");
	worker_drain(f->worker);
	worker_advance(f->worker, 29000);
	assert_int_equal(worker_count(f->worker, FR_COUNT_CONNECTIONS_OPEN), 1);
	worker_advance(f->worker, 1500);
	assert_int_equal(worker_count(f->worker, FR_COUNT_CONNECTIONS_OPEN), 0);
	assert_int_equal(worker_count(f->worker, FR_COUNT_TIMEOUT_DRAIN), 1);
}

FIXTURE(CONFIG, FAKE_H2)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_bytes_tell_http_2_from_http_1),
		TEST(connections_past_the_limit_are_closed),
		TEST(one_address_has_its_share),
		TEST(who_says_nothing_is_not_waited_for),
		TEST(a_drain_closes_who_has_said_nothing),
		TEST(a_drain_waits_a_second_for_a_first_request),
		TEST(a_first_request_is_answered_while_draining),
		TEST(a_connection_goes_when_its_last_exchange_has_gone),
		TEST(a_drain_does_not_last_for_ever),
	};
	RUN(tests);
}
