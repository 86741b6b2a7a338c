/* One listening socket of one worker: client/listener.c. */
#include "client/listener.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "one_worker.h"

#define CONFIG "cache: {memory: 1MiB}\n" ONE_SITE

static const struct fr_config_listener text = {.text = (char *)(uintptr_t) "test"};
static const struct fr_config_listener other = {.text = (char *)(uintptr_t) "other"};

struct fixture {
	struct one_worker *worker;
	struct fr_listener *listener;
	struct sockaddr_un un;
};

static int begin(void **state)
{
	static int number;
	struct fixture *f = fr_calloc(1, sizeof *f);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	/* an abstract name: no file is left */
	f->un.sun_family = AF_UNIX;
	(void)snprintf(f->un.sun_path + 1, sizeof f->un.sun_path - 1, "forerun-test-%d-%d",
	               (int)getpid(), number++);
	assert_int_equal(bind(fd, (struct sockaddr *)&f->un, sizeof f->un), 0);
	assert_int_equal(listen(fd, 128), 0);
	f->worker = worker_new(CONFIG);
	f->listener = fr_listener_new(worker_clients(f->worker), fd, &text);
	assert_non_null(f->listener);
	*state = f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;

	worker_free(&f->worker);
	free(f);
	return 0;
}

static int connect_to(struct fixture *f)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (connect(fd, (struct sockaddr *)&f->un, sizeof f->un) == 0)
		return fd;
	close(fd);
	return -1;
}

static void connections_become_clients(void **state)
{
	struct fixture *f = *state;
	int a = connect_to(f), b = connect_to(f);

	worker_turn(f->worker);
	assert_int_equal(worker_count(f->worker, FR_COUNT_CONNECTIONS_OPEN), 2);
	close(a);
	close(b);
	worker_turn(f->worker);
	assert_int_equal(worker_count(f->worker, FR_COUNT_CONNECTIONS_OPEN), 0);
	assert_int_equal(worker_count(f->worker, FR_COUNT_CONNECTIONS), 2);
}

static void what_waits_is_accepted_before_the_socket_closes(void **state)
{
	struct fixture *f = *state;
	int a = connect_to(f), b = connect_to(f);

	fr_listener_close(f->listener);
	assert_int_equal(worker_count(f->worker, FR_COUNT_CONNECTIONS_OPEN), 2);
	worker_turn(f->worker);
	assert_int_equal(connect_to(f), -1);
	assert_int_equal(worker_count(f->worker, FR_COUNT_CONNECTIONS_OPEN), 2);
	close(a);
	close(b);
}

static void a_listener_knows_where_it_listens(void **state)
{
	const struct fr_config_listener same = text, with_tls = {.text = text.text, .tls = true};
	struct fixture *f = *state;

	assert_true(fr_listener_is(f->listener, &same));
	assert_false(fr_listener_is(f->listener, &other));
	assert_false(fr_listener_is(f->listener, &with_tls));
	assert_false(fr_listener_is_admin(f->listener));
}

static void a_reload_gives_it_another_configuration(void **state)
{
	struct fixture *f = *state;

	fr_listener_set_config(f->listener, &other);
	assert_true(fr_listener_is(f->listener, &other));
	assert_false(fr_listener_is(f->listener, &text));
}

static void a_worker_has_its_listeners_in_a_list(void **state)
{
	struct fixture *f = *state;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct fr_listener *second;

	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(sa_family_t)), 0);
	assert_int_equal(listen(fd, 1), 0);
	second = fr_listener_new(worker_clients(f->worker), fd, &other);
	assert_ptr_equal(fr_listener_next(second), f->listener);
	assert_null(fr_listener_next(f->listener));
	fr_listener_close(f->listener);
	assert_null(fr_listener_next(second));
}

static void a_reload_closes_listeners_that_are_no_longer_configured(void **state)
{
	struct fixture *f = *state;

	worker_reload(f->worker, CONFIG);
	worker_turn(f->worker);
	assert_int_equal(connect_to(f), -1);
}

static void without_descriptors_it_waits_and_goes_on(void **state)
{
	struct fixture *f = *state;
	struct rlimit was, none;
	int a = connect_to(f), lowest;

	assert_true(a >= 0);
	fr_log_set_level(FR_LOG_ERROR);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	lowest = dup(a);
	close(lowest);
	none = (struct rlimit){.rlim_cur = (rlim_t)lowest, .rlim_max = was.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	worker_turn(f->worker);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	assert_int_equal(worker_count(f->worker, FR_COUNT_CONNECTIONS_OPEN), 0);
	worker_turn(f->worker);
	assert_int_equal(worker_count(f->worker, FR_COUNT_CONNECTIONS_OPEN), 0);
	worker_advance(f->worker, 200);
	assert_int_equal(worker_count(f->worker, FR_COUNT_CONNECTIONS_OPEN), 1);
	close(a);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(connections_become_clients),
		T(what_waits_is_accepted_before_the_socket_closes),
		T(a_listener_knows_where_it_listens),
		T(a_reload_gives_it_another_configuration),
		T(a_worker_has_its_listeners_in_a_list),
		T(a_reload_closes_listeners_that_are_no_longer_configured),
		T(without_descriptors_it_waits_and_goes_on),
	};
	RUN(tests);
}
