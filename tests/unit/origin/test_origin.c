/* An origin's addresses: what happens when all of them refuse. The look-up of names
 * is ours here (it stands before libc's). */
#include "origin/origin.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <unistd.h>

#include "origin/fetch.h"
#include "unit.h"

#define HOST "moving.test"

static const char *answers[4]; /* addresses, one for each look-up; the last one stays */
static int lookups;
static uint16_t port;

/* On a thread of libuv's, one at a time; the loop's thread looks only when it ended. */
int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **out)
{
	struct sockaddr_in *in = calloc(1, sizeof *in);
	struct addrinfo *a = calloc(1, sizeof *a);
	const char *address = answers[lookups];

	(void)service;
	(void)hints;
	assert_string_equal(host, HOST);
	if (lookups + 1 < 4 && answers[lookups + 1])
		lookups++;
	in->sin_family = AF_INET;
	in->sin_port = htons(port);
	assert_int_equal(inet_pton(AF_INET, address, &in->sin_addr), 1);
	a->ai_family = AF_INET;
	a->ai_addr = (struct sockaddr *)in;
	a->ai_addrlen = sizeof *in;
	*out = a;
	return 0;
}

void freeaddrinfo(struct addrinfo *a)
{
	while (a) {
		struct addrinfo *next = a->ai_next;

		free(a->ai_addr);
		free(a);
		a = next;
	}
}

static struct fr_loop *loop;
static struct fr_origin *origin;
static struct fr_config_origin config;
static struct fr_counters counters;
static struct fr_origin_stats stats;
static struct fr_arena arena;
static struct fr_request req;
static struct fr_response resp;
static struct fr_fetch *fetch;
static struct fr_timer later;
static struct fr_asker asker;
static int listener = -1, ended, failed;
static enum fr_fetch_error error;

static void on_wake(void *user)
{
	(void)user;
}

static void finish(void)
{
	fetch = NULL;
	fr_origin_close(&origin);
	fr_loop_timer_stop(loop, &later);
	if (listener >= 0)
		close(listener);
	listener = -1;
	fr_loop_stop(loop);
}

static void nothing(void *user)
{
	(void)user;
}

static void on_informational(void *user, const struct fr_response *r)
{
	(void)user;
	(void)r;
}

static void on_body(void *user, const uint8_t *data, size_t len)
{
	(void)user;
	(void)data;
	(void)len;
}

static void on_end(void *user, const struct fr_fields *trailers)
{
	(void)user;
	(void)trailers;
	ended++;
	finish();
}

static void on_failed(void *user, enum fr_fetch_error e)
{
	(void)user;
	failed++;
	error = e;
	finish();
}

/* A connection arrived at our listener. */
static void answer(struct fr_timer *t, void *user)
{
	static const char text[] = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
	int fd = accept(listener, NULL, NULL);

	(void)user;
	if (fd < 0) {
		fr_loop_timer_set(loop, t, 1);
		return;
	}
	assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
	close(fd);
}

static const struct fr_fetch_handler handler = {.on_informational = on_informational,
                                                .on_head = nothing,
                                                .on_body = on_body,
                                                .on_end = on_end,
                                                .on_failed = on_failed,
                                                .on_can_write = nothing};

/* Listens on an address, and takes that port for all. */
static void listen_on(const char *address)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	socklen_t len = sizeof in;

	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(inet_pton(AF_INET, address, &in.sin_addr), 1);
	assert_int_equal(bind(listener, (struct sockaddr *)&in, sizeof in), 0);
	assert_int_equal(listen(listener, 4), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&in, &len), 0);
	port = ntohs(in.sin_port);
}

static int set_up(void **state)
{
	struct fr_origin_limits limits = {.response_fields_bytes = 65536,
	                                  .response_fields_count = 64,
	                                  .output_bytes = 262144,
	                                  .tunnel_ms = 1000,
	                                  .stats = &stats};

	(void)state;
	memset(answers, 0, sizeof answers);
	lookups = ended = failed = 0;
	listen_on("127.0.0.2");
	assert_int_equal(fr_loop_new(on_wake, NULL, &loop), 0);
	config = (struct fr_config_origin){.url = (char *)(uintptr_t) "http://" HOST,
	                                   .host = (char *)(uintptr_t)HOST,
	                                   .port = port,
	                                   .connect_timeout_ms = 20000,
	                                   .first_byte_timeout_ms = 20000,
	                                   .idle_timeout_ms = 20000,
	                                   .max_connections = 1,
	                                   .max_waiting = 8};
	origin = fr_origin_new(loop, &config, NULL, &limits, &counters);
	fr_arena_init(&arena, 1u << 20);
	fr_request_init(&req, &arena);
	req.method = FR_METHOD_GET;
	req.method_text = S("GET");
	req.scheme = S("http");
	req.authority = S(HOST);
	req.target = S("/");
	fr_response_init(&resp, &arena, 0);
	fr_timer_init(&later, answer, NULL);
	fr_loop_timer_set(loop, &later, 1);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fr_arena_fini(&arena);
	fr_loop_free(&loop);
	return 0;
}

static void run(void)
{
	fetch = fr_fetch_start(origin, &req, &asker, &arena, &resp, &handler, NULL);
	fr_loop_run(loop);
}

/* Nobody listens on 127.0.0.1 at the port that the kernel gave on 127.0.0.2; should
 * somebody do so by chance, the fetch fails otherwise than expected. */
static void when_all_addresses_refuse_the_name_is_looked_up_again(void **state)
{
	(void)state;
	answers[0] = "127.0.0.1"; /* where it was */
	answers[1] = "127.0.0.2"; /* where it moved to */
	run();
	assert_int_equal(ended, 1);
	assert_int_equal(failed, 0);
	assert_int_equal(resp.status, 204);
	assert_int_equal(lookups, 1);
}

static void a_name_that_did_not_move_fails_after_one_more_look_up(void **state)
{
	(void)state;
	answers[0] = answers[1] = answers[2] = "127.0.0.1";
	run();
	assert_int_equal(ended, 0);
	assert_int_equal(failed, 1);
	assert_int_equal(error, FR_FETCH_CONNECT);
	assert_true(lookups <= 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(when_all_addresses_refuse_the_name_is_looked_up_again),
		TEST(a_name_that_did_not_move_fails_after_one_more_look_up),
	};

	RUN(tests);
}
