/* An HTTP/2 client session over libnghttp2, for the measuring tools and for tests. */
#include "lab/model/h2_client.h"

#include <nghttp2/nghttp2.h>
#include <stdlib.h>

#include "base/mem.h"

/* Fields of one head; more end the stream. */
#define HEAD_ARENA_BYTES 65536u
/* What Chromium advertised while it accepted pushes. */
#define MAX_PUSHED_STREAMS 1000u

struct fr_h2_client {
	nghttp2_session *ng; /* owned */
	struct fr_h2_client_events events;
	void *user;            /* borrowed */
	struct fr_arena arena; /* the head being received */
	struct fr_response resp;
	struct fr_request req; /* of a promise */
};

static int on_begin_headers(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
	struct fr_h2_client *c = user;

	(void)ng;
	(void)frame;
	fr_arena_reset(&c->arena);
	fr_response_init(&c->resp, &c->arena, 0);
	fr_request_init(&c->req, &c->arena);
	return 0;
}

static int take_response_field(struct fr_h2_client *c, struct fr_str name, struct fr_str value)
{
	uint64_t status = 0;

	if (name.p[0] != ':')
		return fr_fields_add_copy(&c->resp.fields, name, value);
	if (fr_str_is(name, ":status") && fr_str_to_u64(value, &status) == 0 && status < 1000)
		c->resp.status = (int)status;
	return 0;
}

static int take_promise_field(struct fr_h2_client *c, struct fr_str name, struct fr_str value)
{
	if (fr_str_is(name, ":path"))
		return fr_arena_copy(&c->arena, value, &c->req.target);
	if (fr_str_is(name, ":authority"))
		return fr_arena_copy(&c->arena, value, &c->req.authority);
	if (fr_str_is(name, ":scheme"))
		return fr_arena_copy(&c->arena, value, &c->req.scheme);
	if (fr_str_is(name, ":method"))
		return fr_arena_copy(&c->arena, value, &c->req.method_text);
	return fr_fields_add_copy(&c->req.fields, name, value);
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *frame, const uint8_t *name,
                     size_t namelen, const uint8_t *value, size_t valuelen, uint8_t flags,
                     void *user)
{
	struct fr_h2_client *c = user;
	struct fr_str n = fr_str_make((const char *)name, namelen);
	struct fr_str v = fr_str_make((const char *)value, valuelen);
	int rc;

	(void)ng;
	(void)flags;
	if (n.len == 0)
		return 0;
	rc = frame->hd.type == NGHTTP2_PUSH_PROMISE ? take_promise_field(c, n, v)
	                                            : take_response_field(c, n, v);
	return rc < 0 ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE : 0;
}

static void promise(struct fr_h2_client *c, const nghttp2_push_promise *p)
{
	int32_t id = p->promised_stream_id;

	if (!c->events.on_push || !c->events.on_push(c->user, p->hd.stream_id, id, &c->req))
		(void)nghttp2_submit_rst_stream(c->ng, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
}

static int on_frame_recv(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
	struct fr_h2_client *c = user;
	bool end = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;

	(void)ng;
	if (frame->hd.type == NGHTTP2_PUSH_PROMISE) {
		promise(c, &frame->push_promise);
	} else if (frame->hd.type == NGHTTP2_HEADERS && c->resp.status >= 200) {
		c->resp.version = FR_HTTP_2;
		c->events.on_response(c->user, frame->hd.stream_id, &c->resp, end);
	} else if (frame->hd.type == NGHTTP2_HEADERS && c->resp.status &&
	           c->events.on_informational) {
		c->events.on_informational(c->user, frame->hd.stream_id, &c->resp);
	}
	return 0;
}

static int on_data(nghttp2_session *ng, uint8_t flags, int32_t stream_id, const uint8_t *data,
                   size_t len, void *user)
{
	struct fr_h2_client *c = user;

	(void)ng;
	(void)flags;
	c->events.on_data(c->user, stream_id, data, len);
	return 0;
}

static int on_stream_close(nghttp2_session *ng, int32_t stream_id, uint32_t code, void *user)
{
	struct fr_h2_client *c = user;

	(void)ng;
	c->events.on_close(c->user, stream_id, code);
	return 0;
}

static nghttp2_session *make_ng(struct fr_h2_client *c)
{
	nghttp2_session_callbacks *cb;
	nghttp2_session *ng;

	FR_ASSERT(nghttp2_session_callbacks_new(&cb) == 0);
	nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame_recv);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
	FR_ASSERT(nghttp2_session_client_new(&ng, cb, c) == 0);
	nghttp2_session_callbacks_del(cb);
	return ng;
}

struct fr_h2_client *fr_h2_client_new(const struct fr_h2_client_events *events, void *user,
                                      uint32_t window_bytes)
{
	struct fr_h2_client *c = fr_calloc(1, sizeof *c);
	nghttp2_settings_entry iv[] = {
		{NGHTTP2_SETTINGS_ENABLE_PUSH, events->on_push != NULL},
		{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window_bytes},
		{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, MAX_PUSHED_STREAMS},
		{NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
	};

	c->events = *events;
	c->user = user;
	fr_arena_init(&c->arena, HEAD_ARENA_BYTES);
	c->ng = make_ng(c);
	FR_ASSERT(nghttp2_submit_settings(c->ng, NGHTTP2_FLAG_NONE, iv, FR_ARRAY_LEN(iv)) == 0);
	(void)nghttp2_session_set_local_window_size(c->ng, NGHTTP2_FLAG_NONE, 0,
	                                            (int32_t)window_bytes);
	return c;
}

void fr_h2_client_free(struct fr_h2_client **cp)
{
	struct fr_h2_client *c = *cp;

	if (!c)
		return;
	nghttp2_session_del(c->ng);
	fr_arena_fini(&c->arena);
	free(c);
	*cp = NULL;
}

int fr_h2_client_feed(struct fr_h2_client *c, const uint8_t *data, size_t len)
{
	return nghttp2_session_mem_recv(c->ng, data, len) < 0 ? FR_ERR_PROTOCOL : 0;
}

int fr_h2_client_drain(struct fr_h2_client *c, struct fr_buf *out)
{
	const uint8_t *data;
	ssize_t n;

	while ((n = nghttp2_session_mem_send(c->ng, &data)) > 0) {
		int rc = fr_buf_append(out, data, (size_t)n);

		if (rc < 0)
			return rc;
	}
	return n < 0 ? FR_ERR_PROTOCOL : 0;
}

static nghttp2_nv nv(struct fr_str name, struct fr_str value)
{
	return (nghttp2_nv){.name = (uint8_t *)(uintptr_t)name.p,
	                    .value = (uint8_t *)(uintptr_t)value.p,
	                    .namelen = name.len,
	                    .valuelen = value.len};
}

int32_t fr_h2_client_request(struct fr_h2_client *c, const struct fr_request *req)
{
	nghttp2_nv list[FR_H2_CLIENT_MAX_FIELDS + 4];
	size_t n = 0;
	int32_t id;

	FR_ASSERT(req->fields.n <= FR_H2_CLIENT_MAX_FIELDS);
	list[n++] = nv(FR_STR(":method"), req->method_text);
	list[n++] = nv(FR_STR(":scheme"), req->scheme);
	list[n++] = nv(FR_STR(":authority"), req->authority);
	list[n++] = nv(FR_STR(":path"), req->target);
	for (size_t i = 0; i < req->fields.n; i++)
		list[n++] = nv(req->fields.v[i].name, req->fields.v[i].value);
	id = nghttp2_submit_request(c->ng, NULL, list, n, NULL, NULL);
	if (id < 0)
		return id == NGHTTP2_ERR_NOMEM ? FR_ERR_NOMEM : FR_ERR_CLOSED;
	return id;
}

void fr_h2_client_goaway(struct fr_h2_client *c)
{
	(void)nghttp2_session_terminate_session(c->ng, NGHTTP2_NO_ERROR);
}
