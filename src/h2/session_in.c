/* nghttp2's callbacks for what a client sends: floods are counted here, fields
 * and bodies are handed on. */
#include "base/mem.h"
#include "h2/session_priv.h"

/* --- fields --- */

static void count_wire(struct fr_h2_stream *st, size_t len)
{
	st->wire_bytes += len;
	st->session->wire_bytes += len;
}

static int on_begin_headers(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
	struct fr_h2_session *s = user;
	struct fr_h2_stream *st;

	if (frame->hd.type != NGHTTP2_HEADERS || s->is_terminated)
		return 0;
	if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
		st = fr_h2_lookup(s, frame->hd.stream_id);
		if (st && !st->is_push) {
			st->fields_bytes = st->fields_count = 0;
			count_wire(st, frame->hd.length);
			st->trailers = fr_arena_alloc(st->arena, sizeof *st->trailers);
			if (st->trailers)
				fr_fields_init(st->trailers, st->arena);
		}
		return 0;
	}
	s->last_client_id = frame->hd.stream_id;
	st = fr_h2_stream_new(s, frame->hd.stream_id);
	if (st)
		st->user = s->events.on_open(s->user, st->id, &st->arena, &st->req);
	if (!st || !st->user) {
		if (st)
			fr_h2_stream_free(st);
		(void)nghttp2_submit_rst_stream(ng, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
		                                NGHTTP2_REFUSED_STREAM);
		fr_h2_take_token(s, FR_H2_BUCKET_RESET, FR_H2_FAULT_RESET_FLOOD);
		return 0;
	}
	(void)nghttp2_session_set_stream_user_data(ng, st->id, st);
	count_wire(st, frame->hd.length);
	return 0;
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *frame, nghttp2_rcbuf *name,
                     nghttp2_rcbuf *value, uint8_t flags, void *user)
{
	struct fr_h2_session *s = user;
	struct fr_h2_stream *st = fr_h2_lookup(s, frame->hd.stream_id);

	(void)ng;
	(void)flags;
	s->stats.head_bytes_in_plain +=
		nghttp2_rcbuf_get_buf(name).len + nghttp2_rcbuf_get_buf(value).len;
	if (!st || s->is_terminated)
		return 0;
	fr_h2_take_field(st, name, value);
	if (st->fields_bytes > FR_H2_FIELDS_FLOOD_FACTOR * s->limits.fields_bytes ||
	    st->fields_count > FR_H2_FIELDS_FLOOD_FACTOR * s->limits.fields_count)
		fr_h2_report(s, st, FR_H2_FAULT_FIELDS_FLOOD);
	return 0;
}

/* --- whole frames --- */

static void request_complete(struct fr_h2_session *s, struct fr_h2_stream *st, bool end)
{
	st->state = end ? FR_H2_ST_HALF_CLOSED : FR_H2_ST_OPEN;
	if (st->is_too_large) {
		s->stats.faults[FR_H2_FAULT_FIELDS_TOO_LARGE]++;
		s->events.on_fault(s->user, st->user, FR_H2_FAULT_FIELDS_TOO_LARGE);
		s->events.on_oversized(s->user, st->user, end);
	} else if (st->is_too_much) {
		fr_h2_report(s, st, FR_H2_FAULT_FIELDS_HELD);
	} else if (!fr_h2_finish_request(st)) {
		fr_h2_report(s, st, FR_H2_FAULT_MALFORMED);
	} else {
		s->events.on_request(s->user, st->user, end);
	}
}

static void block_complete(struct fr_h2_session *s, struct fr_h2_stream *st,
                           const nghttp2_frame *frame)
{
	bool end = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;

	s->stats.head_bytes_in += frame->hd.length;
	if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
		request_complete(s, st, end);
		fr_buf_fini(&s->crumbs);
		return;
	}
	/* trailers; nghttp2 saw to END_STREAM */
	if (st->is_malformed || st->is_too_large || st->is_too_much) {
		fr_h2_report(s, st,
		             st->is_too_large  ? FR_H2_FAULT_FIELDS_TOO_LARGE
		             : st->is_too_much ? FR_H2_FAULT_FIELDS_HELD
		                               : FR_H2_FAULT_MALFORMED);
		return;
	}
	st->state = FR_H2_ST_HALF_CLOSED;
	s->events.on_end(s->user, st->user, st->trailers);
}

static void data_complete(struct fr_h2_session *s, struct fr_h2_stream *st,
                          const nghttp2_frame *frame)
{
	if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
		st->state = FR_H2_ST_HALF_CLOSED;
		s->events.on_end(s->user, st->user, NULL);
	} else if (frame->hd.length <= frame->data.padlen) {
		fr_h2_take_token(s, FR_H2_BUCKET_EMPTY, FR_H2_FAULT_EMPTY_FRAMES);
	}
}

static int on_frame_recv(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
	struct fr_h2_session *s = user;
	struct fr_h2_stream *st;

	(void)ng;
	if (s->is_terminated)
		return 0;
	if (frame->hd.type == NGHTTP2_GOAWAY) {
		s->goaway_received = true;
		if (s->events.on_goaway)
			s->events.on_goaway(s->user, frame->goaway.error_code);
		return 0;
	}
	if (frame->hd.type == NGHTTP2_PRIORITY_UPDATE) {
		fr_h2_take_priority_update(s, frame->hd.stream_id);
		return 0;
	}
	st = frame->hd.stream_id ? fr_h2_lookup(s, frame->hd.stream_id) : NULL;
	if (!st)
		return 0;
	if (frame->hd.type == NGHTTP2_HEADERS)
		block_complete(s, st, frame);
	else if (frame->hd.type == NGHTTP2_PRIORITY)
		fr_h2_take_tree_priority(st);
	else if (frame->hd.type == NGHTTP2_DATA)
		data_complete(s, st, frame);
	else if (frame->hd.type == NGHTTP2_RST_STREAM) {
		st->is_reset_by_peer = true;
		s->stats.resets_received++;
	}
	return 0;
}

static int on_data(nghttp2_session *ng, uint8_t flags, int32_t stream_id, const uint8_t *data,
                   size_t len, void *user)
{
	struct fr_h2_session *s = user;
	struct fr_h2_stream *st = fr_h2_lookup(s, stream_id);

	(void)flags;
	if (len == 0)
		return 0;
	if (!st || s->is_terminated) {
		(void)nghttp2_session_consume(ng, stream_id, len);
		return 0;
	}
	st->unconsumed += len;
	s->unconsumed += len;
	s->events.on_data(s->user, st->user, data, len);
	return 0;
}

/* nghttp2 refused a frame and resets the stream, or ends the connection. Streams beyond
 * max_concurrent_streams are such, until the client has acknowledged our SETTINGS: they
 * never open, and cost the client little more than one that it resets itself. */
static int on_invalid_frame(nghttp2_session *ng, const nghttp2_frame *frame, int err, void *user)
{
	struct fr_h2_session *s = user;
	struct fr_h2_stream *st = frame->hd.stream_id ? fr_h2_lookup(s, frame->hd.stream_id) : NULL;

	(void)ng;
	if (s->is_terminated)
		return 0;
	if (err == NGHTTP2_ERR_HTTP_MESSAGING || err == NGHTTP2_ERR_HTTP_HEADER) {
		s->stats.faults[FR_H2_FAULT_MALFORMED]++;
		s->events.on_fault(s->user, st ? st->user : NULL, FR_H2_FAULT_MALFORMED);
	}
	if (st)
		st->is_gone = true;
	else if (err == NGHTTP2_ERR_REFUSED_STREAM)
		fr_h2_take_token(s, FR_H2_BUCKET_RESET, FR_H2_FAULT_RESET_FLOOD);
	return 0;
}

/* Streams that end early by the client's doing: opened and reset they cost it
 * nothing. Pushes are ours, and so are resets that the edge asked for. */
static void count_reset(struct fr_h2_session *s, const struct fr_h2_stream *st)
{
	if (!st->is_push && !st->is_reset_by_us)
		fr_h2_take_token(s, FR_H2_BUCKET_RESET, FR_H2_FAULT_RESET_FLOOD);
}

static int on_stream_close(nghttp2_session *ng, int32_t stream_id, uint32_t code, void *user)
{
	struct fr_h2_session *s = user;
	struct fr_h2_stream *st = fr_h2_lookup(s, stream_id);

	(void)ng;
	if (!st)
		return 0;
	(void)nghttp2_session_set_stream_user_data(s->ng, stream_id, NULL);
	if (code != FR_H2_NO_ERROR || st->is_reset_by_peer)
		count_reset(s, st);
	fr_h2_stream_close(st, code);
	return 0;
}

void fr_h2_set_receive_callbacks(nghttp2_session_callbacks *cb)
{
	nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback2(cb, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame_recv);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(cb, on_invalid_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
}
