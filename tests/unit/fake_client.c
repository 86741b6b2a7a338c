#include "fake_client.h"

#include <ctype.h>
#include <unistd.h>

#include "client/client.h"
#include "hints/budget.h"
#include "hints/pacing.h"

#define REQUESTS 512

struct fake_client {
	struct one_worker *worker; /* borrowed */
	struct fr_client *client;  /* borrowed; NULL: it has gone */
	int fd;                    /* owned: the other end of its socket; -1: closed */
	enum fake_kind kind;
	bool is_drained;
	size_t room, window;
	uint32_t rtt_us;
	int32_t last_id, last_push_id;
	struct fake_request *requests[REQUESTS]; /* owned */
	size_t n;
	bool moved;
};

static struct fake_request *of(const struct fr_exchange *ex)
{
	const struct fake_client *c = fr_client_of(ex->client)->h;

	for (size_t i = 0; i < c->n; i++)
		if (c->requests[i]->ex == ex)
			return c->requests[i];
	fail_msg("an operation on an exchange that has ended");
	return NULL;
}

/* --- what is written down --- */

static char *text_of(const struct fr_fields *f, const char *before)
{
	struct fr_buf b;
	char *out;

	fr_buf_init(&b, 1u << 20);
	assert_int_equal(fr_buf_append(&b, before, strlen(before)), 0);
	for (size_t i = 0; i < f->n; i++) {
		assert_int_equal(fr_buf_append(&b, f->v[i].name.p, f->v[i].name.len), 0);
		assert_int_equal(fr_buf_append(&b, ": ", 2), 0);
		assert_int_equal(fr_buf_append(&b, f->v[i].value.p, f->v[i].value.len), 0);
		assert_int_equal(fr_buf_append(&b, "\n", 1), 0);
	}
	out = fr_str_dup(fr_str_make((const char *)fr_buf_data(&b), fr_buf_len(&b)));
	fr_buf_fini(&b);
	return out;
}

static void lower_names(char *text)
{
	bool is_name = true;

	for (char *p = text; *p; p++) {
		if (is_name)
			*p = (char)tolower((unsigned char)*p);
		is_name = *p == '\n' || (is_name && *p != ':');
	}
}

static void op_informational(struct fr_exchange *ex, const struct fr_response *resp)
{
	struct fake_request *r = of(ex);
	char status[16];

	assert_int_equal(r->status, 0);
	assert_true(r->n_interims < FAKE_INTERIMS);
	(void)snprintf(status, sizeof status, "%d ", resp->status);
	r->interims[r->n_interims] = text_of(&resp->fields, status);
	lower_names(r->interims[r->n_interims++]);
	r->client->moved = true;
}

static void op_head(struct fr_exchange *ex)
{
	struct fake_request *r = of(ex);

	assert_int_equal(r->status, 0);
	r->status = ex->resp.status;
	r->fields = text_of(&ex->resp.fields, "");
	lower_names(r->fields);
	r->client->moved = true;
}

static void op_body(struct fr_exchange *ex)
{
	of(ex)->client->moved = true;
}

static void op_consumed(struct fr_exchange *ex, size_t len)
{
	of(ex)->consumed += len;
}

static size_t op_may_hold(struct fr_exchange *ex)
{
	return of(ex)->client->window;
}

static void op_abort(struct fr_exchange *ex, enum fr_abort why)
{
	struct fake_request *r = of(ex);

	r->was_aborted = true;
	r->why = why;
	r->client->moved = true;
}

static bool op_push_is_enabled(struct fr_exchange *ex)
{
	return of(ex)->client->kind == FAKE_PUSHABLE;
}

static bool op_push_has_room(struct fr_exchange *ex)
{
	return of(ex)->client->room > 0;
}

static struct fake_request *request_new(struct fake_client *c, struct fr_exchange *ex,
                                        const char *url)
{
	struct fake_request *r = fr_calloc(1, sizeof *r);

	assert_true(c->n < REQUESTS);
	r->client = c;
	r->ex = ex;
	r->url = fr_str_dup(fr_str_from(url));
	r->body = fr_calloc(1, 1);
	r->think_ms = UINT32_MAX;
	c->requests[c->n++] = r;
	return r;
}

static int op_push(struct fr_exchange *ex, struct fr_exchange *push, enum fr_rank rank)
{
	struct fake_request *page = of(ex), *r;
	const struct fr_request *req = &push->req;
	char url[1024];

	assert_int_equal(page->status, 0); /* promised before the page's head */
	assert_true(page->n_pushes < FAKE_PUSHES);
	(void)snprintf(url, sizeof url, "%.*s://%.*s%.*s", FR_STR_ARG(req->scheme),
	               FR_STR_ARG(req->authority), FR_STR_ARG(req->target));
	r = request_new(page->client, push, url);
	r->is_push = true;
	r->request_fields = text_of(&req->fields, "");
	lower_names(r->request_fields);
	page->ranks[page->n_pushes] = rank;
	page->pushes[page->n_pushes++] = r;
	page->client->room--;
	push->stream_id = page->client->last_push_id += 2;
	return 0;
}

static int op_path(struct fr_exchange *ex, struct fr_budget_path *out)
{
	uint32_t rtt_us = of(ex)->client->rtt_us;

	if (!rtt_us)
		return FR_ERR_UNSUPPORTED;
	*out = (struct fr_budget_path){.rtt_us = rtt_us, .min_rtt_us = rtt_us, .cwnd_bytes = 14600};
	return 0;
}

static void op_page_due(struct fr_exchange *ex, const struct fr_pacing_page *page)
{
	of(ex)->think_ms = page->think_ms;
	of(ex)->due_bytes = page->body_bytes;
}

static void op_page_head_first(struct fr_exchange *ex, size_t bytes)
{
	of(ex)->head_first = bytes;
}

static void op_after_page(struct fr_exchange *ex, struct fr_exchange *page)
{
	of(ex)->page = of(page);
}

static void op_needed_late(struct fr_exchange *ex)
{
	of(ex)->is_needed_late = true;
}

static const struct fr_exchange_ops h2_ops = {
	.informational = op_informational,
	.head = op_head,
	.body = op_body,
	.consumed = op_consumed,
	.may_hold = op_may_hold,
	.abort = op_abort,
	.push_is_enabled = op_push_is_enabled,
	.push_has_room = op_push_has_room,
	.push = op_push,
	.path = op_path,
	.page_due = op_page_due,
	.page_head_first = op_page_head_first,
	.after_page = op_after_page,
	.needed_late = op_needed_late,
};
static const struct fr_exchange_ops h1_ops = {
	.informational = op_informational,
	.head = op_head,
	.body = op_body,
	.consumed = op_consumed,
	.abort = op_abort,
	.path = op_path,
};

/* --- what the client does in each turn --- */

static void leave(struct fake_request *r, bool complete, bool by_peer, bool refused)
{
	struct fr_exchange *ex = r->ex;

	r->ex = NULL;
	r->is_complete = complete;
	fr_exchange_leave(ex, complete, by_peer, refused);
}

void fake_take(struct fake_request *r, size_t len)
{
	while (r->ex && len && fr_exchange_body_ready(r->ex)) {
		const uint8_t *data;
		size_t n = fr_exchange_body_peek(r->ex, &data);

		n = n < len ? n : len;
		if (n == 0)
			return;
		r->body = fr_realloc(r->body, r->body_len + n + 1);
		memcpy(r->body + r->body_len, data, n);
		r->body_len += n;
		r->body[r->body_len] = '\0';
		fr_exchange_body_take(r->ex, n);
		len -= n;
	}
}

static bool turn_request(struct fake_request *r)
{
	size_t before = r->body_len;

	if (!r->ex)
		return false;
	if (r->was_aborted) {
		leave(r, false, false, r->why == FR_ABORT_REFUSED);
		return true;
	}
	if (!r->status)
		return false;
	if (!r->is_stalled)
		fake_take(r, SIZE_MAX);
	if (fr_exchange_body_len(r->ex) == 0 && r->ex->to_client.failed) {
		r->has_failed = true;
		leave(r, false, false, false);
	} else if (fr_exchange_body_ended(r->ex) &&
	           (fr_exchange_body_len(r->ex) == 0 || !fr_exchange_has_body(r->ex))) {
		r->trailers =
			r->ex->to_client.trailers ? text_of(r->ex->to_client.trailers, "") : NULL;
		leave(r, true, false, false);
	}
	return !r->ex || r->body_len != before;
}

static bool turn(void *user)
{
	struct fake_client *c = user;
	bool moved = c->moved;

	c->moved = false;
	for (size_t i = 0; i < c->n; i++)
		moved |= turn_request(c->requests[i]);
	return moved;
}

/* --- life --- */

static void protocol_nothing(struct fr_client *client)
{
	(void)client;
}

static void protocol_data(struct fr_client *client, const uint8_t *data, size_t len)
{
	(void)client;
	(void)data;
	(void)len;
}

static void protocol_eof(struct fr_client *client)
{
	fr_client_cut(client, false);
}

static void protocol_drain(struct fr_client *client)
{
	struct fake_client *c = client->h;

	c->is_drained = true;
}

static void protocol_abandon(struct fr_client *client)
{
	struct fake_client *c = client->h;

	for (size_t i = 0; i < c->n; i++)
		if (c->requests[i]->ex)
			leave(c->requests[i], false, true, false);
}

static void protocol_free(struct fr_client *client)
{
	struct fake_client *c = client->h;

	client->conn.is_tls = false; /* as it was opened */
	c->client = NULL;
}

static enum fr_client_wait protocol_waits_for(const struct fr_client *client)
{
	(void)client;
	return FR_WAIT_NONE;
}

/* Nothing comes by its socket but the end. */
static const struct fr_client_protocol protocol = {
	.open = protocol_nothing,
	.data = protocol_data,
	.eof = protocol_eof,
	.drained = protocol_nothing,
	.flush = protocol_nothing,
	.drain = protocol_drain,
	.abandon = protocol_abandon,
	.free = protocol_free,
	.waits_for = protocol_waits_for,
};

void fake_client_free(struct fake_client *c)
{
	if (c->fd >= 0)
		(void)close(c->fd);
	c->fd = -1;
	worker_turn(c->worker);
}

static void request_free(struct fake_request *r)
{
	for (size_t i = 0; i < r->n_interims; i++)
		free(r->interims[i]);
	free(r->url);
	free(r->request_fields);
	free(r->fields);
	free(r->trailers);
	free(r->body);
	free(r);
}

static void on_close(void *user)
{
	fake_client_free(user);
}

static void on_free(void *user)
{
	struct fake_client *c = user;

	for (size_t i = 0; i < c->n; i++)
		request_free(c->requests[i]);
	free(c);
}

struct fake_client *fake_client_new(struct one_worker *w, enum fake_kind kind, unsigned number)
{
	struct fake_client *c = fr_calloc(1, sizeof *c);

	c->worker = w;
	c->kind = kind;
	c->room = FAKE_PUSHES;
	c->window = SIZE_MAX;
	c->client = worker_accept(w, number, kind == FAKE_ADMIN, &c->fd);
	c->client->h = c;
	c->client->protocol = &protocol;
	c->client->state = FR_CLIENT_ACTIVE;
	fr_client_update_wait(c->client, true);
	c->last_id = -1;
	worker_add(w, &(struct worker_part){turn, on_close, on_free, c});
	return c;
}

bool fake_client_is_open(const struct fake_client *c)
{
	return c->client != NULL;
}

void fake_client_set_tls(struct fake_client *c)
{
	c->client->conn.is_tls = true;
}

void fake_client_set_room(struct fake_client *c, size_t pushes)
{
	c->room = pushes;
}

void fake_client_set_window(struct fake_client *c, size_t bytes)
{
	c->window = bytes;
}

void fake_client_set_rtt(struct fake_client *c, uint32_t us)
{
	c->rtt_us = us;
}

void fake_client_drain(struct fake_client *c)
{
	fr_client_drain(c->client);
}

bool fake_client_is_drained(const struct fake_client *c)
{
	return c->is_drained;
}

/* --- requests --- */

static struct fr_str copy(struct fr_exchange *ex, struct fr_str text)
{
	struct fr_str out;

	assert_int_equal(fr_arena_copy(&ex->arena, text, &out), 0);
	return out;
}

static void set_url(struct fr_exchange *ex, struct fr_str url)
{
	size_t colon = fr_str_find(url, ':');
	struct fr_str rest = fr_str_sub(url, colon + 3, url.len);
	size_t slash = fr_str_find(rest, '/');

	ex->req.scheme = copy(ex, fr_str_sub(url, 0, colon));
	ex->req.authority = copy(ex, fr_str_sub(rest, 0, slash));
	ex->req.target = copy(ex, fr_str_sub(rest, slash, rest.len));
}

static void set_fields(struct fr_exchange *ex, const char *lines)
{
	struct fr_str rest = fr_str_from(lines);

	while (rest.len) {
		size_t end = fr_str_find(rest, '\n'), colon = fr_str_find(rest, ':');
		struct fr_str name = fr_str_sub(rest, 0, colon);

		assert_true(colon < end);
		assert_int_equal(fr_fields_add_copy(&ex->req.fields, name,
		                                    fr_str_trim(fr_str_sub(rest, colon + 1, end))),
		                 0);
		rest = fr_str_sub(rest, end + 1, rest.len);
	}
}

struct fake_request *fake_open(struct fake_client *c)
{
	bool is_h2 = c->kind == FAKE_PUSHABLE || c->kind == FAKE_H2;
	int32_t id = is_h2 ? (c->last_id += 2) : 0;
	struct fr_exchange *ex = fr_exchange_new(&c->client->conn, is_h2 ? &h2_ops : &h1_ops, id);

	ex->req.version = is_h2 ? FR_HTTP_2 : FR_HTTP_1_1;
	return request_new(c, ex, "");
}

struct fake_request *fake_send(struct fake_client *c, const char *method, const char *url,
                               const char *fields, bool body_comes)
{
	struct fake_request *r = fake_open(c);
	struct fr_exchange *ex = r->ex;

	free(r->url);
	r->url = fr_str_dup(fr_str_from(url));
	ex->req.method_text = copy(ex, fr_str_from(method));
	ex->req.method = fr_method_lookup(ex->req.method_text);
	set_url(ex, fr_str_from(url));
	set_fields(ex, fields);
	assert_int_equal(fr_content_length(&ex->req.fields, &ex->req.content_length), 0);
	ex->req.has_body = body_comes;
	ex->req.keep_alive = true;
	ex->req.is_upgrade = c->kind == FAKE_H1 && fr_fields_find(&ex->req.fields, S("upgrade"));
	fr_exchange_begin(ex, !body_comes);
	worker_turn(c->worker);
	return r;
}

struct fake_request *fake_get(struct fake_client *c, const char *url, const char *fields)
{
	return fake_send(c, "GET", url, fields, false);
}

void fake_body(struct fake_request *r, const void *bytes, size_t len)
{
	if (r->ex)
		fr_exchange_body(r->ex, bytes, len);
	worker_turn(r->client->worker);
}

void fake_end(struct fake_request *r)
{
	if (r->ex)
		fr_exchange_request_end(r->ex, NULL);
	worker_turn(r->client->worker);
}

void fake_cancel(struct fake_request *r, bool refused)
{
	if (r->ex)
		leave(r, false, true, refused);
	worker_turn(r->client->worker);
}

struct fr_str fake_field(const struct fake_request *r, const char *name)
{
	struct fr_str rest = fr_str_from(r->fields);

	while (rest.len) {
		size_t end = fr_str_find(rest, '\n'), colon = fr_str_find(rest, ':');

		if (fr_str_is(fr_str_sub(rest, 0, colon), name))
			return fr_str_trim(fr_str_sub(rest, colon + 1, end));
		rest = end < rest.len ? fr_str_sub(rest, end + 1, rest.len) : FR_STR("");
	}
	return (struct fr_str){0};
}

struct fake_request *fake_pushed(const struct fake_request *page, const char *url)
{
	for (size_t i = 0; i < page->n_pushes; i++)
		if (strcmp(page->pushes[i]->url, url) == 0)
			return page->pushes[i];
	return NULL;
}

/* --- the fixture --- */

int fixture_begin(void **state, const char *config, enum fake_kind kind)
{
	struct fixture *f = fr_calloc(1, sizeof *f);

	f->worker = worker_new(config);
	f->client = fake_client_new(f->worker, kind, 1);
	*state = f;
	return 0;
}

int fixture_end(void **state)
{
	struct fixture *f = *state;

	worker_free(&f->worker);
	free(f);
	return 0;
}
