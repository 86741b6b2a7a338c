#include "tools/demo/loader.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "base/mem.h"
#include "h2/client.h"
#include "http/url.h"
#include "net/stream.h"
#include "tools/demo/discover.h"

#define OUTPUT_BYTES 262144u
#define WINDOW_BYTES (8u << 20)
#define ARENA_BYTES (1u << 20)
/* A style sheet beyond this is not searched for fonts. */
#define CSS_BYTES (1u << 20)

struct fr_load {
	struct fr_loop *loop;          /* borrowed */
	struct fr_load_result *result; /* borrowed */
	struct fr_stream *stream;      /* owned until closed */
	struct fr_h2_client *h2;       /* owned */
	struct fr_discover *discover;  /* owned */
	struct fr_arena arena;
	struct fr_url base;
	struct fr_str authority, target;
	int32_t ids[FR_LOAD_MAX_ASSETS];       /* streams of the assets */
	struct fr_buf css[FR_LOAD_MAX_ASSETS]; /* style sheets being received */
	struct fr_timer limit;
	uint64_t begin_us;
	bool is_ending;
	void (*on_done)(void *user);
	void *user; /* borrowed */
};

static uint64_t since(const struct fr_load *l)
{
	return uv_hrtime() / 1000 - l->begin_us;
}

static void fail(struct fr_load *l, const char *what, const char *detail)
{
	if (!l->result->failed)
		(void)snprintf(l->result->problem, sizeof l->result->problem, "%s%s%s", what,
		               *detail ? ": " : "", detail);
	l->result->failed = true;
	fr_stream_close(l->stream, false);
}

/* --- assets --- */

static struct fr_load_asset *by_path(struct fr_load *l, struct fr_str path)
{
	for (size_t i = 0; i < l->result->n; i++)
		if (fr_str_is(path, l->result->assets[i].path))
			return &l->result->assets[i];
	return NULL;
}

static struct fr_load_asset *by_id(struct fr_load *l, int32_t id)
{
	for (size_t i = 0; i < l->result->n; i++)
		if (l->ids[i] == id)
			return &l->result->assets[i];
	return NULL;
}

static struct fr_load_asset *add_asset(struct fr_load *l, struct fr_str path, int32_t id)
{
	struct fr_load_result *r = l->result;
	struct fr_load_asset *a;

	if (r->n == FR_LOAD_MAX_ASSETS || path.len >= sizeof a->path)
		return NULL;
	a = &r->assets[r->n];
	*a = (struct fr_load_asset){.start_us = since(l)};
	(void)snprintf(a->path, sizeof a->path, "%.*s", FR_STR_ARG(path));
	l->ids[r->n] = id;
	fr_buf_init(&l->css[r->n], CSS_BYTES);
	r->n++;
	return a;
}

static void flush(struct fr_load *l)
{
	if (fr_h2_client_drain(l->h2, fr_stream_out(l->stream)) < 0)
		fail(l, "cannot send", "");
	else
		fr_stream_flush(l->stream);
}

static unsigned urgency_of(enum fr_as as)
{
	switch (fr_as_rank(as)) {
	case FR_RANK_BLOCKING:
		return 1;
	case FR_RANK_NORMAL:
		return 3;
	case FR_RANK_LATE:
		break;
	}
	return 5;
}

static int32_t request(struct fr_load *l, struct fr_str target, enum fr_as as)
{
	struct fr_request req;

	fr_request_init(&req, &l->arena);
	req.method_text = FR_STR("GET");
	req.scheme = FR_STR("https");
	req.authority = l->authority;
	req.target = target;
	if (fr_fields_add_id(&req.fields, FR_FIELD_ACCEPT, fr_str_from(fr_as_accept(as))) < 0 ||
	    fr_fields_add_id(&req.fields, FR_FIELD_USER_AGENT, FR_STR("forerun-demo")) < 0)
		return FR_ERR_NOMEM;
	return fr_h2_client_request(l->h2, &req, as == FR_AS_DOCUMENT ? 0 : urgency_of(as));
}

/* The page needs this: asks for it unless it is on its way already. */
static void found(void *user, struct fr_str ref, enum fr_as as, bool blocking)
{
	struct fr_load *l = user;
	struct fr_load_asset *a;
	struct fr_url url;
	int32_t id;

	if (fr_url_resolve(&l->arena, &l->base, ref, &url) < 0 ||
	    !fr_url_same_origin(&url, &l->base))
		return;
	a = by_path(l, url.target);
	if (!a) {
		id = request(l, url.target, as);
		a = id > 0 ? add_asset(l, url.target, id) : NULL;
		if (!a) {
			fail(l, "too many assets", "");
			return;
		}
	}
	a->as = as;
	a->is_blocking |= blocking;
	a->is_needed = true;
}

/* --- events of the session --- */

static void maybe_complete(struct fr_load *l)
{
	struct fr_load_result *r = l->result;

	for (size_t i = 0; i < r->n; i++)
		if (!r->assets[i].is_done)
			return;
	r->render_us = r->assets[0].first_us;
	for (size_t i = 0; i < r->n; i++) {
		const struct fr_load_asset *a = &r->assets[i];

		if (a->is_blocking && a->end_us > r->render_us)
			r->render_us = a->end_us;
		if (a->end_us > r->complete_us)
			r->complete_us = a->end_us;
		r->failed |= a->is_failed;
		r->pushed += a->is_pushed;
	}
	if (r->failed && !r->problem[0])
		(void)snprintf(r->problem, sizeof r->problem, "an asset failed");
	l->is_ending = true;
	fr_h2_client_goaway(l->h2);
	flush(l);
	fr_stream_finish(l->stream, 1000);
}

static void on_response(void *user, int32_t id, const struct fr_response *resp, bool end)
{
	struct fr_load *l = user;
	struct fr_load_asset *a = by_id(l, id);

	(void)end;
	if (!a)
		return;
	a->first_us = since(l);
	a->status = resp->status;
}

static void on_data(void *user, int32_t id, const uint8_t *data, size_t len)
{
	struct fr_load *l = user;
	struct fr_load_asset *a = by_id(l, id);

	if (!a)
		return;
	a->bytes += len;
	if (a == &l->result->assets[0])
		fr_discover_html(l->discover, data, len, false);
	else if (a->as == FR_AS_STYLE &&
	         fr_buf_append(&l->css[a - l->result->assets], data, len) < 0)
		fr_buf_clear(&l->css[a - l->result->assets]);
}

static void on_close(void *user, int32_t id, uint32_t code)
{
	struct fr_load *l = user;
	struct fr_load_asset *a = by_id(l, id);
	struct fr_buf *css;

	if (!a || l->is_ending)
		return;
	a->end_us = since(l);
	a->is_done = true;
	a->is_failed = code != 0 || a->status != 200;
	css = &l->css[a - l->result->assets];
	if (a == &l->result->assets[0])
		fr_discover_html(l->discover, NULL, 0, true);
	else if (a->as == FR_AS_STYLE)
		fr_discover_css(fr_str_make((const char *)fr_buf_data(css), fr_buf_len(css)), found,
		                l);
	maybe_complete(l);
}

static bool on_push(void *user, int32_t parent, int32_t id, const struct fr_request *req)
{
	struct fr_load *l = user;
	struct fr_str accept = fr_fields_value(&req->fields, FR_FIELD_ACCEPT);
	struct fr_load_asset *a;

	(void)parent;
	if (by_path(l, req->target))
		return false; /* on its way already */
	a = add_asset(l, req->target, id);
	if (!a)
		return false;
	a->is_pushed = true;
	/* style sheets are searched once they are there */
	a->as = fr_str_starts(accept, FR_STR("text/css")) ? FR_AS_STYLE : FR_AS_NONE;
	return true;
}

/* --- events of the stream --- */

static void stream_open(void *user)
{
	struct fr_load *l = user;
	struct fr_load_asset *page;
	int32_t id = request(l, l->target, FR_AS_DOCUMENT);

	page = id > 0 ? add_asset(l, l->target, id) : NULL;
	if (!page) {
		fail(l, "cannot ask for the page", "");
		return;
	}
	page->as = FR_AS_DOCUMENT;
	page->is_needed = true;
	flush(l);
}

static void stream_data(void *user, const uint8_t *data, size_t len)
{
	struct fr_load *l = user;

	if (l->is_ending)
		return;
	if (fr_h2_client_feed(l->h2, data, len) < 0)
		fail(l, "the server broke the protocol", "");
	else if (!l->is_ending && !l->result->failed)
		flush(l);
}

static void stream_eof(void *user)
{
	fail(user, "the connection was closed", "");
}

static void stream_failed(void *user, int err)
{
	struct fr_load *l = user;

	fail(l, fr_err_str(err), fr_stream_error_text(l->stream));
}

static void nothing(void *user)
{
	(void)user;
}

static void stream_closed(void *user)
{
	struct fr_load *l = user;

	fr_loop_timer_stop(l->loop, &l->limit);
	fr_h2_client_free(&l->h2);
	fr_discover_free(&l->discover);
	for (size_t i = 0; i < l->result->n; i++)
		fr_buf_fini(&l->css[i]);
	fr_arena_fini(&l->arena);
	l->on_done(l->user);
	free(l);
}

static const struct fr_stream_handler handler = {.on_open = stream_open,
                                                 .on_data = stream_data,
                                                 .on_eof = stream_eof,
                                                 .on_drained = nothing,
                                                 .on_failed = stream_failed,
                                                 .on_closed = stream_closed};

static void time_is_up(struct fr_timer *t, void *user)
{
	(void)t;
	fail(user, "the page was not complete in time", "");
}

static void make_base(struct fr_load *l, const char *authority, const char *target)
{
	struct fr_str text;

	FR_ASSERT(fr_arena_copy(&l->arena, fr_str_from(authority), &l->authority) == 0 &&
	          fr_arena_copy(&l->arena, fr_str_from(target), &l->target) == 0 &&
	          fr_arena_printf(&l->arena, &text, "https://%s%s", authority, target) == 0 &&
	          fr_url_parse(&l->arena, text, &l->base) == 0);
}

struct fr_load *fr_load_start(struct fr_loop *loop, struct fr_tls_client *client, uint16_t port,
                              const char *authority, const char *target, bool accept_push,
                              struct fr_load_result *result, void (*on_done)(void *user),
                              void *user)
{
	struct fr_h2_client_events events = {.on_response = on_response,
	                                     .on_data = on_data,
	                                     .on_close = on_close,
	                                     .on_push = accept_push ? on_push : NULL};
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct fr_load *l = fr_calloc(1, sizeof *l);

	*result = (struct fr_load_result){0};
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	l->loop = loop;
	l->result = result;
	l->on_done = on_done;
	l->user = user;
	fr_arena_init(&l->arena, ARENA_BYTES);
	make_base(l, authority, target);
	l->discover = fr_discover_new(found, l);
	l->h2 = fr_h2_client_new(&events, l, WINDOW_BYTES);
	fr_timer_init(&l->limit, time_is_up, l);
	fr_loop_timer_set(loop, &l->limit, FR_LOAD_MAX_MS);
	l->begin_us = uv_hrtime() / 1000;
	l->stream = fr_stream_connect(loop, (struct sockaddr *)&to, client, "localhost",
	                              OUTPUT_BYTES, &handler, l);
	return l;
}
