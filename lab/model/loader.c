/* Loads a page over sockets: name lookup, connections with TLS, time limits. */
#include "lab/model/loader.h"

#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "base/mem.h"
#include "lab/model/page.h"
#include "lab/model/wire.h"
#include "net/localhost.h"
#include "net/transport.h"

#define OUTPUT_BYTES (1u << 20)
/* Requests that wait for their connection's handshake. */
#define MAX_WAITING FR_MEASUREMENT_MAX_ENTRIES

struct conn {
	struct fr_loader *loader; /* borrowed */
	size_t index;             /* in the load's conns */
	char host[256];
	uint16_t port;
	uv_getaddrinfo_t look_up; /* counted in the loader's n_open while under way */
	struct fr_timer resolved;
	struct fr_transport *stream; /* owned until closed; NULL then */
	struct fr_wire *wire;        /* owned; NULL until the handshake is done */
	size_t *waiting;             /* owned: entries */
	size_t n_waiting;
	bool is_looking; /* the look-up is under way */
	bool is_over;    /* failed or finished */
	bool is_dirty;
};

struct fr_loader {
	struct fr_loop *loop; /* borrowed */
	struct fr_loader_spec spec;
	struct fr_measurement *load; /* borrowed */
	struct fr_page *page;        /* owned */
	struct conn conns[FR_MEASUREMENT_MAX_CONNS];
	size_t n_conns, n_open;
	struct fr_timer limit, linger, cpu;
	struct fr_task flush, end;
	uint64_t begin_us;
	bool is_ending;
	void (*on_done)(void *user);
	void *user; /* borrowed */
};

static uint64_t since(const struct fr_loader *l)
{
	return uv_hrtime() / 1000 - l->begin_us;
}

static void end_later(struct fr_loader *l)
{
	if (!l->is_ending)
		fr_loop_release_later(l->loop, &l->end);
}

static void fail(struct fr_loader *l, const char *what, const char *detail)
{
	fr_measurement_fail(l->load, what, detail);
	end_later(l);
}

static void conn_failed(struct conn *c, const char *what, const char *detail)
{
	if (c->is_over)
		return;
	c->is_over = true;
	if (c->index == 0) {
		fail(c->loader, what, detail);
	} else {
		for (size_t i = 0; i < c->n_waiting; i++) {
			c->loader->load->entries[c->waiting[i]].flags |= FR_ENTRY_SKIPPED;
			fr_page_end(c->loader->page, c->waiting[i], false, since(c->loader));
		}
		if (c->wire)
			fr_wire_gone(c->wire, since(c->loader));
	}
	if (c->stream)
		fr_transport_close(c->stream, false);
}

/* --- output --- */

static void flush_all(void *user)
{
	struct fr_loader *l = user;

	for (size_t i = 0; i < l->n_conns; i++) {
		struct conn *c = &l->conns[i];

		if (!c->is_dirty || c->is_over || !c->wire)
			continue;
		c->is_dirty = false;
		if (fr_wire_drain(c->wire, fr_transport_out(c->stream)) < 0)
			conn_failed(c, "cannot send", "");
		else
			fr_transport_flush(c->stream);
	}
}

static void dirty(struct conn *c)
{
	c->is_dirty = true;
	fr_loop_flush_later(c->loader->loop, &c->loader->flush);
}

/* The page's main thread is at something: goes on when that is done. */
static void wait_for_cpu(struct fr_loader *l)
{
	uint64_t at = fr_page_next(l->page), now = since(l);

	if (at == UINT64_MAX || l->is_ending)
		fr_loop_timer_stop(l->loop, &l->cpu);
	else
		fr_loop_timer_set(l->loop, &l->cpu, at > now ? (at - now + 999) / 1000 : 0);
}

/* Nothing is left that is worth waiting for. */
static void maybe_end(struct fr_loader *l)
{
	if (!fr_page_is_complete(l->page))
		return;
	for (size_t i = 0; i < l->n_conns; i++)
		if (l->conns[i].wire && !l->conns[i].is_over && fr_wire_open(l->conns[i].wire))
			return;
	end_later(l);
}

/* --- events of a connection --- */

static void stream_open(void *user)
{
	struct conn *c = user;
	struct fr_loader *l = c->loader;
	struct fr_measurement_conn *lc = &l->load->conns[c->index];
	struct fr_str alpn = fr_tls_alpn(fr_transport_tls(c->stream));

	lc->secured_us = since(l);
	if (!fr_str_is(alpn, "h2")) {
		conn_failed(c, "the server does not offer HTTP/2", "");
		return;
	}
	(void)snprintf(lc->protocol, sizeof lc->protocol, "h2");
	c->wire = fr_wire_new(l->page, l->load, l->spec.accept_push);
	for (size_t i = 0; i < c->n_waiting; i++) {
		/* asked for now; the page may have waited for the connection */
		if (!fr_wire_request(c->wire, c->waiting[i]))
			fr_page_end(l->page, c->waiting[i], false, since(l));
	}
	c->n_waiting = 0;
	dirty(c);
}

static void stream_data(void *user, const uint8_t *data, size_t len)
{
	struct conn *c = user;

	if (c->is_over || !c->wire)
		return;
	if (fr_wire_feed(c->wire, data, len, since(c->loader)) < 0)
		conn_failed(c, "the server broke the protocol", "");
	else
		dirty(c);
	wait_for_cpu(c->loader);
	maybe_end(c->loader);
}

static void stream_eof(void *user)
{
	conn_failed(user, "the connection was closed", "");
}

static void stream_failed(void *user, int err)
{
	struct conn *c = user;

	conn_failed(c, fr_err_str(err), fr_transport_error_text(c->stream));
	wait_for_cpu(c->loader);
	maybe_end(c->loader);
}

static void nothing(void *user)
{
	(void)user;
}

static void free_loader(struct fr_loader *l)
{
	for (size_t i = 0; i < l->n_conns; i++) {
		fr_wire_free(&l->conns[i].wire);
		free(l->conns[i].waiting);
	}
	fr_page_free(&l->page);
	l->on_done(l->user);
	free(l);
}

/* Something that the loader waited for has ended. */
static void closed(struct fr_loader *l)
{
	if (--l->n_open == 0 && l->is_ending)
		free_loader(l);
}

static void stream_closed(void *user)
{
	struct conn *c = user;

	c->stream = NULL;
	closed(c->loader);
}

static const struct fr_transport_handler handler = {.on_open = stream_open,
                                                    .on_data = stream_data,
                                                    .on_eof = stream_eof,
                                                    .on_drained = nothing,
                                                    .on_failed = stream_failed,
                                                    .on_closed = stream_closed};

/* --- connections --- */

static bool connect_to(struct fr_loader *l, struct conn *c)
{
	struct sockaddr_storage to;

	if (!l->spec.route || l->spec.route(l->spec.user, c->host, c->port, &to) < 0)
		return false;
	if (l->spec.enter)
		l->spec.enter(l->spec.user);
	c->stream = fr_transport_connect(l->loop, (struct sockaddr *)&to, l->spec.tls, c->host,
	                                 OUTPUT_BYTES, &handler, c);
	if (l->spec.leave)
		l->spec.leave(l->spec.user);
	l->n_open++;
	return true;
}

static void connect_now(struct conn *c)
{
	struct fr_loader *l = c->loader;
	struct fr_measurement_conn *lc = &l->load->conns[c->index];

	lc->connected_us = (lc->resolved_us ? lc->resolved_us : lc->begin_us) + l->spec.connect_us;
	if (!connect_to(l, c))
		conn_failed(c, "cannot be reached", c->host);
}

/* --- looking names up --- */

static void on_resolved(struct fr_timer *t, void *user)
{
	struct conn *c = user;

	(void)t;
	if (c->is_over)
		return;
	c->loader->load->conns[c->index].resolved_us = since(c->loader);
	connect_now(c);
	wait_for_cpu(c->loader);
	maybe_end(c->loader);
}

/* Which address it is does not matter: the way there is known. */
static void on_look_up(uv_getaddrinfo_t *req, int status, struct addrinfo *list)
{
	struct conn *c = req->data;

	if (status == 0)
		uv_freeaddrinfo(list);
	c->is_looking = false;
	if (!c->is_over && status) {
		conn_failed(c, "cannot look up", c->host);
		wait_for_cpu(c->loader);
		maybe_end(c->loader);
	} else if (!c->is_over) {
		fr_loop_timer_set(c->loader->loop, &c->resolved, c->loader->spec.look_up_us / 1000);
	}
	closed(c->loader);
}

static bool look_up(struct conn *c)
{
	struct fr_loader *l = c->loader;
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};

	c->look_up.data = c;
	fr_timer_init(&c->resolved, on_resolved, c);
	if (!l->spec.is_name || !l->spec.is_name(l->spec.user, c->host, c->port) ||
	    uv_getaddrinfo(fr_loop_uv(l->loop), &c->look_up, on_look_up, fr_localhost_node(c->host),
	                   "443", &hints) < 0)
		return false;
	c->is_looking = true;
	l->n_open++;
	return true;
}

static struct conn *new_conn(struct fr_loader *l, const char *host, uint16_t port)
{
	struct conn *c = &l->conns[l->n_conns];
	struct fr_measurement_conn *lc = &l->load->conns[l->n_conns];

	*c = (struct conn){.loader = l, .index = l->n_conns, .port = port};
	(void)snprintf(c->host, sizeof c->host, "%s", host);
	*lc = (struct fr_measurement_conn){.port = port, .begin_us = since(l)};
	(void)snprintf(lc->host, sizeof lc->host, "%s", host);
	c->waiting = fr_calloc(MAX_WAITING, sizeof *c->waiting);
	l->n_conns++;
	l->load->n_conns++;
	if (!look_up(c))
		connect_now(c);
	return c;
}

static struct conn *conn_for(struct fr_loader *l, const char *url)
{
	struct fr_str rest = fr_str_sub(fr_str_from(url), strlen("https://"), SIZE_MAX), host;
	char name[256];
	uint16_t port;

	if (!fr_str_starts(fr_str_from(url), FR_STR("https://")) ||
	    fr_authority_parse(fr_str_sub(rest, 0, fr_str_find(rest, '/')), &host, &port) < 0 ||
	    host.len >= sizeof name)
		return NULL;
	port = port ? port : 443;
	for (size_t i = 0; i < l->n_conns; i++)
		if (fr_str_is(host, l->conns[i].host) && l->conns[i].port == port)
			return &l->conns[i];
	if (l->n_conns == FR_MEASUREMENT_MAX_CONNS)
		return NULL;
	(void)snprintf(name, sizeof name, "%.*s", FR_STR_ARG(host));
	return new_conn(l, name, port);
}

static bool request(void *user, size_t i)
{
	struct fr_loader *l = user;
	struct conn *c = conn_for(l, l->load->entries[i].url);

	if (!c || c->is_over)
		return false;
	l->load->entries[i].conn = (int)c->index;
	if (!c->wire) {
		if (c->n_waiting == MAX_WAITING)
			return false;
		c->waiting[c->n_waiting++] = i;
		return true;
	}
	dirty(c);
	return fr_wire_request(c->wire, i);
}

static void on_complete(void *user)
{
	struct fr_loader *l = user;

	fr_loop_timer_set(l->loop, &l->linger, FR_LOADER_LINGER_MS);
	maybe_end(l);
}

/* --- begin and end --- */

static void end(void *user)
{
	struct fr_loader *l = user;
	bool any = false;

	if (l->is_ending)
		return;
	l->is_ending = true;
	fr_loop_timer_stop(l->loop, &l->limit);
	fr_loop_timer_stop(l->loop, &l->linger);
	fr_loop_timer_stop(l->loop, &l->cpu);
	fr_page_finish(l->page, since(l));
	for (size_t i = 0; i < l->n_conns; i++) {
		struct conn *c = &l->conns[i];

		any |= c->is_looking || c->stream;
		c->is_over |= !c->stream;
		fr_loop_timer_stop(l->loop, &c->resolved);
		if (c->is_looking)
			(void)uv_cancel((uv_req_t *)&c->look_up);
		if (!c->stream)
			continue;
		if (c->wire && !c->is_over) {
			c->is_over = true;
			fr_wire_goaway(c->wire);
			if (fr_wire_drain(c->wire, fr_transport_out(c->stream)) == 0)
				fr_transport_flush(c->stream);
		}
		fr_transport_close(c->stream, false);
	}
	if (!any)
		free_loader(l);
}

static void time_is_up(struct fr_timer *t, void *user)
{
	(void)t;
	fail(user, "the page was not complete in time", "");
}

static void cpu_done(struct fr_timer *t, void *user)
{
	struct fr_loader *l = user;

	(void)t;
	fr_page_advance(l->page, since(l));
	wait_for_cpu(l);
	maybe_end(l);
}

static void linger_over(struct fr_timer *t, void *user)
{
	(void)t;
	end_later(user);
}

struct fr_loader *fr_loader_start(struct fr_loop *loop, const struct fr_loader_spec *spec,
                                  struct fr_measurement *load, void (*on_done)(void *user),
                                  void *user)
{
	static const struct fr_page_ops ops = {.request = request, .on_complete = on_complete};
	struct fr_page_options options = {.early_hints = spec->early_hints,
	                                  .cpu_percent = spec->cpu_percent};
	struct fr_loader *l = fr_calloc(1, sizeof *l);

	fr_measurement_init(load, spec->url);
	l->loop = loop;
	l->spec = *spec;
	l->load = load;
	l->on_done = on_done;
	l->user = user;
	l->flush = (struct fr_task){.run = flush_all, .user = l};
	l->end = (struct fr_task){.run = end, .user = l};
	fr_timer_init(&l->limit, time_is_up, l);
	fr_timer_init(&l->linger, linger_over, l);
	fr_timer_init(&l->cpu, cpu_done, l);
	fr_loop_timer_set(loop, &l->limit, FR_LOADER_LIMIT_MS);
	l->begin_us = uv_hrtime() / 1000;
	/* the URL has been checked where it was taken from the user */
	FR_ASSERT(fr_page_new(load, &options, &ops, l, &l->page) == 0);
	fr_page_begin(l->page, 0);
	return l;
}

void fr_loader_cancel(struct fr_loader *l)
{
	fail(l, "cancelled", "");
}
