/* Submissions, bodies and promises: what the server sends. */
#include <stdlib.h>
#include <string.h>

#include "base/holds.h"
#include "base/mem.h"
#include "h2/session_priv.h"

/* Fields of a head that need no heap; more are rare and get some. */
#define STACK_FIELDS 64u
/* Bytes of a DATA frame's header and the pad length after it. */
#define FRAME_HEADER_BYTES 9u
/* No DATA frame is made shorter than this for want of room. */
#define MIN_FRAME_BYTES 1024u
/* A short cookie can be guessed through the compressor (RFC 7541 §7.1). */
#define GUESSABLE_COOKIE_BYTES 20u

/* --- fields to nghttp2's form --- */

struct nv_list {
	nghttp2_nv stack[STACK_FIELDS];
	nghttp2_nv *v;
	size_t n;
};

static void put(struct nv_list *l, struct fr_str name, struct fr_str value, uint8_t flags)
{
	l->v[l->n++] = (nghttp2_nv){.name = (uint8_t *)(uintptr_t)name.p,
	                            .value = (uint8_t *)(uintptr_t)value.p,
	                            .namelen = name.len,
	                            .valuelen = value.len,
	                            .flags = flags};
}

static uint8_t flags_of(const struct fr_field *f)
{
	const uint64_t secret = fr_field_bit(FR_FIELD_AUTHORIZATION) |
	                        fr_field_bit(FR_FIELD_PROXY_AUTHORIZATION) |
	                        fr_field_bit(FR_FIELD_COOKIE);

	if (!f->flags && !(secret & fr_field_bit(f->id)))
		return NGHTTP2_NV_FLAG_NONE;
	if ((f->flags & FR_FIELD_SENSITIVE) || f->id == FR_FIELD_AUTHORIZATION ||
	    f->id == FR_FIELD_PROXY_AUTHORIZATION ||
	    (f->id == FR_FIELD_COOKIE && f->value.len < GUESSABLE_COOKIE_BYTES))
		return NGHTTP2_NV_FLAG_NO_INDEX;
	return NGHTTP2_NV_FLAG_NONE;
}

/* Room for `pseudo` more than the fields. False without memory. */
static bool open_list(struct nv_list *l, const struct fr_fields *f, size_t pseudo)
{
	l->n = 0;
	l->v = l->stack;
	if (f->n + pseudo > STACK_FIELDS)
		l->v = fr_try_malloc((f->n + pseudo) * sizeof *l->v);
	return l->v != NULL;
}

static void close_list(struct nv_list *l)
{
	if (l->v != l->stack)
		free(l->v);
}

/* Strings that stay until the stream closes need no copy: nghttp2 reads them when
 * it makes the frame, which it never does for a stream that is gone. */
#define STAYS (NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE)
#define PASSES NGHTTP2_NV_FLAG_NONE

/* Fields without an id, and Last-Modified: values that may be each response's own.
 * Those of the others repeat, or nghttp2 never adds them. */
static bool may_be_unique(const struct fr_field *f)
{
	return f->id == FR_FIELD_OTHER || f->id == FR_FIELD_LAST_MODIFIED;
}

/* repeats: what is known of the values; NULL: nothing is, and all are added. */
static void put_fields(struct nv_list *l, const struct fr_fields *f, uint8_t flags,
                       struct fr_h2_repeats *repeats)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct fr_field *field = &f->v[i];
		uint8_t own = flags_of(field);

		if (repeats && may_be_unique(field) &&
		    fr_h2_is_unique_value(repeats, field->name, field->value))
			own |= NGHTTP2_NV_FLAG_NO_INDEX;
		put(l, field->name, field->value, flags | own);
	}
}

/* Two copies, so that nghttp2's frames tell which is which; neither is copied. */
static const char final_status[] = ":status", interim_status[] = ":status";

static bool open_response(struct fr_h2_session *s, struct nv_list *l,
                          const struct fr_response *resp, char status[4], uint8_t flags)
{
	if (!open_list(l, &resp->fields, 1))
		return false;
	status[0] = (char)('0' + resp->status / 100 % 10);
	status[1] = (char)('0' + resp->status / 10 % 10);
	status[2] = (char)('0' + resp->status % 10);
	put(l,
	    fr_str_make(resp->status < 200 ? interim_status : final_status,
	                sizeof final_status - 1),
	    fr_str_make(status, 3), flags | NGHTTP2_NV_FLAG_NO_COPY_NAME);
	put_fields(l, &resp->fields, flags, &s->repeats);
	return true;
}

static int error_of(int ng)
{
	return ng == NGHTTP2_ERR_NOMEM ? FR_ERR_NOMEM : FR_ERR_CLOSED;
}

/* --- bodies --- */

/* Not far beyond what the drain asked for, nor beyond the page's lead. */
static size_t bound_frame(const struct fr_h2_stream *st, size_t max)
{
	const struct fr_h2_session *s = st->session;
	size_t room = s->out_until - fr_buf_len(s->out), lead = fr_h2_lead_left(st);

	room = room > MIN_FRAME_BYTES + FRAME_HEADER_BYTES ? room - FRAME_HEADER_BYTES
	                                                   : MIN_FRAME_BYTES;
	if (max > room)
		max = room;
	return max < lead ? max : lead;
}

static ssize_t read_body(nghttp2_session *ng, int32_t stream_id, uint8_t *buf, size_t max,
                         uint32_t *flags, nghttp2_data_source *source, void *user)
{
	struct fr_h2_session *s = user;
	struct fr_h2_stream *st = source->ptr;
	struct fr_h2_body body;
	struct nv_list l;

	(void)buf;
	FR_ASSERT(st->magic == FR_H2_STREAM_MAGIC && st->id == stream_id);
	/* Which stream is next is decided when there is room for it, not before. */
	if (s->order_pending || !s->out || fr_buf_len(s->out) >= s->out_until)
		return NGHTTP2_ERR_PAUSE;
	max = bound_frame(st, max);
	body = s->events.on_read(s->user, st->user, max);
	if (body.failed)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	if (body.deferred) {
		st->is_deferred = true;
		return NGHTTP2_ERR_DEFERRED;
	}
	if (!FR_HOLDS(body.len <= max && (body.len || body.end)))
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	*flags |= NGHTTP2_DATA_FLAG_NO_COPY;
	if (!body.end)
		return (ssize_t)body.len;
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	if (body.trailers && body.trailers->n && open_list(&l, body.trailers, 0)) {
		put_fields(&l, body.trailers, PASSES, NULL);
		if (nghttp2_submit_trailer(ng, stream_id, l.v, l.n) == 0)
			*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
		close_list(&l);
	}
	return (ssize_t)body.len;
}

/* One copy: from where the handler keeps the bytes into the output. */
static int send_data(nghttp2_session *ng, nghttp2_frame *frame, const uint8_t *framehd,
                     size_t length, nghttp2_data_source *source, void *user)
{
	struct fr_h2_session *s = user;
	struct fr_h2_stream *st = source->ptr;
	uint8_t *at;

	(void)ng;
	FR_ASSERT(st->magic == FR_H2_STREAM_MAGIC);
	if (!FR_HOLDS(frame->data.padlen == 0)) /* we ask for none */
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	if (!s->out || fr_buf_len(s->out) >= s->out_until)
		return NGHTTP2_ERR_WOULDBLOCK;
	at = fr_buf_reserve(s->out, FRAME_HEADER_BYTES + length);
	if (!at)
		return fr_buf_len(s->out) ? NGHTTP2_ERR_WOULDBLOCK : NGHTTP2_ERR_CALLBACK_FAILURE;
	memcpy(at, framehd, FRAME_HEADER_BYTES);
	if (!s->events.on_copy(s->user, st->user, at + FRAME_HEADER_BYTES, length))
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	fr_buf_commit(s->out, FRAME_HEADER_BYTES + length);
	fr_h2_body_framed(st, length);
	fr_bucket_add(&s->buckets[FR_H2_BUCKET_WINDOW_UPDATE], s->limits.window_update_per_frame);
	return 0;
}

/* --- answers --- */

static size_t interim_size(const nghttp2_nv *nv, size_t n)
{
	size_t size = 0;

	for (size_t i = 0; i < n; i++)
		size += nv[i].namelen + nv[i].valuelen + FR_FIELD_OVERHEAD;
	return size;
}

/* An informational response is not queued any more. False: it was none. */
static bool interim_left(struct fr_h2_session *s, const nghttp2_headers *h)
{
	/* its values may be gone, if it is none: by the name's address alone */
	if (!h->nvlen || h->nva[0].name != (const uint8_t *)interim_status)
		return false;
	s->interim_bytes -= interim_size(h->nva, h->nvlen);
	return true;
}

int fr_h2_submit_informational(struct fr_h2_session *s, int32_t stream_id,
                               const struct fr_response *resp)
{
	size_t size = fr_fields_size(&resp->fields);
	struct nv_list l;
	char status[4];
	int rc;

	if (!fr_h2_find(s, stream_id))
		return FR_ERR_CLOSED;
	/* one may always wait, however large */
	if (s->interim_bytes && s->interim_bytes + size > FR_H2_QUEUED_INTERIM_BYTES)
		return FR_ERR_LIMIT;
	if (!open_response(s, &l, resp, status, PASSES))
		return FR_ERR_NOMEM;
	rc = nghttp2_submit_headers(s->ng, NGHTTP2_FLAG_NONE, stream_id, NULL, l.v, l.n, NULL);
	if (rc == 0)
		s->interim_bytes += interim_size(l.v, l.n);
	close_list(&l);
	return rc < 0 ? error_of(rc) : 0;
}

int fr_h2_submit_response(struct fr_h2_session *s, int32_t stream_id,
                          const struct fr_response *resp, bool has_body)
{
	struct fr_h2_stream *st = fr_h2_find(s, stream_id);
	nghttp2_data_provider body = {.source.ptr = st, .read_callback = read_body};
	struct nv_list l;
	int rc;

	if (!st)
		return FR_ERR_CLOSED;
	if (!open_response(s, &l, resp, st->status, STAYS))
		return FR_ERR_NOMEM;
	fr_h2_take_response_priority(st, resp);
	rc = nghttp2_submit_response(s->ng, stream_id, l.v, l.n, has_body ? &body : NULL);
	close_list(&l);
	if (rc < 0)
		return error_of(rc);
	fr_h2_order_answered(st, resp);
	return 0;
}

void fr_h2_resume(struct fr_h2_session *s, int32_t stream_id)
{
	struct fr_h2_stream *st = fr_h2_find(s, stream_id);

	if (!st || !st->is_deferred)
		return;
	st->is_deferred = false;
	(void)nghttp2_session_resume_data(s->ng, stream_id);
}

void fr_h2_reset(struct fr_h2_session *s, int32_t stream_id, enum fr_h2_code code)
{
	struct fr_h2_stream *st = fr_h2_find(s, stream_id);

	if (!st)
		return;
	st->is_reset_by_us = true;
	if (st->state == FR_H2_ST_RESERVED) {
		/* the promise must be on the wire first */
		st->reset_wanted = true;
		st->reset_code = code;
		return;
	}
	fr_h2_reset_now(st, code);
}

size_t fr_h2_unconsumed(const struct fr_h2_session *s)
{
	return s->unconsumed;
}

/* A window that is used up within a round trip holds an upload back: it grows with what is
 * passed on, as long as little of what came still waits. stream_id 0: the connection's. */
static void grow(struct fr_h2_session *s, struct fr_h2_window *w, int32_t stream_id, size_t waits,
                 size_t len, uint32_t most)
{
	uint32_t larger = w->bytes < most / 4 ? 4 * w->bytes : most;

	w->consumed += len;
	if (w->bytes >= most || w->consumed < w->bytes / 2 || waits > w->bytes / 8)
		return;
	w->consumed = 0;
	w->bytes = larger;
	(void)nghttp2_session_set_local_window_size(s->ng, NGHTTP2_FLAG_NONE, stream_id,
	                                            (int32_t)larger);
}

void fr_h2_consumed(struct fr_h2_session *s, int32_t stream_id, size_t len)
{
	struct fr_h2_stream *st = fr_h2_find(s, stream_id);

	if (!st)
		return;
	if (!FR_HOLDS(len <= st->unconsumed))
		len = st->unconsumed;
	st->unconsumed -= len;
	s->unconsumed -= len;
	(void)nghttp2_session_consume(s->ng, stream_id, len);
	if (st->state == FR_H2_ST_OPEN)
		grow(s, &st->window, stream_id, st->unconsumed, len, s->limits.window_max_bytes);
	grow(s, &s->window, 0, s->unconsumed, len, s->limits.connection_window_max_bytes);
}

/* --- push --- */

bool fr_h2_push_is_enabled(const struct fr_h2_session *s)
{
	return !s->is_terminated && !s->goaway_sent && !s->goaway_received &&
	       nghttp2_session_get_remote_settings(s->ng, NGHTTP2_SETTINGS_ENABLE_PUSH) != 0;
}

bool fr_h2_push_has_room(const struct fr_h2_session *s)
{
	uint32_t theirs =
		nghttp2_session_get_remote_settings(s->ng, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);

	/* a client may allow any number; what each costs us is bounded by ours */
	return s->n_pushes < theirs && s->n_pushes < s->limits.max_concurrent_streams;
}

int32_t fr_h2_push(struct fr_h2_session *s, int32_t parent_id, const struct fr_request *req,
                   void *stream)
{
	struct fr_h2_stream *st;
	struct nv_list l;
	int32_t id;

	if (!fr_h2_push_is_enabled(s) || !fr_h2_push_has_room(s) || !fr_h2_find(s, parent_id))
		return FR_ERR_REFUSED;
	if (!open_list(&l, &req->fields, 4))
		return FR_ERR_NOMEM;
	st = fr_h2_stream_new(s, 0);
	if (!st) {
		close_list(&l);
		return FR_ERR_NOMEM;
	}
	st->state = FR_H2_ST_RESERVED;
	st->is_push = true;
	s->n_pushes++;
	put(&l, FR_STR(":method"), req->method_text, STAYS);
	put(&l, FR_STR(":scheme"), req->scheme, STAYS);
	put(&l, FR_STR(":authority"), req->authority, STAYS);
	put(&l, FR_STR(":path"), req->target, STAYS);
	put_fields(&l, &req->fields, STAYS, NULL);
	id = nghttp2_submit_push_promise(s->ng, NGHTTP2_FLAG_NONE, parent_id, l.v, l.n, st);
	close_list(&l);
	if (id < 0) {
		fr_h2_stream_free(st);
		return id == NGHTTP2_ERR_NOMEM ? FR_ERR_NOMEM : FR_ERR_REFUSED;
	}
	st->id = id;
	st->user = stream;
	s->stats.pushes++;
	return id;
}

static void promise_sent(struct fr_h2_session *s, int32_t id)
{
	struct fr_h2_stream *st = fr_h2_find(s, id);

	s->last_push_id = id;
	if (!st)
		return;
	st->state = FR_H2_ST_HALF_CLOSED;
	fr_h2_needs_order(st);
	if (st->reset_wanted)
		fr_h2_reset_now(st, st->reset_code);
}

static void count_head(struct fr_h2_session *s, size_t wire, const nghttp2_nv *nva, size_t n)
{
	s->stats.head_bytes_out += wire;
	for (size_t i = 0; i < n; i++)
		s->stats.head_bytes_out_plain += nva[i].namelen + nva[i].valuelen;
}

void fr_h2_stop_request(struct fr_h2_session *s, int32_t stream_id)
{
	struct fr_h2_stream *st = fr_h2_find(s, stream_id);

	if (!st || st->state != FR_H2_ST_OPEN || st->is_gone)
		return;
	st->stops_request = true;
	if (st->has_ended)
		fr_h2_reset_now(st, FR_H2_NO_ERROR);
}

/* The response is complete. */
static void response_sent(struct fr_h2_session *s, int32_t stream_id)
{
	struct fr_h2_stream *st = fr_h2_find(s, stream_id);

	if (!st)
		return;
	st->has_ended = true;
	if (st->stops_request)
		fr_h2_stop_request(s, stream_id);
}

static int on_frame_send(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
	struct fr_h2_session *s = user;

	(void)ng;
	if ((frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
	    frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
		response_sent(s, frame->hd.stream_id);
	switch (frame->hd.type) {
	case NGHTTP2_HEADERS:
		count_head(s, frame->hd.length, frame->headers.nva, frame->headers.nvlen);
		(void)interim_left(s, &frame->headers);
		break;
	case NGHTTP2_PUSH_PROMISE:
		count_head(s, frame->hd.length, frame->push_promise.nva, frame->push_promise.nvlen);
		promise_sent(s, frame->push_promise.promised_stream_id);
		break;
	case NGHTTP2_RST_STREAM:
		s->stats.resets_sent++;
		break;
	default:
		break;
	}
	return 0;
}

/* A promise that could not be sent any more (push was disabled, the page is
 * gone): the pushed stream never was. */
static void promise_not_sent(struct fr_h2_session *s, int32_t id)
{
	struct fr_h2_stream *st = fr_h2_find(s, id);

	if (!st || st->state != FR_H2_ST_RESERVED)
		return;
	/* nghttp2 may have opened the stream already; it closes it after this */
	(void)nghttp2_session_set_stream_user_data(s->ng, st->id, NULL);
	fr_h2_stream_close(st, FR_H2_CANCEL);
}

/* A head or trailers that cannot be sent: without them the stream would never end. */
static void head_not_sent(struct fr_h2_session *s, const nghttp2_frame *frame)
{
	struct fr_h2_stream *st = fr_h2_find(s, frame->hd.stream_id);

	if (interim_left(s, &frame->headers) || !st || st->is_gone)
		return;
	fr_h2_reset_now(st, FR_H2_INTERNAL_ERROR);
}

static int on_frame_not_send(nghttp2_session *ng, const nghttp2_frame *frame, int err, void *user)
{
	(void)ng;
	(void)err;
	if (frame->hd.type == NGHTTP2_HEADERS)
		head_not_sent(user, frame);
	else if (frame->hd.type == NGHTTP2_PUSH_PROMISE)
		promise_not_sent(user, frame->push_promise.promised_stream_id);
	return 0;
}

void fr_h2_set_send_callbacks(nghttp2_session_callbacks *cb)
{
	nghttp2_session_callbacks_set_send_data_callback(cb, send_data);
	nghttp2_session_callbacks_set_on_frame_send_callback(cb, on_frame_send);
	nghttp2_session_callbacks_set_on_frame_not_send_callback(cb, on_frame_not_send);
}
