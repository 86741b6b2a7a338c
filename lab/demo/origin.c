/* Serves the demo's site over HTTP/1.1, with its think time. */
#include "lab/demo/origin.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/mem.h"
#include "http/fields.h"
#include "http/h1.h"
#include "http/message.h"
#include "lab/demo/site.h"
#include "lab/network/port.h"
#include "net/transport.h"

#define ARENA_BYTES 65536u
#define OUTPUT_BYTES (1u << 20) /* the largest file is far smaller */

struct conn {
	struct fr_demo_origin *origin; /* borrowed */
	struct conn *next, **pprev;
	struct fr_transport *stream; /* owned until closed */
	struct fr_h1_parser *parser;
	struct fr_arena arena;
	struct fr_request req;
	struct fr_buf in;      /* what came after the request being answered */
	struct fr_timer delay; /* think time */
	bool is_thinking;
};

struct fr_demo_origin {
	struct fr_loop *loop; /* borrowed */
	struct fr_listen_port *listener;
	struct conn *conns;
	bool is_closed;
};

static void maybe_free(struct fr_demo_origin *o)
{
	if (o->is_closed && !o->conns)
		free(o);
}

static void begin(struct conn *c)
{
	fr_arena_reset(&c->arena);
	fr_h1_begin_request(c->parser, &c->arena, &c->req);
}

/* --- answering --- */

static int add(struct fr_response *r, enum fr_field_id id, const char *value)
{
	return value ? fr_fields_add_id(&r->fields, id, fr_str_from(value)) : 0;
}

static int answer(struct conn *c)
{
	static const struct fr_demo_file none = {.data = (const unsigned char *)"not found\n",
	                                         .len = 10,
	                                         .type = "text/plain",
	                                         .cache_control = "no-store"};
	struct fr_buf *out = fr_transport_out(c->stream);
	struct fr_demo_file file;
	struct fr_response resp;
	bool found = fr_demo_find(c->req.target, &file);
	int rc;

	if (!found)
		file = none;
	fr_response_init(&resp, &c->arena, found ? 200 : 404);
	resp.content_length = (int64_t)file.len;
	rc = add(&resp, FR_FIELD_CONTENT_TYPE, file.type);
	if (rc == 0)
		rc = add(&resp, FR_FIELD_CACHE_CONTROL, file.cache_control);
	if (rc == 0)
		rc = add(&resp, FR_FIELD_LINK, file.link);
	if (rc == 0)
		rc = fr_h1_write_response(out, &resp, false, NULL);
	if (rc == 0 && c->req.method != FR_METHOD_HEAD)
		rc = fr_buf_append(out, file.data, file.len);
	fr_transport_flush(c->stream);
	begin(c);
	return rc;
}

static void process(struct conn *c);

static void think_over(struct fr_timer *t, void *user)
{
	struct conn *c = user;

	(void)t;
	c->is_thinking = false;
	if (answer(c) < 0)
		fr_transport_close(c->stream, true);
	else
		process(c);
}

/* Bodies are read and thrown away: nothing of this site takes any. */
static bool take(struct conn *c, struct fr_h1_result r)
{
	struct fr_demo_file file;

	if (r.event == FR_H1_FAILED)
		return false;
	if (r.event != FR_H1_END)
		return true;
	if (fr_demo_find(c->req.target, &file) && file.delay_ms) {
		c->is_thinking = true;
		fr_loop_timer_set(c->origin->loop, &c->delay, file.delay_ms);
		return true;
	}
	return answer(c) == 0;
}

static void process(struct conn *c)
{
	struct fr_h1_result r = {.event = FR_H1_BODY};

	while (!c->is_thinking && (fr_buf_len(&c->in) || r.event != FR_H1_NEED_MORE)) {
		r = fr_h1_feed(c->parser, fr_buf_data(&c->in), fr_buf_len(&c->in));
		if (!take(c, r)) {
			fr_transport_close(c->stream, false);
			return;
		}
		fr_buf_consume(&c->in, r.consumed);
	}
}

/* --- connections --- */

static void on_data(void *user, const uint8_t *data, size_t len)
{
	struct conn *c = user;

	if (fr_buf_append(&c->in, data, len) < 0)
		fr_transport_close(c->stream, true);
	else
		process(c);
}

static void on_end(void *user)
{
	struct conn *c = user;

	fr_transport_close(c->stream, false);
}

static void on_failed(void *user, int err)
{
	(void)err;
	on_end(user);
}

static void nothing(void *user)
{
	(void)user;
}

static void on_closed(void *user)
{
	struct conn *c = user;
	struct fr_demo_origin *o = c->origin;

	fr_loop_timer_stop(o->loop, &c->delay);
	FR_LIST_REMOVE(c);
	fr_h1_parser_free(&c->parser);
	fr_arena_fini(&c->arena);
	fr_buf_fini(&c->in);
	free(c);
	maybe_free(o);
}

static const struct fr_transport_handler handler = {.on_open = nothing,
                                                    .on_data = on_data,
                                                    .on_eof = on_end,
                                                    .on_drained = nothing,
                                                    .on_failed = on_failed,
                                                    .on_closed = on_closed};

static void on_accept(void *user, int fd)
{
	struct fr_h1_limits limits = FR_H1_LIMITS_DEFAULT;
	struct fr_demo_origin *o = user;
	struct conn *c = fr_calloc(1, sizeof *c);

	c->origin = o;
	FR_LIST_PUSH(o->conns, c);
	c->parser = fr_h1_request_parser_new(&limits);
	FR_ASSERT(c->parser);
	fr_arena_init(&c->arena, ARENA_BYTES);
	fr_buf_init(&c->in, 2 * FR_READ_BYTES);
	fr_timer_init(&c->delay, think_over, c);
	begin(c);
	FR_ASSERT(fr_transport_accept(o->loop, fd, false, NULL, OUTPUT_BYTES, &handler, c,
	                              &c->stream) == 0);
}

int fr_demo_origin_new(struct fr_loop *l, struct fr_demo_origin **out)
{
	struct fr_demo_origin *o = fr_calloc(1, sizeof *o);
	int rc;

	o->loop = l;
	rc = fr_listen_port_new(l, -1, on_accept, o, &o->listener);
	if (rc < 0) {
		free(o);
		return rc;
	}
	*out = o;
	return 0;
}

uint16_t fr_demo_origin_port(const struct fr_demo_origin *o)
{
	return fr_listen_port_number(o->listener);
}

void fr_demo_origin_close(struct fr_demo_origin **op)
{
	struct fr_demo_origin *o = *op;

	if (!o)
		return;
	*op = NULL;
	fr_listen_port_close(&o->listener);
	o->is_closed = true;
	for (struct conn *c = o->conns; c; c = c->next)
		fr_transport_close(c->stream, false);
	maybe_free(o);
}
