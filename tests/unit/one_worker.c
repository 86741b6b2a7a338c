#include "one_worker.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "../fuzz/rig_world.h"
#include "base/log.h"
#include "cache/store.h"
#include "client/accept.h"
#include "learned/learned.h"
#include "net/admission.h"
#include "net/memory_limit.h"
#include "server/server_priv.h"
#include "server/status.h"

/* The loop is turned until it was quiet for so long, or for ever. */
#define QUIET_TURNS 3
#define MAX_TURNS 1000
/* Steps of a second until the last time limit is over. */
#define STEPS_TO_END 200
/* Time passes in pieces: what is due early may set another time limit. */
#define STEP_MS 10u

#define REQUESTS 256
#define CONNECTIONS 64
#define HEAD_BYTES 16384

struct request {
	int conn; /* index; -1: closed */
	bool is_answered;
	char *head; /* owned */
	char *target;
	char *body; /* owned */
	size_t body_len;
};

struct conn {
	int fd; /* owned; -1: none */
	char in[HEAD_BYTES];
	size_t n;
	struct request *current; /* whose body comes; NULL: a head */
	uint64_t body_left;
	bool is_chunked;
};

struct one_worker {
	struct fr_server server;
	struct fr_worker_thread *worker;
	struct conn conns[CONNECTIONS];
	struct request requests[REQUESTS];
	size_t n_requests;
	struct worker_part parts[32];
	size_t n_parts;
	bool is_stalled; /* the origin */
};

/* --- the server --- */

static struct fr_config *parse(const char *text)
{
	static const char head[] = "log: {level: error}\n"
				   "listen: [{address: 'unix:clients', tls: false}]\n"
				   "admin: {listen: none}\n"
				   "hint_memory: {file: none}\n";
	char all[8192];
	int n = snprintf(all, sizeof all, "%s%s", head, text);
	struct fr_config_problem why;
	struct fr_config *config = NULL;

	assert_true(n > 0 && (size_t)n < sizeof all);
	if (fr_config_parse("test", all, (size_t)n, &config, &why) < 0)
		fail_msg("%s", why.text);
	return config;
}

static void loop_once(struct one_worker *w)
{
	(void)uv_run(fr_loop_uv(w->worker->worker.loop), UV_RUN_NOWAIT);
}

static void configure(struct one_worker *w, struct fr_config *config)
{
	struct fr_shared *old = w->server.shared;
	unsigned want;

	w->server.shared = fr_server_shared_new(&w->server, config);
	/* the number that tests know */
	(void)fr_canonical_loop_write(w->server.shared->loop, 1);
	w->server.configurations++;
	fr_admission_set_limits(w->server.admission, config->limits.connections,
	                        config->limits.connections_per_address);
	want = fr_worker_thread_offer(w->worker, w->server.shared, NULL, 0);
	while (w->worker->applied != want)
		loop_once(w);
	fr_shared_unref(&old);
	fr_config_unref(&config); /* shared has its own reference */
}

static void on_empty(void *user)
{
	struct one_worker *w = user;

	fr_worker_thread_finish(w->worker);
}

struct one_worker *worker_new(const char *text)
{
	struct one_worker *w = fr_calloc(1, sizeof *w);
	struct fr_config *config = parse(text);
	struct fr_server *s = &w->server;

	(void)signal(SIGPIPE, SIG_IGN);
	fr_log_set_level(FR_LOG_ERROR);
	fr_world_begin(1);
	for (size_t i = 0; i < CONNECTIONS; i++)
		w->conns[i].fd = -1;
	s->seed = 7;
	s->admission = fr_admission_new(s->seed);
	s->store = fr_store_new(
		&(struct fr_store_limits){.memory = (size_t)config->store.memory_mib << 20,
	                                  .max_variants = config->store.max_variants},
		s->seed);
	s->knowledge = fr_learned_new(config, s->seed);
	s->origins = fr_origin_registry_new(1);
	s->memory = fr_memory_new(1, NULL, NULL);
	fr_memory_set_limit(s->memory, 1u << 30);
	assert_int_equal(fr_worker_thread_new(0, s->admission, s->memory, on_empty, w, &w->worker),
	                 0);
	s->workers = &w->worker;
	s->n_workers = 1;
	configure(w, config);
	return w;
}

void worker_reload(struct one_worker *w, const char *text)
{
	configure(w, parse(text));
}

void worker_reload_with_token(struct one_worker *w, const char *text, const char *token)
{
	struct fr_config *config = parse(text);

	fr_config_loopback_admin(config, token);
	configure(w, config);
}

void worker_drain(struct one_worker *w)
{
	w->server.is_stopping = true;
	fr_worker_thread_stop(w->worker);
}

void worker_refuse_origin(struct one_worker *w)
{
	(void)w;
	fr_world_set_connect(FR_WORLD_REFUSE);
}

void worker_hang_origin(struct one_worker *w)
{
	(void)w;
	fr_world_set_connect(FR_WORLD_HANG);
}

uint64_t worker_count(const struct one_worker *w, enum fr_counter id)
{
	return w->worker->worker.counters.v[id];
}

uint64_t worker_reasons(const struct one_worker *w, enum fr_reason reason)
{
	return w->worker->worker.counters.extra[reason];
}

struct fr_worker *worker_of(struct one_worker *w)
{
	return &w->worker->worker;
}

struct fr_clients *worker_clients(struct one_worker *w)
{
	return &w->worker->clients;
}

struct fr_shared *worker_shared(struct one_worker *w)
{
	return w->server.shared;
}

void worker_add(struct one_worker *w, const struct worker_part *part)
{
	assert_true(w->n_parts < FR_ARRAY_LEN(w->parts));
	w->parts[w->n_parts++] = *part;
}

struct fr_client *worker_accept(struct one_worker *w, unsigned number, bool is_admin, int *fd)
{
	static const struct fr_config_listener clients = {.text = "clients"};
	static const struct fr_config_listener admin = {
		.text = "admin", .is_admin = true, .kind = FR_ADDRESS_UNIX};
	int fds[2];

	fr_world_pair(fds, 0);
	fr_world_set_peer(fds[0], number);
	fr_client_accept(&w->worker->clients, fds[0], is_admin ? &admin : &clients);
	*fd = fds[1];
	return w->worker->clients.first;
}

/* --- the origin --- */

static void conn_close(struct one_worker *w, struct conn *c)
{
	for (size_t i = 0; i < w->n_requests; i++)
		if (w->requests[i].conn == c - w->conns)
			w->requests[i].conn = -1;
	if (c->fd >= 0)
		(void)close(c->fd);
	*c = (struct conn){.fd = -1};
}

static void on_connected(void *user, int fd)
{
	struct one_worker *w = user;

	for (size_t i = 0; i < CONNECTIONS; i++) {
		if (w->conns[i].fd >= 0)
			continue;
		w->conns[i].fd = fd;
		return;
	}
	fail_msg("too many connections to the origin");
}

static void take(struct conn *c, size_t n)
{
	c->n -= n;
	memmove(c->in, c->in + n, c->n);
}

static struct request *begin_request(struct one_worker *w, struct conn *c, size_t head)
{
	struct request *r = &w->requests[w->n_requests++];
	const char *length, *target = memchr(c->in, ' ', head);

	assert_true(w->n_requests < REQUESTS && target);
	*r = (struct request){.conn = (int)(c - w->conns)};
	r->head = fr_str_dup(fr_str_make(c->in, head));
	r->target = fr_str_dup(fr_str_make(target + 1, strcspn(target + 1, " ")));
	r->body = fr_calloc(1, 1);
	length = strcasestr(r->head, "\r\ncontent-length:");
	c->body_left = length ? strtoull(length + 17, NULL, 10) : 0;
	c->is_chunked = strcasestr(r->head, "\r\ntransfer-encoding:") != NULL;
	c->current = c->body_left || c->is_chunked ? r : NULL;
	return r;
}

static void more_body(struct conn *c)
{
	struct request *r = c->current;
	size_t n = c->is_chunked || c->n < c->body_left ? c->n : (size_t)c->body_left;

	r->body = fr_realloc(r->body, r->body_len + n + 1);
	memcpy(r->body + r->body_len, c->in, n);
	r->body_len += n;
	r->body[r->body_len] = '\0';
	take(c, n);
	if (c->is_chunked && fr_str_ends(fr_str_make(r->body, r->body_len), FR_STR("0\r\n\r\n")))
		c->current = NULL;
	else if (!c->is_chunked && (c->body_left -= n) == 0)
		c->current = NULL;
}

static void parse_requests(struct one_worker *w, struct conn *c)
{
	while (c->n) {
		const char *end;

		if (c->current) {
			more_body(c);
			continue;
		}
		end = memmem(c->in, c->n, "\r\n\r\n", 4);
		if (!end)
			return;
		(void)begin_request(w, c, (size_t)(end - c->in) + 4);
		take(c, (size_t)(end - c->in) + 4);
	}
}

static bool conn_read(struct one_worker *w, struct conn *c)
{
	ssize_t n;

	if (c->fd < 0 || w->is_stalled)
		return false;
	n = recv(c->fd, c->in + c->n, sizeof c->in - c->n, 0);
	if (n > 0) {
		c->n += (size_t)n;
		parse_requests(w, c);
	} else if (n == 0 || errno != EAGAIN) {
		conn_close(w, c);
	}
	return n >= 0;
}

static struct request *find(struct one_worker *w, const char *target)
{
	for (size_t i = w->n_requests; i-- > 0;)
		if (!w->requests[i].is_answered && w->requests[i].conn >= 0 &&
		    strcmp(w->requests[i].target, target) == 0)
			return &w->requests[i];
	return NULL;
}

static struct request *must_find(struct one_worker *w, const char *target)
{
	struct request *r;

	worker_turn(w);
	r = find(w, target);
	if (!r)
		fail_msg("the origin was not asked for %s", target);
	return r;
}

const char *origin_request(struct one_worker *w, const char *target)
{
	struct request *r;

	worker_turn(w);
	r = find(w, target);
	return r ? r->head : NULL;
}

struct fr_str origin_request_body(struct one_worker *w, const char *target)
{
	struct request *r = must_find(w, target);

	return fr_str_make(r->body, r->body_len);
}

size_t origin_requests(struct one_worker *w)
{
	worker_turn(w);
	return w->n_requests;
}

static size_t send_on(struct one_worker *w, const struct request *r, const void *bytes, size_t len)
{
	const char *p = bytes;
	size_t done = 0;

	for (int quiet = 0; done < len && r->conn >= 0 && quiet < QUIET_TURNS;) {
		ssize_t n = send(w->conns[r->conn].fd, p + done, len - done, MSG_NOSIGNAL);

		quiet = n > 0 ? 0 : quiet + 1;
		done += n > 0 ? (size_t)n : 0;
		worker_turn(w);
	}
	return done;
}

size_t origin_send_bytes(struct one_worker *w, const char *target, const void *bytes, size_t len)
{
	return send_on(w, must_find(w, target), bytes, len);
}

void origin_set_stalled(struct one_worker *w, bool is_stalled)
{
	w->is_stalled = is_stalled;
	worker_turn(w);
}

void origin_send(struct one_worker *w, const char *target, const char *bytes)
{
	assert_int_equal(origin_send_bytes(w, target, bytes, strlen(bytes)), strlen(bytes));
}

void origin_answer(struct one_worker *w, const char *target, const char *status, const char *fields,
                   const char *body)
{
	struct request *r = must_find(w, target);
	char head[HEAD_BYTES];
	int n = snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n%s\r\n", status,
	                 strlen(body), fields);

	assert_true(n > 0 && (size_t)n < sizeof head);
	r->is_answered = true;
	(void)send_on(w, r, head, (size_t)n);
	(void)send_on(w, r, body, strlen(body));
	worker_turn(w);
}

void origin_close(struct one_worker *w, const char *target)
{
	struct request *r = must_find(w, target);

	r->is_answered = true;
	if (r->conn >= 0)
		conn_close(w, &w->conns[r->conn]);
	worker_turn(w);
}

/* --- turns --- */

static bool turn_once(struct one_worker *w)
{
	bool moved;

	loop_once(w);
	moved = fr_world_connect(on_connected, w);
	for (size_t i = 0; i < CONNECTIONS; i++)
		moved |= conn_read(w, &w->conns[i]);
	for (size_t i = 0; i < w->n_parts; i++)
		moved |= w->parts[i].turn(w->parts[i].user);
	return moved;
}

void worker_turn(struct one_worker *w)
{
	int quiet = 0;

	for (int i = 0; i < MAX_TURNS && quiet < QUIET_TURNS; i++)
		quiet = turn_once(w) ? 0 : quiet + 1;
}

void worker_advance(struct one_worker *w, unsigned ms)
{
	worker_turn(w);
	while (ms) {
		unsigned n = ms < STEP_MS ? ms : STEP_MS;

		fr_world_advance(n);
		ms -= n;
		(void)turn_once(w);
	}
	worker_turn(w);
}

static void end_all(struct one_worker *w)
{
	struct uv_loop_s *uv = fr_loop_uv(w->worker->worker.loop);

	for (size_t i = 0; i < w->n_parts; i++)
		w->parts[i].close(w->parts[i].user);
	worker_drain(w);
	worker_turn(w);
	for (size_t i = 0; i < CONNECTIONS; i++)
		conn_close(w, &w->conns[i]);
	fr_world_set_connect(FR_WORLD_REFUSE);
	for (int i = 0; i < STEPS_TO_END && uv_loop_alive(uv); i++) {
		worker_turn(w);
		fr_world_advance(1000);
	}
	fr_loop_run(w->worker->worker.loop);
}

void worker_free(struct one_worker **wp)
{
	struct one_worker *w = *wp;
	struct fr_server *s = &w->server;

	end_all(w);
	assert_null(w->worker->worker.gen);
	assert_int_equal(fr_worker_thread_free(&w->worker), 0);
	fr_origin_registry_free(&s->origins);
	fr_shared_unref(&s->shared);
	fr_admission_free(&s->admission);
	fr_memory_free(&s->memory);
	fr_store_free(&s->store);
	fr_learned_free(&s->knowledge);
	for (size_t i = 0; i < w->n_parts; i++)
		w->parts[i].free(w->parts[i].user);
	for (size_t i = 0; i < w->n_requests; i++) {
		free(w->requests[i].head);
		free(w->requests[i].target);
		free(w->requests[i].body);
	}
	free(w);
	*wp = NULL;
}
