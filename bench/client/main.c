/* See client.h. Prints one JSON object; exit code 0: everything was answered as
 * it should be, 1: not (its "error" says what), 2: wrong arguments. */
#include "client.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define EVENTS 256
#define WAIT_MS 1000

static const char USAGE[] =
	"usage: bench_client MODE --port N [--connections N] [--total N] [--push] [--resume] "
	"[--cookies] OBJECT...\n"
	"\n"
	"  pages       OBJECTs one group after the other, then the next connection, --total times\n"
	"  handshakes  connections until the server's SETTINGS, --total of them\n"
	"  idle        the first OBJECT on each of --total connections, which are held until a "
	"line comes on stdin\n"
	"\n"
	"  OBJECT      PATH=BYTES; with a + before it, a page: what follows is asked for when it "
	"is there\n";

void fr_bench_fail(struct fr_bench *b, const char *format, ...)
{
	va_list args;
	if (b->error[0])
		return;
	va_start(args, format);
	vsnprintf(b->error, sizeof(b->error), format, args);
	va_end(args);
	for (char *p = b->error; *p; p++) /* it becomes a JSON string */
		if (*p == '"' || *p == '\\' || (unsigned char)*p < ' ' || (unsigned char)*p > '~')
			*p = '?';
}

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Connections that ended make room for the next; an idle run opens some at a
 * time. The first of those that resume must have left a ticket before. */
static void open_more(struct fr_bench *b)
{
	const struct fr_bench_options *o = b->options;
	unsigned idle_room = o->mode == FR_BENCH_IDLE ? FR_BENCH_OPENING : o->connections;
	for (unsigned i = 0; i < o->connections && b->started < o->total && !b->error[0]; i++) {
		struct fr_bench_conn *c = &b->conns[i];
		if (o->resume && b->started && !b->session)
			return;
		if (o->mode == FR_BENCH_IDLE && b->opening >= idle_room)
			return;
		if (c->state == FR_BENCH_CLOSED)
			fr_bench_conn_open(c);
	}
}

static void one_turn(struct fr_bench *b)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(b->epoll, events, EVENTS, WAIT_MS);
	for (int i = 0; i < n && !b->error[0]; i++) {
		struct fr_bench_conn *c = events[i].data.ptr;
		if (!c || c->state == FR_BENCH_CLOSED)
			continue;
		fr_bench_conn_on_event(c, events[i].events);
		b->finished += c->state == FR_BENCH_CLOSED;
	}
}

static void run(struct fr_bench *b, double *seconds)
{
	const struct fr_bench_options *o = b->options;
	double started = now_s();
	while (b->finished < o->total && !b->error[0] && b->holding < o->total) {
		open_more(b);
		one_turn(b);
		if (now_s() - started > FR_BENCH_SECONDS)
			fr_bench_fail(b, "%u of %u connections finished in %d s", b->finished,
			              o->total, FR_BENCH_SECONDS);
	}
	*seconds = now_s() - started;
	if (o->resume && !b->error[0] && b->resumed + 1 < o->total)
		fr_bench_fail(b, "%llu of %u connections resumed a session",
		              (unsigned long long)b->resumed, o->total - 1);
}

/* Until stdin says so; a connection that the server ends meanwhile is a
 * failure: what was to be measured was not there. */
static void hold(struct fr_bench *b)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL}, got;
	int set = epoll_create1(EPOLL_CLOEXEC);
	printf("holding %u\n", b->holding);
	fflush(stdout);
	if (set < 0 || epoll_ctl(set, EPOLL_CTL_ADD, STDIN_FILENO, &e) != 0)
		fr_bench_fail(b, "stdin cannot be waited for");
	while (!b->error[0] && epoll_wait(set, &got, 1, 0) == 0) {
		struct epoll_event events[EVENTS];
		int n = epoll_wait(b->epoll, events, EVENTS, 50);
		for (int i = 0; i < n && !b->error[0]; i++)
			fr_bench_conn_on_event(events[i].data.ptr, events[i].events);
	}
	if (set >= 0)
		close(set);
}

static int parse_object(struct fr_bench_options *o, char *text)
{
	char *equals = strrchr(text, '='), *end;
	if (o->object_count == FR_BENCH_OBJECTS || !equals)
		return -1;
	struct fr_bench_object *to = &o->objects[o->object_count++];
	to->page = text[0] == '+';
	*equals = '\0';
	to->path = text + to->page;
	to->bytes = strtoull(equals + 1, &end, 10);
	return to->path[0] == '/' && equals[1] && !*end ? 0 : -1;
}

static int parse_mode(struct fr_bench_options *o, const char *text)
{
	static const char *const names[] = {"pages", "handshakes", "idle"};
	for (unsigned i = 0; text && i < 3; i++) {
		if (strcmp(text, names[i]) == 0) {
			o->mode = (enum fr_bench_mode)i;
			return 0;
		}
	}
	return -1;
}

static int parse(struct fr_bench_options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{"port", 1, NULL, 'p'}, {"connections", 1, NULL, 'c'}, {"total", 1, NULL, 'n'},
		{"push", 0, NULL, 'P'}, {"resume", 0, NULL, 'r'},      {"cookies", 0, NULL, 'k'},
		{NULL, 0, NULL, 0}};
	int option;
	*o = (struct fr_bench_options){.connections = 1, .total = 1};
	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		unsigned long n = optarg ? strtoul(optarg, NULL, 10) : 0;
		switch (option) {
		case 'p':
			o->port = (uint16_t)n;
			break;
		case 'c':
			o->connections = (unsigned)n;
			break;
		case 'n':
			o->total = (unsigned)n;
			break;
		case 'P':
			o->push = true;
			break;
		case 'r':
			o->resume = true;
			break;
		case 'k':
			o->cookies = true;
			break;
		default:
			return -1;
		}
	}
	if (parse_mode(o, argv[optind]) != 0 || !o->port || !o->connections || !o->total)
		return -1;
	for (int i = optind + 1; i < argc; i++)
		if (parse_object(o, argv[i]) != 0)
			return -1;
	if (o->mode == FR_BENCH_IDLE)
		o->connections = o->total;
	if (o->connections > o->total)
		o->connections = o->total;
	return o->mode == FR_BENCH_HANDSHAKES || o->object_count ? 0 : -1;
}

static int init(struct fr_bench *b)
{
	const struct fr_bench_options *o = b->options;
	struct rlimit files = {0};
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	b->epoll = epoll_create1(EPOLL_CLOEXEC);
	b->conns = calloc(o->connections, sizeof(*b->conns));
	if (b->epoll < 0 || !b->conns || fr_bench_tls_init(b) != 0 ||
	    fr_bench_exchange_init(b) != 0)
		return -1;
	for (unsigned i = 0; i < o->connections; i++) {
		b->conns[i].bench = b;
		b->conns[i].streams = calloc(o->object_count + 1, sizeof(struct fr_bench_stream));
		if (!b->conns[i].streams)
			return -1;
	}
	return 0;
}

static void fini(struct fr_bench *b)
{
	for (unsigned i = 0; b->conns && i < b->options->connections; i++) {
		fr_bench_conn_close(&b->conns[i]);
		free(b->conns[i].streams);
	}
	free(b->conns);
	nghttp2_session_callbacks_del(b->callbacks);
	SSL_SESSION_free(b->session);
	SSL_CTX_free(b->tls);
	close(b->epoll);
}

static void print_results(const struct fr_bench *b, double seconds)
{
	printf("{\"finished\": %u, \"holding\": %u, \"seconds\": %.6f, \"resumed\": %llu, "
	       "\"promised\": %llu, \"asked\": %llu, "
	       "\"responses\": %llu, \"body_bytes\": %llu, \"header_bytes_in\": %llu, "
	       "\"header_bytes_out\": %llu, "
	       "\"field_bytes_in\": %llu, \"cipher\": \"%s\", \"error\": \"%s\"}\n",
	       b->finished, b->holding, seconds, (unsigned long long)b->resumed,
	       (unsigned long long)b->promised, (unsigned long long)b->asked,
	       (unsigned long long)b->responses, (unsigned long long)b->body_bytes,
	       (unsigned long long)b->header_bytes_in, (unsigned long long)b->header_bytes_out,
	       (unsigned long long)b->field_bytes_in, b->cipher ? b->cipher : "", b->error);
}

int main(int argc, char **argv)
{
	struct fr_bench_options options;
	double seconds = 0;
	if (parse(&options, argc, argv) != 0) {
		fputs(USAGE, stderr);
		return 2;
	}
	struct fr_bench b = {.options = &options};
	char authority[32];
	snprintf(authority, sizeof(authority), "localhost:%u", options.port);
	options.authority = authority;
	if (init(&b) != 0)
		fr_bench_fail(&b, "out of memory, or no TLS");
	else
		run(&b, &seconds);
	if (!b.error[0] && options.mode == FR_BENCH_IDLE)
		hold(&b);
	print_results(&b, seconds);
	bool failed = b.error[0] != '\0';
	fini(&b);
	return failed;
}
