/* A whole server with threads and sockets of its own: server/server.c. */
#include "server/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "unit.h"

static const char head[] = "log: {level: error}\nworkers: 2\nadmin: {listen: none}\n"
			   "hint_memory: {file: none}\ncache: {memory: 1MiB}\n"
			   "sites: [{hosts: [a.test], origin: {url: 'http://127.0.0.1:1'}}]\n";

static struct fr_server *server;

static struct fr_config *config_with(const char *listeners)
{
	struct fr_config_problem why;
	struct fr_config *config = NULL;
	char text[1024];
	int n = snprintf(text, sizeof text, "%slisten: [%s]\n", head, listeners);

	if (fr_config_parse("test", text, (size_t)n, &config, &why) < 0)
		fail_msg("%s", why.text);
	return config;
}

static int set_up(void **state)
{
	struct fr_config *config = config_with("{address: '127.0.0.1:0', tls: false}");
	struct fr_config_problem why;

	(void)state;
	fr_log_set_level(FR_LOG_ERROR);
	if (fr_server_start(config, NULL, &server, &why) < 0)
		fail_msg("%s", why.text);
	fr_config_unref(&config);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	if (!server)
		return 0;
	fr_server_stop(server);
	assert_int_equal(fr_server_join(&server), 0);
	assert_null(server);
	return 0;
}

static int connect_to(uint16_t port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(inet_pton(AF_INET, "127.0.0.1", &in.sin_addr), 1);
	if (connect(fd, (struct sockaddr *)&in, sizeof in) == 0)
		return fd;
	close(fd);
	return -1;
}

/* A worker closes a socket at the end of the turn in which it was told so: shortly after the
 * reload. */
static bool is_refused(uint16_t port)
{
	for (int i = 0; i < 5000; i++) {
		int fd = connect_to(port);

		if (fd < 0)
			return true;
		close(fd);
		(void)poll(NULL, 0, 1);
	}
	return false;
}

/* The status of a GET; the origin is not there. */
static int status_of(int fd)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";
	char answer[4096] = "";
	int status = 0;

	assert_int_equal(send(fd, request, sizeof request - 1, MSG_NOSIGNAL), sizeof request - 1);
	assert_true(recv(fd, answer, sizeof answer - 1, 0) > 0);
	assert_int_equal(sscanf(answer, "HTTP/1.1 %d", &status), 1);
	return status;
}

static void a_started_server_answers_on_the_port_it_tells(void **state)
{
	int fd;

	(void)state;
	assert_int_not_equal(fr_server_port(server, 0), 0);
	fd = connect_to(fr_server_port(server, 0));
	assert_true(fd >= 0);
	assert_int_equal(status_of(fd), 502);
	close(fd);
}

static void a_reload_opens_new_listeners_and_closes_old_ones(void **state)
{
	struct fr_config *config = config_with("{address: '127.0.0.2:0', tls: false}");
	uint16_t old = fr_server_port(server, 0);
	struct fr_config_problem why;
	int before = connect_to(old);

	(void)state;
	assert_int_equal(fr_server_reload(server, config, NULL, &why), 0);
	fr_config_unref(&config);
	assert_true(is_refused(old));
	/* connections stay */
	assert_int_equal(status_of(before), 502);
	close(before);
}

static void a_listener_that_stays_keeps_its_port(void **state)
{
	struct fr_config *config = config_with("{address: '127.0.0.1:0', tls: false}");
	uint16_t port = fr_server_port(server, 0);
	struct fr_config_problem why;
	int fd;

	(void)state;
	assert_int_equal(fr_server_reload(server, config, NULL, &why), 0);
	fr_config_unref(&config);
	assert_int_equal(fr_server_port(server, 0), port);
	fd = connect_to(port);
	assert_true(fd >= 0);
	close(fd);
}

static void a_reload_that_fails_changes_nothing(void **state)
{
	struct fr_config *config = config_with("{address: '192.0.2.1:0', tls: false}");
	uint16_t port = fr_server_port(server, 0);
	struct fr_config_problem why;
	int fd;

	(void)state;
	assert_int_equal(fr_server_reload(server, config, NULL, &why), FR_ERR_IO);
	fr_config_unref(&config);
	assert_non_null(strstr(why.text, "192.0.2.1"));
	fd = connect_to(port);
	assert_int_equal(status_of(fd), 502);
	close(fd);
}

static void a_port_that_is_taken_keeps_a_server_from_starting(void **state)
{
	struct fr_config *config;
	struct fr_config_problem why;
	struct fr_server *second = NULL;
	char listener[64];

	(void)state;
	(void)snprintf(listener, sizeof listener, "{address: '127.0.0.1:%u', tls: false}",
	               fr_server_port(server, 0));
	config = config_with(listener);
	assert_int_equal(fr_server_start(config, NULL, &second, &why), FR_ERR_IO);
	assert_null(second);
	fr_config_unref(&config);
}

static void a_stopped_server_tells_when_its_drain_has_ended(void **state)
{
	struct pollfd p = {.fd = fr_server_done_fd(server), .events = POLLIN};

	(void)state;
	assert_int_equal(poll(&p, 1, 0), 0);
	fr_server_stop(server);
	assert_int_equal(poll(&p, 1, 10000), 1);
	assert_int_equal(fr_server_join(&server), 0);
}

static void workers_are_as_many_as_configured(void **state)
{
	struct fr_config *config = config_with("{address: '127.0.0.1:0', tls: false}");

	(void)state;
	assert_int_equal(fr_server_count_workers(config), 2);
	fr_config_unref(&config);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_started_server_answers_on_the_port_it_tells),
		T(a_reload_opens_new_listeners_and_closes_old_ones),
		T(a_listener_that_stays_keeps_its_port),
		T(a_reload_that_fails_changes_nothing),
		T(a_port_that_is_taken_keeps_a_server_from_starting),
		T(a_stopped_server_tells_when_its_drain_has_ended),
		T(workers_are_as_many_as_configured),
	};
	RUN(tests);
}
