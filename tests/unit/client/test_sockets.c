/* Listening sockets, of our own and of a parent process: client/sockets.c. */
#include "client/sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "unit.h"

#define N 3

static char folder[64], path[96];

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof folder, "/tmp/forerun-sockets-XXXXXX");
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof path, "%s/s", folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)unlink(path);
	assert_int_equal(rmdir(folder), 0);
	return 0;
}

static struct fr_config_listener inet_at(const char *host)
{
	return (struct fr_config_listener){.text = (char *)(uintptr_t)host,
	                                   .kind = FR_ADDRESS_INET,
	                                   .host = (char *)(uintptr_t)host};
}

static struct fr_config_listener unix_at(bool is_admin)
{
	return (struct fr_config_listener){
		.text = path, .kind = FR_ADDRESS_UNIX, .path = path, .is_admin = is_admin};
}

static void close_all(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(close(fds[i]), 0);
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in in = {0};
	socklen_t len = sizeof in;

	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	return ntohs(in.sin_port);
}

static bool is_blocking(int fd)
{
	return !(fcntl(fd, F_GETFL) & O_NONBLOCK);
}

static int connect_unix(void)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(un.sun_path, path, strlen(path));
	if (connect(fd, (struct sockaddr *)&un, sizeof un) == 0)
		return fd;
	close(fd);
	return -1;
}

static void each_worker_has_a_socket_on_the_same_port(void **state)
{
	struct fr_config_listener l = inet_at("127.0.0.1");
	struct fr_config_problem why;
	uint16_t port = 0;
	int fds[N];

	(void)state;
	assert_int_equal(fr_sockets_open(&l, fds, N, &port, &why), 0);
	assert_int_not_equal(port, 0);
	for (size_t i = 0; i < N; i++) {
		assert_int_equal(port_of(fds[i]), port);
		assert_false(is_blocking(fds[i]));
		assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
	}
	close_all(fds, N);
}

static void a_port_that_another_server_has_is_not_shared_with_it(void **state)
{
	struct fr_config_listener l = inet_at("127.0.0.1");
	struct fr_config_problem why;
	uint16_t port = 0;
	int fds[N], others[N];

	(void)state;
	assert_int_equal(fr_sockets_open(&l, fds, N, &port, &why), 0);
	assert_int_equal(fr_sockets_open(&l, others, N, &port, &why), FR_ERR_IO);
	assert_non_null(strstr(why.text, "127.0.0.1"));
	assert_non_null(strstr(why.text, "is another server running there?"));
	close_all(fds, N);
	assert_int_equal(fr_sockets_open(&l, fds, N, &port, &why), 0);
	close_all(fds, N);
}

static void an_address_that_is_none_is_told(void **state)
{
	struct fr_config_listener l = inet_at("localhost");
	struct fr_config_problem why;
	uint16_t port = 0;
	int fds[N];

	(void)state;
	assert_int_equal(fr_sockets_open(&l, fds, N, &port, &why), FR_ERR_IO);
	assert_non_null(strstr(why.text, "cannot listen on localhost"));
}

static void an_address_of_another_machine_is_told(void **state)
{
	struct fr_config_listener l = inet_at("192.0.2.1");
	struct fr_config_problem why;
	uint16_t port = 0;
	int fds[N];

	(void)state;
	assert_int_equal(fr_sockets_open(&l, fds, N, &port, &why), FR_ERR_IO);
}

static void workers_share_a_unix_socket(void **state)
{
	struct fr_config_listener l = unix_at(false);
	struct fr_config_problem why;
	uint16_t port = 0;
	int fds[N], fd, taken;

	(void)state;
	assert_int_equal(fr_sockets_open(&l, fds, N, &port, &why), 0);
	fd = connect_unix();
	assert_true(fd >= 0);
	taken = accept(fds[N - 1], NULL, NULL);
	assert_true(taken >= 0);
	close(taken);
	close(fd);
	close_all(fds, N);
}

static void a_socket_file_of_an_earlier_run_is_replaced(void **state)
{
	struct fr_config_listener l = unix_at(false);
	struct fr_config_problem why;
	uint16_t port = 0;
	int fds[N];

	(void)state;
	assert_int_equal(fr_sockets_open(&l, fds, N, &port, &why), 0);
	close_all(fds, N);
	assert_int_equal(fr_sockets_open(&l, fds, N, &port, &why), 0);
	close_all(fds, N);
}

static void a_socket_file_that_somebody_answers_on_is_left_alone(void **state)
{
	struct fr_config_listener l = unix_at(false);
	struct fr_config_problem why;
	uint16_t port = 0;
	int fds[N], others[N], fd;

	(void)state;
	assert_int_equal(fr_sockets_open(&l, fds, N, &port, &why), 0);
	assert_int_equal(fr_sockets_open(&l, others, N, &port, &why), FR_ERR_IO);
	fd = connect_unix();
	assert_true(fd >= 0);
	close(fd);
	close_all(fds, N);
}

static void a_file_that_is_no_socket_is_left_alone(void **state)
{
	struct fr_config_listener l = unix_at(false);
	struct fr_config_problem why;
	uint16_t port = 0;
	struct stat st;
	int fds[N], fd = open(path, O_CREAT | O_WRONLY, 0600);

	(void)state;
	close(fd);
	assert_int_equal(fr_sockets_open(&l, fds, N, &port, &why), FR_ERR_IO);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
}

static void the_admin_socket_is_for_its_owner_alone(void **state)
{
	struct fr_config_listener l = unix_at(true);
	struct fr_config_problem why;
	uint16_t port = 0;
	struct stat st;
	int fds[N];

	(void)state;
	assert_int_equal(fr_sockets_open(&l, fds, N, &port, &why), 0);
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	close_all(fds, N);
}

static void a_path_that_is_too_long_is_told(void **state)
{
	char longer[200];
	struct fr_config_listener l = {.text = longer, .kind = FR_ADDRESS_UNIX, .path = longer};
	struct fr_config_problem why;
	uint16_t port = 0;
	int fds[N];

	(void)state;
	memset(longer, 'x', sizeof longer - 1);
	longer[0] = '/';
	longer[sizeof longer - 1] = '\0';
	assert_int_equal(fr_sockets_open(&l, fds, N, &port, &why), FR_ERR_IO);
}

/* --- of a parent process --- */

static int any_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void sockets_of_the_parent_are_taken_by_their_listener(void **state)
{
	struct fr_config_listener l = inet_at("127.0.0.1");
	struct fr_config_problem why;
	struct fr_sockets s;
	uint16_t port = 0;
	int first, fds[2];

	(void)state;
	fr_sockets_init(&s, 2, 2);
	first = any_socket();
	assert_int_equal(fr_sockets_put(&s, 1, first), 0);
	assert_int_equal(fr_sockets_put(&s, 1, any_socket()), 0);
	assert_int_equal(fr_sockets_take(&s, 1, &l, fds, &port, &why), 0);
	assert_int_equal(fds[0], first);
	assert_int_equal(port_of(fds[1]), port);
	close_all(fds, 2);
	/* nothing is taken twice */
	assert_int_equal(fr_sockets_take(&s, 1, &l, fds, &port, &why), FR_ERR_IO);
	fr_sockets_fini(&s);
}

static void a_listener_without_all_of_its_sockets_is_told(void **state)
{
	struct fr_config_listener l = inet_at("127.0.0.1");
	struct fr_config_problem why;
	struct fr_sockets s;
	uint16_t port = 0;
	int fds[2];

	(void)state;
	fr_sockets_init(&s, 1, 2);
	assert_int_equal(fr_sockets_put(&s, 0, any_socket()), 0);
	assert_int_equal(fr_sockets_take(&s, 0, &l, fds, &port, &why), FR_ERR_IO);
	assert_non_null(strstr(why.text, "the parent process has no socket for it"));
	assert_int_equal(fr_sockets_take(&s, 7, &l, fds, &port, &why), FR_ERR_IO);
	fr_sockets_fini(&s);
}

static void sockets_that_nobody_asked_for_are_closed(void **state)
{
	struct fr_sockets s;
	int surplus, untaken;

	(void)state;
	fr_sockets_init(&s, 1, 1);
	untaken = any_socket();
	surplus = any_socket();
	assert_int_equal(fr_sockets_put(&s, 0, untaken), 0);
	assert_int_equal(fr_sockets_put(&s, 0, surplus), FR_ERR_INVALID);
	assert_int_equal(fcntl(surplus, F_GETFD), -1);
	assert_true(fcntl(untaken, F_GETFD) >= 0);
	fr_sockets_fini(&s);
	assert_int_equal(fcntl(untaken, F_GETFD), -1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_worker_has_a_socket_on_the_same_port),
		T(a_port_that_another_server_has_is_not_shared_with_it),
		T(an_address_that_is_none_is_told),
		T(an_address_of_another_machine_is_told),
		T(workers_share_a_unix_socket),
		T(a_socket_file_of_an_earlier_run_is_replaced),
		T(a_socket_file_that_somebody_answers_on_is_left_alone),
		T(a_file_that_is_no_socket_is_left_alone),
		T(the_admin_socket_is_for_its_owner_alone),
		T(a_path_that_is_too_long_is_told),
		T(sockets_of_the_parent_are_taken_by_their_listener),
		T(a_listener_without_all_of_its_sockets_is_told),
		T(sockets_that_nobody_asked_for_are_closed),
	};
	RUN(tests);
}
