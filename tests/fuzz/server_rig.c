#include "server_rig.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/log.h"
#include "base/mem.h"
#include "cache/store.h"
#include "client/accept.h"
#include "learned/learned.h"
#include "net/admission.h"
#include "net/memory_limit.h"
#include "rig_world.h"
#include "server/server_priv.h"
#include "server/status.h"

/* Turns of the loop until what one operation caused is taken for done. */
#define TURNS 6
#define TURNS_TO_END 64
/* A store that is full after few responses. */
#define STORE_BYTES 65536u

#define SECRET "~{<^}#@"

struct client {
	int fd;          /* owned; -1: none */
	bool is_stalled; /* reads nothing */
	size_t matched;  /* of SECRET, at the end of what came so far */
};

struct origin_end {
	int fd; /* owned; -1: none */
	bool is_stalled;
	bool is_spoilt;  /* it is not known what the server takes the next bytes for */
	unsigned asked;  /* heads that have no answer yet */
	unsigned client; /* who caused the last one; FR_RIG_CLIENTS: not known */
	size_t n;        /* of head */
	char head[4096]; /* the newest bytes that make no whole head yet */
};

struct fr_rig {
	struct fr_server server; /* as far as the worker and the admin interface use it */
	struct fr_worker_thread *worker;
	struct client clients[FR_RIG_CLIENTS];
	struct origin_end origins[FR_RIG_ORIGINS];
	fr_rig_on_request on_request;
	void *user;
	unsigned config; /* which */
};

static const char config_text[] =
	"log: {level: error}\n"
	"listen: [{address: 'unix:clients', tls: false}]\n"
	"admin: {listen: none}\n"
	"timeouts: {request_fields: 1s, body: 1s, idle: 2s, drain: 2s}\n"
	"limits: {connections: 4, connections_per_address: 2, request_line: 512, fields: 2KiB,"
	" fields_count: 24, response_fields: 2KiB, response_fields_count: 16,"
	" response_buffer: 4KiB, request_buffer: 4KiB, output_buffer: 64KiB,"
	" origin_requests_per_client: 6}\n"
	"http2: {max_concurrent_streams: 8, window: 16KiB, connection_window: 65535,"
	" control_burst: 50, control_per_second: 10, continuation_frames: 2, reset_burst: 20,"
	" reset_per_second: 5}\n"
	"cache: {memory: 1MiB, max_object: 8KiB, max_variants: 2}\n"
	"hint_memory: {size: 1MiB, file: none}\n"
	"sites:\n"
	"  - hosts: [a.test]\n"
	"    origin: {url: 'http://127.0.0.1:80', connect_timeout: 1s, first_byte_timeout: 1s,"
	" idle_timeout: 1s, keepalive: 2s, max_idle: 2, max_connections: 3, max_waiting: 2}\n"
	"    hints: {html_interval: 0ms, early_hints: always, early_hints_http1: true,"
	" max_pushes_per_page: 3, max_pushes_per_connection: 6, failure_ttl: 1s}\n"
	"    paths:\n"
	"      - {prefix: /uncached, cache: {enabled: false}, hints: {push: false}}\n"
	"      - {prefix: /ttl, cache: {ttl: 5s, ignore_query: true, bypass_cookies: [sid]}}\n"
	"    rules: [{path: '/ruled*', links: ['</b.css>; rel=preload; as=style']}]\n"
	"  - hosts: ['*']\n"
	"    origin: {url: 'http://127.0.0.2:80', host: origin, max_connections: 1}\n"
	"    hints: {witnesses: 1, keep_query: true, warm: false}\n"
	"    cache: {query_only: [q]}\n";

static const char other_text[] =
	"listen: [{address: 'unix:clients', tls: false}]\n"
	"admin: {listen: none}\n"
	"hint_memory: {file: none}\n"
	"cache: {memory: 1MiB}\n"
	"sites: [{hosts: ['*'], origin: {url: 'http://127.0.0.3:80'}, cache: {enabled: false}}]\n";

const char *fr_rig_secret(unsigned c)
{
	static const char *const secrets[] = {SECRET "0", SECRET "1", SECRET "2", SECRET "3",
	                                      SECRET "4"};

	return c < FR_ARRAY_LEN(secrets) ? secrets[c] : "x";
}

/* --- the server --- */

/* Read once: it is the same for each input. */
static struct fr_config *config_of(unsigned which)
{
	static struct fr_config *configs[2];
	static const char *const texts[] = {config_text, other_text};
	struct fr_config_problem why;

	if (!configs[which] &&
	    fr_config_parse("rig", texts[which], strlen(texts[which]), &configs[which], &why) < 0) {
		FR_LOG(ERROR, "fuzz", "%s", why.text);
		abort();
	}
	return configs[which];
}

static void turn(struct fr_rig *r)
{
	(void)uv_run(fr_loop_uv(r->worker->worker.loop), UV_RUN_NOWAIT);
}

static void configure(struct fr_rig *r)
{
	struct fr_config *config = config_of(r->config);
	struct fr_shared *old = r->server.shared;
	unsigned want;

	r->server.shared = fr_server_shared_new(&r->server, config);
	fr_admission_set_limits(r->server.admission, config->limits.connections,
	                        config->limits.connections_per_address);
	want = fr_worker_thread_offer(r->worker, r->server.shared, NULL, 0);
	while (r->worker->applied != want)
		turn(r);
	fr_shared_unref(&old);
}

static void on_empty(void *user)
{
	struct fr_rig *r = user;

	fr_worker_thread_finish(r->worker);
}

struct fr_rig *fr_rig_new(uint64_t seed, fr_rig_on_request on_request, void *user)
{
	struct fr_rig *r = fr_calloc(1, sizeof *r);
	struct fr_server *s = &r->server;

	(void)signal(SIGPIPE, SIG_IGN);
	fr_log_set_level(FR_LOG_ERROR);
	fr_world_begin(seed);
	r->on_request = on_request;
	r->user = user;
	for (size_t i = 0; i < FR_RIG_CLIENTS; i++)
		r->clients[i].fd = -1;
	for (size_t i = 0; i < FR_RIG_ORIGINS; i++)
		r->origins[i].fd = -1;
	s->seed = seed;
	s->admission = fr_admission_new(seed);
	s->store = fr_store_new(&(struct fr_store_limits){.memory = STORE_BYTES, .max_variants = 2},
	                        seed);
	s->knowledge = fr_learned_new(config_of(0), seed);
	s->origins = fr_origin_registry_new(1);
	s->memory = fr_memory_new(1, NULL, NULL);
	FR_ASSERT(fr_worker_thread_new(0, s->admission, s->memory, on_empty, r, &r->worker) == 0);
	s->workers = &r->worker;
	s->n_workers = 1;
	configure(r);
	return r;
}

void fr_rig_reload(struct fr_rig *r)
{
	if (r->worker->state != FR_WORKER_RUNNING)
		return;
	r->config = !r->config;
	configure(r);
}

void fr_rig_drain(struct fr_rig *r)
{
	r->server.is_stopping = true;
	fr_worker_thread_stop(r->worker);
}

/* --- clients --- */

static void client_close(struct client *c)
{
	if (c->fd >= 0)
		(void)close(c->fd);
	c->fd = -1;
}

bool fr_rig_client_open(struct fr_rig *r, unsigned c, int buffer)
{
	static const struct fr_config_listener clients = {.text = "clients"};
	static const struct fr_config_listener admin = {
		.text = "admin", .is_admin = true, .kind = FR_ADDRESS_UNIX};
	int fds[2];

	if (r->clients[c].fd >= 0)
		return false;
	fr_world_pair(fds, buffer);
	/* two of them are one household */
	fr_world_set_peer(fds[0], c + 1);
	r->clients[c] = (struct client){.fd = fds[1]};
	if (r->worker->state == FR_WORKER_RUNNING)
		fr_client_accept(&r->worker->clients, fds[0],
		                 c == FR_RIG_ADMIN ? &admin : &clients);
	else
		(void)close(fds[0]);
	return true;
}

void fr_rig_client_send(struct fr_rig *r, unsigned c, const void *data, size_t len)
{
	if (r->clients[c].fd >= 0)
		(void)!send(r->clients[c].fd, data, len, MSG_NOSIGNAL);
}

void fr_rig_client_end(struct fr_rig *r, unsigned c, enum fr_rig_end how)
{
	if (how == FR_RIG_CLOSE)
		client_close(&r->clients[c]);
	else if (how == FR_RIG_HALF && r->clients[c].fd >= 0)
		(void)shutdown(r->clients[c].fd, SHUT_WR);
	else
		r->clients[c].is_stalled = how == FR_RIG_STALL;
}

/* Aborts at what only another client may know. */
static void search_secrets(struct client *c, unsigned self, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (c->matched == sizeof SECRET - 1) {
			/* anything else: the frame ended here */
			FR_ASSERT(data[i] < '0' || data[i] >= (char)('0' + FR_RIG_CLIENTS) ||
			          data[i] == (char)('0' + self));
			c->matched = 0;
		} else if (data[i] == SECRET[c->matched]) {
			c->matched++;
		} else {
			c->matched = data[i] == SECRET[0];
		}
	}
}

static bool client_read(struct fr_rig *r, unsigned k)
{
	static char buf[65536];
	struct client *c = &r->clients[k];
	ssize_t n;

	if (c->fd < 0 || c->is_stalled)
		return false;
	n = recv(c->fd, buf, sizeof buf, 0);
	if (n > 0)
		search_secrets(c, k, buf, (size_t)n);
	else if (n == 0 || errno != EAGAIN)
		client_close(c);
	return n >= 0;
}

/* --- origins --- */

static void origin_close(struct origin_end *o)
{
	if (o->fd >= 0)
		(void)close(o->fd);
	o->fd = -1;
}

static void origin_taken(void *user, int fd)
{
	struct fr_rig *r = user;

	for (size_t i = 0; i < FR_RIG_ORIGINS; i++) {
		struct origin_end *o = &r->origins[i];

		if (o->fd >= 0)
			continue;
		*o = (struct origin_end){.fd = fd, .client = FR_RIG_CLIENTS};
		return;
	}
	(void)close(fd);
}

/* By the address that the server says it asks for: the last one in the head. */
static unsigned client_of(const char *head, size_t len)
{
	static const char net[] = "for=192.0.2.";
	unsigned found = FR_RIG_CLIENTS;

	for (size_t i = 0; i + sizeof net <= len; i++)
		if (memcmp(head + i, net, sizeof net - 1) == 0)
			found = (unsigned char)head[i + sizeof net - 1] - (unsigned)'1';
	return found < FR_RIG_CLIENTS ? found : FR_RIG_CLIENTS;
}

static void origin_parse(struct fr_rig *r, unsigned k)
{
	struct origin_end *o = &r->origins[k];
	char *end;

	while (o->fd >= 0 && (end = memmem(o->head, o->n, "\r\n\r\n", 4))) {
		size_t len = (size_t)(end - o->head) + 4;

		o->client = client_of(o->head, len);
		o->asked++;
		o->n -= len;
		memmove(o->head, o->head + len, o->n);
		r->on_request(r->user, k, o->client);
	}
	if (o->n == sizeof o->head) /* a body: only its end can begin a head */
		o->n = 0;
}

static bool origin_read(struct fr_rig *r, unsigned k)
{
	struct origin_end *o = &r->origins[k];
	ssize_t n;

	if (o->fd < 0 || o->is_stalled)
		return false;
	n = recv(o->fd, o->head + o->n, sizeof o->head - o->n, 0);
	if (n > 0) {
		o->n += (size_t)n;
		origin_parse(r, k);
	} else if (n == 0 || errno != EAGAIN) {
		origin_close(o);
	}
	return n >= 0;
}

bool fr_rig_origin_pick(struct fr_rig *r, unsigned k, unsigned *origin, unsigned *client)
{
	unsigned open[FR_RIG_ORIGINS], asked[FR_RIG_ORIGINS], n_open = 0, n_asked = 0;

	for (unsigned i = 0; i < FR_RIG_ORIGINS; i++) {
		if (r->origins[i].fd < 0)
			continue;
		open[n_open++] = i;
		if (r->origins[i].asked)
			asked[n_asked++] = i;
	}
	if (n_open == 0)
		return false;
	*origin = n_asked ? asked[k % n_asked] : open[k % n_open];
	*client = r->origins[*origin].client;
	return true;
}

void fr_rig_origin_answered(struct fr_rig *r, unsigned o)
{
	if (r->origins[o].asked)
		r->origins[o].asked--;
}

void fr_rig_origin_send(struct fr_rig *r, unsigned o, const void *data, size_t len)
{
	ssize_t n = -1;

	if (r->origins[o].fd >= 0)
		n = send(r->origins[o].fd, data, len, MSG_NOSIGNAL);
	if (n < 0 || (size_t)n != len)
		r->origins[o].is_spoilt = true;
}

void fr_rig_origin_spoil(struct fr_rig *r, unsigned o)
{
	r->origins[o].is_spoilt = true;
}

bool fr_rig_origin_may_tell(struct fr_rig *r, unsigned o)
{
	return r->origins[o].asked == 1 && !r->origins[o].is_spoilt;
}

void fr_rig_origin_end(struct fr_rig *r, unsigned o, enum fr_rig_end how)
{
	if (how == FR_RIG_CLOSE)
		origin_close(&r->origins[o]);
	else if (how == FR_RIG_HALF && r->origins[o].fd >= 0)
		(void)shutdown(r->origins[o].fd, SHUT_WR);
	else
		r->origins[o].is_stalled = how == FR_RIG_STALL;
}

/* --- together --- */

void fr_rig_settle(struct fr_rig *r)
{
	bool moved = true;

	for (int i = 0; i < TURNS && moved; i++) {
		turn(r);
		moved = fr_world_connect(origin_taken, r);
		for (unsigned k = 0; k < FR_RIG_ORIGINS; k++)
			moved |= origin_read(r, k);
		for (unsigned k = 0; k < FR_RIG_CLIENTS; k++)
			moved |= client_read(r, k);
	}
}

static void end_all(struct fr_rig *r)
{
	struct uv_loop_s *uv = fr_loop_uv(r->worker->worker.loop);

	fr_rig_drain(r);
	fr_rig_settle(r);
	for (unsigned i = 0; i < FR_RIG_CLIENTS; i++)
		client_close(&r->clients[i]);
	fr_rig_settle(r);
	for (unsigned i = 0; i < FR_RIG_ORIGINS; i++)
		origin_close(&r->origins[i]);
	fr_world_set_connect(FR_WORLD_REFUSE);
	/* what is left has time limits: the drain's is the last */
	for (int i = 0; i < TURNS_TO_END && uv_loop_alive(uv); i++) {
		fr_rig_settle(r);
		fr_world_advance(1000);
		for (unsigned k = 0; k < FR_RIG_ORIGINS; k++)
			origin_close(&r->origins[k]);
	}
	fr_loop_run(r->worker->worker.loop);
}

void fr_rig_free(struct fr_rig *r)
{
	struct fr_server *s = &r->server;

	end_all(r);
	FR_ASSERT(!r->worker->worker.gen && !r->worker->clients.first);
	FR_ASSERT(fr_worker_thread_free(&r->worker) == 0);
	fr_origin_registry_free(&s->origins);
	fr_shared_unref(&s->shared);
	fr_admission_free(&s->admission);
	fr_memory_free(&s->memory);
	fr_store_free(&s->store);
	fr_learned_free(&s->knowledge);
	free(r);
}
